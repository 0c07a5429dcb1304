"""Ports that nobody uses. The range lies under the kernel's own (32768), so that no outgoing connection takes one
between our looking and the daemon's bind. Every process of tests has a block to itself, or two of them that come to the
same place would give out each port twice; a name of a socket that the kernel frees with its process is what marks it."""
import itertools
import os
import random
import socket

_LOW, _HIGH, _BLOCK = 15000, 32000, 250
_given = None  # (the socket that marks our block, our ports round and round)


def _claim():
    blocks = list(range(_LOW, _HIGH, _BLOCK))
    random.Random(os.getpid()).shuffle(blocks)
    for first in blocks:
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0belfry-test-ports-{first}")
            return mark, itertools.cycle(range(first, first + _BLOCK))
        except OSError:
            mark.close()
    raise AssertionError("all blocks of ports are taken")


def free_port():
    global _given
    _given = _given or _claim()
    for port in itertools.islice(_given[1], _BLOCK):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("all our ports are in use")
