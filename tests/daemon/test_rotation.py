"""A new key for an agent: by order, made by the agent, without a moment in which none of its keys opens."""
import configparser
import hashlib
import secrets
import shutil
import stat
import time

import pytest

from harness.api import assert_problem
from harness.syscalls import Injection
from harness.waiting import wait_until
from raw_agent import RawAgent

ROTATE, SYNC = "/api/agent/rotate", "/api/agent/sync"
NOBODY = "0192f0c1-0000-7000-8000-000000000000"


def sha(key):
    return hashlib.sha256(key.encode()).hexdigest()


def key_of(agent, file="agent.key"):
    """None: there is no such file."""
    parser = configparser.ConfigParser(interpolation=None)
    return parser["agent"]["key"] if parser.read(agent.state / file) else None


def id_of(api, name="agent"):
    (found,) = [a["agentId"] for a in api.json("/api/agents")["agents"] if a["name"] == name]
    return found


def order(api, agent_id, **more):
    return api.post(f"/api/agents/{agent_id}/actions/rotate", **more)


def told(api, agent_id):
    """The instants of the API: when the key was changed, when that was ordered."""
    shown = api.json(f"/api/agents/{agent_id}")
    return shown["keyRotatedAt"], shown["keyRotationOrderedAt"]


def status_of(central, key):
    """401 or 400, and nothing comes of it, but for the first use of a new key."""
    client = central.api.with_token(key)
    client.base = central.agent_url
    return client.post(SYNC, data="{").status_code


def wait_dead(central, key, since=None):
    """A key that was taken until now opens nothing a second later; the second here is for a slow machine."""
    begun = asked = since or time.monotonic()
    while (status := status_of(central, key)) != 401:
        assert status == 400 and asked < begun + 2, f"the old key still opens ({status})"
        time.sleep(0.05)
        asked = time.monotonic()


def wait_rotated(world, agent, central, key):
    """Until the agent works with that key, and nothing is left of the change."""
    agent_id = id_of(central.api)
    wait_until(lambda: key_of(agent) == key and not (agent.state / "agent.key.next").exists(), 40, "the key file to be replaced", explain=world.tails)
    rotated_at, ordered_at = told(central.api, agent_id)
    assert rotated_at and ordered_at is None
    assert stat.S_IMODE((agent.state / "agent.key").stat().st_mode) == 0o600
    seen = central.api.json(f"/api/agents/{agent_id}")["lastSeenAt"]
    wait_until(lambda: central.api.json(f"/api/agents/{agent_id}")["lastSeenAt"] > seen, 40, "syncs to go on", explain=world.tails)


def commands(database):
    """[(done, how many)] of the orders for a new key."""
    return database.query("SELECT done_at IS NOT NULL, count(*) FROM command WHERE type = 'rotate' GROUP BY 1")


def next_hash(database):
    return database.query("SELECT encode(next_key_sha256, 'hex') FROM agent")[0][0]


def test_a_rotation_changes_the_key_file_and_the_old_key_opens_nothing_a_second_later(world, database):
    central = world.central(database, log_level="debug").start()
    agent = world.agent(central, log_level="debug").start()
    agent_id = id_of(central.api)
    old = key_of(agent)
    wait_until(lambda: central.api.json(f"/api/agents/{agent_id}")["state"] == "online", 20, "the first sync", explain=world.tails)
    assert told(central.api, agent_id) == (None, None) and status_of(central, old) == 400
    reply = order(central.api, agent_id)
    assert reply.status_code == 200 and reply.json()["agentId"] == agent_id
    wait_until(lambda: told(central.api, agent_id)[0], 20, "the new key to be used", every=0.02, explain=world.tails)
    wait_dead(central, old)
    new = wait_until(lambda: key_of(agent) != old and key_of(agent), 20, "another key", explain=world.tails)
    wait_rotated(world, agent, central, new)
    assert len(new) == len(old) == 43 and status_of(central, new) == 400
    assert commands(database) == [(True, 1)]
    audit = [(e["action"], e["actor"]) for e in central.api.json("/api/audit", object=agent_id)["entries"]]
    assert audit[:2] == [("agent.nextKey", "agent"), ("agent.rotate", "admin")], audit
    agent.restart()
    wait_rotated(world, agent, central, new)
    told_everywhere = agent.log() + central.log() + str(database.query("SELECT * FROM audit")) + central.api.get("/api/agents").text
    for secret in (old, new, sha(old), sha(new)):
        assert secret not in told_everywhere, "a key is told"
    order(central.api, agent_id)
    third = wait_until(lambda: key_of(agent) != new and key_of(agent), 20, "a third key", explain=world.tails)
    wait_rotated(world, agent, central, third)
    assert commands(database) == [(True, 2)]


