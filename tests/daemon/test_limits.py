"""Too few descriptors, too little memory, no threads: the agent sheds, says so, and recovers when it gets more."""
import resource
import socket
import subprocess
import time
from pathlib import Path

import pytest

from harness.fleet import PATIENT
from harness.ledger import instant
from harness.syscalls import Injection
from harness.waiting import wait_until

pytestmark = pytest.mark.long

JOBS = 40


def set_limit(agent, name, soft, hard=None):
    """prlimit of the running agent: its limits as they were."""
    number = getattr(resource, f"RLIMIT_{name}")
    before = resource.prlimit(agent.pid, number)
    resource.prlimit(agent.pid, number, (soft, before[1] if hard is None else hard))
    return before


def test_without_descriptors_fires_are_tried_again_and_all_is_well_when_there_are_some(fleet, target):
    agent = fleet.add("agent", jobs=JOBS, jitterMs=0)
    hasty = fleet.add_job(agent, retry={"maxAttempts": 1})
    target.behave(lambda request, handler: (200, {"Connection": "close"}, b""))  # or what is open already would do
    fleet.start()
    target.delay = 0.3
    pid, before = agent.pid, set_limit(agent, "NOFILE", 3)  # less than is open: there is none for anything new
    began = time.time()
    processor = agent.processor_seconds()
    with socket.socket(socket.AF_UNIX) as client:  # waits to be taken
        client.connect(str(agent.socket))
        wait_until(lambda: time.time() > began + 6, 10, "six seconds of shortage")
    assert agent.processor_seconds() - processor < 3, "the loop spins"
    assert agent.running(), agent.tail()
    set_limit(agent, "NOFILE", before[0])
    target.delay = 0.0
    executions, _ = fleet.check(allowed=("success", "failed", "skipped"), timeout=60)
    during = [e for e in executions if began < instant(e["scheduledAt"]).timestamp() < began + 5]
    short = [e for e in during if e["attempts"] > 1 or e["status"] != "success"]
    assert short, "no fire felt the shortage"
    assert all(e["reason"] for e in during if e["status"] != "success"), "a fire was given up without a reason"
    given_up = [e for e in during if e["jobId"] == hasty]
    assert given_up and all(e["status"] == "skipped" and "resource" in e["reason"] for e in given_up), given_up
    assert agent.pid == pid
    assert agent.log().count("Too many open files") < 20, "the loop tried to take clients in vain without a pause"


def test_with_a_low_hard_limit_of_descriptors_the_agent_warns_and_works(world, central, fleet):
    agent = world.agent(central, name="agent", wrapper=["prlimit", "--nofile=48:48"])
    fleet.add("agent", jobs=JOBS, jitterMs=0, agent=agent)
    fleet.start()
    assert "limit of open files is lower" in agent.log()
    assert resource.prlimit(agent.pid, resource.RLIMIT_NOFILE) == (48, 48)
    wait_until(lambda: len(fleet.requests_of(agent)) >= 5 * JOBS, 30, "five rounds of fires", explain=agent.tail)
    fleet.check()


def test_an_agent_without_memory_to_start_with_ends_with_one_line_or_a_signal_and_loses_nothing(world, central, fleet):
    """Whatever the limit: it works, or it ends at once; never a damaged state."""
    agent = world.agent(central, name="agent")
    fleet.add("agent", jobs=4, agent=agent)
    fleet.start()
    ended = 0
    for megabytes in (8, 12, 16, 24, 32, 48, 64):
        agent.kill()
        agent.wrapper = ["prlimit", f"--as={megabytes << 20}"]
        agent.start(ready=False)
        try:
            agent.wait(15 if megabytes == 8 else 1.5)
            ended += 1
        except subprocess.TimeoutExpired:
            pass
    assert ended >= 1, "no limit was low enough"
    agent.kill()
    agent.wrapper = []
    agent.start()
    fleet.check()
    assert not list(agent.state.glob("agent.db.bad-*"))
    assert not [kind for kind, _ in fleet.events(agent) if kind == "databaseLost"]


def test_when_memory_runs_out_under_way_the_next_start_loses_nothing(fleet, target):
    """A service manager starts it again, as this test does."""
    agent = fleet.add("agent", jobs=JOBS, jitterMs=0)
    agent.allow("GLib-ERROR|failed to allocate|out of memory")
    fleet.start()
    target.behave(lambda request, handler: (200, {"Content-Type": "text/plain"}, b"x" * 200000))
    status = Path(f"/proc/{agent.pid}/statm").read_text().split()
    set_limit(agent, "AS", int(status[0]) * resource.getpagesize())
    begun, deaths = time.time(), 0
    # Six seconds, and on a slow machine until the limit is felt.
    while time.time() < begun + 6 or time.time() < begun + 60 and not deaths and "memory" not in agent.log():
        if not agent.running():
            deaths += 1
            agent.kill()
            agent.start()
            status = Path(f"/proc/{agent.pid}/statm").read_text().split()
            set_limit(agent, "AS", int(status[0]) * resource.getpagesize())
        time.sleep(0.05)
    if agent.running():
        set_limit(agent, "AS", resource.RLIM_INFINITY)
    else:
        agent.kill()
        agent.start()
    print(f"{deaths} deaths")
    executions, _ = fleet.check(allowed=("success", "failed"), timeout=60)
    felt = [e for e in executions if e["attempts"] > 1 or e["status"] != "success"]
    assert deaths or felt or "memory" in agent.log(), "nobody felt the limit"
    assert not [kind for kind, _ in fleet.events(agent) if kind == "databaseLost"]


def test_without_a_thread_for_a_name_its_jobs_wait_and_go_on_when_there_is_one(world, fleet):
    """RLIMIT_NPROC never stops root, so the call itself fails here."""
    name = socket.gethostname()
    if not socket.gethostbyname(name).startswith("127."):
        pytest.skip("the host's own name leads elsewhere")
    agent = fleet.add("agent", jobs=2)
    fleet.start()
    injection = Injection(agent, None, "clone3,clone", "error=EAGAIN", world.folder)
    fleet.add_job(agent, path="/by-name", url=fleet.target.url.replace("127.0.0.1", name), timeoutMs=2000, retry=PATIENT)
    try:
        wait_until(injection.injected, 20, "a thread to be refused", explain=agent.tail)
        since = time.time()
        wait_until(lambda: len(fleet.requests_of(agent, since)) >= 8, 20, "the other jobs to go on", explain=agent.tail)
    finally:
        injection.detach()
    since = time.time()
    wait_until(lambda: [r for r in fleet.target.requests("/by-name") if r.started > since][2:], 20, "the name to be found", explain=agent.tail)
    fleet.check(allowed=("success", "failed", "timeout"))
