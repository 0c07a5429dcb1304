"""Ports that nobody uses. The range lies under the kernel's own (32768), so that no outgoing connection takes one
between our looking and the daemon's bind; workers of one run start at different places."""
import itertools
import os
import random
import socket

_LOW, _HIGH = 15000, 32000
_next = itertools.count(random.Random(os.getpid()).randrange(_LOW, _HIGH))


def free_port():
    for n in _next:
        port = _LOW + n % (_HIGH - _LOW)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("unreachable")
