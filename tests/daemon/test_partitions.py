"""Networks between agent and central that are cut, each in its own way, and replies that come twice, late or out of order."""
import json
import os
import time

import pytest

from harness.fleet import Fleet
from harness.ledger import instant
from harness.network import Namespace
from harness.target import Target
from harness.waiting import wait_until

pytestmark = pytest.mark.long

CUT_SECONDS = 30
NOBODY = "02:00:00:00:00:99"

# {name: (how the network is cut, how it is mended)}
CUTS = {
    "blackhole-route": (lambda n: n.ip("route", "add", "blackhole", n.central), lambda n: n.ip("route", "del", "blackhole", n.central)),
    "reject-route": (lambda n: n.ip("route", "add", "unreachable", n.central), lambda n: n.ip("route", "del", "unreachable", n.central)),
    # Frames go to a card that is not there: nothing comes back, not even an error.
    "silence": (
        lambda n: n.ip("neigh", "replace", n.central, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent"),
        lambda n: n.ip("neigh", "del", n.central, "dev", "eth0"),
    ),
    "link-down": (lambda n: n.ip("link", "set", "eth0", "down"), lambda n: n.ip("link", "set", "eth0", "up")),
    "no-names": (lambda n: n.name_central(False), lambda n: n.name_central(True)),
}


class Targets:
    """One in each namespace, seen as one."""

    def __init__(self):
        self.all = {}

    def requests(self, path=None):
        return [r for target in self.all.values() for r in target.requests(path)]


@pytest.fixture
def namespaces(world):
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = {name: Namespace() for name in CUTS}
    try:
        yield {name: namespace.make() for name, namespace in made.items()}
    finally:
        for process in world.processes():
            process.kill()
        for namespace in made.values():
            namespace.remove()


@pytest.fixture
def apart(world, namespaces):
    """A fleet whose agents have a namespace each, with their target in it."""
    central = world.central()
    central.write_config(agent_listen=f"0.0.0.0:{central.agent_port}", allow_plain_http="true")
    central.start()
    fleet = Fleet(world, central, Targets())
    for name, namespace in namespaces.items():
        target = namespace.inside(lambda: world.add(Target()).start())
        fleet.target.all[name] = target
        agent = world.agent(f"http://{namespace.CENTRAL_NAME}:{central.agent_port}", name=name, wrapper=namespace.wrapper)
        agent.enrol(token=central.api.enrol_token(), url=central.agent_url)
        fleet.add(name, agent=agent, jobs=3, url=target.url)
    return fleet.start()


def test_however_the_network_is_cut_jobs_run_on_time_and_afterwards_central_has_all_once(world, apart, namespaces, pulse):
    seen = {}

    def cut_and_mend(agent):
        namespace, (cut, mend) = namespaces[agent.name], CUTS[agent.name]
        if agent.name == "no-names":
            agent.kill()  # a name that was found once is remembered
        cut(namespace)
        if agent.name == "no-names":
            agent.start()
        began = time.time()
        wait_until(lambda: time.time() > began + CUT_SECONDS, CUT_SECONDS + 5, "the cut to last")
        status = agent.status()
        seen[agent] = (began, status["central"]["error"])
        assert not status["central"]["connected"], f"{agent.name} did not notice: {status['central']}"
        assert status["store"]["outboxDepth"] >= 2 * CUT_SECONDS, status["store"]
        mend(namespace)

    apart.in_parallel(cut_and_mend)
    print({agent.name: error for agent, (_, error) in seen.items()})
    executions, _ = apart.check(timeout=90)
    for agent, (began, _) in seen.items():
        during = [e for e in executions if apart.jobs[e["jobId"]] is agent and 2 < instant(e["scheduledAt"]).timestamp() - began < CUT_SECONDS]
        assert len(during) >= 3 * (CUT_SECONDS - 4), (agent.name, len(during))
        assert max(e["latenessMs"] for e in during) < pulse.allows(1400), f"{agent.name}: late while cut off"  # 900 of it is jitter


@pytest.fixture
def proxied(world, central, target):
    """(proxy, fleet): one agent that talks to central through a proxy."""
    proxy = world.proxy(central.agent_port)
    fleet = Fleet(world, central, target)
    fleet.add("agent", agent=world.agent(proxy.url, name="agent"))
    return proxy, fleet.start()


def test_batches_that_arrive_late_behind_newer_ones_count_once(world, proxied):
    proxy, fleet = proxied
    for _ in range(4):
        proxy.set("late", times=1, path="/api/agent/sync", only=lambda exchange: exchange.records)
        count = len(proxy.exchanges(mode="late"))
        late = wait_until(lambda: proxy.exchanges(mode="late")[count:], 15, "a batch to be held back", explain=world.tails)[0]
        wait_until(lambda: late.status, 15, "it to arrive", explain=world.tails)
        first = json.loads(late.body)["firstSeq"]
        overtaken = [e for e in proxy.exchanges("/api/agent/sync", "pass") if e.status == 200 and e.at < late.at
                     and json.loads(e.body)["firstSeq"] == first and e.records]  # fmt: skip
        assert overtaken, "the batch was not sent again before it arrived late: the test proved nothing"
    fleet.check()


def test_replies_out_of_order_lose_and_double_nothing_and_the_job_set_is_right_at_the_end(world, proxied, target):
    proxy, fleet = proxied
    agent = fleet.agents[0]
    proxy.set("stale", path="/api/agent/sync")
    gone = fleet.api.create_job("* * * * * *", target.url + "/gone")["jobId"]
    edited = fleet.api.create_job("* * * * * *", target.url + "/before")["jobId"]
    wait_until(lambda: target.requests("/gone") and target.requests("/before"), 30, "the new jobs to run", explain=world.tails)
    fleet.api.delete_job(gone)
    fleet.api.edit_job(edited, api=target.url + "/after")
    wait_until(lambda: target.requests("/after"), 30, "the edited job to run", explain=world.tails)
    count = len(proxy.exchanges(mode="stale"))
    wait_until(lambda: len(proxy.exchanges(mode="stale")) >= count + 10, 30, "ten replies more", explain=world.tails)
    mixed = [e for e in proxy.exchanges(mode="stale") if e.status == 200]
    assert len(mixed) >= 10, "too few replies were mixed"
    proxy.set("pass")
    wait_until(lambda: {j["jobId"] for j in agent.get("/jobs")["jobs"]} == {*fleet.jobs, edited}, 20, "the right job set", explain=agent.tail)
    fleet.jobs[edited] = agent
    since = time.time()
    wait_until(lambda: [r for r in target.requests("/after") if r.sent > since + 2][1:], 15, "the edited job", explain=agent.tail)
    assert not [r for r in target.requests() if r.path in ("/gone", "/before") and r.sent > since + 2]
    for job in list(fleet.jobs):
        fires = [e["scheduledAt"] for e in fleet.api.executions(jobId=job)]
        assert len(set(fires)) == len(fires), f"{job}: a fire was decided twice"
    del fleet.jobs[edited]
    found, until = fleet.settle()
    assert all(e["status"] == "success" for of_job in found.values() for e in of_job)


def test_slow_replies_delay_no_fire(world, proxied, pulse):
    proxy, fleet = proxied
    proxy.delay = 3.0
    began = time.time()
    wait_until(lambda: len([e for e in proxy.exchanges("/api/agent/sync") if e.at > began and e.status == 200]) >= 3, 20, "some slow rounds")
    proxy.delay = 0.0
    executions, _ = fleet.check()
    assert max(e["latenessMs"] for e in executions) < pulse.allows(1400)
