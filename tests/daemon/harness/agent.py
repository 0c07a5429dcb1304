"""belfry-agent as a process of its own, and a client for its local API on the unix socket."""
import http.client
import json
import socket
import sqlite3

from .daemon import Daemon


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("agent", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class LocalReply:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    def json(self):
        return json.loads(self.text)


class Agent(Daemon):
    """`central` may be a Central, the URL of an agent listener (for example of a proxy), or None: standalone."""

    def __init__(self, folder, central=None, name="agent", wrapper=(), env=None, **options):
        self.central = central
        self.state = folder / f"{name}-state"
        self.socket = self.state / "agent.sock"
        options = {"state_dir": self.state, "name": name, "central_url": self.central_url(central), **options}
        super().__init__(name, "run", folder, "agent", options, env, wrapper)
        self.state.mkdir(mode=0o700)

    @staticmethod
    def central_url(central):
        return None if central is None else getattr(central, "agent_url", central)

    def enrol(self, token=None, url=None):
        """With a one-time token of its central, unless another is given."""
        token = token or self.central.api.enrol_token()
        done = self.run("enroll", "--central", url or self.options["central_url"], "--token", token, "--name", self.name)
        assert done.returncode == 0, f"belfry-agent enroll: {done.returncode}\n{done.stderr}"
        return self

    @property
    def enrolled(self):
        return (self.state / "agent.key").exists()

    def start(self, ready=True):
        """Enrols first when that was not done; waits until the local API answers."""
        if self.central is not None and not self.enrolled:
            self.enrol()
        super().start()
        if ready:
            self.wait_ready(lambda: self.local("GET", "/healthz").status == 200, 30, "the agent's local API")
        return self

    def local(self, method, path, body=None, timeout=30):
        """A request to the local API."""
        connection = _UnixConnection(self.socket, timeout)
        try:
            connection.request(method, path, body=body)
            reply = connection.getresponse()
            return LocalReply(reply.status, dict(reply.getheaders()), reply.read().decode(errors="replace"))
        finally:
            connection.close()

    def get(self, path):
        reply = self.local("GET", path)
        assert reply.status == 200, f"GET {path} of {self.name}: {reply.status} {reply.text}"
        return reply.json()

    def status(self):
        return self.get("/status")

    def database(self):
        """A read-only look into agent.db. Only while the agent is down: SQLite allows one connection to the file."""
        assert not self.running(), "the agent still runs"
        connection = sqlite3.connect(f"file:{self.state / 'agent.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        return connection

    def outbox(self, what):
        """The records in the outbox of an agent that is down, without a gap and without a loss of the store."""
        connection = self.database()
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok", what
            rows = connection.execute("SELECT seq, record FROM outbox ORDER BY seq").fetchall()
        finally:
            connection.close()
        assert not list(self.state.glob("agent.db.bad-*")), f"{what}: a kill left a database that counts as damaged"
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), what
        records = [json.loads(row["record"]) for row in rows]
        assert not [r for r in records if r.get("event") in ("databaseLost", "storeFailed")], what
        return records
