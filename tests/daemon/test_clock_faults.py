"""Clocks that are set, wrong, or stand still, below a running agent (design.md promise 10; cron.md section 5)."""
import json
import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from harness.fleet import Fleet
from harness.clock import Clock
from harness.ledger import instant, rfc3339
from harness.waiting import wait_until

pytestmark = pytest.mark.long

SECOND = timedelta(seconds=1)
POLICIES = [{"policy": "all", "maxCount": 30}, {"policy": "latest"}, {"policy": "none"}]


@pytest.fixture
def fleet(fleet):
    fleet.clocks = {}
    return fleet


def add(fleet, name, policies=POLICIES, jobs=True):
    """An agent with a clock of its own and one job for each catch-up policy."""
    clock = Clock(fleet.world.folder, name)
    agent = fleet.add(name, jobs=0, agent=fleet.world.agent(fleet.central, name=name, env=clock.env))
    fleet.clocks[agent] = clock
    for policy in policies if jobs else []:
        fleet.add_job(agent, catchUp=policy)
    return agent


def spans(executions):
    """The decided seconds of one job as [(first, last)] without gaps in them; fails where two decisions overlap."""
    found = []
    for e in sorted(executions, key=lambda e: e["scheduledAt"]):
        first, last = instant(e["scheduledAt"]), instant(e.get("lastScheduledAt") or e["scheduledAt"])
        assert (last - first) / SECOND + 1 == e.get("count", 1), e
        if found and first <= found[-1][1]:
            raise AssertionError(f"decided twice: {rfc3339(first)} of {e['jobId']}")
        if found and first == found[-1][1] + SECOND:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def quarantined(fleet, agent):
    """Records that are too far from central's own time for a place in history: kept, shown, and acknowledged."""
    rows = fleet.central.database.query(
        "SELECT q.record, q.reason FROM quarantine q JOIN agent a USING (agent_id) WHERE a.name = %s", (agent.name,)
    )
    assert all(reason.startswith("scheduledAt: more than") for _, reason in rows), rows[0]
    return [record if isinstance(record, dict) else json.loads(record) for record, _ in rows]


def settled_spans(fleet, agent, expected):
    """{job: spans}, once central has all up to the agent's present, in so many spans for each job."""
    now = fleet.clocks[agent].now()

    def settled():
        aside = quarantined(fleet, agent)
        found = {job: spans(fleet.api.executions(jobId=job) + [e for e in aside if e["jobId"] == job])
                 for job, owner in fleet.jobs.items() if owner is agent}  # fmt: skip
        reached = all(any(first <= now <= last + 2 * SECOND or last > now for first, last in s) for s in found.values())
        settled.seen = found
        return found if reached and all(len(s) == expected for s in found.values()) else None

    def explain():
        return f"{agent.name}: now {rfc3339(now)}\n" + "\n".join(
            f"{job}: " + ", ".join(f"{rfc3339(a)} to {rfc3339(b)}" for a, b in s) for job, s in settled.seen.items()
        ) + agent.tail()  # fmt: skip

    settled.seen = {}
    return wait_until(settled, 40, f"{agent.name}: all seconds in {expected} span(s)", every=0.5, explain=explain)


def tell_all(agent):
    """Until central has all that this agent has begun up to now."""
    wait_until(lambda: agent.status()["counts"]["running"] == 0, 20, "what runs to end", every=0.01, explain=agent.tail)
    decided = agent.status()["store"]["lastSeq"]
    wait_until(lambda: agent.status()["store"]["ackedSeq"] >= decided, 20, "all to be told", explain=agent.tail)


STEPS = {"ahead-1s": 1, "back-1s": -1, "ahead-1h": 3600, "back-1h": -3600, "ahead-3h": 10800, "back-4h": -14400}


