"""An agent falls silent: its jobs run elsewhere soon, and what must not run twice does not. The target is the witness."""
import time
from collections import Counter
from datetime import timedelta

import pytest
import requests

from harness.cli import Cli
from harness.ledger import instant, rfc3339, seconds_between
from harness.waiting import wait_until
from raw_agent import RawAgent

OFFLINE_MS = 5000  # a busy machine must not take an agent for a silent one


@pytest.fixture
def pair(world, database, target):
    """Two agents, and a job of each type that runs every second at the same one of them: (central, holder, other, jobs)."""
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    jobs = {kind: central.api.create_job("* * * * * *", f"{target.url}/{kind}", type=kind) for kind in ("ATLEAST_ONCE", "ATMOST_ONCE")}
    wait_until(lambda: all(len(target.requests(f"/{kind}")) >= 2 for kind in jobs), 15, "both jobs to run")
    other = world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    return central, holder, other, jobs


def states(central):
    return {agent["name"]: agent["state"] for agent in central.api.json("/api/agents")["agents"]}


def agent_ids(central):
    return {agent["name"]: agent["agentId"] for agent in central.api.json("/api/agents")["agents"]}


def ran_at(central, name, job):
    """Due instants that this agent reported to have run."""
    return {e["scheduledAt"] for e in central.api.executions(jobId=job["jobId"], agentId=agent_ids(central)[name]) if e["status"] == "success"}


def settle(central):
    wait_until(lambda: all(agent["outboxDepth"] == 0 for agent in central.api.json("/api/agents")["agents"]), 20, "all records to be told")


def assert_no_fire_ran_twice(target):
    keys = [request.key for request in target.requests("/ATMOST_ONCE")]
    assert len(keys) == len(set(keys)), "an at-most-once fire was sent twice"


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_jobs_of_a_silent_agent_run_elsewhere_and_at_most_once_never_twice(pair, target, pulse, how):
    central, holder, other, jobs = pair
    getattr(holder, how)()
    silent_at = time.time()
    for kind, job in jobs.items():
        wait_until(lambda kind=kind, job=job: len(ran_at(central, "other", job)) >= 2, 20, f"{kind} to run at the other agent")
    first = min(instant(e["startedAt"]).timestamp() for job in jobs.values()
                for e in central.api.executions(jobId=job["jobId"], agentId=agent_ids(central)["other"]) if e["status"] == "success")
    assert first - silent_at <= pulse.allows(OFFLINE_MS + 5000) / 1000
    assert states(central)["holder"] == "offline"
    shown = central.api.json("/api/agents", q="holder")["agents"][0]
    assert shown["unknownSince"] == shown["lastSeenAt"]
    holder.thaw() if how == "freeze" else holder.start()
    wait_until(lambda: states(central)["holder"] == "online", 20, "the old agent to be heard again")
    wait_until(lambda: holder.status()["jobs"] == 0 if isinstance(holder.status().get("jobs"), int) else True, 20, "its jobs to be gone")
    time.sleep(2)  # time for a fire too many
    settle(central)
    assert_no_fire_ran_twice(target)
    assert not ran_at(central, "holder", jobs["ATMOST_ONCE"]) & ran_at(central, "other", jobs["ATMOST_ONCE"])
    windows = central.database.query("SELECT offline_to IS NOT NULL FROM agent_presence")
    assert windows == [(True,)]
    tracks = {track["name"]: track for track in central.api.json("/api/observability/timeline")["agents"]}
    assert len(tracks["holder"]["offline"]) == 1 and tracks["holder"]["offline"][0]["to"] and tracks["other"]["offline"] == []
    held = central.api.json(f"/api/jobs/{jobs['ATMOST_ONCE']['jobId']}/assignments")["assignments"]
    assert [(a["agentName"], a["epoch"], a["appliedAt"] is not None) for a in held] == [("other", 2, True)]


