"""A million records wait in the outbox while a thousand fires a second go on: what the live ones feel while central takes them."""
import json
import os
import pathlib
import sqlite3
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

from agent_benches import instant, row
from lab import percentile, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "daemon"))
BACKLOG = 1000000
LIVE_JOBS = 1000


def stamp(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def old_records(job_ids, n):
    begin = datetime.now(timezone.utc) - timedelta(hours=3)
    for i in range(n):
        at = begin + timedelta(milliseconds=10 * i)
        yield {
            "executionId": str(uuid.uuid4()), "jobId": job_ids[i % len(job_ids)], "jobRevision": 1, "cause": "manual",
            "scheduledAt": stamp(at), "startedAt": stamp(at), "finishedAt": stamp(at), "durationMs": 1.5, "latenessMs": 0.1,
            "status": "success", "attempts": 1, "httpStatus": 200, "responseBody": '{"ok":true}', "count": 1,
        }


def fill_outbox(path, job_ids):
    database = sqlite3.connect(path)
    (first,) = database.execute("SELECT next_seq FROM state").fetchone()
    now = int(time.time() * 1e6)
    database.executemany(
        "INSERT INTO outbox (seq, at, kind, record) VALUES (?, ?, 1, ?)",
        ((first + i, now, json.dumps(record, separators=(",", ":"))) for i, record in enumerate(old_records(job_ids, BACKLOG))),
    )
    database.execute("UPDATE state SET next_seq = ?", (first + BACKLOG,))
    database.commit()
    database.close()


def live_lateness(path, begin, end):
    database = sqlite3.connect(path)
    late = []
    for (text,) in database.execute("SELECT record FROM outbox WHERE record NOT LIKE '%manual%'"):
        record = json.loads(text)
        if "startedAt" in record and begin <= instant(record["startedAt"]) < end:
            late.append(record["latenessMs"])
    database.close()
    return late


def run_world(world, url):
    central = world.central().start()
    api = central.api
    job_ids = [api.create_job("* * * * * *", url, jitterMs=999)["jobId"] for _ in range(LIVE_JOBS)]
    agent = world.agent(central, history_rows=100000000)
    agent.start()
    wait_for(lambda: agent.local("GET", "/status").json()["counts"]["jobs"] == LIVE_JOBS, 60, "the job set")
    time.sleep(3)
    calm = (time.time(), time.time() + 15)
    time.sleep(16)
    agent.stop()
    database = agent.state / "agent.db"
    fill_outbox(database, job_ids)
    agent.start()
    busy_from = time.time() + 3
    time.sleep(3)
    depth = lambda: agent.local("GET", "/status").json()["store"]["outboxDepth"]  # noqa: E731
    deepest = depth()
    wait_for(lambda: depth() < 20000, 600, "the end of the backlog")
    busy_to = time.time()
    agent.stop()
    return live_lateness(database, *calm), live_lateness(database, busy_from, busy_to), deepest / (busy_to - busy_from)


def drain(lab):
    os.environ["BELFRY_BUILD"] = str(lab.build)
    from harness.postgres import make_template
    from harness.world import World
    clusters = []
    lab.folder.chmod(0o755)
    template = make_template(lab.folder / "template")

    def cluster():
        if not clusters:
            clusters.append(world.cluster().start())
        return clusters[0]

    world = World(template, cluster)
    try:
        calm, busy, rate = run_world(world, lab.nginx())
    finally:
        world.close()
        world.remove()
    ratio = percentile(busy, 99) / percentile(calm, 99)
    return [
        row("drain.live_p99", percentile(busy, 99), "ms", "<= 1.5 of the same without", ratio <= 1.5,
            round(percentile(calm, 99), 3), ratio),
        row("drain.rate", rate, "records/s", "drains", rate > 0),
    ]
