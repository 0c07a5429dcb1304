"""Ten thousand agents, as rows that somebody enrolled: what one job on all of them costs whoever edits, runs or asks for it."""
from datetime import timedelta

import pytest
from harness.ledger import now
from harness.waiting import wait_until
from raw_agent import stamp

AGENTS = 10_000
LEDGER = "/api/observability/ledger"
HOOK = "http://127.0.0.1:1/"


def enrol(database, agents=AGENTS):
    database.execute("""INSERT INTO agent (agent_id, name, key_sha256, hostname)
        SELECT gen_random_uuid(), 'a' || n, sha256(n::text::bytea), 'host' FROM generate_series(1, %s) AS n""", (agents,))
    database.execute("""INSERT INTO agent_state (agent_id, last_seen_at, version, boot_id, epoch, jobs_revision, jobs, running, outbox_depth,
        clock_epoch, clock_skew_ms, tzdata) SELECT agent_id, now(), '1', 'boot', 1, 0, 0, 0, 0, 0, 0, 'x' FROM agent""")


@pytest.fixture
def fleet(central, database):
    enrol(database)
    return central


def make_job(api, **members):
    return api.create_job("*/5 * * * *", HOOK, target={"mode": "all"}, **members)["jobId"]


def holders(database, job_id):
    return database.query("SELECT count(*) FILTER (WHERE NOT removed), count(*) FILTER (WHERE removed) FROM assignment WHERE job_id = %s", (job_id,))[0]


def test_a_job_comes_to_all_agents_changes_there_and_leaves_them_within_a_request(fleet, database):
    api = fleet.api
    jobs = [make_job(api)]
    database.execute("ANALYZE")  # the planner believes in the next one's having no holder
    jobs.append(make_job(api))
    assert [holders(database, job) for job in jobs] == [(AGENTS, 0)] * 2
    for change in ({"schedule": "*/6 * * * *"}, {"active": False}, {"active": True}):
        api.edit_job(jobs[0], **change)
    assert database.query("SELECT DISTINCT job_revision FROM assignment WHERE job_id = %s", (jobs[0],)) == [(4,)]
    api.edit_job(jobs[0], target={"mode": "one"})
    assert holders(database, jobs[0]) == (1, AGENTS - 1)
    api.edit_job(jobs[0], target={"mode": "all"})
    api.delete_job(jobs[1])
    assert [holders(database, job) for job in jobs] == [(AGENTS, 0), (0, AGENTS)]
    # Each agent has heard of each change under a number of its own.
    assert database.query("""SELECT count(*) FROM agent WHERE set_revision <> (SELECT max(set_revision) FROM assignment
        WHERE assignment.agent_id = agent.agent_id) OR set_revision <> 8 AND set_revision <> 6""") == [(0,)]
    assert database.query("""SELECT count(*) FROM agent JOIN assignment USING (agent_id) WHERE NOT removed
        AND set_digest <> assignment_digest(job_id, job_revision, target_key)""") == [(0,)]


def test_orders_that_nobody_is_left_for_do_not_hold_up_the_watch_over_the_fleet(fleet, database):
    api = fleet.api
    job = make_job(api)
    assert api.post(f"/api/jobs/{job}/actions/run").status_code == 202
    assert database.query("SELECT count(*) FROM command") == [(AGENTS,)]
    api.edit_job(job, target={"mode": "one"})
    rounds = "SELECT heartbeat_at FROM fleet"
    for _ in range(3):
        before = database.query(rounds)
        wait_until(lambda: database.query(rounds) != before, 4, "a round of the watch")
    assert "watching the fleet failed" not in fleet.log()