@pytest.mark.parametrize("down", [False, True], ids=["while it runs", "while it is down"])
def test_a_clock_that_is_set_loses_and_doubles_no_second(fleet, target, down):
    for name in STEPS:
        add(fleet, name)
    fleet.start()
    stepped, noticed, sent = {}, {}, {}

    def step(agent):
        if down:
            agent.kill()
        before = fleet.clocks[agent].now()
        sent[agent] = datetime.fromtimestamp(max(r.due for r in fleet.requests_of(agent)), timezone.utc)
        fleet.clocks[agent].step(STEPS[agent.name])
        stepped[agent] = (before, fleet.clocks[agent].now())
        if down:
            agent.start()
        asked = fleet.clocks[agent].now()
        shown = instant(agent.status()["clock"]["now"])
        noticed[agent] = fleet.clocks[agent].now()
        assert asked - SECOND / 2 < shown < noticed[agent] + SECOND / 2, "the agent's clock was not set"
        since = time.time()
        wait_until(lambda: len(fleet.requests_of(agent, since)) >= 9, 30, f"{agent.name} to go on", explain=agent.tail)

    fleet.in_parallel(step)

    def account(agent):
        seconds = STEPS[agent.name]
        before, after = stepped[agent]
        for found in settled_spans(fleet, agent, 2 if seconds <= -60 else 1).values():
            if seconds <= -60:
                # Either way a second or so is lost to noticing the step: what is ahead was withdrawn, what is behind begins anew.
                (again, _), (first, last) = found
                assert first < before and min(sent[agent], before - 3 * SECOND) <= last < before + 3 * SECOND, (agent.name, found, before)
                assert after <= again < noticed[agent] + 4 * SECOND, (agent.name, found, after)
            else:
                assert found[0][0] < before and found[0][1] > after, (agent.name, found, before, after)
        if abs(seconds) > 1 and not down or seconds <= -60:
            assert any("clock was set" in detail for detail in fleet.wait_event(agent, "clockStep")), agent.name

    fleet.in_parallel(account)
    check_policies(fleet, "ahead-3h", *next(moments for agent, moments in stepped.items() if agent.name == "ahead-3h"))


def check_policies(fleet, name, before, after):
    """
    What was made up of three hours, by policy: the seconds that follow the range of those that were not. Up to `after` there is no
    more of it; from then on, what a busy machine is late with is made up too.
    """
    of_agent = [job for job, agent in fleet.jobs.items() if agent.name == name]
    for job, policy in zip(of_agent, POLICIES):
        expected = {"all": 30, "latest": 1, "none": 0}[policy["policy"]]
        found = [e for e in fleet.api.executions(jobId=job) if before - 2 * SECOND < instant(e["scheduledAt"])]
        missed = [e for e in found if e["status"] == "missed" and instant(e["scheduledAt"]) < after]
        assert len(missed) == 1 and 10000 < missed[0]["count"] < 10900, missed
        end = instant(missed[0]["lastScheduledAt"])
        made_up = [instant(e["scheduledAt"]) for e in found if e["cause"] == "catchUp"]
        assert len([at for at in made_up if end < at <= end + expected * SECOND]) == expected, (policy, made_up)
        assert len([at for at in made_up if at < after]) <= expected, (policy, made_up)


def test_a_daily_job_that_ran_does_not_run_again_when_the_clock_goes_back_an_hour_but_does_after_four(fleet):
    agents = {-3600: add(fleet, "one-hour", jobs=False), -14400: add(fleet, "four-hours", jobs=False)}
    for agent in agents.values():
        fleet.add_job(agent)
    fleet.start()
    fixed = {}

    def go_back(agent):
        clock = fleet.clocks[agent]
        back = next(seconds for seconds, a in agents.items() if a is agent)
        due = (clock.now() + 12 * SECOND).replace(microsecond=0)
        job = fleet.api.create_job(f"{due.second} {due.minute} {due.hour} * * *", fleet.target.url + "/fixed",
                                   target={"mode": "agent", "agent": agent.name})["jobId"]  # fmt: skip
        fixed[back] = job
        wait_until(lambda: fleet.api.executions(jobId=job), 20, "the daily job to run", explain=agent.tail)
        clock.step(back)
        fleet.wait_event(agent, "clockStep")
        clock.step(-back - (clock.now() - (due - 5 * SECOND)).total_seconds() + back)  # five seconds before it is due again
        wait_until(lambda: len([1 for kind, _ in fleet.events(agent) if kind == "clockStep"]) >= 2, 20, "the step ahead", explain=agent.tail)
        passed = due + 3 * SECOND
        wait_until(lambda: clock.now() > passed, 15, "the instant to pass again")
        tell_all(agent)

    fleet.in_parallel(go_back)
    once, twice = fleet.api.executions(jobId=fixed[-3600]), fleet.api.executions(jobId=fixed[-14400])
    assert [e["status"] for e in once] == ["success"]
    assert [e["status"] for e in twice] == ["success"] * 2
    assert len({e["executionId"] for e in twice}) == 2 and len({e["scheduledAt"] for e in twice}) == 1