class Road:
    """The proxy between agent and central, and where a rotation is held up on it."""

    def __init__(self, world, central):
        self.proxy, self.told = world.proxy(central.agent_port), []

    def _after_telling(self, exchange):
        if exchange.path == ROTATE:
            self.told.append(exchange)
        return exchange.path == SYNC and any(e.status == 204 for e in self.told)

    def hold_up(self, stage):
        if stage == "before it told":
            self.proxy.set("reject", path=ROTATE)
        elif stage == "when central knew and the answer was lost":
            self.proxy.set("cut", path=ROTATE)
        elif stage == "before the first use":
            self.proxy.set("reject", path="/api/agent/", only=self._after_telling)
        else:
            self.proxy.set("cut", path="/api/agent/", only=self._after_telling)

    def hits(self):
        """Those that are over: a request whose answer is to be lost has been answered by central."""
        return [e for e in self.proxy.exchanges() if e.mode == "reject" or e.mode == "cut" and e.status is not None]


STAGES = ["before it told", "when central knew and the answer was lost", "before the first use", "after the first use"]


def agent_behind(world, central, proxy):
    agent = world.agent(proxy.url)
    agent.enrol(central.api.enrol_token())
    return agent.start()


def held_up(world, central, database, road, agent, stage):
    """The agent, in the middle of a rotation: its old key and the one to come."""
    agent_id = id_of(central.api)
    old = key_of(agent)
    wait_until(lambda: central.api.json(f"/api/agents/{agent_id}")["state"] == "online", 20, "the first sync", explain=world.tails)
    road.hold_up(stage)
    assert order(central.api, agent_id).status_code == 200
    wait_until(road.hits, 20, "the rotation to be held up", every=0.01, explain=world.tails)
    if stage == "after the first use":
        wait_until(lambda: told(central.api, agent_id)[0], 20, "central to see the new key", explain=world.tails)
    else:
        assert told(central.api, agent_id)[0] is None
    new = key_of(agent, "agent.key.next")
    assert new and key_of(agent) == old, "the new key is written down before it is told, and the old one is kept"
    assert next_hash(database) == (sha(new) if stage in STAGES[1:3] else None)
    return old, new


@pytest.mark.parametrize("stage", STAGES)
def test_an_agent_killed_in_the_middle_of_a_rotation_still_gets_in_and_ends_it(world, central, database, stage):
    road = Road(world, central)
    agent = agent_behind(world, central, road.proxy)
    old, new = held_up(world, central, database, road, agent, stage)
    agent.kill()
    assert key_of(agent) == old and key_of(agent, "agent.key.next") == new
    road.proxy.set("pass")
    agent.start()
    wait_rotated(world, agent, central, new)
    wait_dead(central, old)
    assert commands(database) == [(True, 1)]


@pytest.mark.parametrize("stage", STAGES[1::2])  # those in which an answer is lost
def test_an_answer_that_is_lost_on_the_way_delays_a_rotation_and_no_more(world, central, database, stage):
    road = Road(world, central)
    agent = agent_behind(world, central, road.proxy)
    old, new = held_up(world, central, database, road, agent, stage)
    road.proxy.set("pass")
    wait_rotated(world, agent, central, new)
    wait_dead(central, old)
    assert commands(database) == [(True, 1)] and agent.starts == 1


