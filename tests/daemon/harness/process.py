"""A daemon under test: started with its log in a file, stopped by signal, its log searched for what must not be there."""
import os
import re
import signal
import subprocess
from pathlib import Path

from .waiting import GiveUp, wait_until

# What no log may hold. A test that provokes one on purpose passes `allow` a pattern of it.
ALARMS = re.compile(
    r"ERROR: AddressSanitizer|LeakSanitizer: |runtime error: |WARNING: ThreadSanitizer|UndefinedBehaviorSanitizer"
    r"|\bBUG\b|[Aa]ssertion .*failed|assertion failed|-CRITICAL \*\*|stack smashing detected|double free or corruption"
    r"|malloc\(\): |free\(\): invalid|ERROR SUMMARY: [1-9]|Invalid (read|write) of size|Segmentation fault"
)

# Exit codes of a sanitizer must not be mistaken for the daemon's own (1 and 2).
_SANITIZER_ENV = {
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=0",
    "LSAN_OPTIONS": "exitcode=99",
}


class Process:
    """One program with a log. `wrapper` goes in front of the command (strace, faketime, prlimit ...)."""

    stop_timeout = 120.0

    def __init__(self, name, command, folder, env=None, wrapper=()):
        self.name = name
        self.command = [str(part) for part in command]
        self.wrapper = [str(part) for part in wrapper]
        self.log_path = folder / f"{name}.log"
        self.env = dict(env or {})
        self.allowed = []
        self.popen = None
        self.starts = 0

    def start(self):
        assert not self.running(), f"{self.name} already runs"
        env = {**os.environ, **_SANITIZER_ENV, **self.env}
        if any(os.path.basename(part) in ("strace", "gdb") for part in self.wrapper):
            env["ASAN_OPTIONS"] += ":detect_leaks=0"  # LeakSanitizer cannot work under ptrace
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                self.wrapper + self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )
        self.starts += 1
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """kill -9, with everything that runs under it."""
        if self.popen is not None:
            self._kill_group()
            self.popen.wait()
            self.popen = None

    def stop(self, expect=0):
        """SIGTERM; the daemon must end by itself with the expected code."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            code = self.popen.wait(self.stop_timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {self.stop_timeout:g} s of SIGTERM\n{self.tail()}") from None
        self._kill_group()
        self.popen = None
        if expect is not None and code != expect:
            raise AssertionError(f"{self.name} ended with {code} and not {expect}\n{self.tail()}")

    def restart(self):
        self.stop()
        return self.start()

    def wait(self, timeout=60.0):
        """For programs that end by themselves: the exit code."""
        return self.popen.wait(timeout)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def processor_seconds(self):
        """Of all its threads, in user space and in the kernel, since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines=25):
        last = "\n".join("    " + line for line in self.log().splitlines()[-lines:])
        return f"  last lines of {self.log_path}:\n{last or '    (empty)'}"

    def allow(self, pattern):
        """Lines that match are no alarm: the test causes them on purpose."""
        self.allowed.append(re.compile(pattern))

    def alarms(self):
        return [
            line
            for line in self.log().splitlines()
            if ALARMS.search(line) and not any(pattern.search(line) for pattern in self.allowed)
        ]

    def wait_ready(self, ready, timeout, what):
        """Until ready() is true; fails at once when the process ends before that."""

        def check():
            if not self.running():
                raise GiveUp(f"{self.name} ended with {self.popen.returncode} before it was ready\n{self.tail()}")
            return ready()

        wait_until(check, timeout, what, every=0.02, explain=self.tail)

    def _kill_group(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

