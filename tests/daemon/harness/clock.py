"""An agent whose clock the test sets, by libfaketime: wall time only, the monotonic clock and sleeping stay real."""
import glob
import os
import time
from datetime import datetime, timezone

import pytest

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


class Clock:
    """`env` is for the process; offset in seconds against the machine's clock, to be changed while it runs."""

    def __init__(self, folder, name="clock"):
        if LIBRARY is None:
            pytest.skip("libfaketime is not installed")
        self.path = folder / f"{name}.offset"
        self.offset = 0.0
        self.set(0.0)
        self.env = {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, offset):
        """The clock is this many seconds ahead of the machine's from now on."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{offset:+.3f}\n")
        os.replace(fresh, self.path)  # never half a number
        self.offset = offset

    def step(self, seconds):
        self.set(self.offset + seconds)

    def set_to(self, moment):
        """As if it were `moment` now."""
        self.set(moment.timestamp() - time.time())

    def now(self):
        return datetime.fromtimestamp(time.time() + self.offset, timezone.utc)
