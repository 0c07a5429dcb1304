"""The reply to a sync is lost, or the sync arrives twice: nothing is lost, nothing counts twice."""
import json

import pytest

from harness.ledger import assert_each_second_once, instant, now, seconds_between
from harness.waiting import wait_until


@pytest.fixture
def proxied(world, central, target):
    """An agent that talks to central through a proxy, with a job every second."""
    proxy = world.proxy(central.agent_port)
    agent = world.agent(proxy.url)
    agent.enrol(token=central.api.enrol_token())
    agent.start()
    job = central.api.create_job("* * * * * *", target.url + "/foo")["jobId"]
    wait_until(lambda: central.api.executions(jobId=job), 20, "the first execution", explain=world.tails)
    return proxy, agent, job


def has_executions(exchange):
    return any("executionId" in record for record in exchange.records)


def answered(proxy, mode):
    return [e for e in proxy.exchanges("/api/agent/sync", mode) if e.status]


def numbers_of(exchange):
    """The first and the last seq of the batch."""
    document = json.loads(exchange.body)
    return document["firstSeq"], document["firstSeq"] + len(document["records"]) - 1



def settle_and_check(world, api, job, since):
    def whole():
        found = api.executions(jobId=job)
        due = {instant(e["scheduledAt"]) for e in found}
        return found if due and max(due) > since and due.issuperset(seconds_between(min(due), since)) else None

    found = wait_until(whole, 30, "central to have every second", explain=world.tails)
    first = min(instant(e["scheduledAt"]) for e in found)
    assert_each_second_once(found, first, since)
    return found


@pytest.mark.parametrize("cut_after", [0, 1, 40, 200], ids=lambda n: f"{n} bytes")
def test_a_batch_whose_reply_is_cut_after_commit_is_sent_again_and_counts_once(world, central, proxied, cut_after):
    proxy, agent, job = proxied
    proxy.set("cut", cut_after=cut_after, times=3, path="/api/agent/sync", only=has_executions)
    cut = wait_until(lambda: answered(proxy, "cut")[2:] and answered(proxy, "cut"), 20, "three cut replies", explain=world.tails)
    assert {e.status for e in cut} == {200}, "central did not commit before the cut: the test proved nothing"
    first, _ = numbers_of(cut[0])
    again = [e for e in proxy.exchanges("/api/agent/sync") if e.at > cut[-1].at and has_executions(e)]
    again = again or wait_until(
        lambda: [e for e in proxy.exchanges("/api/agent/sync") if e.at > cut[-1].at and has_executions(e)], 20, "the batch again"
    )
    assert numbers_of(again[0])[0] == first, "the batch was not sent again from its first record"
    settle_and_check(world, central.api, job, now())


def test_a_batch_that_arrives_twice_counts_once(world, central, proxied):
    proxy, agent, job = proxied
    proxy.set("double", times=5, path="/api/agent/sync", only=has_executions)
    doubled = wait_until(lambda: answered(proxy, "double")[4:] and answered(proxy, "double"), 30, "five doubled batches", explain=world.tails)
    assert {e.status for e in doubled} == {200}
    settle_and_check(world, central.api, job, now())


def test_a_network_that_swallows_everything_delays_records_and_loses_none(world, central, proxied, target):
    proxy, agent, job = proxied
    proxy.set("blackhole")
    before = len(target.requests())
    wait_until(lambda: len(target.requests()) >= before + 8, 20, "eight fires during the partition", explain=world.tails)
    assert proxy.exchanges(mode="blackhole"), "nothing was swallowed"
    proxy.set("pass")
    settle_and_check(world, central.api, job, now())


def test_an_older_reply_never_brings_the_old_job_set_back(world, central, proxied, target):
    proxy, agent, job = proxied
    proxy.set("stale", path="/api/agent/sync")
    central.api.edit_job(job, api=target.url + "/after")
    wait_until(lambda: target.requests("/after"), 30, "the edited job to run", explain=world.tails)
    first = target.requests("/after")[0].due
    count = len(answered(proxy, "stale"))
    wait_until(lambda: len(answered(proxy, "stale")) >= count + 15, 30, "fifteen replies more", explain=world.tails)
    sent = [json.loads(e.body)["syncId"] for e in answered(proxy, "stale")[count:]]
    assert len(set(sent)) == len(sent)
    assert "a reply to another sync arrived" in agent.log(), "no reply was exchanged: the test proved nothing"
    assert not [r for r in target.requests("/foo") if r.due > first], "the old definition ran again"
    proxy.set("pass")
    settle_and_check(world, central.api, job, now())
