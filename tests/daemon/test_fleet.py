"""Which agents get which jobs: labels bound to tokens, selectors, places, draining, fair shares. Agents are played by the test."""
from concurrent.futures import ThreadPoolExecutor

import time
import uuid

import pytest
import requests

from harness.api import assert_problem
from harness.waiting import wait_until
from raw_agent import RawAgent

HOOK = "http://127.0.0.1:1/"


def token(api, **terms):
    reply = api.post("/api/agents/tokens", json=terms)
    assert reply.status_code == 201, reply.text
    return reply.json()


class Labelled(RawAgent):
    """Enrols with a token that has labels; hears of its jobs when told to."""

    def __init__(self, central, name, **labels):
        made = token(central.api, labels=labels)["token"]
        super().__init__(central_with(central, made), name)
        self.name = name


def central_with(central, made):
    class Once:
        agent_url = central.agent_url

        class api:
            @staticmethod
            def enrol_token():
                return made

    return Once


def holders(database, job):
    rows = database.query("SELECT name, target_key FROM assignment JOIN agent USING (agent_id) WHERE job_id = %s AND NOT removed ORDER BY 2, 1",
                          (job["jobId"],))
    return [row[0] for row in rows]


def all_holders(database):
    return dict(tuple(row) for row in database.query(
        "SELECT job_id::text, name FROM assignment JOIN agent USING (agent_id) WHERE NOT removed"))


def test_a_token_binds_labels_and_name_is_listed_without_its_secret_and_can_be_taken_back(api, central):
    made = token(api, labels={"env": "prod"}, name="web-1", ttlMs=60000)
    listed = api.json("/api/agents/tokens")["tokens"]
    assert [(t["tokenId"], t["labels"], t["name"], t["usedAt"]) for t in listed] == [(made["tokenId"], {"env": "prod"}, "web-1", None)]
    assert made["token"] not in api.get("/api/agents/tokens").text
    enrolled = requests.post(f"{central.agent_url}/api/agent/enroll", json={"token": made["token"], "name": "other"}, timeout=60).json()
    assert enrolled["name"] == "web-1"
    shown = api.json(f"/api/agents/{enrolled['agentId']}")
    assert shown["labels"] == {"env": "prod"} and shown["weight"] == 1 and shown["draining"] is False and shown["state"] == "never"
    assert api.json("/api/agents/tokens")["tokens"][0]["usedBy"] == enrolled["agentId"]
    gone = token(api)
    assert api.delete(f"/api/agents/tokens/{gone['tokenId']}").status_code == 204
    assert_problem(requests.post(f"{central.agent_url}/api/agent/enroll", json={"token": gone["token"], "name": "x"}, timeout=60), 401)


@pytest.mark.parametrize("body, pointer", [
    ({"labels": []}, "/labels"), ({"labels": {"a b": "c"}}, "/labels/a b"), ({"labels": {"a/b": 1}}, "/labels/a~1b"),
    ({"labels": {f"l{i}": "" for i in range(33)}}, "/labels"), ({"name": ""}, "/name"), ({"colour": 1}, "/colour"),
])  # fmt: skip
def test_bad_terms_of_a_token_are_refused_with_their_place(api, body, pointer):
    assert_problem(api.post("/api/agents/tokens", json=body), 400, pointer)


def test_only_one_of_many_callers_gets_in_with_one_token(api, central):
    made = token(api)["token"]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda i: requests.post(f"{central.agent_url}/api/agent/enroll", timeout=60,
                                                      json={"token": made, "name": f"a{i}"}).status_code, range(16)))
    assert codes.count(201) == 1 and set(codes) <= {201, 403}


def test_a_flood_of_enrolments_is_told_to_come_back(central):
    url = f"{central.agent_url}/api/agent/enroll"
    assert requests.post(url, timeout=60, json={"token": "guess", "name": "x"}).status_code == 401
    with ThreadPoolExecutor(8) as pool:  # of tries that cost no statement: a slow database must not slow the flood down
        replies = list(pool.map(lambda i: requests.post(url, timeout=60, data=b"{", headers={"Content-Type": "application/json"}), range(400)))
    codes = {reply.status_code for reply in replies}
    assert codes == {400, 429}
    assert all("Retry-After" in reply.headers for reply in replies if reply.status_code == 429)


