"""Orders of people: run at one agent, skip one due instant. Real agents carry them out."""
import os
import signal
from datetime import timedelta

import pytest

from harness.api import assert_problem
from harness.ledger import now, rfc3339
from harness.waiting import wait_until

NOBODY = "0192f0c1-0000-7000-8000-000000000000"
YEARLY = "0 0 1 1 *"


def act(api, job, action, body=None, **more):
    return api.post(f"/api/jobs/{job['jobId']}/actions/{action}", json=body or {}, **more)


def audited(api, action):
    return [(e["actor"], e["object"]) for e in api.json("/api/audit", action=action)["entries"]]


def test_run_goes_to_the_one_agent_that_is_named_and_must_hold_the_job(world, central, api, target):
    for name in ("one", "two"):
        world.agent(central, name=name).start()
    wait_until(lambda: len(api.json("/api/agents")["agents"]) == 2, 20, "both agents", explain=world.tails)
    agents = api.json("/api/agents")["agents"]
    job = api.create_job(YEARLY, target.url + "/all", target={"mode": "all"})
    reply = act(api, job, "run", {"agentId": agents[0]["agentId"]})
    assert (reply.status_code, reply.json()) == (202, {"jobId": job["jobId"], "agents": 1})
    found = wait_until(lambda: api.executions(jobId=job["jobId"]), 20, "the run to be told", explain=world.tails)
    assert [(e["agentId"], e["status"]) for e in found] == [(agents[0]["agentId"], "success")]
    assert act(api, job, "run").json()["agents"] == 2
    wait_until(lambda: len(api.executions(jobId=job["jobId"])) == 3, 20, "both to run", explain=world.tails)
    assert len(target.requests("/all")) == 3
    bound = api.create_job(YEARLY, target.url, target={"mode": "agent", "agent": agents[1]["name"]})
    before = len(audited(api, "job.run"))
    assert_problem(act(api, bound, "run", {"agentId": agents[0]["agentId"]}), 409)
    assert_problem(act(api, bound, "run", {"agentId": NOBODY}), 409)
    assert_problem(act(api, bound, "run", {"agentId": "me"}), 400, "/agentId")
    assert_problem(act(api, bound, "run", {"agent": "me"}), 400, "/agent")
    assert len(audited(api, "job.run")) == before == 2


@pytest.mark.parametrize("frozen", [True, False])
def test_a_run_order_follows_its_job_or_is_told_as_skipped(world, database, target, frozen):
    """Given to an agent that is silent, to another one; or to one that loses the job in the same round."""
    central = world.central(database, offline_after_ms=3000, sync_interval_ms=200).start()
    api, agents = central.api, {name: world.agent(central, name=name).start() for name in ("one", "two")}
    wait_until(lambda: len(api.json("/api/agents")["agents"]) == 2, 20, "both agents", explain=world.tails)
    job = api.create_job(YEARLY, target.url + "/order")

    def holder():
        return api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"][0]

    first = holder()
    old = agents[first["agentName"]]
    wait_until(lambda: old.status()["counts"]["jobs"] == 1, 20, "the job to be there", explain=world.tails)
    old.freeze()
    assert act(api, job, "run").json()["agents"] == 1
    if frozen:
        wait_until(lambda: holder()["agentName"] != first["agentName"], 20, "the job to move", explain=world.tails)
        wait_until(lambda: api.executions(jobId=job["jobId"]), 20, "the heir to run it", explain=world.tails)
    else:
        # As if the silent agent had been heard after the order was given.
        database.execute("UPDATE agent_state SET last_seen_at = now() WHERE agent_id = %s", (first["agentId"],))
        assert api.post(f"/api/agents/{first['agentId']}/actions/drain").status_code == 200
    old.thaw()
    wait_until(lambda: database.query("SELECT count(*) FROM command WHERE done_at IS NULL")[0][0] == 0, 30, "the order to be done", explain=world.tails)
    found = wait_until(lambda: api.executions(jobId=job["jobId"]), 20, "what came of it", explain=world.tails)
    assert [e["cause"] for e in found] == ["manual"]
    if frozen:
        assert found[0]["status"] == "success" and found[0]["agentName"] != first["agentName"] and len(target.requests("/order")) == 1
    else:
        assert found[0]["status"] == "skipped" and "did not hold the job any more" in found[0]["reason"], found


