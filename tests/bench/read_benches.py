"""What people feel: lists and statistics over twenty million executions, search over a hundred thousand jobs, one job."""
import contextlib
import os
import subprocess
import sys
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import requests
from agent_benches import row
from central_lab import central_world
from lab import listens, percentile, wait_for

EXECUTIONS = int(os.environ.get("BELFRY_BENCH_EXECUTIONS", "20000000"))
DAYS = 20
JOBS = 1000
AGENTS = 20
READS = 40  # of each endpoint
SEARCH_JOBS = 100000

MAKE_JOBS = """INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at, updated_by)
    SELECT ('018f0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'job ' || n || ' of team ' || n %% 97, true, 'ATLEAST_ONCE', 'one',
        '{"schedule":"*/5 * * * *","api":"https://host-' || n %% 1000 || '.example.com/path/' || n || '"}', now(), 'bench', now(), 'bench'
    FROM generate_series(1, %s) AS n"""
MAKE_AGENTS = """INSERT INTO agent (agent_id, name, key_sha256, hostname)
    SELECT ('018e0000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'agent-' || n, sha256(n::text::bytea), 'host-' || n
    FROM generate_series(1, %s) AS n"""
# One day: its executions lie evenly in it, jobs and agents take turns, one of a hundred failed.
MAKE_DAY = """INSERT INTO execution (execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision, count,
        duration_us, lateness_us, attempts, http_status, status, cause, response_body)
    SELECT gen_random_uuid(), ('018f0000-0000-7000-8000-' || lpad(to_hex(1 + n %% {jobs}), 12, '0'))::uuid,
        ('018e0000-0000-7000-8000-' || lpad(to_hex(1 + n %% {agents}), 12, '0'))::uuid, at, at, at, at, 1, 1, 12000, 800, 1, 200,
        CASE WHEN n %% 100 = 7 THEN 2 ELSE 1 END, 1, '{{"ok":true}}'
    FROM (SELECT n, %s::timestamptz + n * (interval '1 day' / {rows}) AS at FROM generate_series(0, {rows} - 1) AS n) AS fires"""
HISTOGRAM = "ARRAY[0,0,0,0,0,0,0,{n},0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]::bigint[]"
MAKE_SUMS = """INSERT INTO rollup_sum
    SELECT {grain}, date_trunc('{unit}', scheduled_at, 'UTC'), {job}, 0, count(*) FILTER (WHERE status = 1), count(*) FILTER (WHERE status = 2),
        0, 0, 0, 0, count(*), count(*), sum(duration_us), max(duration_us), sum(lateness_us), max(lateness_us), {histogram}, {histogram}
    FROM execution WHERE scheduled_at >= %s GROUP BY 2, 3"""


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def fill(database, begin):
    per_day = EXECUTIONS // DAYS
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(MAKE_JOBS, (JOBS,))
        cursor.execute(MAKE_AGENTS, (AGENTS,))
        for day in range(DAYS):
            at = begin + timedelta(days=day)
            cursor.execute("SELECT execution_partition_make(%s)", (at.date(),))
            cursor.execute(MAKE_DAY.format(jobs=JOBS, agents=AGENTS, rows=per_day), (at,))
            say(f"day {day + 1} of {DAYS}: {(day + 1) * per_day} executions")
        for grain, unit, since in ((1, "minute", DAYS - 2), (2, "hour", 0), (3, "day", 0)):
            for job in ("job_id", "'00000000-0000-0000-0000-000000000000'::uuid"):
                text = MAKE_SUMS.format(grain=grain, unit=unit, job=job, histogram=HISTOGRAM.format(n="count(*)"))
                cursor.execute(text, (begin + timedelta(days=since),))
            say(f"sums by the {unit}")
        cursor.execute("VACUUM ANALYZE")


def read_all(central, targets):
    """{name: ms of each read}; every reply must be 200."""
    session, found = requests.Session(), {}
    session.headers["Authorization"] = f"Bearer {central.token}"
    for name, path in targets.items():
        for i in range(READS + 3):
            url = central.url + path(i)
            begin = time.monotonic()
            reply = session.get(url, timeout=60)
            took = 1000 * (time.monotonic() - begin)
            if reply.status_code != 200:
                raise SystemExit(f"bench: {url}: {reply.status_code} {reply.text}")
            if i >= 3:
                found.setdefault(name, []).append(took)
    return found


def job_id(n):
    return f"018f0000-0000-7000-8000-{1 + n % JOBS:012x}"


