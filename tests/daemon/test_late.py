"""Jobs whose decision is overdue: central knows from the schedule alone."""
from contextlib import closing

import pytest
import requests
from raw_agent import RawAgent, execution

from harness.api import assert_problem
from harness.ledger import now, timedelta
from harness.waiting import wait_until

LATE = "/api/observability/alerts/late"
# Many jobs like one that is there already.
LIKE_IT = """INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
    updated_by, selector) SELECT gen_random_uuid(), revision, 'like it', active, type, target_mode, definition, created_at,
    created_by, updated_at - interval '1 hour', updated_by, selector FROM job, generate_series(1, %s) WHERE job_id = %s"""
HELD_LIKE_IT = """INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, changed_at)
    SELECT job.job_id, agent_id, 1, target_key, job_revision, set_revision + row_number() OVER (), changed_at
    FROM job, assignment WHERE assignment.job_id = %s AND job.name = 'like it'"""


def late(api):
    return {entry["name"]: entry for entry in api.json(LATE)["late"]}


def watched(database, n):
    return wait_until(lambda: database.query("SELECT count(*) FROM job_watch")[0][0] == n, what=f"{n} watched jobs")


def let_time_pass(database):
    """Two minutes for the watch, the assignments, and what was heard of the agents."""
    database.execute("UPDATE assignment SET changed_at = changed_at - interval '1 hour'")
    database.execute("UPDATE agent_state SET last_seen_at = last_seen_at - interval '2 minutes'")
    database.execute("UPDATE job_watch SET due_at = due_at - interval '2 minutes', check_at = now() WHERE due_at < 'infinity'")


def test_a_job_that_did_not_run_is_late_until_its_decision_arrives(central, api, database):
    agent = RawAgent(central, name="porter")
    silent = api.create_job("* * * * * *", "http://127.0.0.1:1/", name="silent")
    api.create_job("* * * * * *", "http://127.0.0.1:1/", name="nobody's", target={"mode": "agent", "agent": "nobody"})
    paused = api.create_job("* * * * * *", "http://127.0.0.1:1/", name="paused")
    api.create_job("@reboot", "http://127.0.0.1:1/", name="boot")
    agent.follow()
    watched(database, 4)
    api.post(f"/api/jobs/{paused['jobId']}/actions/pause")
    let_time_pass(database)
    found = wait_until(lambda: len(late(api)) == 2 and late(api), timeout=15, what="two late jobs")
    assert found["silent"]["agentName"] == "porter" and "silent since" in found["silent"]["reason"]
    assert found["nobody's"]["agentId"] is None and found["nobody's"]["reason"] == "no agent holds the job"
    listed = {job["name"]: job["lateSince"] for job in api.json("/api/jobs")["jobs"]}
    assert listed["silent"] == found["silent"]["lateSince"] and listed["paused"] is None and listed["boot"] is None
    assert {job["name"] for job in api.json("/api/jobs", late="true")["jobs"]} == {"silent", "nobody's"}
    wait_until(lambda: "\nbelfry_central_late_jobs 2\n" in requests.get(central.url + "/metrics", timeout=60).text, what="the gauge")

    agent.sync(1, [execution(silent["jobId"], now().replace(microsecond=0))])
    assert set(late(api)) == {"nobody's"}, "gone at once, not with the next look"
    assert api.json("/api/jobs", q="silent")["jobs"][0]["lateSince"] is None
    wait_until(lambda: database.query("SELECT count(*) FROM job_late")[0][0] == 1, timeout=15, what="the mark to go")


def test_a_job_of_all_agents_is_late_while_one_of_them_owes_it(central, api, database):
    """What the others decide does not make up for it."""
    porter, second = (RawAgent(central, name=name) for name in ("porter", "second"))
    job = api.create_job("* * * * * *", "http://127.0.0.1:1/", name="everywhere", target={"mode": "all"})
    for agent in (porter, second):
        agent.follow()
    watched(database, 1)
    let_time_pass(database)
    second.sync(1, [execution(job["jobId"], now().replace(microsecond=0))])
    found = wait_until(lambda: late(api), timeout=15, what="the late job")
    assert found["everywhere"]["agentName"] == "porter"
    assert api.json("/api/jobs")["jobs"][0]["lateSince"] == found["everywhere"]["lateSince"]
    assert [listed["name"] for listed in api.json("/api/jobs", late="true")["jobs"]] == ["everywhere"]
    assert api.json("/api/observability/overview")["jobs"]["late"] == 1
    porter.sync(1, [execution(job["jobId"], now().replace(microsecond=0))])
    database.execute("UPDATE job_watch SET check_at = now()")
    wait_until(lambda: not late(api), timeout=15, what="the mark to go")


