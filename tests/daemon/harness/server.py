"""An HTTP server on a thread of the test: what a target and a proxy have in common."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .ports import free_port


class Handler(BaseHTTPRequestHandler):
    """One connection; `serve()` is called for each request whatever its method. `self.server.owner` is the Server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        pass  # clients are killed in the middle of requests, and hung up on


class Server:
    """stop() refuses connections, start() takes them again on the same port."""

    handler = Handler

    def __init__(self):
        self.port = free_port()
        self._listener = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._listener = _Listener(("127.0.0.1", self.port), self.handler)
        self._listener.owner = self
        threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        if self._listener:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None
