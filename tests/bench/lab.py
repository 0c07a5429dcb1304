"""What the benches share: a target that costs little, an agent with any number of jobs, its records, its costs."""
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "daemon"))
from harness.ports import free_port  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else float("nan")


def wait_for(predicate, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = predicate()
        if value:
            return value
        time.sleep(0.05)
    raise SystemExit(f"bench: {what} did not come within {seconds} s")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Lab:
    """A temporary folder and the processes started in it; leaves nothing behind."""

    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="belfry-bench-"))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command, log, **options):
        with open(self.folder / log, "ab") as out:
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=out, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def nginx(self):
        """The cheapest target there is; returns its URL."""
        if shutil.which("nginx") is None:
            raise SystemExit("bench: the target is nginx, which is not here: apt-get install nginx-light")
        port = free_port()
        place = self.folder / "nginx"
        place.mkdir()
        place.chmod(0o777)
        self.folder.chmod(0o755)
        text = (ROOT / "tests/bench/nginx.conf").read_text().replace("127.0.0.1:4480", f"127.0.0.1:{port}")
        (place / "nginx.conf").write_text(text)
        self.start(["nginx", "-p", place, "-c", place / "nginx.conf", "-e", "stderr"], "nginx.log")
        wait_for(lambda: listens(port), 10, "nginx")
        return f"http://127.0.0.1:{port}/foo"

    def target(self):
        """The demo target, for /hang and its like; returns its base URL."""
        port = free_port()
        self.start([self.build / "belfry-target", "--port", port], "target.log")
        wait_for(lambda: listens(port), 10, "belfry-target")
        return f"http://127.0.0.1:{port}"

    def agent(self, name="agent", **options):
        return Agent(self, name, options)

    def run(self, *command):
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


class Agent:
    """An agent whose central is away. Its job set is written straight into its database, as a sync would have left it."""

    def __init__(self, lab, name, options):
        self.lab, self.name = lab, name
        self.state = lab.folder / name
        self.state.mkdir(mode=0o700)
        self.config = lab.folder / f"{name}.conf"
        # A central that is away: the agent keeps the job set it has.
        (self.state / "agent.key").write_text("[agent]\nid=00000000-0000-4000-8000-000000000001\nkey=bench\nname=bench\n"
                                              "central=http://127.0.0.1:9\n")
        (self.state / "agent.key").chmod(0o600)
        settings = {"central_url": "http://127.0.0.1:9", "state_dir": self.state, "name": name, "history_rows": 100000000, "max_waiting_per_target": 1000000,
                    "max_fires": 1000000, **options}
        self.config.write_text("[agent]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))
        self.process = None

    def start(self):
        self.began = time.time()
        self.process = self.lab.start([self.lab.build / "belfry-agent", "--config", self.config, "run"], f"{self.name}.log")
        wait_for(lambda: "ready," in self.log() or self.process.poll() is not None, 60, "the agent")
        assert self.process.poll() is None, self.log()
        return self

    def log(self):
        path = self.lab.folder / f"{self.name}.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def database(self):
        return sqlite3.connect(self.state / "agent.db")

    def with_jobs(self, jobs):
        """(id, definition) pairs; the agent must have no job yet. Makes the database by a first short life."""
        self.start()
        self.stop()
        (self.lab.folder / f"{self.name}.log").unlink()
        since = int(time.time() * 1e6)
        with self.database() as database:
            database.executemany(
                "INSERT INTO job (id, revision, definition, target_key, since, since_epoch, anchor) VALUES (?, 1, ?, '', ?, 0, ?)",
                ((job_id, json.dumps(definition), since, since) for job_id, definition in jobs),
            )
        database.close()
        return self

    def records(self):
        """All executions in the outbox; the agent must have stopped."""
        database = self.database()
        rows = [json.loads(row[0]) for row in database.execute("SELECT record FROM outbox")]
        database.close()
        return [row for row in rows if "executionId" in row]

    def memory_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise SystemExit("bench: no VmRSS")

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