def test_a_skipped_instant_becomes_a_skipped_execution_and_its_neighbours_run(world, api, agent, target):
    job = api.create_job("* * * * * *", target.url)
    wait_until(target.requests, 20, "the job to run", explain=world.tails)
    instant = now().replace(microsecond=0) + timedelta(seconds=10)
    reply = act(api, job, "skip", {"scheduledAt": rfc3339(instant)})
    assert reply.status_code == 200, reply.text
    assert reply.json()["revision"] == 2 and len(reply.json()["skipAt"]) == 1 and reply.headers["ETag"] == '"2"'
    assert act(api, job, "skip", {"scheduledAt": rfc3339(instant)}).json()["revision"] == 2
    assert audited(api, "job.skip")[0][1] == job["jobId"]

    def told():
        found = {e["scheduledAt"]: e["status"] for e in api.executions(jobId=job["jobId"])}
        around = [found.get(rfc3339(instant + timedelta(seconds=s))) for s in (-1, 0, 1)]
        return around if all(around) else None

    assert wait_until(told, 30, "the instants around", explain=world.tails) == ["success", "skipped", "success"]


@pytest.mark.parametrize("body, pointer", [
    ({}, "/scheduledAt"), ({"scheduledAt": "soon"}, "/scheduledAt"), ({"scheduledAt": "2020-01-01T00:00:00Z"}, "/scheduledAt"),
    ({"scheduledAt": "2040-01-01T00:00:01Z"}, "/scheduledAt"), ({"scheduledAt": "2039-01-01T00:00:00Z"}, "/scheduledAt"),
    ({"at": "2040-01-01T00:00:00Z"}, "/at"),
])  # fmt: skip
def test_what_is_no_due_instant_still_to_come_is_refused(api, body, pointer):
    job = api.create_job(YEARLY, "http://127.0.0.1:1/", startAt="2040-01-01T00:00:00Z")
    assert_problem(act(api, job, "skip", body), 400, pointer)
    assert act(api, job, "skip", {"scheduledAt": "2040-01-01T00:00:00Z"}).status_code == 200


def test_a_full_list_a_stale_reader_and_an_interval_are_refused(api):
    job = api.create_job(YEARLY, "http://127.0.0.1:1/")
    for year in range(2040, 2048):
        assert act(api, job, "skip", {"scheduledAt": f"{year}-01-01T00:00:00Z"}).status_code == 200
    assert_problem(act(api, job, "skip", {"scheduledAt": "2048-01-01T00:00:00Z"}), 409)
    assert_problem(act(api, job, "skip", {"scheduledAt": "2047-01-01T00:00:00Z"}, headers={"If-Match": '"1"'}), 412)
    every = api.create_job("@every 1h", "http://127.0.0.1:1/")
    assert_problem(act(api, every, "skip", {"scheduledAt": "2040-01-01T00:00:00Z"}), 400, "/scheduledAt")
    assert_problem(api.post(f"/api/jobs/{NOBODY}/actions/skip", json={"scheduledAt": "2040-01-01T00:00:00Z"}), 404)


def begin_a_run_that_hangs(world, api, target, **more):
    """The job; its target does not answer before the test is over."""
    target.delay = 600
    job = api.create_job(YEARLY, target.url + "/hang", timeoutMs=600000, **more)
    act(api, job, "run")
    wait_until(lambda: target.requests("/hang"), 20, "the request to arrive", explain=world.tails)
    return job


def interrupted(api, job):
    return [e for e in api.executions(jobId=job["jobId"]) if e["status"] == "interrupted"]


def test_a_cancel_ends_the_running_attempt_with_the_name_of_who_gave_it(world, api, agent, target, database):
    job = begin_a_run_that_hangs(world, api, target)
    reply = act(api, job, "cancel")
    assert (reply.status_code, reply.json()) == (202, {"jobId": job["jobId"], "agents": 1})
    found = wait_until(lambda: interrupted(api, job), 20, "the interruption", explain=world.tails)
    assert found[0]["reason"] == "cancelled by admin" and len(target.requests("/hang")) == 1
    assert audited(api, "job.cancel")[0] == ("admin", job["jobId"])
    undone = "SELECT count(*) FROM command WHERE done_at IS NULL"
    assert act(api, job, "cancel").json()["agents"] == 1
    wait_until(lambda: database.query(undone)[0][0] == 0, 20, "an order with nothing to end to be done", explain=world.tails)
    assert len(interrupted(api, job)) == 1
    assert_problem(act(api, job, "cancel", {"executionId": "me"}), 400, "/executionId")
    assert_problem(act(api, {"jobId": NOBODY}, "cancel"), 404)


