"""Reads where many assignments stand behind one row: a page of draining agents that keep their jobs, and jobs of ten thousand
agents, half of them silent. Rows are made by SQL, as placement would have left them."""
import contextlib

from central_lab import central_world
from read_benches import READS, pick, read_all, rows_of

DRAINING, KEPT = 100, 1000  # agents of a page, jobs of each
FLEET, WIDE = 10000, 99  # agents, jobs that all of a third of them hold
HOUR_MS = 3600000  # nobody plays the agents
AGENTS = """INSERT INTO agent (agent_id, name, key_sha256, hostname, labels, set_revision)
    SELECT gen_random_uuid(), 'agent-' || n, sha256(n::text::bytea), 'host-' || n, jsonb_build_object('site', (n %% 3)::text), 1000000
    FROM generate_series(1, %s) AS n"""
STATES = """INSERT INTO agent_state (agent_id, last_seen_at, version, boot_id, epoch, jobs_revision, jobs, running, outbox_depth, clock_epoch,
        clock_skew_ms, tzdata) SELECT agent_id, now(), '1', 'boot', 1, 1000000, 0, 0, 0, 0, 0, '2024a' FROM agent"""
JOBS = """INSERT INTO job (job_id, revision, name, active, type, target_mode, target_agent, target_count, selector, definition, created_at,
        created_by, updated_at, updated_by)
    SELECT gen_random_uuid(), 1, 'job ' || n, true, 'ATLEAST_ONCE', mode, CASE mode WHEN 'agent' THEN 'agent-' || 1 + n %% 100 END,
        CASE mode WHEN 'count' THEN 1 END, SELECTOR, '{"schedule":"0 0 1 1 *","api":"https://host.example.com/"}', now() - n * interval '1 s',
        'bench', now(), 'bench'
    FROM (SELECT %s AS mode, n FROM generate_series(1, %s) AS n) AS made"""
EVERYWHERE, OF_A_SITE = "'[]'", """('[{"op":"in","key":"site","values":["' || n %% 3 || '"]}]')::jsonb"""
REVISIONS = """INSERT INTO job_revision (job_id, revision, at, author, action, definition)
    SELECT job_id, 1, created_at, 'bench', 'create', definition FROM job"""
HELD_ONCE = """INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision)
    SELECT job_id, agent_id, 1, CASE target_mode WHEN 'count' THEN '1' ELSE '' END, 1, row_number() OVER (PARTITION BY agent_id)
    FROM (SELECT *, 1 + substr(name, 5)::integer % 100 AS n FROM job WHERE target_mode <> 'all') AS job
    JOIN (SELECT agent_id, substr(name, 7)::integer AS n FROM agent) AS agent USING (n)"""
HELD_BY_ALL = """INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision)
    SELECT job_id, agent_id, 1, agent_id::text, 1, 500000 + row_number() OVER (PARTITION BY agent_id)
    FROM job JOIN agent ON selector_matches(selector, labels) WHERE target_mode = 'all'"""
# The sites that fell silent are 0 and a half of 1.
SILENT = ["UPDATE agent SET offline_at = now() WHERE substr(name, 7)::integer % 6 IN (0, 1, 3)",
          "UPDATE agent_state SET last_seen_at = now() - interval '2 hours' FROM agent WHERE agent.agent_id = agent_state.agent_id AND offline_at IS NOT NULL"]


@contextlib.contextmanager
def filled(lab, agents, jobs, afterwards):
    """Central over these agents and jobs, (mode, selector, how many); then what happened, which no statistics know yet."""
    with central_world(lab) as world:
        database = world.database()
        world.central(database).run("migrate")
        with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(AGENTS, (agents,))
            for mode, selector, n in jobs:
                cursor.execute(JOBS.replace("SELECTOR", selector), (mode, n))
            for text in (STATES, REVISIONS, HELD_ONCE, HELD_BY_ALL, "VACUUM ANALYZE", *afterwards):
                cursor.execute(text)
        yield database, world.central(database, offline_after_ms=HOUR_MS, statement_timeout_ms=60000).start()


def reads_draining(lab):
    each = DRAINING * KEPT // 4
    with filled(lab, DRAINING, [("one", EVERYWHERE, each), ("agent", EVERYWHERE, each), ("count", EVERYWHERE, each), ("all", EVERYWHERE, KEPT // 4)],
                ["UPDATE agent SET draining_at = now()"]) as (_, central):
        path = lambda i: f"/api/agents?limit={DRAINING}&sort={pick(i, 'name', '-outboxDepth')}"  # noqa: E731
        told = [(agent["handover"]["kept"], agent["handover"]["bound"]) for agent in central.api.json(path(0))["agents"]]
        if told != [(KEPT // 2, KEPT // 2)] * DRAINING:
            raise SystemExit(f"bench: draining agents have {told}")
        return rows_of("reads_draining", read_all(central, {"agents": path}))


def reads_fleet(lab):
    with filled(lab, FLEET, [("all", OF_A_SITE, WIDE)], SILENT) as (database, central):
        unknown = len(central.api.json("/api/jobs", limit=500, unknown="true")["jobs"])
        if unknown != WIDE // 3:
            raise SystemExit(f"bench: {unknown} jobs are unknown, of {WIDE}")
        jobs = [row[0] for row in database.query("SELECT job_id::text FROM job ORDER BY 1 LIMIT %s", (READS,))]
        job = lambda i: jobs[i % len(jobs)]  # noqa: E731
        return rows_of("reads_fleet", read_all(central, {
            "jobs": lambda i: f"/api/jobs?limit=100&sort={pick(i, 'name', '-createdAt', '-lastAt')}",
            "jobs_unknown": lambda i: f"/api/jobs?limit=100&unknown=true&sort={pick(i, 'name', '-createdAt', '-lastAt')}",
            "job_assignments": lambda i: f"/api/jobs/{job(i)}/assignments",
            "job_why": lambda i: f"/api/jobs/{job(i)}/why",
            "agents": lambda i: f"/api/agents?limit=100&{pick(i, 'state=offline', 'state=online', 'sort=-lastSeenAt')}",
            "timeline": lambda i: "/api/observability/timeline",
            "overview": lambda i: "/api/observability/overview",
        }))


BENCHES = {"reads_draining": reads_draining, "reads_fleet": reads_fleet}
