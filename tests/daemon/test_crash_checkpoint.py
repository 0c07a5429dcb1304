"""kill -9 at every write and sync of a checkpoint that the store makes in mid-life: the log is moved into the file at its
thousandth page, and then begun anew.

One agent fills its log nearly to that and is killed. Copies of what it left go on from there, each with jobs that call a
path of its own, and each is killed at the next call of the checkpoint. Every second of every job is decided once before,
during and after it, by the outbox and by what the target saw.
"""
import json
import os
import re
import shutil
import signal
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from harness.fleet import EVERY_SECOND, decided_seconds
from harness.ledger import assert_target_agrees, instant, now, rfc3339, seconds_between
from harness.syscalls import kill_at
from harness.waiting import wait_until

pytestmark = pytest.mark.long

JOBS = 12
CHECKPOINT_FRAMES = 1000  # CHECKPOINT_PAGES of agent/store_sqlite.c
FULL_ENOUGH = 900  # what is left of it is more than a start writes
FRAME_BYTES, LOG_HEADER_BYTES = 4120, 32
WORKERS = 8
LOG_CALLS = [("pwrite64", 8), ("fdatasync", 2)]  # of the log that begins anew: its header, its first frames, its syncs


def frames(agent):
    return (log_path(agent).stat().st_size - LOG_HEADER_BYTES) // FRAME_BYTES


def log_path(agent):
    return agent.state / "agent.db-wal"


def salt(agent):
    """A log that begins anew has another."""
    with open(log_path(agent), "rb") as log:
        return log.read(LOG_HEADER_BYTES)[16:24]


