"""The history of a job and the way back; one action on many jobs; one execution with the definition that it ran."""
import pytest
from raw_agent import NOW, RawAgent, execution, timedelta

from harness.api import assert_problem

NOBODY = "0192f0c1-0000-7000-8000-000000000000"


@pytest.fixture
def job(api):
    return api.create_job("@daily", "http://127.0.0.1:1/", name="first", headers={"X-Plain": "a", "Authorization": "Bearer geheim"})


def test_the_history_says_who_changed_what_and_a_rollback_is_the_next_revision(api, job, database):
    path = f"/api/jobs/{job['jobId']}"
    api.edit_job(job["jobId"], name="second", schedule="@hourly", headers={"X-Plain": None, "X-New": "b"})
    api.post(path + "/actions/pause")
    page = api.json(path + "/revisions", limit=2)
    assert [(r["revision"], r["action"], r["author"]) for r in page["revisions"]] == [(3, "pause", "admin"), (2, "edit", "admin")]
    rest = api.json(path + "/revisions", limit=2, cursor=page["nextCursor"])
    assert [r["revision"] for r in rest["revisions"]] == [1] and rest["nextCursor"] is None

    second = api.json(path + "/revisions/2")
    assert {d["path"]: (d["before"], d["after"]) for d in second["diff"]} == {
        "/name": ("first", "second"), "/schedule": ("@daily", "@hourly"), "/headers/X-Plain": ("a", None), "/headers/X-New": (None, "b")}
    assert second["definition"]["name"] == "second" and "geheim" not in str(second) and second["against"] == 1
    third = api.json(path + "/revisions/3", against=1)
    assert {d["path"] for d in third["diff"]} == {"/name", "/schedule", "/headers/X-Plain", "/headers/X-New", "/active"}
    assert len(api.json(path + "/revisions/1", against=0)["diff"]) > 5

    assert_problem(api.post(path + "/actions/rollback", json={"revision": 1}, headers={"If-Match": '"2"'}), 412)
    back = api.post(path + "/actions/rollback", json={"revision": 1}, headers={"If-Match": '"3"'})
    assert back.status_code == 200 and back.headers["ETag"] == '"4"'
    as_made = {"revision": 1, "updatedAt": job["updatedAt"], "nextFireAt": job["nextFireAt"]}
    assert {**back.json(), **as_made} == job
    assert "geheim" in database.query("SELECT definition FROM job")[0][0], "the secret came back too"
    assert database.query("SELECT action FROM audit ORDER BY audit_id DESC LIMIT 1")[0][0] == "job.rollback"


def test_a_deleted_job_keeps_its_history_and_cannot_be_rolled_back(api, job):
    path = f"/api/jobs/{job['jobId']}"
    api.delete_job(job["jobId"])
    assert [r["action"] for r in api.json(path + "/revisions")["revisions"]] == ["delete", "create"]
    assert api.json(path + "/revisions/2")["definition"] is None
    assert_problem(api.post(path + "/actions/rollback", json={"revision": 1}), 404)


@pytest.mark.parametrize("body, pointer", [({}, "/revision"), ({"revision": 9}, "/revision"), ({"revision": "1"}, "/revision"),
                                           ({"revision": 0}, "/revision"), ({"to": 1}, "/to"), ([], "")])  # fmt: skip
def test_a_bad_rollback_names_the_member(api, job, body, pointer):
    assert_problem(api.post(f"/api/jobs/{job['jobId']}/actions/rollback", json=body), 400, pointer)


def test_revisions_that_are_not_there_are_404(api, job):
    for path in (f"{NOBODY}/revisions", f"{NOBODY}/revisions/1", f"{job['jobId']}/revisions/2", f"{job['jobId']}/revisions/x", "x/revisions"):
        assert_problem(api.get("/api/jobs/" + path), 404)
    assert_problem(api.get(f"/api/jobs/{job['jobId']}/revisions/1", params={"against": -1}), 400)


