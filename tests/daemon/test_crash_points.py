"""kill -9 at every system call on the way from a due fire to its record at central, one after the other, not sampled.

Each thread of the agent is taken by itself: the n-th fdatasync of the store, the n-th send of the loop, and so on, for
n = 1, 2, 3 ... After each kill the agent starts again and is killed at the next n. At the end every due second of every
job has exactly one decision at central.
"""
import json
import shutil
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.ledger import assert_each_second_once, assert_target_agrees, instant, now, seconds_between
from harness.syscalls import kill_at
from harness.waiting import wait_until

pytestmark = pytest.mark.long

JOBS = 6  # of each agent; one of them at most once, one that fails

# {thread: [(call, kills, agents that share them)]}. A kill at the entry of a call is one after everything before it:
# between them these cover every step.
POINTS = {
    "store": [("pwrite64", 60, 2), ("fdatasync", 40, 3), ("write", 40, 3)],  # write: its word that something is durable
    "loop": [("sendto", 40, 4), ("recvfrom", 40, 4)],
    "sync": [("sendto", 14, 4), ("recvfrom", 14, 4)],
}


def make_jobs(api, target, agent):
    """One fire a second each, spread over the second."""
    common = {"jitterMs": 900, "target": {"mode": "agent", "agent": agent.name}}
    retry = {"maxAttempts": 100, "initialBackoffMs": 10, "maxBackoffMs": 100}
    jobs = [api.create_job("* * * * * *", target.url + "/good", retry=retry, **common)["jobId"] for _ in range(JOBS - 2)]
    # A failure is told to central at once: more rounds to be hit.
    jobs.append(api.create_job("* * * * * *", target.url + "/bad", retry={"maxAttempts": 1}, **common)["jobId"])
    once = api.create_job("* * * * * *", target.url + "/once", type="ATMOST_ONCE", catchUp={"policy": "all"}, **common)["jobId"]
    return {*jobs, once}, once