def test_selectors_decide_who_may_run_a_job_and_labels_may_change(api, central, database):
    for name, labels in (("w1", {"env": "prod", "role": "web"}), ("w2", {"env": "prod", "role": "api"}), ("old", {"env": "prod", "role": "web", "legacy": "1"}),
                         ("t1", {"env": "test", "role": "web"})):
        Labelled(central, name, **labels)
    chosen = "env=prod,role in (web,api),!legacy"
    everywhere = api.create_job("@daily", HOOK, target={"mode": "all", "selector": chosen})
    one = api.create_job("@daily", HOOK, target={"selector": "env=test"})
    nobody = api.create_job("@daily", HOOK, target={"selector": "env=moon"})
    two = api.create_job("@daily", HOOK, target={"mode": "count", "count": 2, "selector": "role=web"})
    assert set(holders(database, everywhere)) == {"w1", "w2"}
    assert holders(database, one) == ["t1"] and holders(database, nobody) == []
    assert len(holders(database, two)) == 2 and set(holders(database, two)) < {"w1", "old", "t1"}
    t1 = api.json("/api/agents", q="t1")["agents"][0]["agentId"]
    reply = api.patch(f"/api/agents/{t1}", json={"labels": {"env": "moon"}, "name": "moon-1"})
    assert reply.status_code == 200 and reply.json()["labels"] == {"env": "moon"} and reply.json()["name"] == "moon-1"
    assert holders(database, nobody) == ["moon-1"]
    assert set(holders(database, two)) == {"w1", "old"}
    assert holders(database, one) == [], "its selector fits nobody now"
    Labelled(central, "t2", env="test")
    assert holders(database, one) == ["t2"]
    assert 'another agent is called "w1"' in assert_problem(api.patch(f"/api/agents/{t1}", json={"name": "w1"}), 409, "/name")["detail"]
    assert_problem(api.patch(f"/api/agents/{t1}", json={"weight": -1}), 400, "/weight")


def test_the_list_of_agents_is_filtered_sorted_and_paged(api, central, database):
    for i in range(5):
        agent = Labelled(central, f"a{i}", n=str(i), kind="even" if i % 2 == 0 else "odd")
        if i > 2:
            agent.sync()
    names = lambda **query: [a["name"] for a in api.json("/api/agents", **query)["agents"]]  # noqa: E731
    assert names() == ["a0", "a1", "a2", "a3", "a4"] and names(sort="-name", limit=2) == ["a4", "a3"]
    assert names(selector="kind=even,n!=2") == ["a0", "a4"] and names(q="A3") == ["a3"]
    assert names(state="never") == ["a0", "a1", "a2"] and names(state="online", sort="-lastSeenAt") == ["a4", "a3"]
    for sort in ("name", "-name", "lastSeenAt", "-lastSeenAt", "outboxDepth", "-outboxDepth"):
        paged = [a["name"] for a in api.pages("/api/agents", "agents", sort=sort, limit=2)]
        assert paged == names(sort=sort) and sorted(paged) == ["a0", "a1", "a2", "a3", "a4"]
    for query in ({"sort": "age"}, {"state": "happy"}, {"selector": "a in"}, {"q": "x" * 129}):
        assert assert_problem(api.get("/api/agents", params=query), 400)["parameter"] == next(iter(query))


def assert_shares(database, expected, jobs=20_000):
    """Whom the scores favour, over so many ids that chance (a standard deviation of at most 0.4 %) is no excuse."""
    best = """SELECT name, count(*) FROM (
        SELECT DISTINCT ON (job) name FROM (SELECT gen_random_uuid() AS job FROM generate_series(1, %s) n OFFSET 0) jobs, agent
        ORDER BY job, placement_score(job, uuid_hash_extended(agent_id, 0), weight) DESC) best GROUP BY 1"""
    found = {name: count / jobs for name, count in database.query(best, (jobs,))}
    assert found == pytest.approx(expected, abs=0.02)


