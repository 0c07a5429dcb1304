"""Central or its database is away: the agent misses nothing, and afterwards every due second stands there once.

BELFRY_OUTAGE_SECONDS sets how long (60 unless told otherwise).
"""
import os
import time

import pytest

from harness.api import Api
from harness.ledger import assert_each_second_once, assert_target_agrees, instant, latest, now, seconds_between
from harness.waiting import wait_until

pytestmark = pytest.mark.long

OUTAGE = float(os.environ.get("BELFRY_OUTAGE_SECONDS", "60"))
STALL_MAX = 2.0  # seconds between two requests of a job that is due every second


@pytest.fixture
def cast(world, target):
    """A cluster of the test's own, central, agent, and a job every second that has begun to run."""
    cluster = world.cluster().start()
    central = world.central(world.database(cluster)).start()
    agent = world.agent(central).start()
    job = central.api.create_job("* * * * * *", target.url + "/foo")
    wait_until(lambda: len(executions(central, job)) >= 3, 20, "the first executions at central", explain=world.tails)
    return cluster, central, agent, job["jobId"]


def executions(central, job):
    return central.api.executions(jobId=job if isinstance(job, str) else job["jobId"])


def watch_outage(target, pulse, seconds, check=lambda: None):
    """Lets the outage last, calling check() meanwhile; the target must be called every second all the time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        check()
        newest = max(r.started for r in target.requests())
        assert time.time() - newest < pulse.allows(1000 * (STALL_MAX + 1)) / 1000, "the agent stopped firing during the outage"
        time.sleep(0.25)


def assert_ledger_is_whole(world, central, job, target, first, since):
    """Waits until central has a fire that is later than `since`, then compares all."""
    wait_until(lambda: (latest(executions(central, job)) or since) > since, 60, "central to catch up", every=0.5, explain=world.tails)
    last = latest(executions(central, job))
    # Records come in order of decision; a late retry of an earlier second may still be on its way.
    wait_until(lambda: len(executions(central, job)) >= len(seconds_between(first, last)), 20, "all seconds to be decided", every=0.5)
    found = [e for e in executions(central, job) if instant(e["scheduledAt"]) <= last]
    assert_each_second_once(found, first, last)
    bad = [e for e in found if e["status"] != "success"]
    assert not bad, f"{len(bad)} did not succeed: {bad[:3]}"
    assert_target_agrees(found, [r for r in target.requests() if instant(r.json()["scheduledTime"]) <= last])
    return found


def first_fire(central, job):
    return min(instant(e["scheduledAt"]) for e in executions(central, job))


def assert_answers_503(central):
    for path in ("/api/jobs", "/api/executions", "/readyz"):
        reply = central.api.get(path)
        assert reply.status_code == 503, f"{path}: {reply.status_code} {reply.text}"
        assert int(reply.headers["Retry-After"]) >= 1
        assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert Api(central.url).get("/healthz").status_code == 200


def test_nothing_is_lost_when_postgresql_stops_for_a_minute(world, cast, target, pulse):
    cluster, central, agent, job = cast
    first, pid = first_fire(central, job), central.pid
    cluster.crash()
    watch_outage(target, pulse, OUTAGE, lambda: assert_answers_503(central))
    cluster.start()
    back = now()
    wait_until(lambda: central.api.get("/readyz").status_code == 200, 15, "central to recover by itself", explain=world.tails)
    found = assert_ledger_is_whole(world, central, job, target, first, back)
    assert central.running() and central.pid == pid
    assert max(e["latenessMs"] for e in found) < pulse.allows(1000 * STALL_MAX), "fires were late during the outage"


def test_nothing_is_lost_when_central_stops_for_a_minute(world, cast, target, pulse):
    _, central, agent, job = cast
    first = first_fire(central, job)
    central.kill()
    watch_outage(target, pulse, OUTAGE)
    central.start()
    found = assert_ledger_is_whole(world, central, job, target, first, now())
    assert max(e["latenessMs"] for e in found) < pulse.allows(1000 * STALL_MAX), "fires were late during the outage"


def test_an_agent_started_while_central_is_away_fires_and_loses_nothing(world, cast, target, pulse):
    _, central, agent, job = cast
    first = first_fire(central, job)
    agent.stop()
    central.kill()
    down_until = time.time() + 5
    wait_until(lambda: time.time() > down_until, 10, "a few seconds to be missed")
    target_before = len(target.requests())
    agent.start()
    wait_until(lambda: len(target.requests()) > target_before, 5, "the first fire after the start", explain=world.tails)
    watch_outage(target, pulse, OUTAGE)
    central.start()
    found = assert_ledger_is_whole(world, central, job, target, first, now())
    assert [e for e in found if e["cause"] == "catchUp"], "no second was due while the agent was down: the test proved nothing"