def test_a_cancel_ends_what_a_deleted_job_had_begun(world, api, agent, target):
    job = begin_a_run_that_hangs(world, api, target)
    api.delete_job(job["jobId"])
    assert_problem(act(api, job, "run"), 404)
    assert act(api, job, "cancel").json()["agents"] == 1
    found = wait_until(lambda: interrupted(api, job), 20, "the interruption", explain=world.tails)
    assert [e["reason"] for e in found] == ["cancelled by admin"]


def test_a_cancel_reaches_a_killed_agent_and_spares_what_began_later(world, api, agent, target):
    job = begin_a_run_that_hangs(world, api, target, type="ATLEAST_ONCE")
    agent.kill()
    act(api, job, "cancel")
    act(api, job, "run")
    agent.start()
    found = wait_until(lambda: interrupted(api, job), 30, "the interruption", explain=world.tails)
    assert len(found) == 1 and found[0]["reason"] == "cancelled by admin"
    wait_until(lambda: len({r.key for r in target.requests("/hang")}) == 2, 20, "the later run to begin",
               explain=world.tails)
    assert len(interrupted(api, job)) == 1


def test_a_cancel_withdraws_what_was_ordered_before_it_and_has_not_begun(world, api, agent, target, database):
    job, other = (api.create_job(YEARLY, f"{target.url}/{name}") for name in ("job", "other"))
    wait_until(lambda: agent.status()["counts"]["jobs"] == 2, 20, "the jobs to be there", explain=world.tails)
    agent.kill()
    act(api, job, "run")
    act(api, other, "run")
    act(api, job, "cancel", {"executionId": NOBODY})
    undone = "SELECT count(*) FROM command WHERE type = 'run' AND done_at IS NULL"
    assert database.query(undone) == [(2,)]
    act(api, job, "cancel")
    assert database.query(undone) == [(1,)]
    act(api, job, "run")
    agent.start()
    wait_until(lambda: len(api.executions()) == 2, 20, "the other runs", explain=world.tails)
    wait_until(lambda: database.query("SELECT count(*) FROM command WHERE done_at IS NULL") == [(0,)], 20, "all orders to be done",
               explain=world.tails)
    assert [len(target.requests(path)) for path in ("/job", "/other")] == [1, 1]


def test_a_cancel_of_one_execution_spares_the_others_of_its_job(world, api, agent, target):
    target.delay = 600
    job = api.create_job(YEARLY, target.url + "/hang", timeoutMs=600000)
    act(api, job, "run")
    act(api, job, "run")
    wait_until(lambda: len(target.requests("/hang")) == 2, 20, "both requests to arrive", explain=world.tails)
    ended, spared = (r.key for r in target.requests("/hang"))
    assert act(api, job, "cancel", {"executionId": ended}).status_code == 202
    found = wait_until(lambda: interrupted(api, job), 20, "the interruption", explain=world.tails)
    assert [(e["executionId"], e["reason"]) for e in found] == [(ended, "cancelled by admin")]
    assert agent.status()["counts"]["running"] == 1
    assert act(api, job, "cancel", {"executionId": spared}).status_code == 202
    found = wait_until(lambda: len(interrupted(api, job)) == 2 and interrupted(api, job), 20, "the other one", explain=world.tails)
    assert {e["executionId"] for e in found} == {ended, spared} and len(target.requests("/hang")) == 2


def test_a_cancel_ends_a_run_that_waits_for_its_next_attempt(world, api, agent, target):
    target.behave(lambda request, handler: 503)
    job = api.create_job(YEARLY, target.url + "/busy", retry={"maxAttempts": 5, "initialBackoffMs": 60000, "maxBackoffMs": 60000, "jitter": "none"})
    act(api, job, "run")
    wait_until(lambda: target.requests("/busy") and agent.status()["counts"]["running"] == 0, 20, "the first attempt", explain=world.tails)
    act(api, job, "cancel")
    found = wait_until(lambda: interrupted(api, job), 20, "the interruption", explain=world.tails)
    assert [(e["attempts"], e["reason"]) for e in found] == [(1, "cancelled by admin")] and len(target.requests("/busy")) == 1