def test_thousands_of_late_jobs_are_marked_in_one_look_and_not_looked_at_all_the_time(central, api, database):
    RawAgent(central, name="porter").follow()
    job = api.create_job("*/5 * * * *", "http://127.0.0.1:1/", name="seed")
    watched(database, 1)
    beats = set()
    rounds = lambda n: beats.add(database.query("SELECT heartbeat_at FROM fleet")[0][0]) or len(beats) > n  # noqa: E731
    wait_until(lambda: rounds(7), timeout=30, what="the server to keep plans, for a single job")
    database.execute(LIKE_IT, (10000, job["jobId"]))
    database.execute(HELD_LIKE_IT, (job["jobId"],))
    let_time_pass(database)
    began = database.query("SELECT now()")[0][0]
    # Last: a look in between would find jobs that nobody held yet, and would wait for their next instant.
    database.execute("INSERT INTO job_watch SELECT job_id, revision, now() - interval '3 minutes', now() FROM job WHERE name <> 'seed'")
    marked = "SELECT count(*) FROM job_late"
    wait_until(lambda: database.query(marked)[0][0] >= 10000, timeout=30, what="all to be marked")
    # Each was looked at after that, and then is in half a minute again.
    soon = database.query("SELECT count(*) FROM job_watch WHERE check_at < %s + interval '25 seconds'", (began,))[0][0]
    assert soon <= 1, f"{soon} late jobs are looked at again at once, and keep others from being found"
    beats.clear()
    wait_until(lambda: rounds(2), timeout=30, what="the watch over the fleet to go on", explain=central.tail)
    assert "watching the fleet failed" not in central.log()


def test_a_look_that_could_not_be_written_down_is_repeated_and_the_other_chores_go_on(world, database):
    # Twice this a transaction may be idle, which has to be longer than a round of chores.
    central = world.central(database, statement_timeout_ms=3000).start()
    central.allow("chore failed")
    central.api.create_job("* * * * * *", "http://127.0.0.1:1/", name="silent")
    RawAgent(central, name="porter").follow()
    watched(database, 1)
    blocker = database.connect(autocommit=False)
    with closing(blocker), blocker.cursor() as cursor:
        let_time_pass(database)
        cursor.execute("SELECT FROM job_watch FOR UPDATE")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO job_watch%'"
        wait_until(lambda: database.query(waiting)[0][0] > 0, 20, "the look to be written down, in vain", every=0.05)
        wait_until(lambda: database.query(waiting)[0][0] == 0, 20, "that to end", every=0.05)
        blocker.rollback()
    let_time_pass(database)
    wait_until(lambda: "silent" in late(central.api), 20, "the job to be late", explain=central.tail)


def test_pages_of_late_jobs_and_bad_questions(central, api, database):
    for i in range(3):
        api.create_job("* * * * * *", "http://127.0.0.1:1/", name=f"job {i}")
    watched(database, 3)
    let_time_pass(database)
    wait_until(lambda: len(late(api)) == 3, timeout=15, what="three late jobs")
    first = api.json(LATE, limit=2)
    rest = api.json(LATE, limit=2, cursor=first["nextCursor"])
    assert len({entry["jobId"] for entry in first["late"] + rest["late"]}) == 3 and rest["nextCursor"] is None
    assert_problem(api.get(LATE, params={"cursor": "x"}), 400)
    assert_problem(api.get(LATE, params={"limit": 0}), 400)


@pytest.mark.long
def test_a_killed_agents_job_is_late_within_a_minute(api, agent, target, database, pulse):
    job = api.create_job("* * * * * *", target.url + "/")
    wait_until(lambda: api.json(f"/api/executions/{job['jobId']}")["executions"], timeout=20, what="the first execution")
    assert late(api) == {}
    agent.kill()
    killed = now()
    found = wait_until(lambda: late(api), timeout=60, what="the job to be late", every=1)
    assert now() - killed < timedelta(milliseconds=pulse.allows(60000)), found


def test_records_that_could_not_be_taken_are_listed_newest_first(central, api):
    Q = "/api/observability/quarantine"
    assert api.json(Q) == {"records": [], "nextCursor": None}
    for name in ("one", "two"):
        RawAgent(central, name=name).sync(1, [{"nonsense": 1}, {"nonsense": 2}])
    records, cursor = [], None
    while True:
        page = api.json(Q, limit=1, **({"cursor": cursor} if cursor else {}))
        records += page["records"]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert [(r["agentName"], r["seq"]) for r in records] == [("two", 2), ("two", 1), ("one", 2), ("one", 1)]
    assert_problem(api.get(Q, params={"cursor": "1.2.3.4"}), 400)