def targets_of_history(begin, end):
    agent = lambda i: f"018e0000-0000-7000-8000-{1 + i % AGENTS:012x}"  # noqa: E731
    at = lambda i: urllib.parse.quote((begin + (end - begin) * ((i * 7) % 43 / 43)).strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: E731
    stats = "/api/observability"
    return {
        "jobs": lambda i: f"/api/jobs?limit=100&sort={('name', '-createdAt', '-lastAt')[i % 3]}",
        "job_executions": lambda i: f"/api/executions/{job_id(i * 31)}",
        "executions": lambda i: "/api/executions?limit=100",
        "executions_before": lambda i: f"/api/executions?limit=100&to={at(i)}",
        "executions_failed": lambda i: f"/api/executions?limit=100&status=failed&to={at(i)}",
        "executions_agent": lambda i: f"/api/executions?limit=100&agentId={agent(i)}&to={at(i)}",
        "executions_job": lambda i: f"/api/executions?limit=100&jobId={job_id(i * 31)}&to={at(i)}",
        "stats_jobs": lambda i: stats + "/stats/jobs",
        "stats_executions": lambda i: f"{stats}/stats/executions?hours={(1, 24, 480)[i % 3]}",
        "stats_job": lambda i: f"{stats}/stats/job/{job_id(i)}?hours={(1, 24, 480)[i % 3]}",
        "failures": lambda i: f"{stats}/alerts/failures?hours={(1, 24)[i % 2]}",
        "metrics": lambda i: f"{stats}/metrics?metricName=durationP99&startTime={at(i % 20)}",
        "agents": lambda i: "/api/agents",
    }


def reads_20m(lab):
    end = datetime.now(timezone.utc).replace(microsecond=0)
    begin = end.replace(hour=0, minute=0, second=0) - timedelta(days=DAYS - 1)
    with central_world(lab) as world:
        database = world.database()
        central = world.central(database, statement_timeout_ms=60000).start()
        fill(database, begin)
        found = read_all(central, targets_of_history(begin, end))
    rows = []
    for name, took in found.items():
        p99 = percentile(took, 99)
        rows.append(row(f"reads.{name}", p99, "ms p99", "<= 100", p99 <= 100, f"p50 {percentile(took, 50):.1f}"))
    return rows


def job_search(lab):
    words = ["job 777", "host-42.example", "team 13", "path/9999", "nothing like it", "job 1 of team 1"]
    with central_world(lab) as world:
        database = world.database()
        central = world.central(database, statement_timeout_ms=60000).start()
        with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(MAKE_JOBS, (SEARCH_JOBS,))
            cursor.execute("VACUUM ANALYZE job")
        found = read_all(central, {
            "q": lambda i: f"/api/jobs?limit=50&q={urllib.parse.quote(words[i % len(words)])}",
            "id": lambda i: f"/api/jobs?limit=50&q=018f0000-0000-7000-8000-{1 + i * 997:012x}",
            "sorted": lambda i: f"/api/jobs?limit=50&sort={('name', '-name', 'updatedAt')[i % 3]}&q=team",
        })
    worst = {name: percentile(took, 99) for name, took in found.items()}
    return [row(f"job_search.{name}", p99, "ms p99", "<= 50", p99 <= 50, f"{SEARCH_JOBS} jobs") for name, p99 in worst.items()]


def rate(lab, port, path, token):
    command = [lab.build / "tests/bench/bench_get", port, path, token, 16, 5]
    return float(subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout)


def job_get(lab):
    from harness.ports import free_port
    port = free_port()
    trivial = subprocess.Popen([lab.build / "tests/bench/bench_trivial", str(port), "8"], stdin=subprocess.PIPE)
    try:
        wait_for(lambda: listens(port), 10, "bench_trivial")
        with central_world(lab) as world:
            central = world.central().start()
            job = central.api.create_job("*/5 * * * *", "https://host.example.com/path")["jobId"]
            path, token = f"/api/jobs/{job}", central.token
            # In turns, so that what else the machine does falls on both.
            pairs = [(rate(lab, port, "/", "none"), rate(lab, central.api_port, path, token)) for _ in range(3)]
    finally:
        trivial.stdin.close()
        trivial.wait(20)
    ratios = sorted(mine / reference for reference, mine in pairs)
    reference, mine = pairs[0][0], pairs[0][1]
    return [row("job_get", mine, "requests/s", ">= 0.2 of a trivial handler", ratios[1] >= 0.2, round(reference), ratios[1])]


BENCHES = {"reads_20m": reads_20m, "job_search": job_search, "job_get": job_get}
