"""belfry-agent alone with a folder of job files: kills, a failing disk, a lost database, edits, bad input."""
import json
import os
import random
import socket
import stat
import subprocess
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.ledger import instant, seconds_between
from harness.paths import program
from harness.waiting import wait_until


class Alone:
    """A standalone agent and its folder of job files."""

    def __init__(self, world, target):
        self.target = target
        self.folder = world.folder / "jobs"
        self.folder.mkdir()
        self.agent = world.agent(jobs_dir=self.folder)

    def job(self, name="each", path="/foo", schedule="* * * * * *", **members):
        text = json.dumps({"schedule": schedule, "api": self.target.url + path, **members})
        (self.folder / f"{name}.json.new").write_text(text)
        (self.folder / f"{name}.json.new").rename(self.folder / f"{name}.json")

    def ready_lines(self):
        return self.agent.log().count(": ready, ")

    def start(self):
        before = self.ready_lines()
        self.agent.start(ready=False)
        self.agent.wait_ready(lambda: self.ready_lines() > before, 30, "the agent to be ready")
        return self

    def restart_killed(self):
        self.agent.kill()
        return self.start()

    def records(self):
        """The outbox of the agent, that must be down: [(seq, record)]."""
        with_closing = self.agent.database()
        try:
            rows = with_closing.execute("SELECT seq, record FROM outbox ORDER BY seq").fetchall()
        finally:
            with_closing.close()
        return [(row["seq"], json.loads(row["record"])) for row in rows]

    def executions(self):
        return [record for _, record in self.records() if "executionId" in record]

    def wait_requests(self, n, path=None, timeout=15):
        return wait_until(lambda: len(self.target.requests(path)) >= n and self.target.requests(path), timeout,
                          f"{n} requests", explain=self.agent.tail)  # fmt: skip


@pytest.fixture
def alone(world, target):
    return Alone(world, target)


def assert_whole(records):
    """Numbered without gaps; every job's due seconds decided exactly once from its first to its last."""
    numbers = [seq for seq, _ in records]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the numbers have gaps"
    due = defaultdict(Counter)
    for _, record in records:
        if "executionId" in record:
            due[record["jobId"]][instant(record["scheduledAt"])] += 1
    for job, decided in due.items():
        expected = seconds_between(min(decided), max(decided))
        assert [t for t in expected if decided[t] != 1] == [], f"{job}: decided not exactly once"
    return due


def test_jobs_of_the_folder_run_on_time_and_a_clean_stop_leaves_all_in_the_outbox(alone, pulse):
    alone.job()
    alone.start().wait_requests(3)
    alone.agent.stop()
    records = alone.records()
    assert_whole(records)
    executions = alone.executions()
    assert {e["executionId"] for e in executions} == set(alone.target.keys())
    assert all(e["status"] == "success" and e["latenessMs"] < pulse.allows(100) for e in executions), executions


