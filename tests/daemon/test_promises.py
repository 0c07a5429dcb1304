"""Promises of the design that no other file tries to break from outside. The number in a name is the promise's."""
import random
import socket
import threading
import time
from collections import Counter

from harness.api import Api
from harness.ledger import assert_each_second_once, assert_target_agrees, instant, latest, now, seconds_between
from harness.waiting import wait_until


def every_second(api, server, path="/foo", **more):
    return api.create_job("* * * * * *", server.url + path, **more)["jobId"]


def executions(api, job):
    return api.executions(jobId=job)


def settle(world, api, job, since, timeout=40):
    """All executions of the job, once one of them is due later than `since` and none before it is on its way still."""

    def whole():
        found = executions(api, job)
        due = {instant(e["scheduledAt"]) for e in found}
        return found if due and max(due) > since and due.issuperset(seconds_between(min(due), since)) else None

    return wait_until(whole, timeout, "central to have every second", every=0.3, explain=world.tails)


def first_of(found):
    return min(instant(e["scheduledAt"]) for e in found)


def test_promise_1_centrals_and_databases_that_are_killed_lose_and_double_nothing(world, target):
    cluster = world.cluster().start()
    central = world.central(world.database(cluster)).start()
    agent = world.agent(central).start()
    jobs = [every_second(central.api, target) for _ in range(5)]
    wait_until(lambda: {r.json()["jobId"] for r in target.requests()} >= set(jobs), 20, "all jobs to run", explain=world.tails)
    dice = random.Random(4)
    for _ in range(10):
        time.sleep(dice.uniform(0.1, 1.2))
        if dice.random() < 0.7:
            central.kill()
            central.start()
        else:
            cluster.crash()
            cluster.start()
    wait_until(lambda: central.api.get("/readyz").status_code == 200, 15, "central to be ready again", explain=world.tails)
    since = now()
    for job in jobs:
        found = settle(world, central.api, job, since)
        assert_each_second_once(found, first_of(found), since)


def test_promise_3_an_at_most_once_fire_that_was_cut_by_a_crash_is_interrupted_and_never_tried_again(world, central, agent, target):
    held = threading.Event()
    target.behave(lambda request, handler: held.wait(120) and 200 or 200)
    job = every_second(central.api, target, type="ATMOST_ONCE", timeoutMs=150000)
    wait_until(target.requests, 20, "a request on its way", explain=world.tails)
    agent.kill()
    cut = {r.key for r in target.requests()}
    held.set()
    agent.start()
    since = now()
    found = settle(world, central.api, job, since)
    of_cut = {e["executionId"]: e["status"] for e in found if e["executionId"] in cut}
    assert of_cut == {key: "interrupted" for key in cut}
    assert max(target.keys().values()) == 1, "an at-most-once fire was sent twice"


def test_promise_3_an_at_least_once_fire_that_was_cut_by_a_crash_is_tried_again_under_its_key(world, central, agent, target):
    held = threading.Event()
    target.behave(lambda request, handler: held.wait(120) and 200 or 200)
    job = every_second(central.api, target, timeoutMs=150000)
    wait_until(target.requests, 20, "a request on its way", explain=world.tails)
    agent.kill()
    cut = {r.key for r in target.requests()}
    held.set()
    target.behave(None)
    agent.start()
    since = now()
    found = settle(world, central.api, job, since)
    assert {e["status"] for e in found if e["executionId"] in cut} == {"success"}
    assert all(target.keys()[key] >= 2 for key in cut), "the cut fire was not tried again"
    assert_each_second_once(found, first_of(found), since)


