"""Everything one test starts, and how it ends: stopped in reverse order, logs searched, folder removed."""
import os
import shutil
import tempfile
import time
from pathlib import Path

from .agent import Agent
from .central import Central
from .postgres import Cluster
from .process import Process
from .proxy import ChaosProxy
from .pulse import Pulse
from .target import Target


class World:
    """A factory of daemons. What comes out is not started, except targets and proxies, which are threads of the test."""

    def __init__(self, template, shared_cluster):
        self.template = template
        self._shared_cluster = shared_cluster
        # In TMPDIR, not pytest's tmp_path: the postgres user must be able to walk to it, and socket paths end at 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="belfry-"))
        self.folder.chmod(0o755)
        self._things = []
        self._databases = 0

    def add(self, thing):
        self._things.append(thing)
        return thing

    def process(self, name, command, **kwargs):
        return self.add(Process(name, command, self.folder, **kwargs))

    def cluster(self, name="postgres", **settings):
        """A PostgreSQL of the test's own, to be stopped and crashed."""
        return self.add(Cluster(self.template, self.folder, name, settings))

    def database(self, cluster=None):
        """A fresh database, in the session's cluster unless another is given."""
        self._databases += 1
        cluster = cluster or self._shared_cluster()
        return cluster.create_database(f"belfry_{self.folder.name[7:]}_{self._databases}")

    def central(self, database=None, **options):
        return self.add(Central(database or self.database(), self.folder, **options))

    def beside(self, central, **options):
        """Another central on the same database, with the same token."""
        other = self.central(central.database, **{"name": "other", **options})
        other.token_path = central.token_path
        return other

    def agent(self, central=None, **options):
        return self.add(Agent(self.folder, central, **options))

    def target(self):
        return self.add(Target()).start()

    def proxy(self, upstream_port):
        return self.add(ChaosProxy(upstream_port)).start()

    def pulse(self):
        return self.add(Pulse(self.folder)).start()

    def processes(self):
        return [thing for thing in self._things if isinstance(thing, Process)]

    def tails(self):
        return "\n".join(f"{p.name}:\n{p.tail()}" for p in self.processes())

    def close(self):
        """Stops all; returns the complaints: bad ends, alarms in logs, processes left over."""
        complaints = []
        for thing in reversed(self._things):
            try:
                if isinstance(thing, Process) and thing.running():
                    thing.thaw()
                thing.stop()
            except Exception as e:
                complaints.append(str(e))
        for process in self.processes():
            complaints += [f"{process.name} logged: {line}" for line in process.alarms()[:20]]
        ends = time.monotonic() + 10  # what was killed may take a moment to be gone
        while (left := self._left_over()) and time.monotonic() < ends:
            time.sleep(0.05)
        complaints += [f"left running: {line}" for line in left]
        return complaints

    def remove(self):
        if not os.environ.get("BELFRY_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _left_over(self):
        """Processes that name our folder on their command line."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if str(self.folder) + "/" in line and "pytest" not in line:
                    found.append(f"{entry.name}: {line}")
        return found
