"""kill -9 of the agent, hundreds of times, at random moments of a busy minute: one decision for every due fire.

BELFRY_KILLS (200) and BELFRY_SEED change the run; the seed of a failed run is in its message.
"""
import json
import os
import random
import shutil
import sqlite3
import threading
import time
import uuid
from collections import Counter, defaultdict

import pytest

from harness.ledger import assert_each_second_once, assert_target_agrees, instant, now, seconds_between
from harness.waiting import wait_until

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("BELFRY_KILLS", "200"))
SEED = int(os.environ.get("BELFRY_SEED", random.SystemRandom().randrange(1 << 32)))
JOBS = 50


def make_jobs(api, target):
    """One fire a second each, spread over the second: due together, they would leave the kills nothing to hit."""
    return {
        api.create_job(
            "* * * * * *", f"{target.url}/job", name=f"job {n}", jitterMs=900,
            retry={"maxAttempts": 100, "initialBackoffMs": 10, "maxBackoffMs": 100},
        )["jobId"]
        for n in range(JOBS)
    }  # fmt: skip


def durable(agent, folder):
    """What the dead agent had on disk: {execution id: due} of its intents, and the ids of its newest decisions. Reads a
    copy, log and all."""
    copy = folder / "killed.db"
    for suffix in ("", "-wal"):
        source = agent.state / f"agent.db{suffix}"
        if source.exists():
            shutil.copyfile(source, f"{copy}{suffix}")
    connection = sqlite3.connect(copy)
    try:
        intents = connection.execute("SELECT fire_id, scheduled_at FROM intent").fetchall()
        records = connection.execute("SELECT record FROM outbox ORDER BY seq DESC LIMIT 2000").fetchall()
    finally:
        connection.close()
        for path in folder.glob("killed.db*"):
            path.unlink()
    return {str(uuid.UUID(bytes=fire_id)): due / 1e6 for fire_id, due in intents}, {json.loads(r)["executionId"] for r, in records if "executionId" in r}


def slow_answer(request, handler):
    time.sleep(0.03)
    return 200


class Tally:
    """Where the kills fell."""

    def __init__(self):
        self.between = Counter()

    def note(self, intents, decisions, target, killed_at):
        requests = target.requests()
        # The target goes on by itself: what it answered after the kill reached nobody.
        answered = {r.key for r in requests if r.finished and r.finished < killed_at}
        sent = {r.key for r in requests}
        recent = {r.key for r in requests if r.started > killed_at - 5}
        # Promise 2: what left the agent was on its disk before.
        unwritten = recent - intents.keys() - decisions
        assert not unwritten, f"{len(unwritten)} fires were sent without a durable intent: {unwritten}"
        for key, due in intents.items():
            if key in answered:
                self.between["outcome and its record"] += 1
            elif key in sent:
                self.between["send and outcome"] += 1
            elif due <= killed_at:
                self.between["intent and send, due"] += 1
            else:
                self.between["intent and send, before due"] += 1


def come_to_the_moment(n, agent, target, dice):
    """Some of the kills fall where chance may miss on one machine or another: on a request that the target has and does not
    answer, and on an agent that stands still while what it has written down comes due."""
    if n % 20 == 5:
        answer = threading.Event()
        target.behave(lambda request, handler: answer.wait(60) and 200)
        before = len(target.requests())
        wait_until(lambda: len(target.requests()) > before, 20, "a request to hold", every=0.01, explain=agent.tail)
        return answer.set
    if n % 20 == 15:
        before = len(target.requests())
        wait_until(lambda: len(target.requests()) > before, 20, "the agent to fire", every=0.01, explain=agent.tail)
        agent.freeze()
        time.sleep(0.5)
    else:
        time.sleep(dice.choice([dice.uniform(0, 0.3), dice.uniform(0.2, 1.3)]))
    return lambda: None


def kill_again_and_again(agent, target, folder, dice):
    tally = Tally()
    for n in range(KILLS):
        end = come_to_the_moment(n, agent, target, dice)
        killed_at = time.time()
        agent.kill()
        tally.note(*durable(agent, folder), target, killed_at)
        end()
        target.behave(slow_answer)
        # Every other start is not waited for: kills then also fall into recovery.
        agent.start(ready=n % 2 == 0)
    return tally


def test_every_fire_is_decided_once_after_hundreds_of_kills(world, central, agent, target):
    dice = random.Random(SEED)
    print(f"BELFRY_SEED={SEED} BELFRY_KILLS={KILLS}")
    target.behave(slow_answer)
    jobs = make_jobs(central.api, target)
    wait_until(lambda: len({r.json()["jobId"] for r in target.requests()}) == JOBS, 20, "every job to have run", explain=world.tails)

    tally = kill_again_and_again(agent, target, world.folder, dice)
    print(f"what the kills fell between: {dict(tally.between)}")
    executions = drain(world, central.api, jobs)

    check_ledger(executions, jobs)
    assert_target_agrees(executions, [r for r in target.requests() if r.key in {e["executionId"] for e in executions}])
    check_repeats(target, executions)
    for moment in ("intent and send, due", "send and outcome"):
        assert tally.between[moment] > 0, f"no kill fell between {moment}: the run proves nothing"


def drain(world, api, jobs):
    """All executions up to an instant after the last kill."""
    until = now()

    def settled():
        newest = {}
        found = api.executions()
        for e in found:
            newest[e["jobId"]] = max(newest.get(e["jobId"], until), instant(e["scheduledAt"]))
        return found if all(newest.get(job, until) > until for job in jobs) and is_complete(found, jobs, until) else None

    found = wait_until(settled, 90, f"central to hear of everything up to {until}", every=2, explain=world.tails)
    return [e for e in found if instant(e["scheduledAt"]) <= until]


def by_job(executions):
    found = defaultdict(list)
    for e in executions:
        found[e["jobId"]].append(e)
    return found


def is_complete(executions, jobs, until):
    """Backed-off retries are decided last: no gap may be left up to `until`."""
    for found in by_job(executions).values():
        due = {instant(e["scheduledAt"]) for e in found}
        if not due.issuperset(seconds_between(min(due), until)):
            return False
    return True


def check_ledger(executions, jobs):
    assert len({e["executionId"] for e in executions}) == len(executions), "an execution id stands there twice"
    last = max(instant(e["scheduledAt"]) for e in executions)
    found = by_job(executions)
    assert set(found) == jobs
    for job in jobs:
        assert_each_second_once(found[job], min(instant(e["scheduledAt"]) for e in found[job]), last)
    statuses = Counter(e["status"] for e in executions)
    assert set(statuses) == {"success"}, statuses


def check_repeats(target, executions):
    """A second request for one fire carries the same key: per (job, due instant) the target saw one key."""
    keys = defaultdict(set)
    for r in target.requests():
        body = r.json()
        keys[body["jobId"], body["scheduledTime"]].add(r.key)
    several = {fire: k for fire, k in keys.items() if len(k) > 1}
    assert not several, f"{len(several)} fires came under several keys: {list(several.items())[:3]}"
    repeats = sum(n - 1 for n in target.keys().values())
    print(f"{len(executions)} executions, {repeats} repeated requests")
    assert repeats > 0, "nothing was tried again: no kill hit a request on its way"
