"""belfry-central as a process of its own, with its token and an API client."""
from .api import Api
from .daemon import Daemon
from .ports import free_port


class Central(Daemon):
    def __init__(self, database, folder, name="central", wrapper=(), env=None, **options):
        self.database = database
        self.ca = None  # with tls_certificate: the PEM file of who signed it
        self.api_port, self.agent_port = free_port(), free_port()
        self.token_path = folder / f"{name}.admin-token"
        options = {
            "api_listen": f"127.0.0.1:{self.api_port}",
            "agent_listen": f"127.0.0.1:{self.agent_port}",
            "database": database.conninfo,
            **options,
        }
        super().__init__(name, "serve", folder, "central", options, env, wrapper)

    def init(self):
        done = self.run("init", "--token-file", str(self.token_path))
        assert done.returncode == 0, f"belfry-central init: {done.returncode}\n{done.stderr}"
        return self

    @property
    def token(self):
        return self.token_path.read_text().strip()

    @property
    def scheme(self):
        return "https" if self.options.get("tls_certificate") else "http"

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.api_port}"

    @property
    def agent_url(self):
        return f"{self.scheme}://127.0.0.1:{self.agent_port}"

    @property
    def api(self):
        """A client with the admin token. Each call makes a new one, so that threads can have their own."""
        return Api(self.url, self.token if self.token_path.exists() else None, self.ca)

    def start(self, ready=True):
        """Makes the first admin token when there is none yet; waits for /readyz unless ready is False."""
        if ready and not self.token_path.exists():
            self.init()
        super().start()
        path = "/readyz" if ready else "/healthz"
        # Each listener has connections of its own, and the first may take a busy machine more than the second that a request waits.
        both = ready and not self.options.get("tls_client_ca")
        probes = [Api(url, ca=self.ca) for url in ([self.url, self.agent_url] if both else [self.url])]
        self.wait_ready(lambda: all(probe.get(path, timeout=10).status_code == 200 for probe in probes), 30, f"central to answer {path}")
        return self
