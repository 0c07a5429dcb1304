"""Executions of many days, with the sums that ingest would have made: twenty million in a hundred days for the reads, and what
others ask for. Filled by the server itself, day by day, and kept in the build's folder: a second run of the same day finds it."""
import contextlib
import hashlib
import os
import pathlib
import shutil
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

DAYS = 100
MINUTE_DAYS = 8  # sums by the minute are kept for so long
JOBS = 1000
AGENTS = 20


class Size(NamedTuple):
    executions: int
    days: int
    jobs: int
    agents: int


READS = Size(int(os.environ.get("BELFRY_BENCH_EXECUTIONS", "20000000")), DAYS, JOBS, AGENTS)
WORKERS = 2
DATABASE = "reads"
NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"

JOB_ID = "('018f0000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"
AGENT_ID = "('018e0000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"
OURS = f"agent_id BETWEEN {AGENT_ID.format(n=1)} AND {AGENT_ID.format(n=100000)}"
EVERY_5_MINUTES = "'*/5 * * * *'"
DAILY = "n %% 60 || ' ' || n / 60 %% 24 || ' * * *'"  # each at its own minute
MAKE_JOBS = f"""INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at, updated_by)
    SELECT {JOB_ID.format(n="n")}, 1, 'job ' || n || ' of team ' || n %% 97, n %% 10 <> 9,
        CASE WHEN n %% 7 = 0 THEN 'ATMOST_ONCE' ELSE 'ATLEAST_ONCE' END, 'one',
        '{{"schedule":"' || SCHEDULE || '","api":"https://host-' || n %% 1000 || '.example.com/path/' || n || '"}}',
        now() - n * interval '1 second', 'bench', now() - (n * 7919 %% 1000003) * interval '1 second', 'bench'
    FROM generate_series(1, %s) AS n"""
MAKE_REVISIONS = """INSERT INTO job_revision (job_id, revision, at, author, action, definition)
    SELECT job_id, 1, created_at, 'bench', 'create', definition FROM job ON CONFLICT DO NOTHING"""
MAKE_AGENTS = [
    f"""INSERT INTO agent (agent_id, name, key_sha256, hostname)
    SELECT {AGENT_ID.format(n="n")}, 'agent-' || n, sha256(n::text::bytea), 'host-' || n FROM generate_series(1, {{agents}}) AS n""",
    f"""INSERT INTO agent_state (agent_id, last_seen_at, version, boot_id, epoch, jobs_revision, jobs, running, outbox_depth,
        clock_epoch, clock_skew_ms, tzdata) SELECT agent_id, now(), '1', 'boot', 1, 0, 0, 0, 0, 0, 0, '2024a' FROM agent WHERE {OURS}""",
    f"""INSERT INTO agent_stream (agent_id, epoch, acked_seq) SELECT agent_id, 1, 1000000 FROM agent WHERE {OURS}""",
]
# Jobs and agents take turns; each job's last execution lies in the last day.
MAKE_HOLDERS = [
    f"""INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision)
    SELECT {JOB_ID.format(n="n")}, {AGENT_ID.format(n="1 + n %% {agents}")}, 1, '', 1, n FROM generate_series(1, %s) AS n""",
    """INSERT INTO job_latest (job_id, scheduled_at, place_at, execution_id, agent_id, status, started, duration_us, decided_until)
    SELECT job_id, at, at, gen_random_uuid(), agent_id, CASE WHEN n %% 100 = 7 THEN 2 ELSE 1 END, true, 12000, now()
    FROM (SELECT *, now() - (n * 6151 %% 86400) * interval '1 second' AS at
        FROM (SELECT job_id, agent_id, row_number() OVER (ORDER BY job_id) AS n FROM assignment) numbered) held LIMIT %s
    ON CONFLICT (job_id) DO UPDATE SET (scheduled_at, place_at, execution_id, agent_id, status, started, duration_us, decided_until) =
        (excluded.scheduled_at, excluded.place_at, excluded.execution_id, excluded.agent_id, excluded.status, true, 12000, now())""",
]
# One day: its executions lie evenly in it, one of a hundred failed. Into the partition itself: the table's trigger, which
# keeps job_latest, would run for all of them.
MAKE_DAY = f"""INSERT INTO {{partition}} (execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision,
        count, duration_us, lateness_us, attempts, http_status, status, cause, response_body)
    SELECT gen_random_uuid(), {JOB_ID.format(n="1 + n %% {jobs}")}, {AGENT_ID.format(n="1 + n %% {agents}")}, at, at, at, at, 1, 1,
        1000 * (1 + n * 7 %% 90), 800, 1, 200, CASE WHEN n / {{jobs}} %% 100 = 7 THEN 2 ELSE 1 END, 1, '{{{{"ok":true}}}}'
    FROM (SELECT n, %s::timestamptz + n * (interval '1 day' / {{rows}}) AS at FROM generate_series(0, {{rows}} - 1) AS n) AS fires"""
