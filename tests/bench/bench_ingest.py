#!/usr/bin/python3
"""Records per second through the sync endpoint, beside raw COPY into the same table, on a private PostgreSQL and central.

usage: BELFRY_BUILD=build tests/bench/bench_ingest.py [--agents 4] [--batches 40] [--jobs 250] [--batch 5000]
Bodies are made before the clock starts. Each agent has --jobs jobs; a batch holds --batch / --jobs seconds of them.
"""
import argparse
import io
import json
import shutil
import sys
import tempfile
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))

import requests  # noqa: E402
from harness.postgres import make_template  # noqa: E402
from harness.world import World  # noqa: E402
from raw_agent import RawAgent, stamp  # noqa: E402

START = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)


def record(job_id, at, i):
    return {
        "executionId": str(uuid.uuid4()), "jobId": job_id, "jobRevision": 3, "cause": "schedule", "scheduledAt": stamp(at),
        "startedAt": stamp(at + timedelta(microseconds=300 + i % 900)), "finishedAt": stamp(at + timedelta(milliseconds=9 + i % 40)),
        "durationMs": 9.0 + i % 40, "latenessMs": 0.3 + i % 9 / 10, "status": "failed" if i % 100 == 0 else "success", "attempts": 1,
        "httpStatus": 200, "responseBody": '{"ok":true,"message":"done"}', "responseDigest": uuid.uuid4().hex * 2,
        "timing": {"connectMs": 0.2, "firstByteMs": 8.5, "totalMs": 9.0},
    }


# As placement has no part in this, no agent holds them.
MAKE_JOBS = """INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at, updated_by)
    SELECT job_id, 3, 'bench', true, 'ATLEAST_ONCE', 'agent', '{"schedule":"* * * * * *","api":"http://127.0.0.1:9/"}', now(), 'bench',
        now() - interval '1 hour', 'bench' FROM unnest(%s::uuid[]) AS job_id"""


def bodies(raw, options, database):
    jobs = [str(uuid.uuid4()) for _ in range(options.jobs)]
    database.execute(MAKE_JOBS, (jobs,))
    made = []
    for batch in range(options.batches):
        base = batch * options.batch
        records = [record(jobs[i % options.jobs], START + timedelta(seconds=i // options.jobs), i)
                   for i in range(base, base + options.batch)]
        made.append(json.dumps(raw.body(base + 1, records)).encode())
    return made


def send(raw, made, failures):
    session = requests.Session()
    headers = {"Authorization": f"Bearer {raw.key}", "Content-Type": "application/json"}
    for body in made:
        reply = session.post(f"{raw.url}/api/agent/sync", data=body, headers=headers, timeout=60)
        if reply.status_code != 200:
            failures.append(reply.text)


def copy_rate(database, rows):
    """The same rows by COPY into a table of the same shape, in one transaction for each 50,000."""
    connection = database.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copy_reference (LIKE execution INCLUDING ALL)")
        text = io.StringIO()
        cursor.copy_expert(f"COPY (SELECT * FROM execution LIMIT {rows}) TO STDOUT", text)
        connection.commit()
        lines = text.getvalue().splitlines(keepends=True)
        begin = time.monotonic()
        for i in range(0, len(lines), 50000):
            cursor.copy_expert("COPY copy_reference FROM STDIN", io.StringIO("".join(lines[i:i + 50000])))
            connection.commit()
    return len(lines) / (time.monotonic() - begin)


def cpu(process):
    fields = Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(world, cluster, options):
    database = world.database(cluster)
    central = world.central(database, name=f"central-{database.name}", agent_threads=max(4, options.agents)).start()
    agents = [RawAgent(central, f"bench-{i}") for i in range(options.agents)]
    made = [bodies(raw, options, database) for raw in agents]
    total = options.agents * options.batches * options.batch
    failures = []
    threads = [threading.Thread(target=send, args=(raw, mine, failures)) for raw, mine in zip(agents, made)]
    begin, cpu_begin = time.monotonic(), cpu(central)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begin
    stored = database.query("SELECT count(*) FROM execution")[0][0]
    assert not failures and stored == total, f"{stored} of {total} stored; {failures[:1]}"
    fold_begin = time.monotonic()
    while database.query("SELECT EXISTS (SELECT FROM rollup_part)")[0][0]:
        time.sleep(0.1)
    folded = time.monotonic() - fold_begin
    raw_rate = copy_rate(database, min(total, 300000))
    bytes_each = sum(len(body) for mine in made for body in mine) // total
    processor = 1e6 * (cpu(central) - cpu_begin) / total
    return {"total": total, "rate": total / took, "raw": raw_rate, "bytes": bytes_each, "processor": processor, "folded": folded}


def describe(options, figures):
    total, took, raw_rate = figures["total"], figures["total"] / figures["rate"], figures["raw"]
    bytes_each = figures["bytes"]
    print(f"{total} records of {bytes_each} bytes, {options.agents} agents, {options.jobs} jobs each, batches of {options.batch}: "
          f"{total / took:.0f} records/s; raw COPY {raw_rate:.0f} rows/s; ratio {total / took / raw_rate:.2f}; "
          f"central's processor {figures['processor']:.1f} us a record; "
          f"sums folded {figures['folded']:.1f} s later")


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("agents", 4), ("batches", 15), ("jobs", 250), ("batch", 5000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="belfry-bench-", dir="/tmp"))
    folder.chmod(0o755)
    world = World(make_template(folder / "template"), None)
    try:
        cluster = world.cluster(shared_buffers="512MB", max_wal_size="4GB").start()
        describe(options, measure(world, cluster, options))
    finally:
        world.close()
        world.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