def test_an_agent_killed_at_each_step_on_its_disk_still_gets_in(world, central, agent, database):
    agent_id = id_of(central.api)
    # Of the new key: written, renamed, in the folder for good; then in the old one's place, and there for good.
    for n, (call, when) in enumerate([("fsync", 1), ("rename", 1), ("fsync", 2), ("rename", 2), ("fsync", 3)]):
        old = key_of(agent)
        injection = Injection(agent, "sync", call, f"signal=KILL:when={when}", world.folder)
        try:
            order(central.api, agent_id)
            wait_until(lambda: not agent.running(), 30, f"{call} number {when}", every=0.01, explain=agent.tail)
        finally:
            injection.detach()
        assert "+++ killed by SIGKILL +++" in injection.trace(), injection.trace()[-300:]
        agent.kill()
        agent.start()
        wait_until(lambda: commands(database) == [(True, n + 1)], 40, "the order to be done", explain=agent.tail)
        new = wait_until(lambda: key_of(agent) != old and key_of(agent), 40, "the new key", explain=agent.tail)
        wait_rotated(world, agent, central, new)
    wait_dead(central, old)


def test_a_rotation_of_an_agent_that_is_away_waits_for_it_however_long(world, central, agent, database):
    agent_id = id_of(central.api)
    old = key_of(agent)
    agent.stop()
    order(central.api, agent_id)
    assert order(central.api, agent_id).json()["keyRotationOrderedAt"]
    assert commands(database) == [(False, 1)], "a second order while one waits is the same order"
    database.execute(f"INSERT INTO command (agent_id, type, job_id) VALUES ('{agent_id}', 'run', '{NOBODY}')")
    database.execute("UPDATE command SET created_at = created_at - interval '2 days'")
    central.restart()
    wait_until(lambda: database.query("SELECT count(*) FROM command WHERE type = 'run'") == [(0,)], 20, "old orders to be pruned", explain=world.tails)
    assert told(central.api, agent_id)[1] and status_of(central, old) == 400
    agent.start()
    new = wait_until(lambda: key_of(agent) != old and key_of(agent), 40, "the new key", explain=world.tails)
    wait_rotated(world, agent, central, new)


def test_only_admins_order_a_rotation_and_of_an_agent_that_is_there(central, api, database):
    raw, gone = RawAgent(central, "raw"), RawAgent(central, "gone")
    for role in ("viewer", "operator", "editor"):
        made = api.post("/api/tokens", json={"name": role, "role": role}).json()
        assert_problem(order(api.with_token(made["token"]), raw.agent_id), 403)
    assert_problem(order(api.with_token(raw.key), raw.agent_id), 401)
    assert commands(database) == []
    assert_problem(order(api, NOBODY), 404)
    assert api.post(f"/api/agents/{gone.agent_id}/actions/revoke").status_code == 200
    assert_problem(order(api, gone.agent_id), 409)
    assert_problem(order(api, raw.agent_id, params={"x": "1"}), 400)
    first = order(api, raw.agent_id, headers={"Idempotency-Key": "one"})
    database.execute("UPDATE command SET done_at = now()")
    again = order(api, raw.agent_id, headers={"Idempotency-Key": "one"})
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json() and commands(database) == [(True, 1)]


def tell(central, key, hash_of):
    client = central.api.with_token(key)
    client.base = central.agent_url
    return client.post(ROTATE, json={"keySha256": hash_of})


def test_a_key_changes_its_own_agent_only_and_only_when_that_was_ordered(world, central, api, database):
    other = world.beside(central).start()
    one, two = RawAgent(central, "one"), RawAgent(central, "two")
    new, newer = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    assert_problem(tell(central, one.key, sha(new)), 409)
    order(api, one.agent_id)
    assert one.sync()["commands"] == [{"id": 1, "type": "rotate"}] and two.sync()["commands"] == []
    state = "SELECT key_sha256, next_key_sha256 FROM agent ORDER BY name"
    before = database.query(state)
    assert_problem(tell(central, two.key, sha(new)), 409)
    for known in (one.key, two.key):
        assert_problem(tell(central, one.key, sha(known)), 409)
    for bad in ("", sha(new)[:-1], sha(new) + "0", sha(new).upper(), "g" * 64, None, 7):
        assert_problem(tell(central, one.key, bad), 400, "/keySha256")
    assert database.query(state) == before
    assert [tell(c, one.key, sha(new)).status_code for c in (central, other, central)] == [204, 204, 204]
    assert one.sync()["commands"], "until the new key is used the order is repeated, and the old key opens"
    assert status_of(other, new) == 400
    used = time.monotonic()
    assert commands(database) == [(True, 1)] and told(api, one.agent_id)[1] is None
    order(api, one.agent_id)
    # The old key may still be remembered for its second: enough for no other key.
    assert tell(central, one.key, sha(newer)).status_code in (401, 409) and database.query(state)[0][1] is None
    wait_dead(central, one.key, used)
    wait_dead(other, one.key, used)
    assert status_of(central, newer) == 401 and status_of(central, new) == 400
    assert database.query(state)[1] == before[1]