class Lab:
    """Standalone agents with a state that is about to be checkpointed."""

    def __init__(self, world, target):
        self.world, self.target = world, target
        self.failing = False
        self.agents = 0
        self.lock = threading.Lock()
        target.behave(lambda request, handler: 503 if self.failing else 200)
        filled = self.fill()
        self.state, self.salt = filled.state, salt(filled)

    def agent(self):
        """Its jobs call /its-name."""
        with self.lock:
            self.agents += 1
            name = f"agent-{self.agents}"
        jobs = self.world.folder / f"{name}-jobs"
        jobs.mkdir()
        for n in range(JOBS):
            kind = {"type": "ATMOST_ONCE"} if n == 0 else {"retry": {"maxAttempts": 100, "initialBackoffMs": 20, "multiplier": 1}}
            job = {"schedule": EVERY_SECOND, "api": f"{self.target.url}/{name}", "jitterMs": 900, "concurrency": "forbid",
                   "catchUp": {"policy": "none"}, **kind}  # fmt: skip
            (jobs / f"job{n}.json").write_text(json.dumps(job))
        return self.world.agent(name=name, jobs_dir=jobs)

    def fill(self):
        """An agent that was killed shortly before its log is full. Its file has pages of an earlier life."""
        for _ in range(10):
            agent = self.agent().start()
            path = f"/{agent.name}"
            wait_until(lambda: len({r.json()["jobId"] for r in self.target.requests(path)}) == JOBS, 20, "every job to run", explain=agent.tail)
            agent.restart()
            self.failing = True  # attempts fill the log, and not the file
            wait_until(lambda: frames(agent) >= FULL_ENOUGH - 100, 60, "a log that is nearly full", every=0.01, explain=agent.tail)
            self.failing = False
            wait_until(lambda: frames(agent) >= FULL_ENOUGH, 60, "a full log", every=0.01, explain=agent.tail)
            agent.kill()
            if frames(agent) < CHECKPOINT_FRAMES - 50:
                return agent
        raise AssertionError("the log was filled too fast each time")

    def copy(self, call, n, what):
        """An agent that goes on from the state, under strace: `what` is done to it at the store's n-th call on the file."""
        agent = self.agent()
        shutil.copytree(self.state, agent.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
        trace = self.world.folder / f"{agent.name}.trace"
        # -D: the agent itself is our child, and a tracer that ends leaves it alone.
        agent.wrapper = ["strace", "-D", "-I", "1", "-f", "-o", str(trace), "-P", str(agent.state / "agent.db"),
                         "-e", "trace=pwrite64,fdatasync", "-e", f"inject={call}:signal={what}:when={n}"]  # fmt: skip
        agent.start(ready=False)
        return agent, trace

    def kill_in_checkpoint(self, point):
        """True when it was killed there; false when the checkpoint was over before."""
        call, n = point
        agent, trace = self.copy(call, n, "KILL")
        wait_until(lambda: not agent.running() or salt(agent) != self.salt, 60, f"{call} number {n} of the checkpoint", explain=agent.tail)
        killed = not agent.running()
        assert not killed or agent.popen.returncode == -signal.SIGKILL, agent.tail()
        assert ": ready, " in agent.log(), "the checkpoint was one of the start"
        agent.kill()
        if killed:
            calls = re.findall(r"(?m)^(\d+) +(\w+)\(", trace.read_text())
            assert [c for _, c in calls].count(call) == n and (call == "fdatasync" or "fdatasync" not in (c for _, c in calls)), calls
            assert len({thread for thread, _ in calls}) == 1, f"not by the store alone: {calls}"
            assert frames(agent) >= CHECKPOINT_FRAMES
        self.go_on(agent, f"{call} {n}", checkpoint=killed)
        return killed

    def kill_after_checkpoint(self, point):
        """At the n-th call on the log behind the sync of the file. True when the log had begun anew by then."""
        call, n = point
        agent, trace = self.copy("fdatasync", 1, "STOP")
        stopped = re.compile(rf"(?m)^{agent.pid} +--- stopped by SIGSTOP")
        wait_until(lambda: stopped.search(trace.read_text()), 60, "the checkpoint", explain=agent.tail)
        assert ": ready, " in agent.log(), "the checkpoint was one of the start"
        os.kill(int(status_field(agent.pid, "TracerPid")), signal.SIGTERM)
        wait_until(lambda: status_field(agent.pid, "TracerPid") == "0", 20, "strace to let go of it")
        kill_at(agent, "store", call, n, self.world.folder, path=log_path(agent), attached=agent.thaw)
        begun = salt(agent) != self.salt
        self.go_on(agent, f"{call} {n} after the checkpoint", checkpoint=not begun)
        return begun

    def go_on(self, agent, what, checkpoint):
        """The next life keeps all the promises; with checkpoint, its full log is moved into the file first."""
        agent.wrapper = []
        agent.start()
        began = now()
        path = f"/{agent.name}"

        def each_job_ran():
            return len({r.json()["jobId"] for r in self.target.requests(path) if r.started > began.timestamp()}) == JOBS

        def log_begun_anew():
            return not checkpoint or salt(agent) != self.salt

        wait_until(lambda: each_job_ran() and log_begun_anew(), 30, f"{what}: every job to run", explain=agent.tail)
        agent.stop()
        check(agent, self.target.requests(path), what)


def status_field(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return next(line.split()[1] for line in file if line.startswith(name + ":"))


def check(agent, requests, what):
    records = agent.outbox(what)
    executions = [r for r in records if "executionId" in r]
    assert len({e["executionId"] for e in executions}) == len(executions), f"{what}: an execution id stands there twice"
    by_job = defaultdict(list)
    for e in executions:
        by_job[e["jobId"]].append(e)
    assert len(by_job) == JOBS, what
    for job, found in by_job.items():
        decided = decided_seconds(found)
        wrong = {rfc3339(t): decided[t] for t in seconds_between(min(decided), max(decided)) if decided[t] != 1}
        assert not wrong, f"{what}: {job} decided so often: {wrong}"
    # The keys of copies are equal; what a copy did itself is what its path saw.
    keys = {r.key for r in requests}
    mine = [e for e in executions if e["executionId"] in keys or instant(e["scheduledAt"]).timestamp() > min(r.started for r in requests)]
    assert_target_agrees(mine, requests)
    once = [r.key for r in requests if r.json()["jobId"] == "job0"]
    assert len(set(once)) == len(once), f"{what}: an at-most-once fire was sent twice"


def test_a_kill_at_each_call_of_a_checkpoint_in_mid_life_loses_and_doubles_nothing(world, target):
    lab = Lab(world, target)
    numbers, over = count(1), threading.Event()
    killed = []

    def kill_at_the_next_write(_):
        """Until a checkpoint has no such write any more."""
        while not over.is_set():
            n = next(numbers)
            killed.append(n) if lab.kill_in_checkpoint(("pwrite64", n)) else over.set()

    after = [(call, n) for call, most in LOG_CALLS for n in range(1, most + 1)]
    with ThreadPoolExecutor(WORKERS) as crew:
        begun = list(crew.map(lab.kill_after_checkpoint, after))
        at_sync = crew.submit(lab.kill_in_checkpoint, ("fdatasync", 1))
        list(crew.map(kill_at_the_next_write, range(WORKERS)))
    print(f"{len(killed)} kills at the writes of a checkpoint, {len(after)} behind one, {sum(begun)} of these with a log begun anew")
    assert at_sync.result(), "no kill fell between a checkpoint's last write and its sync"
    assert len([n for n in killed if n > 1]) >= 10, f"few kills fell between a checkpoint's first write and its sync: {sorted(killed)}"
    assert any(begun) and not all(begun), "no kill fell on each side of the log's new header"
