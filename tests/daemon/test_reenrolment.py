"""An agent that lost its key gets a new one: what it has not told yet is told under its new identity."""
import os
import stat
import subprocess

import pytest

from harness.fleet import Fleet, decided_seconds
from harness.ledger import now, rfc3339, seconds_between
from harness.waiting import wait_until


def test_an_agent_that_enrols_anew_tells_all_that_its_old_identity_could_not(world, central, target):
    fleet = Fleet(world, central, target)
    agent = fleet.add("web", jobs=2)
    agent.allow("was revoked|key not accepted|Connection refused|Failed to connect|could not be reached")
    fleet.start()
    wait_until(lambda: agent.status()["store"]["ackedSeq"] > 4, 20, "central to have some records", explain=agent.tail)
    (old,) = central.api.json("/api/agents")["agents"]
    other = world.beside(central).start()
    central.stop()
    wait_until(lambda: agent.status()["store"]["outboxDepth"] >= 10, 20, "records that central does not have", explain=agent.tail)
    assert other.api.post(f"/api/agents/{old['agentId']}/actions/revoke").status_code == 200
    central.start()
    wait_until(lambda: "was revoked" in agent.log(), 40, "the agent to be told", explain=agent.tail)
    assert agent.status()["store"]["outboxDepth"] >= 10
    agent.stop()
    done = agent.run("enroll", "--force", "--central", central.agent_url, "--token", central.api.enrol_token(), "--name", "web")
    assert done.returncode == 0, done.stderr
    agent.start()
    since = now()
    wait_until(lambda: len(fleet.requests_of(agent, since.timestamp())) >= 6, 30, "the jobs to go on", explain=agent.tail)
    wait_until(lambda: agent.status()["store"]["outboxDepth"] == 0, 30, "the outbox to be told", explain=agent.tail)
    until = now().replace(microsecond=0)

    def undecided():
        found = fleet.executions()
        decided = {job: decided_seconds(found[job]) for job in fleet.jobs}
        return {job: [rfc3339(t) for t in seconds_between(min(seconds), until) if t not in seconds] for job, seconds in decided.items()}

    wait_until(lambda: not any(undecided().values()), 20, "every second to be decided", explain=lambda: f"{undecided()}\n{agent.tail()}")
    executions = [e for job in fleet.executions().values() for e in job]
    assert len({e["executionId"] for e in executions}) == len(executions)
    for job, of_job in fleet.executions().items():
        doubled = [rfc3339(t) for t, n in decided_seconds(of_job).items() if n > 1]
        assert not doubled, doubled
    streams = central.database.query("SELECT epoch, holes FROM agent_stream")
    assert len(streams) == 2 and all(holes == [] for _, holes in streams), streams


def test_a_key_that_root_writes_belongs_to_the_user_whose_folder_it_is(world, central):
    """README: root enrols, the unit runs as belfry-agent. The second time the folder is that user's already."""
    if os.geteuid() != 0:
        pytest.skip("only root can enrol for another user")
    agent = world.agent(central)
    owner, group = 61234, 61235
    os.chown(agent.state, owner, group)
    for name, said in (("first", ""), ("second", "; restart belfry-agent if it runs")):
        done = agent.run("enroll", "--force", "--name", name, "--central", central.agent_url, "--token", central.api.enrol_token())
        assert done.returncode == 0 and done.stdout.rstrip().endswith(f"){said}"), (done.stdout, done.stderr)
        key = (agent.state / "agent.key").stat()
        assert (key.st_uid, key.st_gid, stat.S_IMODE(key.st_mode)) == (owner, group, 0o600)
    agent.state.parent.chmod(0o755)
    other = subprocess.run([str(word) for word in (*agent.program, "run")], capture_output=True, text=True, user=owner + 1, timeout=60)
    assert other.returncode == 1 and "agent.key is not for this user" in other.stderr, other.stderr


def test_an_enrolment_elsewhere_than_the_configuration_says_names_the_line_to_change(world, central):
    agent = world.agent("http://127.0.0.1:1")
    done = agent.run("enroll", "--central", central.agent_url + "/", "--token", central.api.enrol_token())
    assert done.returncode == 0 and done.stdout.rstrip().endswith(f"; now set central_url={central.agent_url}"), done.stdout
