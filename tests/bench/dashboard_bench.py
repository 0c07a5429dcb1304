"""The dashboard in Chromium over five million executions, 10,000 jobs and 500 agents: how much work a screen is for its page's
main thread, from the address to the last of its data shown, and a notch of the wheel in its long lists (web/e2e/soon.mjs)."""
import json
import os
import subprocess

from agent_benches import row
from central_lab import central_world
from lab import ROOT
from read_fill import OURS, Size, filled_database

SIZE = Size(int(os.environ.get("BELFRY_BENCH_DASHBOARD", "5000000")), days=5, jobs=10000, agents=500)
SCREEN_MS, NOTCH_MS = 500, 33


def dashboard_5m(lab):
    with central_world(lab) as world:
        database, _ = filled_database(lab, world, "dashboard", SIZE)
        database.execute(f"UPDATE agent_state SET last_seen_at = now() + interval '1 hour' WHERE {OURS}")  # nobody speaks for them
        central = world.central(database, web_dir=ROOT / "web" / "dist", retention_days=SIZE.days + 10).start()
        done = subprocess.run(["node", ROOT / "web" / "e2e" / "bench.mjs", central.url, central.api.session_link()],
                              capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {done.stderr}")
    found = json.loads(done.stdout)
    return [row(f"dashboard_5m.{kind}.{name}", ms, "ms of work", f"<= {most}", ms <= most)
            for kind, most in (("screen", SCREEN_MS), ("notch", NOTCH_MS)) for name, ms in found[kind].items()]


BENCHES = {"dashboard_5m": dashboard_5m}