# One of a thousand fires was decided by a second agent too.
MAKE_DOUBLES = f"""INSERT INTO execution_double (execution_id, scheduled_at, agent_id, job_id, started_at, finished_at, received_at, status,
        attempts, http_status, duration_us)
    SELECT execution_id, scheduled_at, {AGENT_ID.format(n="1 + (n + 1) % {agents}")}, job_id, started_at, finished_at, received_at, status, 1,
        200, duration_us
    FROM (SELECT *, row_number() OVER (ORDER BY scheduled_at) - 1 AS n FROM {{partition}}) AS fires WHERE n % 997 = 0"""
MAKE_LATEST = """INSERT INTO job_latest AS l (job_id, scheduled_at, place_at, execution_id, agent_id, status, started, duration_us, decided_until)
    SELECT DISTINCT ON (job_id) job_id, scheduled_at, scheduled_at, execution_id, agent_id, status, true, duration_us, scheduled_at
    FROM execution WHERE scheduled_at >= %s ORDER BY job_id, scheduled_at DESC, execution_id DESC
    ON CONFLICT (job_id) DO UPDATE SET (scheduled_at, place_at, execution_id, agent_id, status, started, duration_us, decided_until) =
        (excluded.scheduled_at, excluded.place_at, excluded.execution_id, excluded.agent_id, excluded.status, true, excluded.duration_us, excluded.scheduled_at)
    WHERE l.scheduled_at < excluded.scheduled_at"""
# All of a sum's executions lie in one bucket of the histogram: what reads them adds up arrays, whatever is in them.
HISTOGRAM = "ARRAY[0,0,0,0,0,0,0,count(*),0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]::bigint[]"
MAKE_SUMS = """INSERT INTO rollup_sum
    SELECT {grain}, date_trunc('{unit}', scheduled_at, 'UTC'), {job}, 0, count(*) FILTER (WHERE status = 1), count(*) FILTER (WHERE status = 2),
        0, 0, 0, 0, count(*), count(*), sum(duration_us), max(duration_us), sum(lateness_us), max(lateness_us), {histogram}, {histogram}
    FROM {partition} GROUP BY 2, 3 ON CONFLICT DO NOTHING"""
MAKE_AGENT_SUMS = """INSERT INTO agent_rollup
    SELECT agent_id, date_trunc('minute', scheduled_at, 'UTC'), count(*) FILTER (WHERE status = 1), count(*) FILTER (WHERE status = 2)
    FROM {partition} GROUP BY 1, 2 ON CONFLICT DO NOTHING"""
