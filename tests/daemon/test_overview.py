"""The whole on one screen, and why a job ran or did not."""
from raw_agent import RawAgent, execution

from harness.api import assert_problem
from harness.ledger import instant, now, timedelta
from harness.waiting import wait_until

OVERVIEW = "/api/observability/overview"


def test_the_overview_of_nothing_is_complete_and_empty(central, api):
    whole = api.json(OVERVIEW)
    assert whole["jobs"] == {"total": 0, "active": 0, "paused": 0, "late": 0, "unassigned": 0}
    assert whole["agents"] == {"total": 0, "online": 0, "offline": 0, "draining": 0}
    assert whole["last24h"]["executions"] == 0 and whole["last24h"]["successRate"] is None
    assert whole["last24h"]["latenessMs"]["p99"] is None and whole["nextFires"] == []
    assert len(whole["hours"]) == 24 and (whole["unaccounted"], whole["quarantined"]) == (0, 0)
    assert_problem(api.get(OVERVIEW, params={"hours": 3}), 400)


def test_the_overview_counts_what_a_real_agent_does_and_names_what_is_due_next(api, agent, target):
    often = api.create_job("* * * * * *", target.url + "/", name="often")
    api.create_job("0 0 1 1 *", target.url + "/", name="yearly")
    paused = api.create_job("* * * * * *", target.url + "/", name="paused")
    api.post(f"/api/jobs/{paused['jobId']}/actions/pause")
    api.create_job("* * * * *", target.url + "/", name="nobody's", target={"mode": "agent", "agent": "nobody"})
    wait_until(lambda: api.json(OVERVIEW)["last24h"]["byStatus"]["success"] >= 3, timeout=20, what="three successes")
    wait_until(lambda: len(api.json(OVERVIEW)["nextFires"]) == 3, timeout=20, what="three jobs that are due next")
    whole = api.json(OVERVIEW)
    assert whole["jobs"] == {"total": 4, "active": 3, "paused": 1, "late": 0, "unassigned": 1}
    assert whole["agents"] == {"total": 1, "online": 1, "offline": 0, "draining": 0}
    assert [fire["name"] for fire in whole["nextFires"]] == ["often", "nobody's", "yearly"]
    first = whole["nextFires"][0]
    assert first["jobId"] == often["jobId"] and timedelta(0) < instant(first["at"]) - instant(whole["now"]) <= timedelta(seconds=1)
    assert sum(hour["byStatus"]["success"] for hour in whole["hours"]) == whole["last24h"]["byStatus"]["success"]
    assert whole["last24h"]["successRate"] == 1 and whole["last24h"]["durationMs"]["p50"] > 0


def test_lost_records_and_quarantine_are_seen_in_the_overview(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("* * * * *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    agent.sync(1, [execution(job, now().replace(second=0, microsecond=0)), {"nonsense": 1}])
    assert api.json(OVERVIEW)["quarantined"] == 1
    database.execute("""UPDATE agent_stream SET holes = '[{"from": 1, "to": 3}, {"from": 7, "to": 7}]'""")
    assert api.json(OVERVIEW)["unaccounted"] == 4
