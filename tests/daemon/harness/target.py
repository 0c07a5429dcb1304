"""A target: an HTTP server that writes down every request it gets and can be told to misbehave."""
import json
import threading
import time
from datetime import datetime

from .server import Handler, Server


class Request:
    """One request as it came in. started: first byte seen; finished: reply written (None while it runs)."""

    __slots__ = ("method", "path", "headers", "body", "started", "finished")

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.started = time.time()
        self.finished = None

    @property
    def key(self):
        return self.headers.get("Idempotency-Key")

    def json(self):
        return json.loads(self.body)

    @property
    def due(self):
        """By its default body, in seconds since 1970: when the fire was due."""
        return self._told("scheduledTime")

    @property
    def sent(self):
        """When the agent sent it, by the agent's clock: what a busy target notes down late was not sent late."""
        return self._told("executionTime")

    def _told(self, name):
        return datetime.fromisoformat(self.json()[name].replace("Z", "+00:00")).timestamp()

    def __repr__(self):
        return f"<{self.method} {self.path} {self.key} at {self.started:.3f}>"


class _Handler(Handler):
    wbufsize = -1

    def serve(self):
        request = Request(self.command, self.path, dict(self.headers.items()), self.read_body())
        self.server.owner.note(request)
        status, headers, reply = self.server.owner.answer(request, self)
        if status is None:  # the behaviour wrote to the connection itself
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)
        self.wfile.flush()
        request.finished = time.time()


class Target(Server):
    """`behave(function)`: function(request, handler) returns a status, or (status, headers, body), or None when it wrote
    to handler.connection itself. `delay` seconds pass before each reply."""

    handler = _Handler

    def __init__(self):
        super().__init__()
        self.delay = 0.0
        self.behaviour = None
        self._requests = []
        self._lock = threading.Lock()

    def behave(self, function):
        self.behaviour = function

    def note(self, request):
        with self._lock:
            self._requests.append(request)

    def answer(self, request, handler):
        if self.delay:
            time.sleep(self.delay)
        result = self.behaviour(request, handler) if self.behaviour else 200
        if result is None:
            return None, {}, b""
        if isinstance(result, int):
            result = (result, {"Content-Type": "text/plain"}, b"ok\n")
        return result

    def requests(self, path=None):
        """A copy of what came in so far."""
        with self._lock:
            return [r for r in self._requests if path is None or r.path == path]

    def keys(self, path=None):
        """Idempotency-Keys with how often each came."""
        seen = {}
        for request in self.requests(path):
            seen[request.key] = seen.get(request.key, 0) + 1
        return seen

    def clear(self):
        with self._lock:
            self._requests.clear()