def test_the_ledger_of_a_job_on_all_agents_is_exact_and_pages_hold_few_such_jobs(fleet, database):
    api = fleet.api
    jobs = sorted([make_job(api), make_job(api, history={"policy": "failures"}), make_job(api)])
    database.execute("UPDATE job SET created_at = created_at - interval '2 hours'")
    database.execute("UPDATE job_revision SET at = at - interval '2 hours'")
    database.execute("""UPDATE assignment SET changed_at = changed_at - interval '2 hours', held_since = held_since - interval '2 hours'""")
    database.execute("UPDATE agent_state SET confirmed_revision = 1000")
    end = now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    start = end - timedelta(minutes=end.minute % 5 + 10)
    asked = {"from": stamp(start), "to": stamp(start + timedelta(minutes=10))}  # two fires
    # All agents but one tell of all jobs.
    database.execute("""INSERT INTO execution (agent_id, execution_id, job_id, scheduled_at, started_at, finished_at, job_revision, count,
        duration_us, lateness_us, attempts, status, cause, armed_at)
        SELECT agent_id, gen_random_uuid(), job_id, due, due, due, 1, 1, 1, 1, 1, 1, 1, due
        FROM assignment CROSS JOIN unnest(%s::timestamptz[]) AS due
        WHERE agent_id <> (SELECT agent_id FROM agent WHERE name = 'a7') AND job_id <> %s""",
                     ([start, start + timedelta(minutes=5)], jobs[1]))
    pages, cursor = [], {}
    while cursor is not None:
        page = api.json(LEDGER, **asked, **cursor)
        pages.append([(job["jobId"], job["due"], job["decided"], job["unaccounted"], job["holes"][-1:]) for job in page["jobs"]])
        cursor = {"cursor": page["nextCursor"]} if page["nextCursor"] else None
    assert [len(page) for page in pages] == [2, 1]
    found = {job: counts for page in pages for job, *counts in page}
    assert [found[job][:3] for job in jobs] == [[2 * AGENTS, 2 * AGENTS - 2, 2], [2 * AGENTS, 0, 2 * AGENTS], [2 * AGENTS, 2 * AGENTS - 2, 2]]
    assert found[jobs[0]][3][0]["count"] == 2


def test_agents_that_fall_silent_and_come_back_all_at_once_are_noted_at_once(world, database):
    """What the watch does was planned when nobody was silent yet."""
    central = world.central(database, offline_after_ms=5000).start()
    enrol(database)
    database.execute("ANALYZE")
    silent = "SELECT count(*) FROM agent WHERE offline_at IS NOT NULL"
    wait_until(lambda: database.query(silent) == [(AGENTS,)], 30, "their silence to be noted")
    database.execute("UPDATE agent_state SET last_seen_at = now() + interval '1 minute'")
    wait_until(lambda: database.query(silent) == [(0,)], 30, "their return to be noted")
    assert "watching the fleet failed" not in central.log()


def test_jobs_with_so_many_holders_that_a_slow_server_cannot_look_at_all_are_late_all_the_same(world, database):
    jobs = 200
    central = world.central(database, statement_timeout_ms=200, offline_after_ms=60_000).start()
    enrol(database, 1000)
    first = make_job(central.api)
    columns = [name for name, in database.query("""SELECT column_name FROM information_schema.columns
        WHERE table_name = 'job' AND is_generated = 'NEVER' AND column_name <> 'job_id'""")]
    database.execute(f"""INSERT INTO job (job_id, {", ".join(columns)}) SELECT gen_random_uuid(), {", ".join(columns)}
        FROM job CROSS JOIN generate_series(2, %s)""", (jobs,))
    database.execute("""INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, changed_at, held_since)
        SELECT job_id, agent_id, 1, agent_id::text, 1, 1, now() - interval '1 hour', now() - interval '1 hour'
        FROM job CROSS JOIN agent WHERE job_id <> %s""", (first,))
    wait_until(lambda: database.query("SELECT count(*) FROM job_watch") == [(jobs,)], 60, "all jobs to be watched", explain=central.tail)
    database.execute("UPDATE assignment SET changed_at = now() - interval '1 hour'")
    database.execute("UPDATE job_watch SET due_at = now() - interval '10 minutes', check_at = now() - interval '1 minute'")
    wait_until(lambda: database.query("SELECT count(*) FROM job_late") == [(jobs,)], 30, "all to be late", explain=central.tail)


def test_a_job_with_a_thousand_places_is_placed_and_passes_on_within_a_request(fleet, database):
    api = fleet.api
    job = api.create_job("*/5 * * * *", HOOK, target={"mode": "count", "count": 1000})["jobId"]
    places = "SELECT count(*), count(DISTINCT target_key), count(DISTINCT agent_id) FROM assignment WHERE job_id = %s AND NOT removed"
    assert database.query(places, (job,)) == [(1000, 1000, 1000)]
    held = dict(database.query("SELECT agent_id::text, target_key FROM assignment WHERE NOT removed"))
    # Half of its holders are no longer to have it.
    database.execute("UPDATE agent SET labels = '{\"old\": \"yes\"}' WHERE agent_id IN (SELECT agent_id FROM assignment WHERE target_key::int % 2 = 0)")
    api.edit_job(job, target={"mode": "count", "count": 1000, "selector": "!old"})
    assert database.query(places, (job,)) == [(1000, 1000, 1000)]
    now_held = dict(database.query("SELECT agent_id::text, target_key FROM assignment WHERE NOT removed"))
    stayed = {agent for agent, key in held.items() if int(key) % 2}
    assert len(stayed) == 500 and all(now_held[agent] == held[agent] for agent in stayed)