def test_promise_4_nothing_is_acked_while_the_database_does_not_sync_its_commits(world, target):
    cluster = world.cluster().start()
    central = world.central(world.database(cluster)).start()
    agent = world.agent(central).start()
    job = every_second(central.api, target)
    wait_until(lambda: executions(central.api, job), 20, "the first execution", explain=world.tails)
    cluster.set(synchronous_commit="off")
    wait_until(lambda: agent.status()["central"]["error"], 20, "central to refuse", explain=world.tails)
    wait_until(lambda: agent.status()["store"]["outboxDepth"] >= 4, 20, "the agent to keep what nobody acks", explain=world.tails)
    stuck = acked(central)
    time.sleep(2)  # that nothing happens is what is measured
    assert acked(central) == stuck
    cluster.set(synchronous_commit="on")
    since = now()
    found = settle(world, central.api, job, since)
    assert_each_second_once(found, first_of(found), since)


def acked(central):
    return central.database.query("SELECT acked_seq FROM agent_stream ORDER BY created_at DESC LIMIT 1")[0][0]


def test_promise_6_the_numbers_of_an_agents_records_have_no_hole(world, central, agent, target):
    job = every_second(central.api, target)
    wait_until(lambda: len(executions(central.api, job)) >= 2, 20, "some executions", explain=world.tails)
    agent.kill()
    agent.start()
    settle(world, central.api, job, now())
    streams = central.database.query("SELECT epoch, acked_seq, holes::text FROM agent_stream")
    assert len(streams) == 1 and streams[0][2] == "[]", streams
    counted = "SELECT acked_seq, (SELECT count(*) FROM agent_event), (SELECT count(*) FROM execution) FROM agent_stream"
    acked, events, decided = central.database.query(counted)[0]
    assert acked == events + decided


def test_promise_7_an_agent_fires_after_a_restart_with_everything_else_gone(world, central, agent, target, pulse):
    job = every_second(central.api, target)
    wait_until(lambda: target.requests(), 20, "the first fire", explain=world.tails)
    agent.kill()
    central.kill()
    before = len(target.requests())
    agent.start()
    ready = time.time()
    wait_until(lambda: len(target.requests()) > before, 5, "a fire without central", every=0.01, explain=world.tails)
    assert target.requests()[before].sent - ready < pulse.allows(2000) / 1000, "the first fire came late"
    assert [j["jobId"] for j in agent.get("/jobs")["jobs"]] == [job]


def test_promise_12_a_target_that_hangs_delays_no_other_job(world, central, agent, target, pulse):
    slow = world.target()
    release = threading.Event()
    slow.behave(lambda request, handler: release.wait(300) and 200 or 200)
    api = central.api
    for n in range(20):
        every_second(api, slow, f"/{n}", timeoutMs=400000)
    quick = every_second(api, target)
    wait_until(lambda: len(slow.requests()) >= 60, 20, "sixty requests to hang", explain=world.tails)
    since = now()
    found = wait_until(
        lambda: [e for e in executions(api, quick) if instant(e["scheduledAt"]) > since][5:], 20, "the quick job to go on", explain=world.tails
    )
    release.set()
    assert {e["status"] for e in found} == {"success"}
    assert max(e["latenessMs"] for e in found) < pulse.allows(250), "the quick job was late"


def test_promise_14_an_agents_key_says_nothing_about_another_agent(world, central, target):
    first, second = world.agent(central, name="first").start(), world.agent(central, name="second").start()
    api = central.api
    job = every_second(api, target, target={"mode": "agent", "agent": "second"})
    wait_until(lambda: target.requests(), 20, "the second agent to run its job", explain=world.tails)
    assert [j["jobId"] for j in second.get("/jobs")["jobs"]] == [job]
    assert first.get("/jobs")["jobs"] == []
    assert Api(central.agent_url, "wrong").post("/api/agent/sync", json={}).status_code == 401
    assert Api(central.agent_url, central.token).post("/api/agent/sync", json={}).status_code in (401, 403)


