"""Targets that hang, trickle, flood, lie and redirect: they cost their own job its time, no other job anything, and bounded memory."""
import json
import socket
import threading
import time

import pytest

from harness.paths import program, sanitized
from harness.waiting import wait_until

MEMORY_MAX = 96 * 1024 * 1024
LATENESS_MAX_MS = 250


class Toy:
    """belfry-target as a process, on a port of its own."""

    def __init__(self, world):
        port_file = world.folder / "target.port"
        self.process = world.process("target", [program("belfry-target"), "--port", "0", "--port-file", port_file])
        self.process.start()
        wait_until(lambda: port_file.exists() and port_file.read_text().strip() != "", 10, "the target's port")
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"


@pytest.fixture
def toy(world):
    return Toy(world)


def write_job(world, name, **definition):
    folder = world.folder / "jobs"
    folder.mkdir(exist_ok=True)
    text = json.dumps({"schedule": "* * * * * *", "retry": {"maxAttempts": 1}, **definition})
    (folder / f"{name}.json.new").write_text(text)
    (folder / f"{name}.json.new").rename(folder / f"{name}.json")


def standalone(world, **options):
    return world.agent(None, jobs_dir=world.folder / "jobs", **options).start()


def executions(agent, job_id, limit=100):
    return agent.get(f"/executions?jobId={job_id}&limit={limit}")["executions"]


def peak_memory(agent):
    lines = agent.local("GET", "/metrics").text.splitlines()
    return int(next(line for line in lines if line.startswith("belfry_agent_memory_peak_bytes ")).split()[1])


HOSTILE = {
    "hang": ("/hang", "timeout", "no answer within"),
    "trickle": ("/trickle", "timeout", "no answer within"),
    "endless": ("/endless", "success", None),
    "big": ("/big/100000000", "success", None),
    "bomb": ("/bomb", "success", None),
    "headers": ("/headers", "failed", "the response headers are too large"),
    "close": ("/close", "failed", "broke"),
    "redirect": ("/redirect?to=http://169.254.169.254/", "failed", "302"),
}


def test_hostile_targets_delay_no_other_job_and_cost_bounded_memory(world, toy, pulse):
    for name, (path, status, _) in HOSTILE.items():
        write_job(world, name, api=toy.url + path, timeoutMs=3000 if status == "timeout" else 60000)
    write_job(world, "denied", api="http://169.254.169.254/latest")
    write_job(world, "good", api=toy.url + "/good")
    agent = standalone(world)
    wait_until(lambda: len(executions(agent, "good")) >= 12, 40, "twelve runs of the good job")
    wait_until(lambda: executions(agent, "hang") and executions(agent, "trickle"), 20, "time-outs")
    for name, (_, status, words) in HOSTILE.items():
        found = wait_until(lambda: executions(agent, name), 20, f"an execution of {name}", explain=agent.tail)
        for execution in found:
            assert execution["status"] == status, f"{name}: {execution}"
            assert words is None or words in json.dumps(execution), f"{name}: {execution}"
            assert len(execution.get("responseBody", "")) <= 3 * 4096
    for execution in executions(agent, "denied"):
        assert execution["status"] == "failed" and "link-local" in json.dumps(execution)
    good = executions(agent, "good")
    assert all(e["status"] == "success" and e["attempts"] == 1 for e in good), good
    assert max(e["latenessMs"] for e in good) < pulse.allows(LATENESS_MAX_MS)
    seconds = sorted(e["scheduledAt"] for e in good)
    assert len(set(seconds)) == len(seconds)
    assert sanitized() or peak_memory(agent) < MEMORY_MAX


def test_many_hanging_attempts_leave_room_for_another_target(world, toy, pulse):
    other = world.target()
    for i in range(40):
        write_job(world, f"hang{i:02}", api=toy.url + "/hang", timeoutMs=600000)
    write_job(world, "good", api=other.url + "/good")
    agent = standalone(world, max_open_transfers=128, max_open_per_target=64)
    wait_until(lambda: agent.status()["counts"]["running"] >= 64, 20, "the hanging target's places to be taken")
    wait_until(lambda: len(executions(agent, "good")) >= 8, 30, "eight runs of the good job")
    assert agent.status()["counts"]["running"] <= 66
    assert max(e["latenessMs"] for e in executions(agent, "good")) < pulse.allows(LATENESS_MAX_MS)


class RawServer:
    """Answers each connection with fixed bytes, again and again, and reads nothing after the first."""

    def __init__(self, answer, times=1):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer, self.times, self.connections = answer, times, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                connection.recv(65536)
                for _ in range(self.times):
                    connection.sendall(self.answer)
        except OSError:
            pass

    def close(self):
        self.listener.close()


RAW = {
    "nothing": (b"", 1),
    "garbage": (b"\x00\xff\x16\x03\x01" * 100, 1),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n", 100000),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 10, 1),
    "chunk-size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 1),
    "long-line": (b"HTTP/1.1 200 " + b"x" * 200000, 1),
    "coded": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1),
}


def test_answers_that_are_no_http_are_failures_and_no_more(world, toy):
    servers = {name: RawServer(*row) for name, row in RAW.items()}
    for name, server in servers.items():
        write_job(world, name, api=server.url + "/", timeoutMs=60000)
    agent = standalone(world)
    for name in servers:
        found = wait_until(lambda: executions(agent, name), 30, f"an execution of {name}")
        assert all(e["status"] == "failed" for e in found), f"{name}: {found}"
        assert all(e.get("error") or e.get("reason") for e in found), f"{name}: {found}"
    assert sanitized() or peak_memory(agent) < MEMORY_MAX
    for server in servers.values():
        server.close()


def test_the_local_api_survives_rude_clients(world, toy, pulse):
    write_job(world, "good", api=toy.url + "/good")
    agent = standalone(world)
    silent = []
    for i in range(60):
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        client.connect(str(agent.socket))
        client.send([b"", b"GET /status HTTP/1.1\r\nX: ", b"\xff" * 5000, b"GET /executions HTTP/1.1\r\n\r\n"][i % 4])
        silent.append(client)
        if i % 4 == 3:
            client.close()
    begin = time.monotonic()
    assert agent.local("GET", "/healthz", timeout=120).status == 200
    assert time.monotonic() - begin < pulse.allows(25000) / 1000
    for client in silent:
        client.close()
    wait_until(lambda: len(executions(agent, "good")) >= 3, 20, "the good job to go on")
    assert max(e["latenessMs"] for e in executions(agent, "good")) < pulse.allows(LATENESS_MAX_MS)
