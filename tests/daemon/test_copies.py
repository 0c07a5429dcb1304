"""Two agents with one identity: a state folder was copied. One of them goes on, the other one starts nothing and says why."""
import shutil
import time
import uuid

import pytest
import requests
from harness.api import assert_problem
from harness.waiting import wait_until
from raw_agent import NOW, RawAgent, execution, executions, timedelta

HOOK = "http://127.0.0.1:9/"


class Life:
    """One process of an agent: syncs as one, with a name of its own and what it was told of others."""

    def __init__(self, raw, acked=0):
        self.raw, self.name, self.told, self.acked = raw, uuid.uuid4().hex, 0, acked

    def post(self, records=()):
        reply = self.raw.post(self.raw.body(self.acked + 1, records, life=self.name, lives=self.told), session=requests)
        self.told = reply.json().get("lives", self.told)
        return reply

    def sync(self, records=()):
        reply = self.post(records)
        assert reply.status_code == 200, reply.text
        self.acked = reply.json()["ackedSeq"]
        return reply.json()


@pytest.fixture
def raw(central):
    central.allow("two agents use one identity|a copy of an agent|two agents use one key")
    agent = RawAgent(central)
    agent.follow()
    return agent


def refused(life):
    assert_problem(life.post(), 409)


def test_a_copy_that_says_nothing_is_refused_after_two_syncs_of_the_original(raw, api):
    """Neither has a record to tell, so nothing but their being alive gives them away."""
    original, copy = Life(raw), Life(raw)
    original.sync()
    copy.sync()
    assert original.sync()["nextSyncMs"] <= 300, "the original is not asked at once whether it is alive"
    original.sync()
    refused(copy)
    refused(copy)
    original.sync()
    copies = api.json(f"/api/agents/{raw.agent_id}")["copies"]
    assert copies == {"count": 1, "address": "127.0.0.1"}
    assert api.json("/api/agents")["agents"][0]["copies"] == copies
    assert "leaseUntil" in original.sync()


def test_of_fifty_copies_of_an_image_the_first_one_stays(raw, api):
    lives = [Life(raw) for _ in range(50)]
    for _ in range(2):
        for life in lives:
            life.post()
    lives[0].sync()
    for life in lives[1:]:
        refused(life)
    lives[0].sync()
    assert api.json(f"/api/agents/{raw.agent_id}")["copies"]["count"] == 49


def test_a_restart_is_no_copy_and_neither_is_a_request_that_was_held_up(raw):
    """What a dead life sent arrives after the next one was heard, again and again."""
    last = Life(raw)
    for _ in range(5):
        last.sync()
        last.sync()
        told = last.told
        following = Life(raw, last.acked)
        following.sync()
        for _ in range(3):
            last.told = told
            last.sync()
        following.sync()
        last = following
    last.sync()


def test_what_a_copy_told_does_not_shut_the_original_out(raw, database, job_id):
    original, copy = Life(raw), Life(raw)
    shared = executions(job_id, 3, NOW - timedelta(minutes=5))
    original.sync(shared)
    copy.acked = 3
    told = executions(job_id, 4, NOW - timedelta(minutes=3))
    copy.sync(told[:2])
    mine = [execution(job_id, NOW - timedelta(seconds=60 - i)) for i in range(5)]
    # The same execution as the copy's first: both ran it, and central has it under another number.
    mine[0] = dict(told[0], finishedAt=mine[0]["finishedAt"])
    reply = original.post(mine)
    assert_problem(reply, 409)
    assert reply.json()["lives"] == 2
    assert original.sync(mine)["ackedSeq"] == 8
    refused(copy)
    stored = {row[0] for row in database.query("SELECT execution_id::text FROM execution WHERE job_id = %s", (job_id,))}
    assert stored == {e["executionId"] for e in shared + told[:2] + mine}
    assert original.sync()["ackedSeq"] == 8


def test_an_agent_of_an_older_version_tells_no_life_and_is_served(raw):
    for _ in range(3):
        assert "lives" not in raw.sync()


@pytest.fixture
def job_id(api):
    return api.create_job("0 0 1 1 *", HOOK)["jobId"]


def refuses(agent):
    return agent.status()["central"]["refused"]


def test_a_copied_agent_starts_nothing_while_the_original_goes_on(world, database, target):
    """Real agents: the copy is made while the original is down, as with the image of a host."""
    central = world.central(database, sync_interval_ms=300).start()
    central.allow("two agents use one identity|a copy of an agent|two agents use one key")
    agent = world.agent(central, name="original").start()
    job = central.api.create_job("* * * * * *", f"{target.url}/tick")
    wait_until(lambda: len(target.requests("/tick")) >= 2, 20, "the job to run", explain=world.tails)
    agent.stop()
    copy = world.agent(central, name="copy")
    shutil.copytree(agent.state, copy.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    for one in (agent, copy):
        one.allow("refuses this agent's records|records that were not sent")
    agent.start()
    wait_until(lambda: agent.status()["central"]["connected"], 20, "the original to be heard", explain=world.tails)
    copy.start()
    wait_until(lambda: refuses(copy), 20, "the copy to be refused", explain=world.tails)
    wait_until(lambda: not refuses(agent) and agent.status()["central"]["connected"], 20, "the original to go on", explain=world.tails)
    planned, refused_at = copy.status()["counts"]["planned"], time.time()
    since = lambda: [r for r in target.requests("/tick") if r.due > refused_at + 1.5]  # noqa: E731 # but for what was planned when the refusal came
    wait_until(lambda: len(since()) >= 4, 20, "the original to fire", explain=world.tails)
    assert copy.status()["counts"]["planned"] == planned, "the refused copy plans on"
    assert refuses(copy)
    keys = [request.key for request in since()]
    assert len(keys) == len(set(keys)), "a fire ran twice after the copy was found"
    shown = central.api.json("/api/agents", q="original")["agents"][0]
    assert shown["state"] == "online" and shown["copies"]["count"] == 1
    assert "nothing new is started" in copy.log() and job["jobId"]
    # Started anew the copy is a new life: it is refused again, and the original is not disturbed.
    copy.restart()
    wait_until(lambda: refuses(copy), 20, "the copy to be refused again", explain=world.tails)
    wait_until(lambda: not refuses(agent), 20, "the original to go on", explain=world.tails)
    copy.stop()
    wait_until(lambda: agent.status()["store"]["outboxDepth"] == 0, 20, "the original's records to be taken", explain=world.tails)