def test_a_job_for_all_agents_runs_on_each_under_its_own_identity(world, central, target):
    agents = [world.agent(central, name=f"agent-{n}").start() for n in range(3)]
    job = every_second(central.api, target, target={"mode": "all"})
    found = wait_until(lambda: executions(central.api, job)[9:] and executions(central.api, job), 30, "ten executions", explain=world.tails)
    per_second = Counter(instant(e["scheduledAt"]) for e in found)
    assert len({e["agentId"] for e in found}) == len(agents)
    assert max(per_second.values()) == len(agents)
    assert len({e["executionId"] for e in found}) == len(found)


def test_run_now_runs_once_and_eats_no_due_fire(world, central, agent, target):
    api = central.api
    job = api.create_job("0 0 1 1 *", target.url + "/foo")["jobId"]
    wait_until(lambda: agent.local("GET", f"/jobs/{job}").status == 200, 10, "the job to arrive", explain=world.tails)
    assert api.post(f"/api/jobs/{job}/actions/run").status_code in (200, 202)
    found = wait_until(lambda: executions(api, job), 10, "the run", explain=world.tails)
    time.sleep(3)  # a second run would come with the next sync
    assert len(target.requests()) == len(executions(api, job)) == 1
    assert (found[0]["status"], found[0]["cause"]) == ("success", "manual")


def test_a_record_has_all_the_api_promises(world, central, agent, target, pulse):
    target.behave(lambda request, handler: (500, {"Content-Type": "text/plain"}, b"no, thanks"))
    job = every_second(central.api, target, retry={"maxAttempts": 2, "initialBackoffMs": 10, "jitter": "none"})
    e = wait_until(lambda: executions(central.api, job), 20, "an execution", explain=world.tails)[-1]
    assert (e["status"], e["attempts"], e["httpStatus"], e["responseBody"]) == ("failed", 2, 500, "no, thanks")
    assert e["reason"] and e["jobId"] == job and e["agentId"]
    assert instant(e["scheduledAt"]) <= instant(e["startedAt"]) <= instant(e["finishedAt"])
    assert 0 < e["durationMs"] < pulse.allows(5000) and 0 <= e["latenessMs"] < pulse.allows(1000)
    sent = target.requests()[0]
    assert sent.method == "POST" and sent.headers["Content-Type"].startswith("application/json")
    assert set(sent.json()) == {"jobId", "scheduledTime", "executionTime", "executionId", "attempt"}
    assert [r.json()["attempt"] for r in target.requests() if r.key == sent.key] == [1, 2]


def test_the_agent_alone_runs_a_folder_of_jobs(world, target):
    folder = world.folder / "jobs"
    folder.mkdir()
    (folder / "ring.json").write_text('{"schedule": "* * * * * *", "api": "%s/foo"}' % target.url)
    agent = world.agent(None, jobs_dir=folder).start()
    wait_until(lambda: len(target.requests()) >= 3, 10, "three fires", explain=world.tails)
    found = agent.get("/executions?limit=10")["executions"]
    assert {e["jobId"] for e in found} == {"ring"}
    assert_target_agrees(found, [r for r in target.requests() if r.key in {e["executionId"] for e in found}])


def test_clients_that_stall_on_the_local_api_delay_no_fire(world, central, agent, target, pulse):
    job = every_second(central.api, target)
    wait_until(target.requests, 20, "the first fire", explain=world.tails)
    stalled = []
    for n in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(5)
        try:
            s.connect(str(agent.socket))
            s.sendall(b"GET /status HTTP/1.1\r\nHost: agent\r\n" + b"\r\n" * (n % 2))  # half of them never read
        except OSError:  # refused beyond the limit, as it may be
            pass
        stalled.append(s)
    since = now()
    wait_until(lambda: (latest(executions(central.api, job)) or since) > since and len(target.requests()) >= 5, 20, "five fires", explain=world.tails)
    for s in stalled:
        s.close()
    assert max(e["latenessMs"] for e in executions(central.api, job)) < pulse.allows(250)
    wait_until(lambda: agent.status(), 15, "the local API to answer again", explain=world.tails)
