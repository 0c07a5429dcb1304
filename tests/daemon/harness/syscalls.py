"""Faults at the n-th system call of one thread, by strace: killed there, failed there, slowed down there."""
import os
import re
import signal
import subprocess
from pathlib import Path

from .waiting import wait_until

TRACED = re.compile(r"^(?:\d+ +)?(\w+)\(")


def threads(pid):
    """{name: thread id} of a running process; its first thread is called "loop", as in the agent's own words."""
    found = {}
    for entry in Path(f"/proc/{pid}/task").iterdir():
        tid = int(entry.name)
        found["loop" if tid == pid else (entry / "comm").read_text().strip()] = tid
    return found


def wait_thread(process, name):
    return wait_until(lambda: threads(process.pid).get(name), 10, f"thread {name} of {process.name}", explain=process.tail)


class Injection:
    """strace on one thread of a running process (or on all, with thread=None), tampering with `call` as `what` says: the
    words of strace's own -e inject; None only watches. `path` limits it to calls on that file; calls of `also` are seen in
    the trace and left alone."""

    def __init__(self, process, thread, call, what, folder, path=None, also=None):
        self.call = call.split(",")
        self.trace_path = folder / f"{process.name}-{thread}-{call}.trace"
        self.trace_path.unlink(missing_ok=True)
        target = ["-f", "-p", str(process.pid)] if thread is None else ["-p", str(wait_thread(process, thread))]
        filters = ["-e", f"trace={call},{also}" if also else f"trace={call}"]
        filters += ["-e", f"inject={call}:{what}"] if what else []
        filters += ["-P", str(path)] if path else []
        self.popen = subprocess.Popen(
            ["strace", "-o", str(self.trace_path), "-s", "500", *target, *filters],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.popen.stderr.readline()
        assert "attached" in line, f"strace cannot attach to {thread or 'all threads'} of {process.name}: {line}"

    def trace(self):
        return self.trace_path.read_text(errors="replace")

    def calls(self):
        """How many calls of those that are tampered with were seen so far."""
        return len(self.lines(*self.call))

    def lines(self, *calls):
        """The traced lines of these calls, at their entry."""
        found = [(TRACED.match(line), line) for line in self.trace().splitlines() if "resumed>" not in line]
        return [line for match, line in found if match and match[1] in calls]

    def injected(self):
        return self.trace().count("(INJECTED)") + self.trace().count("(DELAYED)")

    def detach(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
        try:
            self.popen.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.communicate()


def kill_at(process, thread, call, n, folder, timeout=30, attached=lambda: None, **filters):
    """kill -9 when the thread enters its n-th `call` from now; fails when it never gets there. attached() is called once
    strace is there. Returns the injection with its trace; filters as there."""
    injection = Injection(process, thread, call, f"signal=KILL:when={n}", folder, **filters)
    try:
        attached()
        wait_until(lambda: not process.running(), timeout, f"{call} number {n} of {process.name}'s {thread}", every=0.01,
                   explain=process.tail)  # fmt: skip
    finally:
        injection.detach()
    assert process.popen.returncode == -signal.SIGKILL, f"{process.name} ended with {process.popen.returncode}\n{process.tail()}"
    assert "+++ killed by SIGKILL +++" in injection.trace(), injection.trace()[-300:]
    assert injection.calls() == n, f"killed at call {injection.calls()} and not {n}"
    process.kill()
    return injection


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False
