"""Jobs whose decision is overdue: central knows from the schedule alone."""
import pytest
import requests
from raw_agent import RawAgent, execution

from harness.api import assert_problem
from harness.ledger import now, timedelta
from harness.waiting import wait_until

LATE = "/api/observability/alerts/late"


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
    wait_until(lambda: "\nbelfry_central_late_jobs 2\n" in requests.get(central.url + "/metrics", timeout=5).text, what="the gauge")

    agent.sync(1, [execution(silent["jobId"], now().replace(microsecond=0))])
    assert set(late(api)) == {"nobody's"}, "gone at once, not with the next look"
    assert api.json("/api/jobs", q="silent")["jobs"][0]["lateSince"] is None
    wait_until(lambda: database.query("SELECT count(*) FROM job_late")[0][0] == 1, timeout=15, what="the mark to go")


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
def test_a_killed_agents_job_is_late_within_a_minute(api, agent, target, database):
    job = api.create_job("* * * * * *", target.url + "/")
    wait_until(lambda: api.json(f"/api/executions/{job['jobId']}")["executions"], timeout=20, what="the first execution")
    assert late(api) == {}
    agent.kill()
    killed = now()
    wait_until(lambda: late(api), timeout=60, what="the job to be late")
    assert now() - killed < timedelta(seconds=60)


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