class Cast:
    def __init__(self, world, central, target, agents):
        self.world, self.central, self.target = world, central, target
        target.behave(lambda request, handler: 400 if request.path == "/bad" else 200)
        self.agents = [world.agent(central, name=f"agent-{n}") for n in range(agents)]
        for agent in self.agents:
            agent.enrol()
        made = [make_jobs(central.api, target, agent) for agent in self.agents]
        self.jobs = set().union(*(jobs for jobs, _ in made))
        self.once = {once for _, once in made}
        for agent in self.agents:
            agent.start()
        wait_until(lambda: {r.json()["jobId"] for r in target.requests()} == self.jobs, 20, "every job to run", explain=world.tails)

    def in_parallel(self, work):
        """work(number, agent) for each agent in a thread of its own; the first failure is raised here."""
        failures = []

        def run(number, agent):
            try:
                work(number, agent)
            except BaseException as e:
                failures.append(e)

        crew = [threading.Thread(target=run, args=pair) for pair in enumerate(self.agents)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        if failures:
            raise failures[0]

    def executions_by_job(self):
        found = defaultdict(list)
        for e in self.central.api.executions():
            found[e["jobId"]].append(e)
        return found

    def settle(self):
        """All executions up to now, once central has them: {job: [execution]}."""
        until = now().replace(microsecond=0)

        def whole():
            found = self.executions_by_job()
            for job in self.jobs:
                due = {instant(e["scheduledAt"]) for e in found[job]}
                if not due.issuperset(seconds_between(min(due), until)):
                    return None
            return found

        found = wait_until(whole, 40, f"central to have all up to {until}", every=0.5, explain=self.world.tails)
        return {job: [e for e in found[job] if instant(e["scheduledAt"]) <= until] for job in self.jobs}, until

    def check(self):
        found, until = self.settle()
        executions = [e for job in found.values() for e in job]
        assert len({e["executionId"] for e in executions}) == len(executions)
        for job, of_job in found.items():
            assert_each_second_once(of_job, min(instant(e["scheduledAt"]) for e in of_job), until)
            allowed = {"success", "interrupted"} if job in self.once else {"success", "failed"}
            assert {e["status"] for e in of_job} <= allowed, Counter(e["status"] for e in of_job)
        requests = [r for r in self.target.requests() if instant(r.json()["scheduledTime"]) <= until]
        assert_target_agrees(executions, requests)
        again = [key for key, n in Counter(r.key for r in requests if r.json()["jobId"] in self.once).items() if n > 1]
        assert not again, f"at-most-once fires that were sent twice: {again[:5]}"
        holes = self.central.database.query("SELECT agent_id, holes::text FROM agent_stream WHERE holes::text <> '[]'")
        assert not holes, holes
        return executions, requests


@pytest.mark.parametrize("thread", POINTS)
def test_a_kill_at_each_call_of_a_thread_loses_and_doubles_nothing(world, central, target, thread):
    points = [(call, first, count, step) for call, count, step in POINTS[thread] for first in range(1, step + 1)]
    cast = Cast(world, central, target, len(points))
    killed = Counter()

    def kill_one_after_the_other(number, agent):
        call, first, count, step = points[number]
        for n in range(first, count + 1, step):
            kill_at(agent, thread, call, n, world.folder)
            killed[call, n] += 1
            agent.start()

    began = time.monotonic()
    cast.in_parallel(kill_one_after_the_other)
    assert killed == {(call, n): 1 for call, count, _ in POINTS[thread] for n in range(1, count + 1)}
    took = time.monotonic() - began
    executions, requests = cast.check()
    repeats = len(requests) - len({r.key for r in requests})
    print(f"{len(killed)} kills in {took:.0f} s; {len(executions)} executions, {repeats} repeated requests,"
          f" {dict(Counter(e['status'] for e in executions))}")  # fmt: skip
    assert repeats or thread != "loop", "nothing was tried again: no kill fell between send and record"


class Starts:
    """Standalone agents whose start is killed at its n-th call, each with a state folder of its own."""

    def __init__(self, world, target):
        self.world, self.target = world, target
        self.jobs = world.folder / "jobs"
        self.jobs.mkdir()
        for n in range(3):
            (self.jobs / f"job{n}.json").write_text(
                '{"schedule":"* * * * * *","api":"%s/%d","jitterMs":900,"retry":{"initialBackoffMs":10}}' % (target.url, n)
            )
        self.agents = 0

    def agent(self, state=None):
        self.agents += 1
        agent = self.world.agent(name=f"start-{self.agents}", jobs_dir=self.jobs)
        if state is not None:
            shutil.copytree(state, agent.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
        return agent

    def crashed_state(self):
        """Of an agent that was killed with requests on their way and a log that was never moved into the file."""
        self.target.delay = 0.3
        agent = self.agent().start()

        def in_the_middle():
            finished = [r.finished is not None for r in self.target.requests()]
            return sum(finished) >= 6 and not all(finished)

        wait_until(in_the_middle, 15, "some runs, and one under way", every=0.01, explain=agent.tail)
        agent.kill()
        self.target.delay = 0.0
        assert (agent.state / "agent.db-wal").stat().st_size > 0
        return agent.state

    def calls_of_a_start(self, state, call):
        """How often the first thread enters the call until the agent is ready."""
        agent, trace = self.agent(state), self.world.folder / f"count-{call}"
        agent.wrapper = ["strace", "-f", "-o", str(trace), "-e", f"trace={call},sched_setattr"]
        agent.start()
        agent.kill()
        lines = trace.read_text().splitlines()
        first = lines[0].split()[0]
        own = [line for line in lines if line.split()[0] == first and "resumed>" not in line]
        return next(n for n, line in enumerate(own) if " sched_setattr(" in line)  # the last thing a start does

    def kill_and_start_again(self, state, call, n):
        """Killed at the n-th call; the next start must go on as if nothing had been. True when the kill happened."""
        agent = self.agent(state)
        agent.wrapper = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"]
        agent.start(ready=False)
        wait_until(lambda: not agent.running(), 20, f"the kill at {call} number {n} of a start", explain=agent.tail)
        killed = ": ready, " not in agent.log()
        agent.kill()
        agent.wrapper = []
        agent.start()
        began = now()
        wait_until(lambda: len({e["jobId"] for e in agent.get("/executions?limit=50")["executions"] if instant(e["scheduledAt"]) > began}) == 3,
                   10, "every job to run", explain=agent.tail)  # fmt: skip
        agent.stop()
        assert not list(agent.state.glob("agent.db.bad-*")), f"{call} {n}: a kill left a database that counts as damaged"
        check_outbox(agent, f"{call} {n}", state)
        return killed


def check_outbox(agent, what, earlier_state):
    """Gap-free numbers; from a job's first decision on every second once; all that was unfinished before is decided."""
    connection = agent.database()
    try:
        rows = connection.execute("SELECT seq, record FROM outbox ORDER BY seq").fetchall()
    finally:
        connection.close()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), what
    records = [json.loads(row["record"]) for row in rows]
    assert not [r for r in records if r.get("event") in ("databaseLost", "storeFailed")], what
    by_job = defaultdict(list)
    for record in records:
        if "executionId" in record:
            by_job[record["jobId"]].append(record)
    assert len(by_job) == 3, what
    for job, found in by_job.items():
        due = [instant(e["scheduledAt"]) for e in found]
        assert_each_second_once(found, min(due), max(due))
    if earlier_state is not None:
        assert len(records) > 12, what


@pytest.mark.parametrize("state", ["fresh", "crashed"])
def test_a_kill_at_each_call_of_a_start_spoils_no_later_start(world, target, state):
    starts = Starts(world, target)
    folder = starts.crashed_state() if state == "crashed" else None
    points = [(call, n + 1) for call in ("pwrite64", "fdatasync", "rename", "unlink", "ftruncate")
              for n in range(starts.calls_of_a_start(folder, call))]  # fmt: skip
    with ThreadPoolExecutor(10) as crew:
        killed = sum(crew.map(lambda point: starts.kill_and_start_again(folder, *point), points))
    print(f"{killed} kills of {len(points)} calls in a {state} start: {dict(Counter(call for call, _ in points))}")
    assert killed >= 0.8 * len(points) and killed >= 10, f"only {killed} of {len(points)} starts were killed before they were ready"
