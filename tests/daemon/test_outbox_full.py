"""Central is away for so long that the agent's outbox is full: nothing new starts, nothing is lost, all is accounted."""
from collections import Counter
from datetime import timedelta

from harness.ledger import instant, latest, now, rfc3339, seconds_between
from harness.waiting import wait_until

MAX, JOBS = 1000, 100


def full(agent):
    return agent.status()["store"]["outboxFull"]


def covered(executions):
    """How often each due second was decided; a missed range stands for all of its instants."""
    decided = Counter()
    for e in executions:
        first, last = instant(e["scheduledAt"]), instant(e.get("lastScheduledAt") or e["scheduledAt"])
        seconds = seconds_between(first, last)
        assert len(seconds) == e.get("count", 1), f"a range says {e.get('count')} of {len(seconds)}: {e}"
        decided.update(seconds)
    return decided


def test_a_full_outbox_stops_fires_and_every_due_second_is_accounted_once_after_a_kill(world, database, target):
    central = world.central(database).start()
    agent = world.agent(central, outbox_max_records=MAX).start()
    jobs = [central.api.create_job("* * * * * *", target.url + "/foo", catchUp={"policy": "none"})["jobId"] for _ in range(JOBS)]
    wait_until(lambda: all(central.api.executions(jobId=job) for job in jobs[-3:]), 30, "the first executions", explain=world.tails)
    shown = central.api.json("/api/agents")["agents"][0]
    assert shown["outboxMax"] == MAX and not shown["outboxFull"], shown
    central.kill()
    wait_until(lambda: full(agent), 60, "the outbox to be full", explain=world.tails)
    agent.kill()
    agent.start()
    assert full(agent), "a restart forgot that the outbox is full"
    filled = now()
    wait_until(lambda: now() > filled + timedelta(seconds=3), 10, "three seconds in which nothing may fire", every=0.2)
    # What was planned before, half a second ahead, has its room and still runs.
    assert not [r for r in target.requests() if r.due > filled.timestamp() + 1], "it fires although nothing of that could be kept"
    assert agent.log().count("nearly full") >= 1
    central.start()
    back = now() + timedelta(seconds=2)
    sample = jobs[::33]

    def caught_up():
        return all((latest(central.api.executions(jobId=job)) or filled) > back for job in sample)

    wait_until(caught_up, 60, "firing to go on and central to hear of it", every=0.5, explain=world.tails)
    for job in sample:
        def all_decided(job=job):
            decided = covered(central.api.executions(jobId=job))
            return all(decided[second] for second in seconds_between(min(decided), back))

        wait_until(all_decided, 20, "every second to be decided", every=0.5, explain=world.tails)
        executions = central.api.executions(jobId=job)
        decided = covered(executions)
        first = min(decided)
        wrong = {rfc3339(second): decided[second] for second in seconds_between(first, back) if decided[second] != 1}
        assert not wrong, f"decided otherwise than once: {wrong}"
        assert [e for e in executions if "outbox full" in (e["reason"] or "")], "no record says why nothing ran"