def test_a_host_that_boots_in_1970_or_2038_fires_and_goes_on_when_its_clock_is_put_right(fleet):
    """A board without a battery; and one whose 32-bit seconds are about to end."""
    early, late = add(fleet, "early"), add(fleet, "late")
    fleet.clocks[early].set_to(datetime(1970, 1, 1, 0, 0, 20, tzinfo=timezone.utc))
    rollover = datetime(2038, 1, 19, 3, 14, 8, tzinfo=timezone.utc)
    fleet.clocks[late].set_to(rollover - 4 * SECOND)
    fleet.start()
    wait_until(lambda: fleet.clocks[late].now() > rollover + 4 * SECOND, 20, "2038 to come")

    for found in settled_spans(fleet, late, 1).values():
        assert found[0][0] < rollover < found[0][1], found
    for found in settled_spans(fleet, early, 1).values():
        assert found[0][0].year == 1970, found

    for agent in (early, late):
        fleet.clocks[agent].set(0)
        since = time.time()
        wait_until(lambda: len(fleet.requests_of(agent, since)) >= 9, 20, f"{agent.name} to go on", explain=agent.tail)
    for found in settled_spans(fleet, early, 1).values():
        assert found[0][0].year == 1970 and found[0][1].year > 2020, found
    for found in settled_spans(fleet, late, 2).values():
        assert found[0][0].year < 2038 and found[1][0].year == 2038, found
    assert early.status()["clock"]["steps"] == late.status()["clock"]["steps"] == 1
    assert quarantined(fleet, early) and quarantined(fleet, late)


# {name: (zone, do clocks go ahead, {schedule: seconds after the change at which it fires between 8 s before and 12 s after})}
CHANGES = {
    "berlin-spring": ("Europe/Berlin", True,
                      {"0 30 2 * * *": [0], "*/5 * 2-3 * * *": [0, 5, 10], "*/5 30 2 * * *": [], "5 0 3 * * *": [5], "0 0 4 * * *": []}),
    "berlin-autumn": ("Europe/Berlin", False,
                      {"55 59 2 * * *": [-5], "*/5 * 2 * * *": [-5, 0, 5, 10], "0 0 2 * * *": [], "5 0 2 * * *": []}),
    "lord-howe-spring": ("Australia/Lord_Howe", True,
                         {"0 15 2 * * *": [0], "*/5 30 2 * * *": [0, 5, 10], "0 0 2 * * *": [0]}),
    "lord-howe-autumn": ("Australia/Lord_Howe", False,
                         {"5 30 1 * * *": [], "*/5 * * * * *": [-5, 0, 5, 10], "55 59 1 * * *": [-5]}),
}  # fmt: skip


def last_change(zone, ahead):
    """The latest instant before now at which the zone's clocks went ahead, or back."""
    zone, hour = ZoneInfo(zone), timedelta(hours=1)
    moment = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - hour
    while True:
        earlier = moment - hour / 2
        difference = moment.astimezone(zone).utcoffset() - earlier.astimezone(zone).utcoffset()
        if difference and (difference > timedelta(0)) == ahead:
            return moment
        moment = earlier