def test_an_agent_that_leaves_moves_its_own_jobs_only_and_one_that_joins_takes_its_share_when_asked(api, central, database):
    agents = [Labelled(central, f"a{i}") for i in range(4)]
    for i in range(80):
        api.create_job("@daily", HOOK)
    before = all_holders(database)
    counts = [list(before.values()).count(f"a{i}") for i in range(4)]
    assert min(counts) >= 3, f"far from even: {counts}"  # of 80 by chance; one in ten million has less
    assert_shares(database, {f"a{i}": 1 / 4 for i in range(4)})
    reply = api.post(f"/api/agents/{agents[0].agent_id}/actions/drain")
    assert reply.status_code == 200 and reply.json()["draining"] is True
    after = all_holders(database)
    assert all(after[job] != "a0" for job in after)
    assert {job for job in before if before[job] != after[job]} == {job for job in before if before[job] == "a0"}
    new = api.create_job("@daily", HOOK)
    assert holders(database, new) != ["a0"]
    assert api.post(f"/api/agents/{agents[0].agent_id}/actions/undrain").json()["draining"] is False
    assert all_holders(database).items() >= after.items(), "nothing moves by itself"
    Labelled(central, "heavy")
    heavy = api.json("/api/agents", q="heavy")["agents"][0]
    api.patch(f"/api/agents/{heavy['agentId']}", json={"weight": 4})
    assert all_holders(database).items() >= after.items()
    assert api.rebalance() > 0
    balanced = all_holders(database)
    best = """SELECT DISTINCT ON (job_id) job_id::text, agent.name FROM job, agent
        ORDER BY job_id, placement_score(job_id, uuid_hash_extended(agent_id, 0), weight) DESC"""
    assert balanced == dict(database.query(best)), "each is where its best claim is"
    moved = {job for job in before if balanced[job] != before[job]}
    assert all(balanced[job] == "heavy" for job in moved), "back at home, or at the new one"
    assert 15 <= len(moved) <= 65, f"weight 4 of 8 should have about half of 80, has {len(moved)}"
    assert_shares(database, {"heavy": 1 / 2} | {f"a{i}": 1 / 8 for i in range(4)})
    assert api.rebalance() == 0
    assert_problem(api.post("/api/agents/actions/rebalance", params={"cursor": "x"}), 400)


def test_jobs_that_came_in_bulk_are_placed_at_once_though_postgresql_did_not_look_at_them(world):
    """With autovacuum off nobody else does: plans for an empty table took minutes, and each call ended at the statement timeout."""
    central = world.central(database := world.database(world.cluster(autovacuum="off").start())).start()
    api = central.api
    for i in range(5):
        Labelled(central, f"a{i}").sync()
    api.create_job("@daily", HOOK)
    database.execute("""INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
        updated_by) SELECT gen_random_uuid(), revision, 'like it', active, type, target_mode, definition, created_at, created_by,
        updated_at, updated_by FROM job, generate_series(2, 5000)""")
    looks = "SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'job'"
    known = "SELECT reltuples FROM pg_class WHERE relname = 'job'"
    wait_until(lambda: database.query(known) == [(5000,)], 30, "central to have the table looked at", explain=world.tails)
    assert api.rebalance() == 4999
    before = database.query(looks)
    wait_until(lambda: database.query("SELECT reltuples FROM pg_class WHERE relname = 'job_watch'") == [(5000,)], 30, "other tables")
    database.execute("UPDATE job SET updated_at = now()")
    wait_until(lambda: database.query("SELECT n_mod_since_analyze >= 5000 FROM pg_stat_user_tables WHERE relname = 'job'") == [(True,)],
               10, "PostgreSQL to count them")
    new = api.create_job("@daily", HOOK)["jobId"]
    wait_until(lambda: database.query("SELECT count(*) FROM job_watch WHERE job_id = %s", (new,)) == [(1,)], 30, "a round of chores")
    assert database.query(looks) == before, "rows that change are no reason to look again"


def test_a_rebalance_that_takes_long_answers_in_between_and_goes_on_from_there(api, central, database):
    for name in ("a", "b"):
        Labelled(central, name)
    api.create_job("@daily", HOOK)
    database.execute("""INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
        updated_by) SELECT gen_random_uuid(), revision, 'like it', active, type, target_mode, definition, created_at, created_by,
        updated_at, updated_by FROM job, generate_series(1, 6000)""")  # more than one chunk of a rebalance
    database.execute("ANALYZE")
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('belfry.placement'))")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(api.post, "/api/agents/actions/rebalance")
            wait_until(lambda: database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")[0][0] > 0, 10,
                       "the rebalance to wait")
            cursor.execute("SELECT pg_sleep(3)")
            connection.rollback()
            reply = first.result(60).json()
    assert 0 < reply["changes"] < 6000 and reply["nextCursor"], reply
    rest = api.post("/api/agents/actions/rebalance", params={"cursor": reply["nextCursor"]}).json()
    assert rest["changes"] > 0, rest
    assert api.rebalance() == 0
    assert len(api.json("/api/audit", action="fleet.rebalance")["entries"]) == 2, "one for each order, not for each call"