def bulk(api, **body):
    reply = api.post("/api/bulk/jobs", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_dry_run_says_what_the_real_one_then_does(api, database):
    jobs = [api.create_job("@daily", "http://127.0.0.1:1/", name=f"report {i}") for i in range(5)] + [
        api.create_job("@daily", "http://127.0.0.1:1/", name="other")]
    api.post(f"/api/jobs/{jobs[0]['jobId']}/actions/pause")
    wish = {"action": "pause", "filter": {"q": "REPORT"}}
    foreseen = bulk(api, **wish, dryRun=True)
    assert (foreseen["matched"], foreseen["changed"], foreseen["unchanged"], foreseen["failed"]) == (5, 4, 1, [])
    assert foreseen["sentence"] == "4 of 5 jobs would be paused; 1 is paused already."
    assert {s["name"] for s in foreseen["sample"]} == {f"report {i}" for i in range(5)}
    assert sum(j["active"] for j in api.json("/api/jobs")["jobs"]) == 5, "a dry run changes nothing"
    done = bulk(api, **wish)
    assert (done["matched"], done["changed"], done["unchanged"]) == (5, 4, 1) and done["sentence"].startswith("4 of 5 jobs were paused")
    assert [j["name"] for j in api.json("/api/jobs", active="true")["jobs"]] == ["other"]
    assert database.query("SELECT count(*) FROM audit WHERE action = 'job.pause'")[0][0] == 5
    again = bulk(api, **wish)
    assert (again["changed"], again["unchanged"]) == (0, 5)


def test_named_jobs_are_resumed_run_and_deleted_and_strangers_are_told(api, job):
    ids = [job["jobId"], NOBODY]
    assert bulk(api, action="run", jobIds=[job["jobId"]])["sentence"] == "0 of 1 job was ordered to run; 1 is held by no agent."
    api.post(f"/api/jobs/{job['jobId']}/actions/pause")
    assert bulk(api, action="resume", jobIds=ids)["changed"] == 1
    deleted = bulk(api, action="delete", jobIds=ids)
    assert deleted["changed"] == 1 and deleted["failed"] == [{"jobId": NOBODY, "detail": "there is no such job"}]
    assert api.json("/api/jobs")["jobs"] == []


def test_an_operator_may_pause_many_but_delete_none(api, job):
    operator = api.with_token(api.post("/api/tokens", json={"name": "o", "role": "operator"}).json()["token"])
    assert_problem(operator.post("/api/bulk/jobs", json={"action": "delete", "jobIds": [job["jobId"]]}), 403)
    assert operator.post("/api/bulk/jobs", json={"action": "pause", "jobIds": [job["jobId"]]}).json()["changed"] == 1


def test_when_the_database_fails_halfway_what_was_done_is_told_and_not_done_again(world, database):
    """The second of three orders to run meets a server that takes too long."""
    central = world.central(database, statement_timeout_ms=500).start()
    agent = RawAgent(central)
    ids = sorted(central.api.create_job("@yearly", "http://127.0.0.1:1/")["jobId"] for _ in range(3))
    agent.follow()
    database.execute(f"""CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
        CREATE TRIGGER be_slow BEFORE INSERT ON command FOR EACH ROW WHEN (NEW.job_id = '{ids[1]}') EXECUTE FUNCTION be_slow()""")
    wish = {"json": {"action": "run", "jobIds": ids}, "headers": {"Idempotency-Key": "all-three"}}
    reply = central.api.post("/api/bulk/jobs", **wish)
    database.execute("DROP TRIGGER be_slow ON command")
    assert reply.status_code == 200, reply.text
    assert reply.json()["changed"] == 1 and [f["jobId"] for f in reply.json()["failed"]] == ids[1:]
    assert "not tried" in reply.json()["failed"][1]["detail"]
    again = central.api.post("/api/bulk/jobs", **wish)
    assert again.headers.get("Idempotency-Replayed") == "true" and again.json() == reply.json()
    assert database.query("SELECT job_id::text FROM command") == [(ids[0],)], "what was ordered is ordered once"
    # Where nothing was done, the whole is to be sent again.
    database.execute(f"""CREATE TRIGGER be_slow BEFORE INSERT ON command FOR EACH ROW WHEN (NEW.job_id = '{ids[0]}')
        EXECUTE FUNCTION be_slow()""")
    assert_problem(central.api.post("/api/bulk/jobs", json={"action": "run", "jobIds": ids}), 503)
    assert database.query("SELECT count(*) FROM command") == [(1,)]


@pytest.mark.parametrize("body, pointer", [
    ({}, "/action"), ({"action": "burn", "jobIds": [NOBODY]}, "/action"), ({"action": "pause"}, ""),
    ({"action": "pause", "jobIds": [NOBODY], "filter": {}}, ""), ({"action": "pause", "jobIds": []}, "/jobIds"),
    ({"action": "pause", "jobIds": ["x"]}, "/jobIds/0"), ({"action": "pause", "jobIds": [NOBODY] * 1001}, "/jobIds"),
    ({"action": "pause", "filter": {"colour": 1}}, "/filter/colour"), ({"action": "pause", "filter": {"active": "yes"}}, "/filter/active"),
    ({"action": "pause", "filter": {"lastStatus": "fine"}}, "/filter/lastStatus"), ({"action": "pause", "filter": []}, "/filter"),
    ({"action": "pause", "jobIds": [NOBODY], "dryRun": 1}, "/dryRun"), ({"action": "pause", "jobIds": [NOBODY], "x": 1}, "/x"), ([], ""),
])  # fmt: skip
def test_a_bad_bulk_wish_names_the_member(api, body, pointer):
    assert_problem(api.post("/api/bulk/jobs", json=body), 400, pointer)


def test_an_execution_shows_the_definition_it_ran_and_names(api, central, job):
    api.edit_job(job["jobId"], name="second")
    agent = RawAgent(central, name="porter")
    scheduled, manual = (execution(job["jobId"], NOW - timedelta(seconds=9)), execution(job["jobId"], NOW - timedelta(seconds=5), cause="manual"))
    agent.sync(1, [scheduled, manual])
    path = f"/api/executions/{job['jobId']}/{scheduled['executionId']}"
    for parameters in ({}, {"scheduledAt": scheduled["scheduledAt"]}):
        shown = api.json(path, **parameters)
        assert (shown["jobName"], shown["agentName"], shown["doubles"]) == ("second", "porter", [])
        assert shown["definition"]["name"] == "first" and shown["definition"]["headers"]["Authorization"] == "********"
    assert_problem(api.get(path, params={"scheduledAt": "2020-01-01T00:00:00Z"}), 404)
    assert_problem(api.get(f"/api/executions/{NOBODY}/{scheduled['executionId']}"), 404)
    listed = api.json("/api/executions", cause="manual")["executions"]
    assert [(e["executionId"], e["jobName"], e["agentName"]) for e in listed] == [(manual["executionId"], "second", "porter")]
    assert len(api.json(f"/api/executions/{job['jobId']}", cause="schedule,manual")["executions"]) == 2
    assert_problem(api.get("/api/executions", params={"cause": "boredom"}), 400)