@pytest.fixture
def moved(world, central, api, target):
    """A run is under way at an agent that is drained then, so that another one has the job: (job, the holder, how to move)."""
    holder = world.agent(central, name="holder").start()
    wait_until(lambda: len(api.json("/api/agents")["agents"]) == 1, 20, "the agent", explain=world.tails)
    job = begin_a_run_that_hangs(world, api, target)
    world.agent(central, name="heir").start()
    wait_until(lambda: [a["state"] for a in api.json("/api/agents")["agents"]] == ["online"] * 2, 20, "both agents", explain=world.tails)

    def holders():
        return [a["agentName"] for a in api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"]]

    def move():
        agent_id = api.json("/api/agents", q="holder")["agents"][0]["agentId"]
        assert api.post(f"/api/agents/{agent_id}/actions/drain").status_code == 200
        wait_until(lambda: holders() == ["heir"], 20, "the job to move", explain=world.tails)
        wait_until(lambda: holder.status()["counts"]["jobs"] == 0, 20, "the holder to hear of it", explain=world.tails)

    return job, holder, move


def ends_at(api, world, job, name):
    """The one interruption, and that it came from this agent."""
    found = wait_until(lambda: interrupted(api, job), 30, "the interruption", explain=world.tails)
    agents = {a["agentId"]: a["name"] for a in api.json("/api/agents")["agents"]}
    assert [(e["reason"], agents[e["agentId"]]) for e in found] == [("cancelled by admin", name)]


def test_a_cancel_reaches_a_former_holder_that_is_still_running_the_job(world, api, target, database, moved):
    job, holder, move = moved
    move()
    assert holder.status()["counts"]["running"] == 1, "the run goes on after the job has left"
    assert act(api, job, "cancel").json()["agents"] == 2
    ends_at(api, world, job, "holder")
    wait_until(lambda: database.query("SELECT count(*) FROM command WHERE done_at IS NULL")[0][0] == 0, 20, "both to have carried it out",
               explain=world.tails)
    assert len(target.requests("/hang")) == 1


def test_a_cancel_reaches_a_former_holder_of_a_paused_job(world, api, target, moved):
    """A job that does not run passes on no border, and what its holder had begun goes on all the same."""
    job, holder, move = moved
    assert act(api, job, "pause").status_code == 200
    move()
    assert holder.status()["counts"]["running"] == 1
    act(api, job, "cancel")
    ends_at(api, world, job, "holder")


def test_a_cancel_reaches_a_former_holder_that_was_killed_and_comes_back(world, api, target, moved):
    """It tries an unfinished run again as soon as it starts, and may hear of the order and of the loss of the job at once."""
    job, holder, move = moved
    holder.kill()
    agent_id = api.json("/api/agents", q="holder")["agents"][0]["agentId"]
    assert api.post(f"/api/agents/{agent_id}/actions/drain").status_code == 200
    wait_until(lambda: [a["agentName"] for a in api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"]] == ["heir"], 20,
               "the job to move", explain=world.tails)
    assert act(api, job, "cancel").json()["agents"] == 2
    holder.start()
    ends_at(api, world, job, "holder")
    assert len({request.key for request in target.requests("/hang")}) == 1


def test_an_order_that_central_took_is_carried_out_once_though_central_was_killed_before_it_was_told(world, central, api, agent, target, database):
    job = begin_a_run_that_hangs(world, api, target)
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        assert act(api, job, "cancel").status_code == 202
        central.kill()
        central.start()
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    found = wait_until(lambda: interrupted(api, job), 40, "the interruption", explain=world.tails)
    assert [e["reason"] for e in found] == ["cancelled by admin"]
    wait_until(lambda: database.query("SELECT count(*) FROM command WHERE done_at IS NULL")[0][0] == 0, 20, "the order to be done", explain=world.tails)
    assert len(interrupted(api, job)) == 1 and len(target.requests("/hang")) == 1
