"""Network namespaces: an agent with a network of its own, and a cable to where central is that can be cut."""
import ctypes
import os
import random
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = iter(random.SystemRandom().sample(range(1 << 14), 1 << 10))  # no two of a process are the same


def _ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
    return done.stdout


class Namespace:
    """`address` is the agent's, `central` the address of this end of the cable. `wrapper` goes in front of the agent."""

    CENTRAL_NAME = "central.test"

    def __init__(self):
        number = next(_numbers)
        self.name = f"belfry{os.getpid() % 100000}x{number}"
        self.cable = f"bf{number:x}"
        subnet = f"10.{200 + number // 4096}.{number // 16 % 256}.{number % 16 * 16}".rsplit(".", 1)
        self.central, self.address = (f"{subnet[0]}.{int(subnet[1]) + n}" for n in (1, 2))
        self.etc = Path("/etc/netns") / self.name
        self.wrapper = ["ip", "netns", "exec", self.name]

    def make(self):
        done = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
        _ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("addr", "add", f"{self.central}/28", "dev", self.cable)
        _ip("link", "set", self.cable, "up")
        self.ip("addr", "add", f"{self.address}/28", "dev", "eth0")
        self.ip("link", "set", "lo", "up")
        self.ip("link", "set", "eth0", "up")
        self.etc.mkdir(parents=True)
        (self.etc / "resolv.conf").write_text("nameserver 192.0.2.1\noptions timeout:1 attempts:1\n")
        self.name_central(True)
        return self

    def ip(self, *words):
        return _ip("-n", self.name, *words)

    def name_central(self, known):
        """Written in place: the agent sees this very file as its /etc/hosts."""
        (self.etc / "hosts").write_text("127.0.0.1 localhost\n" + (f"{self.central} {self.CENTRAL_NAME}\n" if known else ""))

    def inside(self, function):
        """Calls it in a thread that lives in the namespace; sockets made there stay there."""
        result = []

        def run():
            with open(f"/run/netns/{self.name}") as handle:
                if _libc.setns(handle.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(function())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return result[0]

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
        subprocess.run(["ip", "link", "del", self.cable], capture_output=True)
        shutil.rmtree(self.etc, ignore_errors=True)
