"""What the machine itself made everybody wait while a test ran: the measure for bounds on how late a fire may be."""
import os
import threading
import time

PERIOD_S = 0.1


class Pulse:
    """A thread that does what a fire needs: it sleeps, and has its disk sync a few bytes. `worst_ms` is the longest that this
    took beyond the sleep."""

    def __init__(self, folder):
        self.file = os.open(folder / "pulse", os.O_CREAT | os.O_WRONLY)
        self.worst_ms = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._ended.set()
        self._thread.join()
        os.close(self.file)

    def allows(self, ms):
        """A bound of so many ms on a machine at rest, as it is on this one: a fire takes a few such steps."""
        return ms + 5 * self.worst_ms

    def _run(self):
        while not self._ended.is_set():
            begun = time.monotonic()
            self._ended.wait(PERIOD_S)
            os.pwrite(self.file, b"beat", 0)
            os.fdatasync(self.file)
            self.worst_ms = max(self.worst_ms, (time.monotonic() - begun - PERIOD_S) * 1000)
