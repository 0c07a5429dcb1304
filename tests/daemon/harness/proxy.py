"""A proxy between agent and central that misbehaves on order, and remembers what went through it."""
import collections
import http.client
import json
import random
import socket
import threading
import time

from .server import Handler, Server

MODES = ("pass", "reject", "blackhole", "cut", "double", "late", "stale")


class Exchange:
    """One request and what the upstream answered (status None: it did not). `mode` is what the proxy did with it."""

    __slots__ = ("path", "body", "mode", "status", "reply", "at")

    def __init__(self, path, body, mode):
        self.path, self.body, self.mode = path, body, mode
        self.status, self.reply = None, b""
        self.at = time.time()

    @property
    def records(self):
        """Of a sync."""
        return json.loads(self.body).get("records", []) if self.body else []


class _Handler(Handler):
    def setup(self):
        super().setup()
        with self.server.owner._lock:
            self.server.owner._clients.add(self.connection)

    def finish(self):
        with self.server.owner._lock:
            self.server.owner._clients.discard(self.connection)
        super().finish()

    def serve(self):
        proxy = self.server.owner
        body = self.read_body()
        exchange, cut_after = proxy._note(self.path, body)
        if exchange.mode == "reject":
            return self._hang_up()
        if exchange.mode == "blackhole":
            self.connection.recv(1)  # until the client goes away or the mode changes
            return self._hang_up()
        if exchange.mode == "late":
            threading.Timer(proxy.lag, self._deliver_late, (exchange, body)).start()
            return self._hang_up()
        try:
            reply = self._ask_upstream(body)
            if exchange.mode == "double":
                reply = self._ask_upstream(body)
        except (OSError, http.client.HTTPException):
            return self._hang_up()
        exchange.status, exchange.reply = reply.status, reply.data
        if proxy.delay:
            time.sleep(proxy.delay)
        raw = proxy._recent(self.path, _render(reply), exchange.mode == "stale")
        if exchange.mode == "cut":
            self.connection.sendall(raw[:cut_after])
            return self._hang_up()
        self.connection.sendall(raw)

    def _deliver_late(self, exchange, body):
        proxy = self.server.owner
        newer = lambda: [e for e in proxy.exchanges(self.path) if e.at > exchange.at and e.status]  # noqa: E731
        ends = time.monotonic() + 60
        while not newer() and time.monotonic() < ends:
            time.sleep(0.05)
        try:
            reply = self._ask_upstream(body)
            exchange.status, exchange.reply, exchange.at = reply.status, reply.data, time.time()
        except (OSError, http.client.HTTPException):
            pass

    def _ask_upstream(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.owner.upstream_port, timeout=60)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "content-length", "expect")}
            connection.request(self.command, self.path, body=body or None, headers=headers)
            reply = connection.getresponse()
            reply.data = reply.read()
            return reply
        finally:
            connection.close()

    def _hang_up(self):
        self.close_connection = True
        _shut(self.connection)


class ChaosProxy(Server):
    """Understands HTTP just enough to know where a request and a reply end.

    "pass"       hands everything through
    "reject"     closes the connection when a request comes; the upstream never sees it
    "blackhole"  reads requests and never answers; the upstream never sees them
    "cut"        the upstream answers (it has committed), the client gets `cut_after` bytes of the reply, then the end
    "double"     sends the request to the upstream twice, one after the other; the client gets the second reply
    "late"       hangs up on the client, and sends the request to the upstream `lag` seconds later, behind a newer one to that path
    "stale"      the upstream answers, but the client gets one of the latest four replies to that path, whichever
    `delay` seconds pass before each reply is handed on. stop() refuses connections, start() takes them again on the same port.
    `path` limits a mode to requests whose path begins with it, `times` to that many requests; then the mode is pass again.
    `only`, a function of the Exchange before it is sent on, picks the requests that the mode is for.
    """

    handler = _Handler

    def __init__(self, upstream_port):
        super().__init__()
        self.upstream_port = upstream_port
        self.delay, self.lag = 0.0, 2.0
        self.dice = random.Random(11)
        self._lock = threading.Lock()
        self._rule = ("pass", 0, None, "/", None)
        self._exchanges = []
        self._replies = {}
        self._clients = set()

    def stop(self):
        super().stop()
        self.drop_all()

    def set(self, mode, cut_after=0, times=None, path="/", only=None):
        assert mode in MODES, mode
        with self._lock:
            self._rule = (mode, cut_after, times, path, only)
        if mode != "blackhole":
            self.drop_all()  # what hung in a black hole must not hang on

    def drop_all(self):
        """Closes every open client connection, as a router that forgot its table."""
        with self._lock:
            clients, self._clients = self._clients, set()
        for s in clients:
            _shut(s)

    def exchanges(self, path="/", mode=None):
        with self._lock:
            return [e for e in self._exchanges if e.path.startswith(path) and mode in (None, e.mode)]

    def _recent(self, path, raw, stale):
        """The reply, or an earlier one in its place."""
        with self._lock:
            kept = self._replies.setdefault(path, collections.deque(maxlen=4))
            kept.append(raw)
            return self.dice.choice(kept) if stale else raw

    def _note(self, path, body):
        """The exchange with the mode that is to be applied to it."""
        exchange = Exchange(path, body, "pass")
        with self._lock:
            mode, cut_after, times, prefix, only = self._rule
            if path.startswith(prefix) and (only is None or only(exchange)):
                exchange.mode = mode
                if times is not None:
                    self._rule = (mode, cut_after, times - 1, prefix, only) if times > 1 else ("pass", 0, None, "/", None)
            self._exchanges.append(exchange)
        return exchange, cut_after


def _render(reply):
    lines = [f"HTTP/1.1 {reply.status} {reply.reason}"]
    hop_by_hop = ("connection", "content-length", "transfer-encoding", "keep-alive")
    lines += [f"{k}: {v}" for k, v in reply.getheaders() if k.lower() not in hop_by_hop]
    lines += [f"Content-Length: {len(reply.data)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.data


def _shut(s):
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