def decided_by_second(central, job):
    """{second: [status]} with the seconds of a range one by one."""
    found = {}
    for e in central.api.executions(jobId=job["jobId"]):
        for t in seconds_between(instant(e["scheduledAt"]), instant(e.get("lastScheduledAt") or e["scheduledAt"])):
            found.setdefault(int(t.timestamp()), []).append(e["status"])
    return found


def whole(seconds):
    return seconds if len(seconds) == max(seconds) - min(seconds) + 1 else None


def test_every_second_of_both_jobs_is_accounted_for_after_a_fail_over(pair, target):
    central, holder, other, jobs = pair
    holder.kill()
    wait_until(lambda: all(len(ran_at(central, "other", job)) >= 3 for job in jobs.values()), 20, "the jobs to run elsewhere")
    holder.start()
    wait_until(lambda: states(central)["holder"] == "online", 20, "the old agent to be heard again")
    settle(central)
    for kind, job in jobs.items():
        seconds = wait_until(lambda job=job: whole(decided_by_second(central, job)), 20, f"{kind}: every second to be decided by somebody",
                             explain=lambda job=job: str(decided_by_second(central, job)))  # fmt: skip
        if kind == "ATMOST_ONCE":
            assert all(len(statuses) == 1 for statuses in seconds.values()), f"decided twice: {seconds}"