def test_a_revocation_in_the_middle_of_a_rotation_kills_both_keys(central, api, database):
    raw, new = RawAgent(central, "raw"), secrets.token_urlsafe(32)
    order(api, raw.agent_id)
    assert tell(central, raw.key, sha(new)).status_code == 204
    assert api.post(f"/api/agents/{raw.agent_id}/actions/revoke").json()["keyRotationOrderedAt"] is None
    assert status_of(central, new) == 401
    wait_dead(central, raw.key)
    assert commands(database) == [] and next_hash(database) is None


def test_no_key_is_changed_while_postgresql_may_forget_it(world):
    cluster = world.cluster().start()
    central = world.central(world.database(cluster)).start()
    raw, new = RawAgent(central, "raw"), secrets.token_urlsafe(32)
    order(central.api, raw.agent_id)
    cluster.set(synchronous_commit="off")
    wait_until(lambda: tell(central, raw.key, sha(new)).status_code == 503, 10, "the refusal")
    assert "Retry-After" in tell(central, raw.key, sha(new)).headers
    cluster.set(synchronous_commit="on")
    wait_until(lambda: tell(central, raw.key, sha(new)).status_code == 204, 10, "the answer")


def copy_of(world, agent, url):
    clone = world.agent(url, name="clone")
    shutil.copytree(agent.state, clone.state, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    clone.allow("does not accept this agent's key|refuses this agent's records")
    return clone


def test_a_copy_made_before_a_rotation_is_shut_out_by_it(world, central, agent, database):
    agent_id = id_of(central.api)
    wait_until(lambda: central.api.json(f"/api/agents/{agent_id}")["state"] == "online", 20, "the first sync", explain=world.tails)
    agent.stop()
    clone, old = copy_of(world, agent, central), key_of(agent)
    agent.start()
    order(central.api, agent_id)
    new = wait_until(lambda: key_of(agent) != old and key_of(agent), 40, "the new key", explain=world.tails)
    wait_rotated(world, agent, central, new)
    wait_dead(central, old)
    clone.start()
    wait_until(lambda: "does not accept this agent's key" in clone.log(), 20, "the copy to be refused", explain=clone.tail)
    wait_rotated(world, agent, central, new)
    assert key_of(clone) == old


def test_of_two_copies_with_both_keys_one_is_refused_for_its_records(world, central, database, target):
    central.api.create_job("* * * * * *", target.url)
    road = Road(world, central)
    agent = agent_behind(world, central, road.proxy)
    agent.allow("refuses this agent's records")
    _, new = held_up(world, central, database, road, agent, "after the first use")
    agent.kill()
    clone = copy_of(world, agent, road.proxy.url)
    road.proxy.set("pass")
    both = [agent.start(), clone.start()]
    wait_until(lambda: any("refuses this agent's records" in one.log() for one in both), 40, "one of them to be refused", explain=world.tails)
    assert status_of(central, new) == 400


def test_an_enrolment_in_the_middle_of_a_rotation_begins_anew(world, central, database):
    road = Road(world, central)
    agent = agent_behind(world, central, road.proxy)
    _, new = held_up(world, central, database, road, agent, "when central knew and the answer was lost")
    agent.stop()
    assert central.api.post(f"/api/agents/{id_of(central.api)}/actions/revoke").status_code == 200
    done = agent.run("enroll", "--force", "--central", road.proxy.url, "--token", central.api.enrol_token(), "--name", "again")
    assert done.returncode == 0, done.stderr
    assert key_of(agent) != new and key_of(agent, "agent.key.next") is None
    road.proxy.set("pass")
    agent.start()
    again = id_of(central.api, "again")
    wait_until(lambda: central.api.json(f"/api/agents/{again}")["state"] == "online", 20, "the new identity to be heard", explain=world.tails)