def listening_tcp(pid):
    """Inodes of listening TCP sockets of that process."""
    listening = set()
    for table in ("tcp", "tcp6"):
        rows = [line.split() for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
        listening |= {row[9] for row in rows if row[3] == "0A"}
    own = {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.exists() or fd.is_symlink()}
    return {inode for inode in listening if f"socket:[{inode}]" in own}


def test_it_listens_on_no_port_and_its_socket_is_its_owners_alone(alone):
    alone.job()
    alone.start().wait_requests(2)
    with socket.create_server(("127.0.0.1", 0)):
        assert listening_tcp(os.getpid()), "listening sockets are not found"
    assert not listening_tcp(alone.agent.pid)
    assert stat.S_IMODE(alone.agent.socket.stat().st_mode) == 0o600


def test_edits_and_deletions_of_files_take_effect_within_a_second(alone):
    alone.job()
    alone.start().wait_requests(1, "/foo")
    for edit in range(10):  # the best of some: the machine may be busy
        alone.job(path=f"/edit{edit}")
        written = time.time()
        if alone.wait_requests(1, f"/edit{edit}")[0].sent - written < 2.1:
            break
    else:
        raise AssertionError("no edit took effect within a second")
    (alone.folder / "each.json").unlink()
    wait_until(lambda: alone.agent.get("/jobs")["jobs"] == [], 5, "the job to be gone", explain=alone.agent.tail)
    gone = time.time()
    time.sleep(3)  # silence is what is measured
    assert [r for r in alone.target.requests() if r.sent > gone] == []


def test_a_bad_file_is_one_clear_line_and_the_last_good_version_stays_in_force(alone):
    alone.job()
    alone.start().wait_requests(1)
    alone.job(schedule="61 * * * *")
    wait_until(lambda: "each.json: /schedule: " in alone.agent.log(), 5, "the line about the file")
    alone.target.clear()
    alone.wait_requests(2)
    lines = [line for line in alone.agent.log().splitlines() if "each.json" in line]
    assert len(lines) == 1, lines
    alone.restart_killed().wait_requests(5)


def test_an_unfinished_run_is_tried_again_after_a_kill_under_the_same_key(alone):
    def hang_first(request, handler):
        return 200 if request is not alone.target.requests()[0] else time.sleep(120)

    alone.target.behave(hang_first)
    alone.job(path="/again", concurrency="queue", timeoutMs=100000)
    alone.start().wait_requests(1)
    alone.restart_killed()
    requests = alone.wait_requests(2)
    assert requests[1].key == requests[0].key


def test_an_unfinished_at_most_once_run_is_interrupted_and_never_tried_again(alone):
    alone.target.behave(lambda request, handler: time.sleep(120) if request is alone.target.requests()[0] else 200)
    alone.job(type="ATMOST_ONCE", timeoutMs=100000)
    first = alone.start().wait_requests(1)[0]
    alone.restart_killed().wait_requests(4)
    alone.agent.stop()
    assert alone.target.keys()[first.key] == 1
    states = {e["executionId"]: e["status"] for e in alone.executions()}
    assert states[first.key] == "interrupted"
    assert max(alone.target.keys().values()) == 1


def test_a_running_attempt_may_end_before_the_stop(alone):
    stopping = lambda: "stopping" in alone.agent.log()  # noqa: E731
    alone.target.behave(lambda request, handler: wait_until(stopping, 20, "the stop to begin") and (time.sleep(0.5) or 200))
    alone.job(concurrency="forbid", timeoutMs=60000)
    first = alone.start().wait_requests(1)[0]
    alone.agent.stop()
    states = {e["executionId"]: e["status"] for e in alone.executions()}
    assert states[first.key] == "success"
    sent = len(alone.target.requests())
    time.sleep(1)
    assert len(alone.target.requests()) == sent == 1, "something was started during the stop"


def test_what_waits_for_its_turn_at_a_stop_has_it_after_the_next_start_also_at_most_once(alone):
    stopping = lambda: "stopping" in alone.agent.log()  # noqa: E731
    alone.target.behave(lambda request, handler: wait_until(stopping, 20, "the stop to begin") and 200)
    alone.job(type="ATMOST_ONCE", concurrency="queue", queueMax=100, timeoutMs=60000)
    alone.start().wait_requests(1)
    wait_until(lambda: alone.agent.get("/jobs")["jobs"][0]["state"]["waiting"] >= 3, 20, "three runs to wait")
    alone.agent.stop()
    assert len(alone.target.requests()) == 1
    alone.start().wait_requests(8)
    alone.agent.stop()
    assert {e["status"] for e in alone.executions()} <= {"success", "missed"}
    assert max(alone.target.keys().values()) == 1
    ran = sorted(instant(e["scheduledAt"]) for e in alone.executions() if e["status"] == "success")
    assert ran[:4] == seconds_between(ran[0], ran[3]), "of those that waited none is missing"


def test_thirty_kills_lose_and_double_nothing(alone):
    dice = random.Random(7)
    alone.target.behave(lambda request, handler: time.sleep(0.02) or 200)
    for n in range(20):
        alone.job(f"job{n}", jitterMs=900, retry={"maxAttempts": 100, "initialBackoffMs": 10})
    alone.start().wait_requests(20)
    for n in range(30):
        time.sleep(dice.uniform(0, 0.7))
        alone.agent.kill()
        alone.agent.start(ready=False)
    answer = threading.Event()  # the last kill hits a request on its way for certain
    alone.target.behave(lambda request, handler: answer.wait(60) and 200)
    alone.wait_requests(len(alone.target.requests()) + 1)
    alone.agent.kill()
    answer.set()
    alone.start()
    time.sleep(3)
    alone.agent.stop()
    assert_whole(alone.records())
    executions = alone.executions()
    assert {e["status"] for e in executions} == {"success"}
    assert {e["executionId"] for e in executions} <= set(alone.target.keys())
    assert sum(n - 1 for n in alone.target.keys().values()) > 0, "no kill hit a request on its way"


@contextmanager
def under_strace(agent, folder, inject):
    """The next start of the agent is traced; yields the file of the trace."""
    trace = folder / "trace"
    agent.wrapper = ["strace", "-f", "-o", str(trace), "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}"]
    try:
        yield trace
    finally:
        agent.wrapper = []


def test_a_kill_at_each_fsync_loses_nothing(alone, world):
    for n in range(6):  # spread over the second: more to write down, so that the n-th fsync comes soon
        alone.job(f"job{n}", jitterMs=900)
    alone.start().wait_requests(1)
    alone.agent.kill()
    killed = 0
    for n in range(1, 13):
        with under_strace(alone.agent, world.folder, f"fdatasync:signal=KILL:when={n}"):
            alone.agent.start(ready=False)
            wait_until(lambda: not alone.agent.running(), 20, f"the kill at fsync {n}")
            killed += 1
            alone.agent.kill()
    assert killed == 12
    alone.start()
    time.sleep(2.5)
    alone.agent.stop()
    assert_whole(alone.records())
    assert {e["executionId"] for e in alone.executions()} <= set(alone.target.keys())


def test_a_failed_fsync_is_healed_without_a_restart(alone, world):
    alone.job()
    alone.agent.allow("the store could not write|suspect")
    with under_strace(alone.agent, world.folder, "fdatasync:error=EIO:when=12..14") as trace:
        alone.start()
        wait_until(lambda: "the database is good again" in alone.agent.log(), 30, "the healing", explain=alone.agent.tail)
        assert "EIO" in trace.read_text() and "(INJECTED)" in trace.read_text()
        alone.target.clear()
        alone.wait_requests(3)
    pid = int(subprocess.run(["pgrep", "-P", str(alone.agent.pid)], capture_output=True, text=True).stdout.split()[0])
    subprocess.run(["kill", "-TERM", str(pid)], check=True)
    alone.agent.wait(15)
    alone.agent.kill()
    assert_whole(alone.records())
    assert "result=uncertain" in alone.agent.log()
    assert any(record.get("event") == "storeFailed" for _, record in alone.records())


def test_a_corrupt_database_is_set_aside_and_the_jobs_go_on(alone):
    alone.job()
    alone.start().wait_requests(1)
    alone.agent.stop()
    with open(alone.agent.state / "agent.db", "r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 8192)
    alone.target.clear()
    alone.start().wait_requests(2)
    assert list(alone.agent.state.glob("agent.db.bad-*"))
    alone.agent.stop()
    assert alone.records()[0][1]["event"] == "databaseLost"


def test_a_database_deleted_under_way_is_made_anew_by_the_same_process(alone):
    alone.job()
    alone.start().wait_requests(1)
    pid = alone.agent.pid
    (alone.agent.state / "agent.db").unlink()
    wait_until(lambda: alone.ready_lines() == 2, 20, "the second life", explain=alone.agent.tail)
    alone.target.clear()
    alone.wait_requests(2)
    assert alone.agent.pid == pid
    alone.agent.stop()
    assert alone.records()[0][1]["event"] == "databaseLost"


@pytest.fixture
def small_disk(alone):
    """The state folder on a disk of its own, of 6 MB."""
    alone.agent.state.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(alone.agent.state)], check=True)
    yield alone.agent.state
    alone.agent.kill()
    subprocess.run(["umount", str(alone.agent.state)], check=True)


