"""kill -9 at every step of an attempt that a helper of the runner pool makes: handed over by the loop, taken, sent,
answered, given back, taken back by the loop.

The helper's own calls are enumerated as those of the other threads in test_crash_points.py. The loop's two steps are a write
to the helper's inbox and a read of its results, among its writes and reads of other queues: which one a kill met is told by
the descriptor.
"""
import re
import threading
from collections import Counter
from itertools import count

import pytest

from harness.fleet import Fleet
from harness.syscalls import Injection, kill_at
from harness.waiting import wait_until

pytestmark = pytest.mark.long

AGENTS = 6  # one for each of LOOP_POINTS, the others share HELPER_POINTS
JOBS = 42  # of each agent, due in the same instant: RUNNER_POOL_CROWD is 32, what is more goes to the helper
ONCE = 3  # of these, at most once
HELPER_POINTS = [("sendto", 10), ("recvfrom", 10), ("write", 3), ("read", 3)]  # write: results given back; read: orders taken
LOOP_POINTS = ["write", "read"]  # each until enough kills met the helper's queues
LOOP_KILLS, LOOP_MOST = 6, 60

KEY = re.compile(r"Idempotency-Key: (\S+?)\\r")


class Crowd:
    """Agents that are killed where the pool works; what the kills met is counted."""

    def __init__(self, world, central, target):
        self.world, self.fleet = world, Fleet(world, central, target)
        for n in range(AGENTS):
            agent = world.agent(central, name=f"agent-{n}", runner_threads=1)
            self.fleet.add(agent.name, agent=agent, jobs=JOBS - ONCE, jitterMs=0)
            for _ in range(ONCE):
                self.fleet.add_job(agent, jitterMs=0, type="ATMOST_ONCE", catchUp={"policy": "all"})
        self.fleet.start()
        self.met = Counter()
        self.sent_by_helpers = set()
        self.lock = threading.Lock()

    def kill_helper(self, agent, call, n):
        injection = kill_at(agent, "runner", call, n, self.world.folder, also="sendto")
        with self.lock:
            self.met["helper", call] += 1
            self.sent_by_helpers.update(KEY.findall(injection.trace()))

    def kill_loop(self, agent, call, n):
        """At its n-th write or read once the helper is there, of whichever queue."""
        watch = Injection(agent, "runner", "read,write", None, self.world.folder)
        try:
            wait_until(lambda: len({line[:5] for line in watch.lines("read", "write")}) == 2, 30, "orders and results of the helper",
                       explain=agent.tail)  # fmt: skip
        finally:
            watch.detach()
        queue = {"write": descriptor(watch.lines("read")[0]), "read": descriptor(watch.lines("write")[0])}[call]
        last = kill_at(agent, "loop", call, n, self.world.folder).lines(call)[-1]
        with self.lock:
            self.met["loop", call] += 1
            self.met["loop", call, "of the helper"] += descriptor(last) == queue

    def work(self, agent):
        """This agent's part of all points."""
        mine = self.fleet.agents.index(agent)
        if mine < len(LOOP_POINTS):
            return self.work_on_loop(agent, LOOP_POINTS[mine])
        points = [(call, n) for call, most in HELPER_POINTS for n in range(1, most + 1)]
        for call, n in points[mine - len(LOOP_POINTS) :: AGENTS - len(LOOP_POINTS)]:
            self.kill_helper(agent, call, n)
            agent.start()

    def work_on_loop(self, agent, call):
        for kills in count(1):
            self.kill_loop(agent, call, 1 + (kills - 1) % 12)
            agent.start()
            if kills >= LOOP_KILLS and self.met["loop", call, "of the helper"]:
                return
            assert kills < LOOP_MOST, f"none of {kills} kills at a {call} of the loop met the helper's queue"


def descriptor(line):
    return int(re.search(r"\((\d+)", line)[1])


def test_a_kill_at_each_step_of_a_helpers_attempt_loses_and_doubles_nothing(world, central, target):
    crowd = Crowd(world, central, target)
    crowd.fleet.in_parallel(crowd.work)
    assert {call: crowd.met["helper", call] for call, _ in HELPER_POINTS} == dict(HELPER_POINTS)
    assert crowd.met["loop", "write", "of the helper"] and crowd.met["loop", "read", "of the helper"]
    executions, requests = crowd.fleet.check(timeout=60)
    again = {key for key, n in Counter(r.key for r in requests).items() if n > 1} & crowd.sent_by_helpers
    print(f"{dict(crowd.met)}; {len(executions)} executions, {len(again)} that a helper had sent were sent again")
    assert again, "no kill fell between a helper's send and the record of it"
