"""A private PostgreSQL cluster: real server programs, real fsync, only on 127.0.0.1."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg2

from .paths import postgres_bin
from .ports import free_port
from .process import Process


def _as_server_user():
    """PostgreSQL refuses to run as root: the words in front of its programs."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def make_template(folder):
    """One initdb for a whole session; clusters are copies of it."""
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    done = subprocess.run(
        _as_server_user()
        + [postgres_bin() / "initdb", "--no-sync", "--auth=trust", "--username=belfry", "--encoding=UTF8", "--locale=C.UTF-8",
           "-D", folder / "data"],
        capture_output=True, text=True, cwd="/",
    )
    assert done.returncode == 0, f"initdb failed: {done.stderr}"
    return folder / "data"


class Cluster(Process):
    """A server with its own port and data. start, stop (fast), crash (immediate stop), kill (-9), restart."""

    stop_timeout = 300.0

    def __init__(self, template, folder, name="postgres", settings=None):
        folder = Path(folder)
        self.data = folder / f"{name}-data"
        self.port = free_port()
        if not self.data.exists():  # a bench goes on with what an earlier run has filled
            shutil.copytree(template, self.data)
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", "postgres:postgres", self.data], check=True)
        self._configure({"max_connections": 200, "shared_buffers": "64MB", **(settings or {})})
        command = _as_server_user() + [postgres_bin() / "postgres", "-D", self.data]
        super().__init__(name, command, folder)
        self.allow(r"terminating|LOG:|DETAIL:|FATAL:|STATEMENT:|ERROR:|HINT:|CONTEXT:")  # its own words are not ours

    def _configure(self, settings):
        lines = [
            f"port = {self.port}",
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "log_timezone = 'UTC'",
            "timezone = 'UTC'",
            *(f"{key} = '{value}'" for key, value in settings.items()),
        ]
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write("\n".join(lines) + "\n")

    def set(self, **settings):
        """Changes settings of the running server."""
        self._configure(settings)
        self.signal(signal.SIGHUP)

    def start(self):
        super().start()
        self.wait_ready(lambda: self.query("SELECT 1") == [(1,)], 60, "PostgreSQL to take connections")
        return self

    def stop(self, expect=0):
        """A fast stop: running transactions are rolled back."""
        if self.popen is None:
            return
        if self.running():
            self.signal(signal.SIGINT)
        code = self.popen.wait(self.stop_timeout)
        self.popen = None
        assert expect is None or code == expect, f"PostgreSQL ended with {code}\n{self.tail()}"

    def crash(self):
        """pg_ctl stop -m immediate: no checkpoint, recovery at the next start."""
        self.signal(signal.SIGQUIT)
        self.popen.wait(self.stop_timeout)
        self.popen = None

    def create_database(self, name):
        self.execute(f'CREATE DATABASE "{name}"')
        return Database(self, name)

    def connect(self, database="postgres", autocommit=True):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="belfry", dbname=database, connect_timeout=30)
        connection.autocommit = autocommit
        return connection

    def query(self, sql, parameters=None, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall()
        finally:
            connection.close()

    def execute(self, sql, parameters=None, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
        finally:
            connection.close()


class Database:
    """One database of a cluster: what a central is pointed at."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    @property
    def conninfo(self):
        """A busy machine may take longer to begin a server process than the two seconds after which central says that it is away."""
        return f"host=127.0.0.1 port={self.cluster.port} user=belfry dbname={self.name} connect_timeout=20"

    def query(self, sql, parameters=None):
        return self.cluster.query(sql, parameters, self.name)

    @contextlib.contextmanager
    def snapshot(self):
        """query() as above, of one moment, however many queries."""
        connection = self.connect(autocommit=False)
        try:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection.cursor() as cursor:
                def query(sql, parameters=None):
                    cursor.execute(sql, parameters)
                    return cursor.fetchall()
                yield query
        finally:
            connection.close()

    def execute(self, sql, parameters=None):
        self.cluster.execute(sql, parameters, self.name)

    def connect(self, autocommit=True):
        return self.cluster.connect(self.name, autocommit)
