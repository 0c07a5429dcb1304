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


def test_the_overview_of_a_quiet_fleet_has_the_same_tag_though_time_goes_on(central, api):
    for _ in range(2):  # the hours that it shows move on with the full hour: then once more
        first = api.get(OVERVIEW)
        wait_until(lambda: api.json(OVERVIEW)["now"] != first.json()["now"], what="another instant")
        again = api.get(OVERVIEW, headers={"If-None-Match": first.headers["ETag"]})
        if again.status_code == 304 or again.json()["hours"] == first.json()["hours"]:
            break
    assert again.status_code == 304 and again.headers["ETag"] == first.headers["ETag"]
    api.create_job("0 0 1 1 *", "http://127.0.0.1:1/")
    # What took long to make is kept for those who ask next.
    changed = wait_until(lambda: [reply for reply in [api.get(OVERVIEW, headers={"If-None-Match": again.headers["ETag"]})] if reply.status_code == 200],
                         20, "the new job in the overview")[0]  # fmt: skip
    assert changed.json()["jobs"]["total"] == 1 and changed.headers["ETag"] != again.headers["ETag"]


def test_the_overview_counts_what_a_real_agent_does_and_names_what_is_due_next(api, agent, target):
    often = api.create_job("* * * * * *", target.url + "/", name="often")
    api.create_job("0 0 1 1 *", target.url + "/", name="yearly")
    paused = api.create_job("* * * * * *", target.url + "/", name="paused")
    api.post(f"/api/jobs/{paused['jobId']}/actions/pause")
    api.create_job("0 * * * *", target.url + "/", name="nobody's", target={"mode": "agent", "agent": "nobody"})
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
    wait_until(lambda: api.json(OVERVIEW)["quarantined"] == 1, what="the quarantined record in the overview")
    database.execute("""UPDATE agent_stream SET holes = '[{"from": 1, "to": 3}, {"from": 7, "to": 7}]'""")
    wait_until(lambda: api.json(OVERVIEW)["unaccounted"] == 4, what="the lost records in the overview")


def why(api, job, at):
    answer = api.json(f"/api/jobs/{job}/why", at=at.isoformat().replace("+00:00", "Z"))
    return {sentence["kind"]: sentence for sentence in answer["sentences"]}, answer


def test_why_tells_of_an_execution_a_pause_and_a_deletion_at_their_time(api, agent, target, database):
    job = api.create_job("* * * * * *", target.url + "/")["jobId"]
    ran = wait_until(lambda: api.json(f"/api/executions/{job}")["executions"], timeout=20, what="an execution")[-1]
    kinds, answer = why(api, job, instant(ran["scheduledAt"]))
    assert "success" in kinds["decided"]["text"] and answer["nearest"]["executionId"] == ran["executionId"]
    assert kinds["due"]["at"] == ran["scheduledAt"] == answer["previousFireAt"] and "paused" not in kinds
    assert instant(answer["nextFireAt"]) - instant(ran["scheduledAt"]) == timedelta(seconds=1)
    assert "online" in kinds["holder"]["text"]
    kinds, answer = why(api, job, now() - timedelta(days=1))
    assert list(kinds) == ["notCreated"] and answer["previousFireAt"] is None
    api.post(f"/api/jobs/{job}/actions/pause")
    assert "paused" in why(api, job, now())[0] and "paused" not in why(api, job, instant(ran["scheduledAt"]))[0]
    api.delete(f"/api/jobs/{job}")
    kinds, _ = why(api, job, now())
    assert "deleted" in kinds and "holder" not in kinds


def test_why_tells_of_silence_ranges_skips_and_days_on_which_nothing_is_due(central, api, database):
    agent = RawAgent(central, name="porter")
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=20)
    skipped = start + timedelta(minutes=1)
    job = api.create_job("* * * * *", "http://127.0.0.1:1/", skipAt=[skipped.isoformat().replace("+00:00", "Z")])["jobId"]
    far = (start.month + 5) % 12 + 1  # in half a year
    rare = api.create_job(f"0 0 15 {far} *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    database.execute("UPDATE job_revision SET at = at - interval '1 hour'")
    database.execute("INSERT INTO agent_presence SELECT agent_id, %s, %s FROM agent", (start, start + timedelta(minutes=9)))
    missed = execution(job, start + timedelta(minutes=4), "missed", lastScheduledAt=(start + timedelta(minutes=7)).isoformat().replace("+00:00", "Z"), count=4)
    agent.sync(1, [missed])
    kinds, _ = why(api, job, skipped)
    assert {"due", "skipped", "offline", "undecided"} <= set(kinds) and "porter" in kinds["offline"]["text"]
    kinds, _ = why(api, job, start + timedelta(minutes=6))
    assert "4 missed" in kinds["missed"]["text"] and "undecided" not in kinds
    assert "offline" not in why(api, job, start + timedelta(minutes=12))[0]
    kinds, answer = why(api, rare, start)
    last = start.year - (far > start.month)
    assert "notDue" in kinds
    assert (answer["previousFireAt"], answer["nextFireAt"]) == tuple(f"{year}-{far:02}-15T00:00:00.000Z" for year in (last, last + 1))


def test_why_names_the_change_of_the_clock_and_refuses_bad_questions(central, api, database):
    job = api.create_job("30 2 * * *", "http://127.0.0.1:1/", timezone="Europe/Berlin")["jobId"]
    database.execute("UPDATE job_revision SET at = '2026-01-01Z'")
    _, answer = why(api, job, instant("2026-03-29T00:30:00Z"))
    assert answer["nextFireAt"] == "2026-03-29T01:00:00.000Z"
    kinds, _ = why(api, job, instant("2026-03-29T01:00:00Z"))
    assert kinds["dst"]["text"].startswith("DST: ") and "unassigned" in kinds
    assert_problem(api.get(f"/api/jobs/{job}/why", params={"at": "yesterday"}), 400)
    assert_problem(api.get(f"/api/jobs/{job}/why", params={"when": "now"}), 400)
    assert_problem(api.get("/api/jobs/00000000-0000-4000-8000-000000000000/why"), 404)