def test_an_agent_that_returns_runs_nothing_again_and_calls_nothing_missed_that_another_one_ran(world, database, target):
    """What came due in its absence waits for central's word, which is that the jobs are another's."""
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    jobs = {policy: central.api.create_job("* * * * * *", f"{target.url}/{policy}", catchUp={"policy": policy}) for policy in ("all", "none")}
    wait_until(lambda: all(len(target.requests(f"/{policy}")) >= 2 for policy in jobs), 15, "both jobs to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    holder.kill()
    killed_at = time.time()
    wait_until(lambda: all(len(ran_at(central, "other", job)) >= 5 for job in jobs.values()), 20, "the jobs to run elsewhere")
    holder.start()
    wait_until(lambda: states(central)["holder"] == "online", 20, "the old agent to be heard again")
    time.sleep(2)  # time for a fire too many
    settle(central)
    ids = agent_ids(central)
    for policy, job in jobs.items():
        ran, missed = ran_at(central, "other", job), set()
        for e in central.api.executions(jobId=job["jobId"], status="missed", agentId=ids["holder"]):
            missed |= {rfc3339(t) for t in seconds_between(instant(e["scheduledAt"]), instant(e["lastScheduledAt"]))}
        assert not ran & missed, f"{policy}: called missed, and the other agent ran it: {sorted(ran & missed)}"
        keys = Counter(r.key for r in target.requests(f"/{policy}"))
        # What the holder had begun, and what it ran after it was last heard, may run twice; nothing of its absence.
        again = [r.json()["scheduledTime"] for r in target.requests(f"/{policy}") if keys[r.key] > 1 and r.due > killed_at]
        assert not again, f"{policy}: run again: {sorted(set(again))}"


@pytest.mark.parametrize("policy", ["none", "latest"])
def test_the_heir_of_an_agent_that_is_cut_off_and_goes_on_calls_nothing_missed_that_it_may_have_run(world, database, target, policy):
    """What its policy does not make up anyway stays the silent one's: unknown until that one is heard again, which ran it."""
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    road = world.proxy(central.agent_port)
    holder = world.agent(road.url, name="holder")
    holder.enrol(token=central.api.enrol_token()).start()
    job = central.api.create_job("* * * * * *", f"{target.url}/job", catchUp={"policy": policy})
    wait_until(lambda: len(target.requests("/job")) >= 2, 15, "the job to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    road.stop()
    wait_until(lambda: len(ran_at(central, "other", job)) >= 3, 30, "the job to run at the other agent")
    assert not central.api.executions(jobId=job["jobId"], status="missed")
    road.start()
    wait_until(lambda: states(central)["holder"] == "online", 20, "the old agent to be heard again")
    wait_until(lambda: holder.get("/jobs")["jobs"] == [], 20, "the job to be gone from there")
    settle(central)
    seconds = wait_until(lambda: whole(decided_by_second(central, job)), 20, "every second to be decided", explain=lambda: str(decided_by_second(central, job)))
    assert {status for statuses in seconds.values() for status in statuses} == {"success"}, seconds


def test_a_fire_that_the_silent_agent_and_its_heir_both_ran_is_marked_in_the_lists_and_counted(world, database, target):
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    road = world.proxy(central.agent_port)
    world.agent(road.url, name="holder").enrol(token=central.api.enrol_token()).start()
    job = central.api.create_job("* * * * * *", f"{target.url}/job", name="twice")
    wait_until(lambda: len(target.requests("/job")) >= 2, 15, "the job to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    road.stop()
    wait_until(lambda: len(ran_at(central, "other", job)) >= 3, 30, "the job to run at the other agent")
    road.start()
    wait_until(lambda: states(central)["holder"] == "online", 20, "the old agent to be heard again")
    settle(central)
    ran = central.api.executions(jobId=job["jobId"])
    keys = Counter(request.key for request in target.requests("/job"))
    twice = {e["executionId"] for e in ran if keys[e["executionId"]] > 1}
    assert twice, "no fire ran twice: the test proved nothing"
    assert {e["executionId"] for e in ran if e["doubled"]} == twice
    one = next(e for e in ran if e["doubled"])
    shown = central.api.json(f"/api/executions/{job['jobId']}/{one['executionId']}")
    assert shown["doubled"] and {shown["agentName"], *(d["agentName"] for d in shown["doubles"])} == {"holder", "other"}
    assert f"\nbelfry_central_ingest_doubles_total {len(twice)}\n" in requests.get(central.url + "/metrics", timeout=60).text
    assert central.api.json(f"/api/observability/stats/job/{job['jobId']}")["doubled"] == len(twice)
    cli = Cli(world.folder, central.url, central.token)
    for command in (("execution", "list"), ("job", "history", "twice")):
        lines = cli.out(*command, "--limit", "1000").splitlines()
        assert "DOUBLED" in lines[0] and sum("yes" in line.split() for line in lines) == len(twice), lines


def test_a_revoked_agent_hears_of_it_and_starts_nothing_that_others_have_now(pair, target):
    central, holder, other, jobs = pair
    holder.allow("this agent was revoked")
    assert central.api.post(f"/api/agents/{agent_ids(central)['holder']}/actions/revoke").status_code == 200
    wait_until(lambda: holder.status()["central"]["refused"], 15, "the agent to hear of it")
    wait_until(lambda: all(len(ran_at(central, "other", job)) >= 2 for job in jobs.values()), 20, "the jobs to run elsewhere")
    planned, heard_at = holder.status()["counts"]["planned"], time.time()
    since = lambda: [r for r in target.requests("/ATLEAST_ONCE") if r.due > heard_at + 1.5]  # noqa: E731 # but for what was planned when it heard of it
    wait_until(lambda: len(since()) >= 3, 20, "three more runs")
    assert holder.status()["counts"]["planned"] == planned
    keys = [request.key for request in since()]
    assert len(keys) == len(set(keys)), "a fire ran twice"
    assert_no_fire_ran_twice(target)


def test_a_drained_agent_hands_over_without_losing_or_doubling_a_fire(pair, target):
    central, holder, other, jobs = pair
    reply = central.api.post(f"/api/agents/{agent_ids(central)['holder']}/actions/drain")
    assert reply.status_code == 200
    until = instant(reply.json()["handover"]["until"])
    for job in jobs.values():
        held = central.api.json(f"/api/jobs/{job['jobId']}/assignments")
        assert [(a["agentName"], a["until"] is not None) for a in held["assignments"]] == [("other", False), ("holder", True)]
        assert instant(held["assignments"][1]["until"]) <= until and held["sentence"].startswith("other holds this job")
    wait_until(lambda: all(len(ran_at(central, "other", job)) >= 3 for job in jobs.values()), 20, "the jobs to run elsewhere")
    for job in jobs.values():
        own, passed = (sorted(instant(e["scheduledAt"]) for e in central.api.executions(jobId=job["jobId"]) if e["agentName"] == name)
                       for name in ("holder", "other"))  # fmt: skip
        assert own[-1] <= until < passed[0] + timedelta(seconds=1), "the border is where its fires end"
    assert len(central.api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"]) == 1, "it is past"
    settle(central)
    for kind, job in jobs.items():
        keys = [request.key for request in target.requests(f"/{kind}")]
        assert len(keys) == len(set(keys)), f"{kind}: a fire was sent twice"
        seconds = wait_until(lambda job=job: whole(decided_by_second(central, job)), 20, f"{kind}: every second to be decided",
                             explain=lambda job=job: str(decided_by_second(central, job)))  # fmt: skip
        assert all(len(statuses) == 1 for statuses in seconds.values()), f"{kind}: decided twice: {seconds}"
    assert states(central)["holder"] == "draining"


def test_a_drained_agent_that_is_killed_at_once_still_runs_what_was_its_own(world, database, target):
    """As a host that is drained and rebooted: what it had promised to run up to the end of its lease, it runs."""
    central = world.central(database, offline_after_ms=12000, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    job = central.api.create_job("* * * * * *", f"{target.url}/drained")
    wait_until(lambda: len(target.requests("/drained")) >= 2, 15, "the job to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    assert central.api.post(f"/api/agents/{agent_ids(central)['holder']}/actions/drain").status_code == 200
    wait_until(lambda: holder.get("/jobs")["jobs"] == [], 10, "the holder to hear of it")
    killed_at = time.time()
    holder.kill()
    holder.start()
    wait_until(lambda: len(ran_at(central, "other", job)) >= 2, 30, "the job to run at the other agent")
    settle(central)
    after = [e for e in central.api.executions(jobId=job["jobId"], agentId=agent_ids(central)["holder"])
             if instant(e["scheduledAt"]).timestamp() > killed_at + 1]  # fmt: skip
    assert len(after) >= 3, "nothing was left to run after the kill: the test proved nothing"
    seconds = wait_until(lambda: whole(decided_by_second(central, job)), 20, "every second to be decided", explain=lambda: str(decided_by_second(central, job)))
    assert {status for of_second in seconds.values() for status in of_second} == {"success"}, seconds


def test_a_job_that_is_paused_after_it_left_is_let_be_by_who_had_it(world, database, target):
    central = world.central(database, offline_after_ms=18000, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    job = central.api.create_job("* * * * * *", f"{target.url}/left", type="ATMOST_ONCE")
    wait_until(lambda: len(target.requests("/left")) >= 2, 15, "the job to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    assert central.api.post(f"/api/agents/{agent_ids(central)['holder']}/actions/drain").status_code == 200
    wait_until(lambda: holder.get("/jobs")["jobs"] == [], 10, "the holder to hear of it")
    central.api.edit_job(job["jobId"], active=False)
    skipped = lambda: [e for e in central.api.executions(jobId=job["jobId"], status="skipped")]  # noqa: E731
    assert len(wait_until(skipped, 10, "what is left to be skipped")) >= 3
    heard_at = time.time()
    time.sleep(3)
    late = [r.due for r in target.requests("/left") if r.due > heard_at]
    assert not late, f"it went on: {late}"
    assert {e["reason"] for e in skipped()} == {"skipped: the job was paused or deleted before it could run"}


def test_an_impatient_job_goes_on_from_when_its_agent_was_last_heard_though_the_lease_lasts(world, database, target):
    central = world.central(database, offline_after_ms=60000, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    job = central.api.create_job("* * * * * *", f"{target.url}/soon", failover={"afterMs": 4000})
    patient = central.api.create_job("* * * * * *", f"{target.url}/late")
    wait_until(lambda: target.requests("/soon") and target.requests("/late"), 15, "the jobs to run")
    world.agent(central, name="other").start()
    wait_until(lambda: states(central) == {"holder": "online", "other": "online"}, 10, "both agents to be heard")
    holder.kill()
    wait_until(lambda: len(ran_at(central, "other", job)) >= 2, 30, "the job to run at the other agent")
    assert states(central)["holder"] == "online"
    borders = database.query("""SELECT gains.since_at = state.last_seen_at FROM assignment gains, agent_state state JOIN agent USING (agent_id)
        WHERE agent.name = 'holder' AND gains.job_id = %s AND NOT gains.removed AND gains.agent_id <> state.agent_id""", (job["jobId"],))
    assert borders == [(True,)]
    assert not ran_at(central, "other", patient)


@pytest.mark.parametrize("kind", ["ATLEAST_ONCE", "ATMOST_ONCE"])
def test_what_a_silent_agent_was_given_and_never_heard_of_is_decided_by_its_heir(world, database, target, kind):
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    agents = {name: world.agent(central, name=name).start() for name in ("silent", "heir")}
    wait_until(lambda: states(central) == {"silent": "online", "heir": "online"}, 10, "both agents to be heard")
    agents["silent"].freeze()
    for n in range(40):
        job = central.api.create_job("* * * * * *", f"{target.url}/{kind}", type=kind, catchUp={"policy": "all"})
        held = central.api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"]
        if held[0]["agentName"] == "silent":
            break
    assert held[0]["agentName"] == "silent", "no job of forty came to it"
    first = instant(job["createdAt"]).timestamp()
    wait_until(lambda: len(ran_at(central, "heir", job)) >= OFFLINE_MS / 1000 + 3, 30, "the heir to run it", explain=world.tails)
    decided = decided_by_second(central, job)
    assert max(decided) >= first + OFFLINE_MS / 1000, "nobody fell silent"
    assert [s for s in range(int(first) + 1, max(decided) + 1) if decided.get(s) != ["success"]] == []
    agents["silent"].thaw()
    wait_until(lambda: states(central)["silent"] == "online", 20, "the old agent to be heard again")
    settle(central)
    assert not ran_at(central, "silent", job)


@pytest.mark.parametrize("kind", ["ATLEAST_ONCE", "ATMOST_ONCE"])
def test_what_an_agent_was_given_that_enrolled_and_was_never_heard_is_decided_by_its_heir(world, database, target, kind):
    central = world.central(database, offline_after_ms=OFFLINE_MS, sync_interval_ms=200).start()
    RawAgent(central, "dead")
    job = central.api.create_job("* * * * * *", f"{target.url}/{kind}", type=kind, catchUp={"policy": "all"})
    assert central.api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"][0]["agentName"] == "dead"
    world.agent(central, name="heir").start()
    first = instant(job["createdAt"]).timestamp()
    wait_until(lambda: len(ran_at(central, "heir", job)) >= OFFLINE_MS / 1000 + 3, 30, "the heir to run it", explain=world.tails)
    decided = decided_by_second(central, job)
    assert [s for s in range(int(first) + 1, max(decided) + 1) if decided.get(s) != ["success"]] == []


def test_an_edit_in_the_silence_of_an_agent_takes_nothing_of_its_lease(world, database):
    """Cut off, it runs to the end of its lease by the old definition: its heir begins after that, and not with the edit."""
    central = world.central(database, offline_after_ms=30000, sync_interval_ms=6000).start()
    holder = RawAgent(central, "holder")
    job = central.api.create_job("0 0 1 1 *", "http://127.0.0.1:9/", type="ATMOST_ONCE")["jobId"]
    holder.follow()
    RawAgent(central, "other").follow()
    silent = "UPDATE agent_state SET last_seen_at = now() - %s * interval '1 second' WHERE agent_id = %s"
    database.execute("UPDATE fleet SET listening_since = now() - interval '1 hour', trusted_since = now() - interval '1 hour'")
    database.execute("UPDATE assignment SET held_since = now() - interval '1 hour', changed_at = now() - interval '1 hour'")
    database.execute(silent, (15, holder.agent_id))
    database.execute("UPDATE agent_state SET lease_until = now() + interval '5 seconds' WHERE agent_id = %s", (holder.agent_id,))
    central.api.edit_job(job, timeoutMs=1234)
    database.execute(silent, (31, holder.agent_id))
    wait_until(lambda: database.query("SELECT name FROM assignment JOIN agent USING (agent_id) WHERE NOT removed AND job_id = %s", (job,)) == [("other",)],
               20, "the job to move")  # fmt: skip
    # Later still when the database was started only just now: it may have forgotten a lease.
    borders = database.query("""SELECT gains.since_at >= state.lease_until, loses.since_at = gains.since_at
        FROM assignment gains JOIN assignment loses USING (job_id) JOIN agent_state state ON state.agent_id = loses.agent_id
        WHERE gains.job_id = %s AND NOT gains.removed AND loses.agent_id = %s""", (job, holder.agent_id))
    assert borders == [(True, True)]


def test_a_job_that_never_fails_over_waits_for_its_agent(world, database, target):
    central = world.central(database, offline_after_ms=1000, sync_interval_ms=200).start()
    holder = world.agent(central, name="holder").start()
    job = central.api.create_job("* * * * * *", f"{target.url}/stay", failover={"policy": "never"})
    wait_until(lambda: target.requests("/stay"), 15, "the job to run")
    world.agent(central, name="other").start()
    holder.kill()
    wait_until(lambda: states(central)["holder"] == "offline", 10, "the agent to count as offline")
    wait_until(lambda: database.query("SELECT count(*) FROM agent WHERE offline_at IS NOT NULL") == [(1,)], 10, "the watch to see it")
    time.sleep(1.5)  # a round of the watch
    assert database.query("SELECT name FROM assignment JOIN agent USING (agent_id) WHERE NOT removed AND job_id = %s", (job["jobId"],)) == [("holder",)]


def test_an_outage_of_central_moves_no_job(world, database, target):
    central = world.central(database, offline_after_ms=5000, sync_interval_ms=200).start()
    agents = [world.agent(central, name=name).start() for name in ("a", "b")]
    for i in range(6):
        central.api.create_job("@daily", target.url)
    before = database.query("SELECT job_id, agent_id FROM assignment ORDER BY 1, 2")
    central.kill()
    time.sleep(7)  # longer than an agent may be silent, and than the gap that tells an outage from a pause
    central.start()
    wait_until(lambda: set(states(central).values()) == {"online"}, 30, "the agents to come back")
    time.sleep(1.5)
    assert database.query("SELECT job_id, agent_id FROM assignment ORDER BY 1, 2") == before
    assert agents[0].running()


def test_the_heir_of_an_overdue_agent_is_asked_to_sync_right_after_it_is_given_up(world, database):
    central = world.central(database, offline_after_ms=30000, sync_interval_ms=12000).start()
    agents = {"old": RawAgent(central, "old")}
    agents["old"].follow()
    job = central.api.create_job("0 0 1 1 *", "http://127.0.0.1:9/")
    agents |= {name: RawAgent(central, name) for name in ("left", "right")}
    for agent in agents.values():
        agent.follow()
    database.execute("UPDATE fleet SET listening_since = now() - interval '1 minute'")
    overdue = "UPDATE agent_state SET last_seen_at = now() - %s * interval '1 second' WHERE agent_id = %s"
    database.execute(overdue, (22, agents["old"].agent_id))
    wait_until(lambda: database.query("SELECT count(*) FROM heir") == [(2,)], 5, "the heir to be foreseen")
    paces = {name: agents[name].sync()["nextSyncMs"] for name in ("left", "right")}
    heir, other = sorted(paces, key=paces.get)
    assert paces[heir] < 11600 and paces[other] >= 12000, paces
    database.execute(overdue, (31, agents["old"].agent_id))
    held = wait_until(lambda: [a for a in central.api.json(f"/api/jobs/{job['jobId']}/assignments")["assignments"] if a["epoch"] == 2], 10, "the job to move")
    assert [a["agentName"] for a in held] == [heir]