def test_on_days_when_the_clocks_change_each_schedule_fires_when_people_expect_it(world, database, target):
    # The day is up to a year ago, and what comes of it has to be kept.
    fleet = Fleet(world, world.central(database, retention_days=400).start(), target)
    fleet.clocks = {}
    expected, changes = {}, {}
    for name, (zone, ahead, schedules) in CHANGES.items():
        agent = add(fleet, name, jobs=False)
        changes[agent] = change = last_change(zone, ahead)
        for schedule, seconds in schedules.items():
            job = fleet.add_job(agent, schedule=schedule, timezone=zone, jitterMs=0)
            expected[job] = (schedule, [change + n * SECOND for n in seconds])
    for agent, change in changes.items():
        agent.start()  # gets its jobs at leisure: they are of no use before the clock is set
        wait_until(lambda: len(agent.get("/jobs")["jobs"]) == len(CHANGES[agent.name][2]), 20, "its jobs", explain=agent.tail)
        agent.stop()
        fleet.clocks[agent].set_to(change - 20 * SECOND)
        agent.start()
    wait_until(lambda: all(fleet.clocks[a].now() > change + 15 * SECOND for a, change in changes.items()), 60, "the changes to pass")
    for agent in changes:
        tell_all(agent)
    for job, (schedule, due) in expected.items():
        agent = fleet.jobs[job]
        found = sorted(instant(e["scheduledAt"]) for e in fleet.api.executions(jobId=job))
        seen = [t for t in found if -8 * SECOND < t - changes[agent] <= 12 * SECOND]
        assert seen == due, f"{agent.name} '{schedule}': fired at {[rfc3339(t) for t in seen]}"


# Longer than a lease and than what counts as offline; faults.md has up to 300.
STANDSTILL_S = int(os.environ.get("BELFRY_STANDSTILL_S", "40"))


def test_an_agent_that_stood_still_makes_up_what_each_policy_says(fleet):
    """SIGSTOP: as a suspended host."""
    pauses = {"one": 1, "five": 5, "twenty": 20, "longest": STANDSTILL_S}
    for name in pauses:
        agent = fleet.add(name, jobs=0)
        for policy in POLICIES:
            fleet.add_job(agent, catchUp=policy)
    fleet.start()

    stood = {}  # {agent: (from, to, its first request after that)}: a busy machine lets it stand for longer than it was told

    def stand_still(agent):
        agent.freeze()
        stops = lambda: Path(f"/proc/{agent.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"  # noqa: E731
        wait_until(stops, 5, "the agent to stand still", every=0.01)
        begun = time.time()
        time.sleep(pauses[agent.name])
        ended = time.time()
        assert not [r for r in fleet.requests_of(agent) if r.sent > begun], "it did not stand still"
        agent.thaw()
        first = wait_until(lambda: [r.sent for r in fleet.requests_of(agent) if r.sent > ended], 20, "the agent to go on", explain=agent.tail)[0]
        stood[agent] = begun, ended, first

    fleet.in_parallel(stand_still)
    executions, _ = fleet.check(allowed=("success", "missed"))
    for agent in fleet.agents:
        of_agent = [job for job, owner in fleet.jobs.items() if owner is agent]
        for job, policy in zip(of_agent, POLICIES):
            begun, ended, went_on = stood[agent]
            found = [e for e in executions if e["jobId"] == job
                     and begun - 2 < instant(e["scheduledAt"]).timestamp() < went_on + 1]  # fmt: skip
            late = [e for e in found if e["cause"] == "catchUp" or e["status"] == "success" and e["latenessMs"] > 1000]
            missed = sum(e.get("count", 1) for e in found if e["status"] == "missed")
            pause, at_most = ended - begun, went_on - begun
            if pauses[agent.name] > 1:
                assert len(late) + missed >= int(pause) - 2, (agent.name, policy, len(late), missed)
            if policy["policy"] == "all":
                least, most = (max(0, one - policy["maxCount"]) for one in (pause, at_most))
                assert least - 2 <= missed <= (most + 2 if most else 0), (agent.name, missed, least, most)
            elif policy["policy"] == "none":
                assert not [e for e in found if e["cause"] == "catchUp"]
            else:
                assert len([e for e in found if e["cause"] == "catchUp"]) <= 1
