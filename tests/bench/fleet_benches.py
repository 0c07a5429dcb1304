"""Ten thousand logical agents on one central: in peace, and all at once after central was away."""
import os
import signal
import sys
import time

from agent_benches import row
from central_lab import central_world, cpu_seconds, enrol_by_sql, memory_mb, peak_memory_mb

AGENTS = int(os.environ.get("BELFRY_BENCH_AGENTS", "10000"))
WITH_RECORDS = AGENTS // 10
PER_SYNC = 5
JOB = "018f0000-0000-7000-8000-00000000f1ee"
FLEET_SECONDS = int(os.environ.get("BELFRY_BENCH_FLEET_SECONDS", "60"))
WARM_UP_SECONDS = 25
OUTAGE_SECONDS = int(os.environ.get("BELFRY_BENCH_OUTAGE_SECONDS", "300"))
RETURN_SECONDS = 60


def start_fleet(lab, world, seconds, name):
    database = world.database()
    central = world.central(database)
    central.run("migrate")
    central.start()
    keys = lab.folder / f"{name}.keys"
    keys.write_text("\n".join(enrol_by_sql(database, AGENTS)) + "\n")
    # Central counts the fleet every few seconds; the first syncs should hear the right pace.
    time.sleep(6)
    command = [lab.build / "tests/bench/bench_fleet", central.agent_port, keys, JOB, seconds, WITH_RECORDS, PER_SYNC]
    return database, central, lab.start(command, f"{name}.out")


def read_report(lab, name):
    seconds, kinds = [], {}
    for line in (lab.folder / f"{name}.out").read_text().splitlines():
        words = line.split()
        if words[:1] == ["second"]:
            seconds.append({"at": float(words[1]), **{key: int(value) for key, value in zip(words[2::2], words[3::2])}})
        elif words[:1] == ["kind"]:
            kinds[words[1]] = {key: float(value) for key, value in zip(words[2::2], words[3::2])}
        else:
            print(f"  {line}", file=sys.stderr)
    return seconds, kinds


def fleet_10k(lab):
    with central_world(lab) as world:
        _, central, fleet = start_fleet(lab, world, WARM_UP_SECONDS + FLEET_SECONDS, "fleet")
        time.sleep(WARM_UP_SECONDS)
        fleet.send_signal(signal.SIGUSR1)
        begin, cpu = time.time(), cpu_seconds(central)
        fleet.wait(FLEET_SECONDS + 60)
        cpu, memory, peak = cpu_seconds(central) - cpu, memory_mb(central), peak_memory_mb(central)
    seconds, kinds = read_report(lab, "fleet")
    seconds = [second for second in seconds if second["at"] >= begin]
    syncs, errors = sum(s["ok"] for s in seconds), sum(s["errors"] + s["refused"] for s in seconds)
    worst = max(kind["p99"] for kind in kinds.values())
    return [
        row("fleet.sync_p99", worst, "ms", "<= 100", worst <= 100, f"p50 {kinds['idle']['p50']}"),
        row("fleet.errors", errors, "syncs", "0", errors == 0 and syncs > AGENTS, f"of {syncs}"),
        row("fleet.rss", memory, "MB", "<= 150", memory <= 150, f"peak {peak:.0f}"),
        row("fleet.cpu_per_sync", cpu / syncs * 1e6, "us", "told", True, f"{syncs / len(seconds):.0f} syncs/s"),
    ]


def herd(lab):
    with central_world(lab) as world:
        lead_in = WARM_UP_SECONDS + 10
        _, central, fleet = start_fleet(lab, world, lead_in + OUTAGE_SECONDS + RETURN_SECONDS + 10, "herd")
        time.sleep(lead_in)
        central.kill()
        time.sleep(OUTAGE_SECONDS)
        central.start()
        back = time.time()
        fleet.send_signal(signal.SIGUSR1)
        fleet.wait(RETURN_SECONDS + 120)
        memory = peak_memory_mb(central)
    seconds, kinds = read_report(lab, "herd")
    after = [s for s in seconds if back + 1 <= s["at"] <= back + RETURN_SECONDS]
    served = [s["requests"] for s in after]
    mean, peak = sum(served) / len(served), max(served)
    errors = sum(s["errors"] for s in after)
    live, backlog = max(kinds.get(kind, {"p99": 0})["p99"] for kind in ("idle", "live")), kinds.get("backlog", {"p99": 0})["p99"]
    return [
        row("herd.peak_to_mean", peak / mean, "x", "< 3", peak / mean < 3, f"mean {mean:.0f}/s"),
        row("herd.errors", errors, "requests", "0 but 429 and 503", errors == 0, f"{sum(s['refused'] for s in after)} refused"),
        row("herd.live_p99", live, "ms", "<= that of backlog", 0 < live <= max(backlog, 100), f"backlog {backlog}",
            live / backlog if backlog else None),
        row("herd.rss", memory, "MB", "<= 150", memory <= 150),
    ]


BENCHES = {"fleet_10k": fleet_10k, "herd": herd}