MAKE_AGENT_HOURS = MAKE_AGENT_SUMS.replace("agent_rollup", "agent_rollup_hour").replace("'minute'", "'hour'")


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def make_jobs(cursor, jobs, agents=AGENTS, schedule=EVERY_5_MINUTES):
    """Jobs, their agents, and who holds which."""
    cursor.execute(MAKE_JOBS.replace("SCHEDULE", schedule), (jobs,))
    cursor.execute(MAKE_REVISIONS)
    for text in MAKE_AGENTS:
        cursor.execute(text.format(agents=agents))
    cursor.execute(MAKE_HOLDERS[0].format(agents=agents), (jobs,))


def make_latest(cursor, jobs):
    cursor.execute(MAKE_HOLDERS[1], (jobs,))


def make_watch(cursor):
    """Every job is watched and in time, as in an installation that is settled."""
    cursor.execute("INSERT INTO job_watch SELECT job_id, revision, at, at FROM (SELECT *, now() + random() * interval '1 day' AS at FROM job) j WHERE active")


def fill_day(cursor, at, age, size):
    partition = f"execution_{at:%Y%m%d}"
    cursor.execute("SELECT execution_partition_make(%s)", (at.date(),))
    cursor.execute(MAKE_DAY.format(partition=partition, rows=size.executions // size.days, jobs=size.jobs, agents=size.agents), (at,))
    cursor.execute(MAKE_DOUBLES.format(partition=partition, agents=size.agents))
    for grain, unit in ((1, "minute"), (2, "hour"), (3, "day")):
        if grain > 1 or age < MINUTE_DAYS:
            for job in ("job_id", NOBODY):
                cursor.execute(MAKE_SUMS.format(grain=grain, unit=unit, job=job, histogram=HISTOGRAM, partition=partition))
    cursor.execute(MAKE_AGENT_HOURS.format(partition=partition))
    if age < MINUTE_DAYS:
        cursor.execute(MAKE_AGENT_SUMS.format(partition=partition))


def fill_days(database, begin, worker, size, failures):
    try:
        with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            for day in range(worker, size.days, WORKERS):
                fill_day(cursor, begin + timedelta(days=day), size.days - 1 - day, size)
                if day % 10 == 0:
                    say(f"day {day} of {size.days}")
    except Exception as failure:  # told by the thread that waits
        failures.append(failure)


def fill(database, begin, size):
    failures = []
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        make_jobs(cursor, size.jobs, size.agents)
        workers = [threading.Thread(target=fill_days, args=(database, begin, n, size, failures)) for n in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failures:
            raise failures[0]
        cursor.execute(MAKE_LATEST, (begin + timedelta(days=size.days - 1),))
        cursor.execute("VACUUM ANALYZE")


def first_day(size):
    return datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=size.days - 1)


def kept_folder(lab, begin, name, size):
    """Where the filled cluster of this day, size and way of filling lies; others of its name are removed."""
    made_by = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    cache = lab.build / "bench-cache"
    folder = cache / f"{name}-{begin:%Y%m%d}-{size.executions}-{made_by.hexdigest()[:12]}"
    for other in cache.glob(f"{name}-*") if cache.exists() else ():
        if other != folder:
            shutil.rmtree(other)
    return folder


def filled_database(lab, world, name, size):
    """(database, first day): filled now, or by an earlier run. Central must keep its days, or its chores take them away."""
    from harness.postgres import Cluster, Database
    begin = first_day(size)
    folder = kept_folder(lab, begin, name, size)
    done = folder / "filled"
    if folder.exists() and not done.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"shared_buffers": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "30min", "max_locks_per_transaction": "256"}
    cluster = world.add(Cluster(world.template, folder, settings=settings))
    cluster.stop_timeout = 120.0
    cluster.start()
    database = Database(cluster, DATABASE)
    if not done.exists():
        cluster.create_database(DATABASE)
    world.central(database).run("migrate")  # also what an older build has filled
    if not done.exists():
        fill(database, begin, size)
        done.touch()
    database.execute("UPDATE token SET revoked_at = now() WHERE revoked_at IS NULL")  # an earlier run's; this one makes its own
    return database, begin
