"""kill -9 at every system call on the way from a due fire to its record at central, one after the other, not sampled.

Each thread of the agent is taken by itself: the n-th fdatasync of the store, the n-th send of the loop, and so on, for
n = 1, 2, 3 ... After each kill the agent starts again and is killed at the next n. At the end every due second of every
job has exactly one decision at central.
"""
import shutil
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.fleet import Fleet
from harness.ledger import assert_each_second_once, instant, now
from harness.syscalls import kill_at
from harness.waiting import wait_until

pytestmark = pytest.mark.long

JOBS = 6  # of each agent; one of them at most once, one that fails

# {thread: [(call, kills, agents that share them)]}. A kill at the entry of a call is one after everything before it:
# between them these cover every step.
POINTS = {
    "store": [("pwrite64", 60, 2), ("fdatasync", 40, 3), ("write", 40, 3)],  # write: its word that something is durable
    "loop": [("sendto", 40, 4), ("recvfrom", 40, 4), ("write", 20, 3)],  # write: its word to store and sync that there is work
    "sync": [("sendto", 14, 4), ("recvfrom", 14, 4), ("write", 12, 3)],
}


def make_fleet(world, central, target, size):
    target.behave(lambda request, handler: 400 if request.path == "/bad" else 200)
    fleet = Fleet(world, central, target)
    for n in range(size):
        agent = fleet.add(f"agent-{n}", jobs=JOBS - 2)
        # A failure is told to central at once: more rounds to be hit.
        fleet.add_job(agent, path="/bad", retry={"maxAttempts": 1})
        fleet.add_job(agent, type="ATMOST_ONCE", catchUp={"policy": "all"})
    return fleet.start()


@pytest.mark.parametrize("thread", POINTS)
def test_a_kill_at_each_call_of_a_thread_loses_and_doubles_nothing(world, central, target, thread):
    points = [(call, first, count, step) for call, count, step in POINTS[thread] for first in range(1, step + 1)]
    fleet = make_fleet(world, central, target, len(points))
    killed = Counter()

    def kill_one_after_the_other(agent):
        call, first, count, step = points[fleet.agents.index(agent)]
        for n in range(first, count + 1, step):
            kill_at(agent, thread, call, n, world.folder)
            killed[call, n] += 1
            agent.start()

    began = time.monotonic()
    fleet.in_parallel(kill_one_after_the_other)
    assert killed == {(call, n): 1 for call, count, _ in POINTS[thread] for n in range(1, count + 1)}
    took = time.monotonic() - began
    executions, requests = fleet.check(allowed=("success", "failed"))
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
        agent.wrapper = ["strace", "-f", "-s", "200", "-o", str(trace), "-e", f"trace={call},write"]
        agent.start()
        agent.kill()
        lines = trace.read_text().splitlines()
        first = lines[0].split()[0]
        ready = next(n for n, line in enumerate(lines) if ": ready, " in line)
        return sum(line.split()[0] == first and f" {call}(" in line for line in lines[:ready])

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
        check_outbox(agent, f"{call} {n}", state)
        return killed


def check_outbox(agent, what, earlier_state):
    """Gap-free numbers; from a job's first decision on every second once; all that was unfinished before is decided."""
    records = agent.outbox(what)
    by_job = defaultdict(list)
    for record in records:
        if "executionId" in record:
            by_job[record["jobId"]].append(record)
    assert len(by_job) == 3, what
    for job, found in by_job.items():
        due = [instant(e["scheduledAt"]) for e in found]
        assert_each_second_once(found, min(due), max(due))
    if earlier_state is not None:
        assert len(records) >= 9, what


@pytest.mark.parametrize("state", ["fresh", "crashed"])
def test_a_kill_at_each_call_of_a_start_spoils_no_later_start(world, target, state):
    starts = Starts(world, target)
    folder = starts.crashed_state() if state == "crashed" else None
    points = [(call, n + 1) for call in ("pwrite64", "fdatasync", "rename", "unlink", "ftruncate")
              for n in range(starts.calls_of_a_start(folder, call))]  # fmt: skip
    with ThreadPoolExecutor(10) as crew:
        killed = sum(crew.map(lambda point: starts.kill_and_start_again(folder, *point), points))
    print(f"{killed} kills of {len(points)} calls in a {state} start: {dict(Counter(call for call, _ in points))}")
    assert killed >= 0.8 * len(points) and killed >= 3, f"only {killed} of {len(points)} starts were killed before they were ready"