def test_a_full_disk_stops_nothing_for_good(alone, small_disk):
    alone.job()
    alone.start().wait_requests(1)
    filler = small_disk / "filler"
    try:
        with open(filler, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
    except OSError:
        pass
    wait_until(lambda: not (small_disk / "ballast").exists(), 60, "the ballast to be given up", explain=alone.agent.tail)
    with open(filler, "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    time.sleep(5)
    assert alone.agent.running()
    filler.unlink()
    alone.target.clear()
    alone.wait_requests(2, timeout=30)
    alone.agent.stop()
    assert_whole(alone.records())


def test_a_second_agent_with_the_same_state_is_turned_away(alone):
    alone.job()
    alone.start()
    second = alone.agent.run("run")
    assert second.returncode == 1
    assert "another belfry-agent" in second.stderr and "state_dir" in second.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jobs_dir": None}, ["central_url", "jobs_dir"]),
        ({"max_open_transfers": 0}, ["agent.conf:", "max_open_transfers: 0 is outside"]),
        ({"max_open": 3}, ["agent.conf:", "max_open"]),
        ({"central_url": "ftp://somewhere"}, ["central_url", "ftp://somewhere"]),
        ({"central_url": "http://127.0.0.1:1"}, ["jobs_dir"]),
        ({"egress_deny": "10.0.0.0/99"}, ["egress_deny", "10.0.0.0/99"]),
        ({"name": "a b"}, ["name"]),
    ],
)
def test_bad_configuration_is_one_line_and_exit_2(alone, changes, words):
    alone.agent.write_config(**changes)
    done = alone.agent.run("run")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and all(word in lines[0] for word in words), lines
    assert list(alone.agent.state.iterdir()) == []


def test_the_printed_configuration_loads_back(alone, world):
    printed = alone.agent.run("--print-config")
    assert printed.returncode == 0
    copy = world.folder / "copy.conf"
    copy.write_text(printed.stdout)
    again = subprocess.run([program("belfry-agent"), "--config", copy, "--print-config"], capture_output=True, text=True)
    assert again.stdout == printed.stdout


@pytest.mark.parametrize("words", [["walk"], ["run", "enroll"], ["--token", "x"], ["--strange"], ["enroll"]])
def test_a_wrong_command_line_is_one_line_and_exit_2(alone, words):
    done = alone.agent.run(*words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
