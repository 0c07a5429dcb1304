"""Disks that fail, hang, fill up and lose what is on them, below an agent with a real central."""
import os
import time

import pytest

from harness.disk import fill, free_bytes, remount
from harness.ledger import instant
from harness.syscalls import Injection
from harness.waiting import wait_until

pytestmark = pytest.mark.long

STORE_WORDS = "the store could not write|suspect|the database is lost|cannot be opened"


def fires_again(fleet, agent, n=3, timeout=30):
    since = time.time()
    wait_until(lambda: len(fleet.requests_of(agent, since)) >= n, timeout, f"{agent.name} to fire", explain=agent.tail)


@pytest.mark.parametrize(("call", "error"), [("fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "EROFS"), ("pwrite64", "ENOSPC")])
def test_each_of_the_first_calls_to_the_disk_may_fail_and_nothing_is_lost(world, fleet, call, error):
    for n in range(3):
        fleet.add(f"agent-{n}", jobs=4).allow(STORE_WORDS)
    fleet.start()
    failed = []

    def fail_one_after_the_other(agent):
        for n in range(fleet.agents.index(agent) + 1, 13, len(fleet.agents)):
            injection = Injection(agent, "store", call, f"error={error}:when={n}", world.folder)
            try:
                wait_until(injection.injected, 20, f"{call} {n} of {agent.name} to fail", explain=agent.tail)
            finally:
                injection.detach()
            wait_until(lambda: agent.status()["store"]["healthy"], 20, f"{agent.name} to heal", explain=agent.tail)
            fires_again(fleet, agent, 2)
            failed.append(n)

    fleet.in_parallel(fail_one_after_the_other)
    assert sorted(failed) == list(range(1, 13))
    assert all("the store could not write" in agent.log() for agent in fleet.agents), "no failure was noticed"
    fleet.check()


def test_a_disk_that_fails_for_seconds_heals_without_a_restart(world, fleet):
    """All writes fail, then all syncs, then everything: more than one attempt to open the database anew fails."""
    agents = {calls: fleet.add(f"agent-{n}") for n, calls in enumerate(["pwrite64", "fdatasync", "pwrite64,fdatasync,pread64"])}
    for agent in agents.values():
        agent.allow(STORE_WORDS)
    fleet.start()
    injections = [Injection(agent, "store", calls, "error=EIO", world.folder) for calls, agent in agents.items()]
    pids = [agent.pid for agent in fleet.agents]
    try:
        for agent in fleet.agents:
            wait_until(lambda: not agent.status()["store"]["healthy"], 10, "the failure to show in /status", explain=agent.tail)
        time.sleep(5)
        assert all(agent.running() and not agent.status()["store"]["healthy"] for agent in fleet.agents)
    finally:
        for injection in injections:
            injection.detach()
    assert all(injection.injected() for injection in injections)
    for agent in fleet.agents:
        wait_until(lambda: agent.status()["store"]["healthy"], 15, f"{agent.name} to heal", explain=agent.tail)
        fleet.wait_event(agent, "storeFailed")
    assert [agent.pid for agent in fleet.agents] == pids
    fleet.check(timeout=60)


def test_on_a_slow_disk_fires_are_a_little_late_and_none_is_lost(world, fleet, pulse):
    agent = fleet.add("agent", jobs=6)
    fleet.start()
    injection = Injection(agent, "store", "fdatasync", "delay_enter=200000", world.folder)
    began = time.time()
    wait_until(lambda: len(fleet.requests_of(agent, began)) >= 60 and injection.injected() >= 20, 30, "ten seconds of fires, and a slow disk",
               explain=agent.tail)
    injection.detach()
    executions, _ = fleet.check()
    # The intent is on the disk 250 ms before it is due; with one sync under way, its own takes up to 400 ms.
    slow = [e["latenessMs"] for e in executions if began < instant(e["scheduledAt"]).timestamp() < began + 10]
    assert len(slow) >= 50 and max(slow) < pulse.allows(1900), max(slow)  # 900 of it is jitter


def test_a_full_disk_loses_nothing_and_all_goes_on_when_there_is_space(world, central, fleet, disk):
    """Central is away meanwhile: nothing of the outbox can go."""
    agent = world.agent(central, name="agent")
    disk(agent.state)
    agent.allow(STORE_WORDS)
    fleet.add("agent", jobs=6, agent=agent)
    fleet.start()
    central.stop()
    fill(agent.state)
    wait_until(lambda: agent.status()["store"]["failures"] > 0 and (fill(agent.state) or not (agent.state / "ballast").exists()), 60,
               "the disk to be full, the ballast given up", explain=agent.tail)  # fmt: skip

    def stands_still():
        fill(agent.state)
        return not agent.status()["store"]["healthy"]

    wait_until(stands_still, 30, "the agent to stop firing what it cannot write down", explain=agent.tail)
    assert free_bytes(agent.state) == 0
    pid, sent = agent.pid, len(fleet.requests_of(agent))
    time.sleep(5)
    assert agent.running() and len(fleet.requests_of(agent)) - sent <= 12, "it fires without a durable intent"
    central.start()
    time.sleep(2)
    remount(agent.state, "size=16m")
    fires_again(fleet, agent)
    wait_until(lambda: agent.status()["store"]["healthy"], 15, "the store to be healthy again", explain=agent.tail)
    fleet.wait_event(agent, "storeFailed")
    assert agent.pid == pid
    fleet.check(timeout=60)
    agent.stop()
    connection = agent.database()
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def test_on_a_read_only_disk_a_start_says_what_is_wrong_and_the_next_one_loses_nothing(world, central, fleet, disk):
    agent = world.agent(central, name="agent")
    disk(agent.state, "16m")
    fleet.add("agent", agent=agent)
    fleet.start()
    agent.kill()
    remount(agent.state, "ro")
    done = agent.run("run", timeout=30)
    assert done.returncode == 1, done
    assert "ead-only" in done.stderr and str(agent.state) in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    remount(agent.state, "rw")
    agent.start()
    fleet.check()


def garble(path, offset=0):
    """Half of the bytes from the offset on."""
    with open(path, "r+b") as file:
        file.seek(offset)
        data = file.read()
        file.seek(offset)
        file.write(bytes(b ^ 0xA5 if n % 2 else b for n, b in enumerate(data)))


def truncate(path, size):
    os.truncate(path, size)


LOSSES = {
    "garbled-all": lambda state: garble(state / "agent.db"),
    "garbled-behind-the-header": lambda state: garble(state / "agent.db", 4096),
    "cut-to-nothing": lambda state: truncate(state / "agent.db", 0),
    "cut-in-a-page": lambda state: truncate(state / "agent.db", 5000),
    "deleted": lambda state: (state / "agent.db").unlink(),
    "deleted-with-log": lambda state: [path.unlink() for path in state.glob("agent.db*")],
}


def check_after_loss(fleet):
    """Whoever lost its database fires again from its jobs at central, says so, and doubles nothing; seconds may be missing."""
    for agent in fleet.agents:
        assert fleet.wait_event(agent, "databaseLost"), agent.name
        assert len(agent.get("/jobs")["jobs"]) == 3
    executions = [e for job in fleet.executions().values() for e in job]
    fires = [(e["jobId"], e["scheduledAt"]) for e in executions]
    assert len(set(fires)) == len(fires), "a fire stands there under two identities"
    epochs = fleet.central.database.query("SELECT agent_id, count(*) FROM agent_stream GROUP BY agent_id")
    assert len(epochs) == len(fleet.agents) and {n for _, n in epochs} == {2}, epochs
    assert not [e for e in executions if e["status"] not in ("success", "interrupted")]


def test_a_database_that_is_damaged_while_the_agent_is_down_is_set_aside_and_the_jobs_come_again(fleet):
    for name in LOSSES:
        fleet.add(name)
    fleet.start()

    def lose(agent):
        agent.stop()
        LOSSES[agent.name](agent.state)
        agent.start()
        fires_again(fleet, agent)
        assert bool(list(agent.state.glob("agent.db.bad-*"))) == (agent.name not in ("deleted", "deleted-with-log", "cut-to-nothing"))

    fleet.in_parallel(lose)
    check_after_loss(fleet)


def test_a_database_that_is_damaged_under_way_stops_the_jobs_for_seconds_only(fleet):
    """The damage may show at once or at the next start; in between the agent works with what it has in memory."""
    for name in LOSSES:
        fleet.add(name).allow(STORE_WORDS)
    fleet.start()

    def lose(agent):
        pid = agent.pid
        LOSSES[agent.name](agent.state)
        for log in agent.state.glob("agent.db-wal"):
            garble(log)
        fires_again(fleet, agent, 20)
        assert agent.running() and agent.pid == pid, agent.tail()
        agent.kill()
        agent.start()
        fires_again(fleet, agent)

    fleet.in_parallel(lose)
    check_after_loss(fleet)
