"""What people feel: lists and statistics over twenty million executions, search over a hundred thousand jobs, one job."""
import contextlib
import re
import subprocess
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import requests
import yaml
from agent_benches import row
from central_lab import central_world
from lab import ROOT, listens, percentile, wait_for
from read_fill import AGENTS, DAILY, DAYS, JOBS, READS as READ_SIZE, filled_database, make_jobs, make_latest, make_watch

READS = 200  # of each endpoint
SEARCH_JOBS = 100000
KEPT_DAYS = DAYS + 10
SLOW_MS = 100
# What is no list and no statistics of what ran: probes, settings, what one person sees of itself, one row by its key that
# the filling does not make, and the check of the whole audit log.
LEFT_OUT = ("/healthz", "/readyz", "/metrics", "/api/settings", "/api/session", "/api/audit/verify", "/api/schedules/zones", "/*")


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


def agent_id(n):
    return f"018e0000-0000-7000-8000-{1 + n % AGENTS:012x}"


def pick(i, *values):
    return values[i % len(values)]


def targets_of_history(begin, end, execution):
    """{name: i -> path}: the i-th read of each. `execution` gives the job and id of some execution."""
    at = lambda i: urllib.parse.quote((begin + (end - begin) * ((i * 7) % 43 / 43)).strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: E731
    ago = lambda hours: urllib.parse.quote((end - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: E731
    stats, page = "/api/observability", "/api/executions?limit=100"
    return {
        "jobs": lambda i: f"/api/jobs?limit=100&sort={pick(i, 'name', '-createdAt', '-lastAt', 'lastAt', '-updatedAt')}",
        "jobs_filtered": lambda i: "/api/jobs?limit=100&" + pick(
            i, "active=false", "type=ATMOST_ONCE", f"agentId={agent_id(i)}", "lastStatus=failed", "late=true", "q=team", "q=zq"),
        "job": lambda i: f"/api/jobs/{job_id(i)}",
        "job_why": lambda i: f"/api/jobs/{job_id(i)}/why",
        "job_assignments": lambda i: f"/api/jobs/{job_id(i)}/assignments",
        "job_revisions": lambda i: f"/api/jobs/{job_id(i)}/revisions",
        "job_revision": lambda i: f"/api/jobs/{job_id(i)}/revisions/1",
        "job_executions": lambda i: f"/api/executions/{job_id(i * 31)}",
        "job_executions_failed": lambda i: f"/api/executions/{job_id(i * 31)}?limit=100&status=failed",
        "execution": lambda i: "/api/executions/{}/{}".format(*execution(i)),
        "executions": lambda i: page,
        "executions_before": lambda i: f"{page}&to={at(i)}",
        "executions_failed": lambda i: f"{page}&status=failed&to={at(i)}",
        "executions_success": lambda i: f"{page}&status=success&to={at(i)}",
        "executions_rare": lambda i: f"{page}&{pick(i, 'status=skipped', 'status=timeout', 'cause=manual')}&to={at(i)}",
        "executions_doubled": lambda i: f"{page}&doubled=true&to={at(i)}{pick(i, '', '&status=failed', f'&agentId={agent_id(i)}')}",
        "executions_job_doubled": lambda i: f"/api/executions/{job_id(i * 31)}?limit=100&doubled=true",
        "executions_agent": lambda i: f"{page}&agentId={agent_id(i)}&to={at(i)}",
        "executions_job": lambda i: f"{page}&jobId={job_id(i * 31)}&to={at(i)}",
        "executions_between": lambda i: f"{page}&from={at(i % 20)}&status=failed&agentId={agent_id(i)}",
        "timeline": lambda i: f"{stats}/timeline?from={ago(pick(i, 1, 24, 700))}",
        "overview": lambda i: f"{stats}/overview",
        "stats_jobs": lambda i: f"{stats}/stats/jobs",
        "stats_executions": lambda i: f"{stats}/stats/executions?hours={pick(i, 1, 24, 720)}",
        "stats_job": lambda i: f"{stats}/stats/job/{job_id(i)}?hours={pick(i, 1, 24, 720)}",
        "failures": lambda i: f"{stats}/alerts/failures?hours={pick(i, 1, 24, 168)}",
        "late": lambda i: f"{stats}/alerts/late",
        "ledger": lambda i: f"{stats}/ledger",
        "ledger_agent": lambda i: f"{stats}/ledger?agentId={agent_id(i)}",
        "ledger_job": lambda i: f"{stats}/ledger?jobId={job_id(i)}&from={ago(pick(i, 24, 700))}",
        "quarantine": lambda i: f"{stats}/quarantine",
        "metrics": lambda i: f"{stats}/metrics?metricName=durationP99&startTime={at(i % 20)}",
        "metrics_job": lambda i: f"{stats}/metrics?metricName=executions&startTime={ago(24)}&jobId={job_id(i)}",
        "agents": lambda i: f"/api/agents?sort={pick(i, 'name', '-lastSeenAt', '-outboxDepth')}",
        "agents_filtered": lambda i: "/api/agents?" + pick(i, "q=host", "state=online", "selector=env%3Dprod"),
        "agent": lambda i: f"/api/agents/{agent_id(i)}",
        "agent_quarantine": lambda i: f"/api/agents/{agent_id(i)}/quarantine",
        "agent_tokens": lambda i: "/api/agents/tokens",
        "audit": lambda i: "/api/audit",
        "audit_entry": lambda i: "/api/audit/1",
        "users": lambda i: "/api/users",
        "tokens": lambda i: "/api/tokens",
    }


def refuse_gaps(targets):
    """A GET of openapi.yaml that this bench neither reads nor leaves out by name ends it."""
    api = yaml.safe_load((ROOT / "central/openapi.yaml").read_text())
    asked = [path(0).partition("?")[0] for path in targets.values()]
    for path, methods in api["paths"].items():
        form = re.sub(r"\{\w+\}", "[^/]+", path)
        if "get" in methods and path not in LEFT_OUT and not any(re.fullmatch(form, one) for one in asked):
            raise SystemExit(f"bench: no read of {path}: add it to targets_of_history")


def some_executions(database, begin):
    """Jobs and ids of executions of forty days, spread over all."""
    found = []
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        for day in range(0, DAYS, 2):
            cursor.execute("SELECT job_id, execution_id FROM execution WHERE scheduled_at >= %s ORDER BY scheduled_at LIMIT 1",
                           (begin + timedelta(days=day, hours=day % 20),))
            found += cursor.fetchall()
    return lambda i: found[i * 7 % len(found)]


def rows_of(bench, found, most_ms=SLOW_MS):
    rows = []
    for name, took in found.items():
        p99 = percentile(took, 99)
        rows.append(row(f"{bench}.{name}", p99, "ms p99", f"<= {most_ms}", p99 <= most_ms, f"p50 {percentile(took, 50):.1f}"))
    return rows


def reads_20m(lab):
    end = datetime.now(timezone.utc).replace(microsecond=0)
    with central_world(lab) as world:
        database, begin = filled_database(lab, world, "reads", READ_SIZE)
        targets = targets_of_history(begin, end, some_executions(database, begin))
        refuse_gaps(targets)
        central = world.central(database, statement_timeout_ms=60000, retention_days=KEPT_DAYS).start()
        found = read_all(central, targets)
    return rows_of("reads", found)


def searches():
    words = ["job 777", "host-42.example", "team 13", "path/9999", "nothing like it", "job 1 of team 1"]
    find = lambda text: "/api/jobs?limit=50&" + text  # noqa: E731
    return {
        "q": lambda i: find(f"q={urllib.parse.quote(pick(i, *words))}"),
        "q_short": lambda i: find(f"q={pick(i, 'jo', 'zq', 'z', '9', '77', '~')}"),
        "q_short_name": lambda i: find(f"sort=name&q={pick(i, 'jo', 'zq', 'z', '9', '77', '~')}"),
        "id": lambda i: find(f"q=018f0000-0000-7000-8000-{1 + i * 997:012x}"),
        "sorted": lambda i: find(f"sort={pick(i, 'name', '-name', 'updatedAt')}&q=team"),
        "last_newest": lambda i: find("sort=-lastAt"),
        "last_oldest": lambda i: find("sort=lastAt"),
        "last_q": lambda i: find(f"sort=-lastAt&q={pick(i, 'team', 'job 777', 'zq', 'nothing like it')}"),
        "last_agent": lambda i: find(f"sort=-lastAt&agentId={agent_id(i)}"),
        "status_name": lambda i: find(f"sort=name&lastStatus={pick(i, 'failed', 'success', 'missed')}"),
        "status_updated": lambda i: find(f"sort=-updatedAt&lastStatus={pick(i, 'failed', 'success', 'missed')}"),
        "status_last": lambda i: find(f"sort=-lastAt&lastStatus={pick(i, 'failed', 'success', 'missed')}"),
        "paused": lambda i: find(f"active=false&sort={pick(i, 'name', '-updatedAt', '-lastAt')}"),
        "type": lambda i: find(f"type=ATMOST_ONCE&sort={pick(i, 'name', '-updatedAt', '-lastAt')}"),
        "agent": lambda i: find(f"agentId={agent_id(i)}&sort={pick(i, 'name', '-updatedAt')}"),
    }


def job_search(lab):
    with central_world(lab) as world:
        database = world.database()
        world.central(database).run("migrate")
        with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
            make_jobs(cursor, SEARCH_JOBS, schedule=DAILY)
            make_latest(cursor, SEARCH_JOBS)
            make_watch(cursor)
            cursor.execute("VACUUM ANALYZE")
        central = world.central(database, statement_timeout_ms=60000).start()
        found = read_all(central, searches())
    return rows_of("job_search", found, 50)


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