def test_draining_leaves_jobs_that_belong_to_the_host_and_jobs_with_no_better_agent(api, central, database):
    only = Labelled(central, "only")
    jobs = [api.create_job("@daily", HOOK, target=target) for target in ({"mode": "one"}, {"mode": "all"}, {"mode": "agent", "agent": "only"})]
    assert api.post(f"/api/agents/{only.agent_id}/actions/drain").json()["handover"] == {"until": None, "kept": 1, "bound": 2}
    assert [holders(database, job) for job in jobs] == [["only"]] * 3
    Labelled(central, "second")
    wait_until(lambda: holders(database, jobs[0]) == ["second"], 10, "the stuck job to move")
    handover = api.json(f"/api/agents/{only.agent_id}")["handover"]
    assert (handover["kept"], handover["bound"]) == (0, 2)
    assert set(holders(database, jobs[1])) == {"only", "second"} and holders(database, jobs[2]) == ["only"]


def test_what_a_draining_agent_has_is_counted_as_its_jobs_are_now(api, central, database):
    a, b = Labelled(central, "a", host="a"), Labelled(central, "b", host="b")
    here = {"mode": "one", "selector": "host=a"}
    targets = {"one": here, "count": {"mode": "count", "count": 2}, "agent": {"mode": "agent", "agent": "a"}, "all": {"mode": "all"}}
    jobs = {mode: api.create_job("@daily", HOOK, target=target)["jobId"] for mode, target in targets.items()}
    api.create_job("@daily", HOOK, target={"mode": "agent", "agent": "b"})
    api.create_job("@daily", HOOK, target={"mode": "agent", "agent": "later"})
    for agent in (a, b):
        api.post(f"/api/agents/{agent.agent_id}/actions/drain")

    def counted(agent=a):
        listed = {row["agentId"]: row["handover"] for row in api.json("/api/agents")["agents"]}[agent.agent_id]
        assert listed == api.json(f"/api/agents/{agent.agent_id}")["handover"]
        by_jobs = dict(tuple(row) for row in database.query(
            """SELECT target_mode IN ('one', 'count'), count(*) FROM assignment JOIN job USING (job_id)
            WHERE agent_id = %s AND NOT removed GROUP BY 1""", (agent.agent_id,)))
        assert (listed["kept"], listed["bound"]) == (by_jobs.get(True, 0), by_jobs.get(False, 0))
        return listed["kept"], listed["bound"]

    assert counted() == (2, 2) and counted(b) == (1, 2)
    for mode, target, expected in (("one", targets["agent"], (1, 3)), ("agent", here, (2, 2)), ("all", targets["count"], (3, 1)),
                                   ("count", targets["all"], (2, 2)), ("all", here, (2, 2)), ("all", targets["agent"], (1, 3)),
                                   ("agent", {"mode": "agent", "agent": "nobody"}, (0, 3)), ("one", {"mode": "agent", "agent": "b"}, (0, 2))):
        api.edit_job(jobs[mode], target={"selector": None, "count": None, "agent": None, **target})
        assert counted() == expected, (mode, target)
    assert counted(b) == (0, 3), "the count's job, which is all's now, and what names it"
    assert api.patch(f"/api/agents/{a.agent_id}", json={"name": "later"}).status_code == 200
    assert counted() == (0, 2), "what names its old name is nobody's"
    api.post(f"/api/jobs/{jobs['count']}/actions/pause")
    assert counted() == (0, 2)
    assert api.delete(f"/api/jobs/{jobs['count']}").status_code == 204
    assert counted() == (0, 1) and counted(b) == (0, 2)
    api.post(f"/api/agents/{a.agent_id}/actions/undrain")
    assert api.json(f"/api/agents/{a.agent_id}")["handover"] is None
    api.post(f"/api/agents/{b.agent_id}/actions/revoke")
    assert api.json(f"/api/agents/{b.agent_id}")["handover"] is None


def test_places_of_a_count_keep_their_key_when_they_pass_on(api, central, database):
    agents = {name: Labelled(central, name) for name in ("a", "b", "c")}
    job = api.create_job("@daily", HOOK, target={"mode": "count", "count": 2})
    keys = lambda: dict(tuple(r) for r in database.query(  # noqa: E731
        "SELECT target_key, name FROM assignment JOIN agent USING (agent_id) WHERE NOT removed"))
    before = keys()
    assert set(before) == {"1", "2"}
    api.post(f"/api/agents/{agents[before['1']].agent_id}/actions/revoke")
    after = keys()
    assert after["2"] == before["2"] and after["1"] not in before.values()
    api.edit_job(job["jobId"], target={"mode": "count", "count": 5})
    assert len(keys()) == 2, "there are two agents only"
    Labelled(central, "d")
    assert set(keys()) == {"1", "2", "3"}


def test_two_agents_that_a_job_has_no_patience_with_do_not_swap_their_places(api, central, database):
    """With nobody better at hand. Each would make up, under the other's key, what the other one ran."""
    first = Labelled(central, "w1")
    first.follow()
    targets = [{"mode": "count", "count": 2}, {"mode": "one"}, {"mode": "count", "count": 3}]
    jobs = [api.create_job("@daily", "http://127.0.0.1:1/", target=targets[i % 3], failover={"afterMs": 500})["jobId"] for i in range(24)]
    Labelled(central, "w2").follow()  # the second place of each, whoever has the better claim to the first
    first.follow()
    places = "SELECT job_id, agent_id, target_key, epoch FROM assignment WHERE NOT removed ORDER BY 1, 2"
    before = database.query(places)
    assert len(before) == 8 * (2 + 1 + 2)
    time.sleep(1)
    assert [a["state"] for a in api.json("/api/agents")["agents"]] == ["online", "online"]
    api.rebalance()
    two = {job for i, job in enumerate(jobs) if i % 3 != 1}
    assert [row for row in database.query(places) if str(row[0]) in two] == [row for row in before if str(row[0]) in two]


def test_an_agent_that_holds_jobs_of_every_mode_can_be_edited(api, central, database):
    agent = Labelled(central, "w1", env="prod")
    Labelled(central, "w2", env="prod")
    targets = [{"mode": "all"}, {"mode": "all", "selector": "env=prod"}, {"mode": "agent", "agent": "w1"}, {"mode": "one"},
               {"mode": "count", "count": 3}, {"mode": "one", "selector": "env=moon"}]
    jobs = [api.create_job("@daily", "http://127.0.0.1:1/", target=target) for target in targets]
    assert api.patch(f"/api/agents/{agent.agent_id}", json={"weight": 2}).status_code == 200
    assert [len(holders(database, job)) for job in jobs] == [2, 2, 1, 1, 2, 0]
    reply = api.patch(f"/api/agents/{agent.agent_id}", json={"labels": {"env": "moon"}, "name": "m1"})
    assert reply.status_code == 200, reply.text
    assert [len(holders(database, job)) for job in jobs] == [2, 1, 0, 1, 2, 1]
    assert api.patch(f"/api/agents/{agent.agent_id}", json={"labels": {"env": "prod"}, "name": "w1"}).status_code == 200
    assert [len(holders(database, job)) for job in jobs] == [2, 2, 1, 1, 2, 0]
    assert api.patch(f"/api/agents/{agent.agent_id}", json={"weight": 0}).status_code == 200


def test_forget_takes_gone_agents_out_of_sight_only(api, central, database):
    gone = Labelled(central, "gone")
    assert "revoke it first" in assert_problem(api.post(f"/api/agents/{gone.agent_id}/actions/forget"), 409)["detail"]
    assert_problem(api.post(f"/api/agents/{uuid.uuid4()}/actions/forget"), 404)
    assert api.post(f"/api/agents/{gone.agent_id}/actions/revoke").json()["state"] == "revoked"
    for again in (api.post(f"/api/agents/{gone.agent_id}/actions/drain"), api.patch(f"/api/agents/{gone.agent_id}", json={"weight": 2})):
        assert "this agent is revoked" in assert_problem(again, 409)["detail"]
    assert [a["name"] for a in api.json("/api/agents")["agents"]] == ["gone"]
    assert api.post(f"/api/agents/{gone.agent_id}/actions/forget").status_code == 200
    assert api.json("/api/agents")["agents"] == [] and api.json(f"/api/agents/{gone.agent_id}")["name"] == "gone"


def test_the_digest_at_central_fits_what_an_agent_was_told_after_all_kinds_of_moves(api, central):
    agents = [Labelled(central, f"a{i}", half=str(i % 2)) for i in range(3)]
    jobs = [api.create_job("@daily", HOOK, target=target) for target in
            [{"mode": "one"}] * 6 + [{"mode": "count", "count": 2}] * 4 + [{"mode": "all", "selector": "half=0"}] * 2]
    for change in (lambda: api.post(f"/api/agents/{agents[1].agent_id}/actions/drain"),
                   lambda: api.patch(f"/api/agents/{agents[2].agent_id}", json={"labels": {"half": "1"}}),
                   lambda: api.post(f"/api/agents/{agents[1].agent_id}/actions/undrain"),
                   lambda: api.rebalance(),
                   lambda: api.delete_job(jobs[0]["jobId"]),
                   lambda: api.edit_job(jobs[6]["jobId"], target={"mode": "one", "count": None})):
        change()
        for agent in agents:
            agent.follow()  # compares the digests
