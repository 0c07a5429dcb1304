"""The job set of an agent follows its definition at central: deltas, tombstones, snapshots, commands; and who may ask."""
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests
from harness.api import assert_problem
from harness.cli import Cli
from harness.waiting import wait_until
from raw_agent import RawAgent, executions

URL = "http://127.0.0.1:9/"
# As merge patches: the null takes an agent's name away.
ALL = {"mode": "all", "agent": None}
ONE = {"mode": "one", "agent": None}


def assert_level(raw, api):
    """After the agent followed: it holds what central shows as its."""
    raw.follow()
    shown = api.json(f"/api/agents/{raw.agent_id}")
    assert shown["jobSetRevision"] == raw.revision


def assert_set_is_the_assignments(raw, database):
    expected = {row[0]: (row[1], row[2]) for row in database.query(
        """SELECT job_id::text, revision, target_key FROM assignment JOIN job USING (job_id)
           WHERE agent_id = %s AND NOT removed AND deleted_at IS NULL""", (raw.agent_id,))}
    assert raw.entries() == expected


def test_a_new_agent_gets_what_waits_for_it(central, api):
    one = api.create_job("* * * * *", URL)
    everywhere = api.create_job("* * * * *", URL, target={"mode": "all"})
    named = api.create_job("* * * * *", URL, target={"mode": "agent", "agent": "bob"})
    api.create_job("* * * * *", URL, target={"mode": "agent", "agent": "carol"})
    raw = RawAgent(central, "bob")
    assert raw.follow() == ["snapshot"]
    assert {job_id: key for job_id, (_, key) in raw.jobs.items()} == {
        one["jobId"]: "", everywhere["jobId"]: raw.agent_id, named["jobId"]: ""}
    assert raw.follow() == ["none"]


def test_edits_come_as_a_delta_and_deletes_as_tombstones(central, api, raw, database):
    jobs = [api.create_job("* * * * *", URL, name=f"n{i}") for i in range(5)]
    assert raw.follow() == ["snapshot"]
    api.edit_job(jobs[0]["jobId"], schedule="*/5 * * * *")
    api.delete_job(jobs[1]["jobId"])
    reply = api.post(f"/api/jobs/{jobs[2]['jobId']}/actions/pause")
    assert reply.status_code == 200, reply.text
    job_set = raw.sync()["jobSet"]
    assert job_set["mode"] == "delta" and not job_set["more"]
    assert [upsert["job"]["jobId"] for upsert in job_set["upserts"]] == [jobs[0]["jobId"], jobs[2]["jobId"]]
    assert job_set["upserts"][0]["job"]["schedule"] == "*/5 * * * *"
    assert job_set["upserts"][1]["job"]["active"] is False
    assert job_set["deletes"] == [jobs[1]["jobId"]]
    raw.apply(job_set)
    assert_level(raw, api)
    assert_set_is_the_assignments(raw, database)


def test_how_far_an_agent_is_behind_its_job_set_and_since_when_is_shown(world, central, api, raw, database):
    """Agent at revision 41, central at 44, for three hours."""
    jobs = [api.create_job("0 0 1 1 *", URL) for _ in range(4)]
    raw.follow()
    raw.sync()
    shown = lambda: api.json(f"/api/agents/{raw.agent_id}")  # noqa: E731
    level = shown()["jobSetRevision"]
    assert (shown()["appliedRevision"], shown()["behind"]) == (level, None)
    for job in jobs[:3]:
        api.edit_job(job["jobId"], timeoutMs=1000)
    database.execute("UPDATE assignment SET changed_at = changed_at - interval '3 hours' WHERE set_revision = %s", (level + 1,))
    oldest, = database.query("SELECT to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') FROM assignment WHERE set_revision = %s",
                             (level + 1,))[0]
    raw.sync()  # it is heard, and does not apply what it is told
    agent = shown()
    assert (agent["jobSetRevision"], agent["appliedRevision"], agent["behind"]["revisions"]) == (level + 3, level, 3)
    assert agent["behind"]["since"].startswith(oldest)
    assert api.json("/api/agents")["agents"][0]["behind"] == agent["behind"]
    cli = Cli(world.folder, central.url, central.token)
    assert cli.json("agent", "show", "raw")["behind"] == agent["behind"]
    assert "BEHIND" in cli.out("agent", "list") and oldest[:10] in cli.out("agent", "show", "raw")
    raw.follow()
    raw.sync()
    assert shown()["behind"] is None


def test_a_job_moves_when_its_target_changes(central, api, database):
    agents = [RawAgent(central, name) for name in ("a", "b", "c")]
    job_id = api.create_job("* * * * *", URL)["jobId"]
    targets = [ALL, {"mode": "agent", "agent": "b"}, ONE, {"mode": "agent", "agent": "nobody"}, ALL, ONE]
    expected = [3, 1, 1, 0, 3, 1]
    for target, holders in zip(targets, expected):
        api.edit_job(job_id, target=target)
        for raw in agents:
            assert_level(raw, api)
            assert_set_is_the_assignments(raw, database)
        assert sum(job_id in raw.jobs for raw in agents) == holders, target
    epochs = database.query("SELECT epoch FROM assignment WHERE job_id = %s ORDER BY epoch", (job_id,))
    assert epochs[-1][0] > 1, "a new holder has a new epoch"


def test_jobs_of_mode_one_spread_over_the_agents_and_stay_where_they_are(central, api, database):
    agents = [RawAgent(central, f"a{i}") for i in range(3)]
    for _ in range(60):
        api.create_job("* * * * *", URL)
    for raw in agents:
        raw.follow()
    before = [set(raw.jobs) for raw in agents]
    assert sum(len(held) for held in before) == 60 and all(len(held) >= 5 for held in before)
    late = RawAgent(central, "late")
    late.follow()
    for job_id in before[0]:
        api.edit_job(job_id, name="edited")
    for raw in agents:
        raw.follow()
    assert [set(raw.jobs) for raw in agents] == before and late.jobs == {}


def test_a_set_of_large_jobs_comes_in_parts_and_is_whole_at_the_end(central, api):
    raw = RawAgent(central)
    made = {api.create_job("@daily", "http://127.0.0.1:1/", body="x" * 64000)["jobId"] for _ in range(150)}
    sizes = []
    while not sizes or job_set["more"]:
        job_set = raw.sync()["jobSet"]
        sizes.append(len(job_set["upserts"]))
        raw.apply(job_set)
    assert set(raw.jobs) == made and len(sizes) == 2 and sizes[0] < 140, sizes
    assert raw.sync()["jobSet"]["mode"] == "none"


def test_a_set_larger_than_a_part_comes_in_parts_while_it_is_edited(central, api, database):
    """2,500 jobs are inserted as one placement would; edits fall between the parts."""
    raw = RawAgent(central)
    first = api.create_job("* * * * *", URL)["jobId"]
    definition = database.query("SELECT definition FROM job")[0][0]
    ids = [str(uuid.uuid4()) for _ in range(2500)]
    # In one go: on a slow disk 2,500 commits take longer than an agent may be silent, and its own job moves too.
    database.execute("""INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
        updated_by) SELECT id, 1, 'x', true, 'ATLEAST_ONCE', 'all', %s, now(), 't', now(), 't' FROM unnest(%s::uuid[]) AS id""", (definition, ids))
    other = RawAgent(central, "other")
    modes, seen = [], 0
    while True:
        job_set = other.sync()["jobSet"]
        modes.append(job_set["mode"])
        assert len(job_set["upserts"]) <= 1000
        seen += len(job_set["upserts"])
        other.apply(job_set)
        if not job_set["more"]:
            break
        api.edit_job(ids[len(modes)], target=ALL, name=f"edited {len(modes)}")
        api.delete_job(ids[100 + len(modes)])
    assert modes[0] == "snapshot" and set(modes[1:]) == {"delta"} and len(modes) >= 3
    assert_level(other, api)
    assert len(other.jobs) == 2500 - (len(modes) - 1)
    assert first not in other.jobs
    assert_set_is_the_assignments(other, database)


def test_differing_digests_are_mended_by_a_snapshot(central, api, raw):
    for _ in range(3):
        api.create_job("* * * * *", URL)
    raw.follow()
    kept = dict(raw.jobs)
    lost = raw.jobs.popitem()
    raw.jobs["00000000-0000-0000-0000-00000000dead"] = lost[1]
    assert raw.follow() == ["snapshot"]
    assert raw.jobs == kept
    raw.jobs.clear()
    assert raw.sync()["jobSet"]["mode"] == "none", "an agent that cannot take a job must not get the set every second"
    wait_until(lambda: raw.sync()["jobSet"]["mode"] == "snapshot", 15)


def test_an_agent_ahead_of_a_restored_central_gets_a_snapshot(central, api, raw):
    job = api.create_job("* * * * *", URL)
    raw.revision, raw.jobs = 1000, {"00000000-0000-0000-0000-00000000dead": (dict(job, jobId="x"), "")}
    assert raw.follow() == ["snapshot"]
    assert list(raw.jobs) == [job["jobId"]] and raw.revision < 1000


def test_a_run_now_is_delivered_until_it_is_reported_done(central, api, raw):
    job_id = api.create_job("0 0 1 1 *", URL)["jobId"]
    reply = api.post(f"/api/jobs/{job_id}/actions/run")
    assert reply.status_code in (200, 202), reply.text
    commands = raw.sync()["commands"]
    assert [(command["type"], command["jobId"]) for command in commands] == [("run", job_id)]
    assert raw.sync()["commands"] == commands
    assert raw.sync(doneCommands=[commands[0]["id"]])["commands"] == []
    assert raw.sync()["commands"] == []


def test_commands_and_records_of_one_agent_are_closed_to_another(central, api, raw, database):
    other = RawAgent(central, "other")
    job_id = api.create_job("0 0 1 1 *", URL, target={"mode": "agent", "agent": "raw"})["jobId"]
    api.post(f"/api/jobs/{job_id}/actions/run")
    command = raw.sync()["commands"][0]
    assert other.sync(doneCommands=[command["id"]])["commands"] == []
    assert raw.sync()["commands"] == [command]
    assert other.follow() == ["none"] and other.jobs == {}
    raw.sync(1, executions(job_id, 3))
    assert other.sync()["ackedSeq"] == 0


def test_the_sync_endpoint_needs_an_agents_key(central, api, raw):
    for key in ("wrong", central.token, "x" * 5000):
        assert_problem(raw.post(raw.body(), key=key), 401)
    assert api.with_token(raw.key).get("/api/jobs").status_code == 401
    assert requests.post(f"{central.url}/api/agent/sync", json={}, timeout=60).status_code == 404


def test_a_revoked_agent_is_refused_and_its_jobs_go_to_others(central, api, raw, database):
    job_ids = {api.create_job("* * * * *", URL)["jobId"] for _ in range(4)}
    raw.follow()
    assert set(raw.jobs) == job_ids
    other = RawAgent(central, "other")
    assert api.post(f"/api/agents/{raw.agent_id}/actions/revoke").status_code == 200
    wait_until(lambda: raw.post(raw.body()).status_code == 401, 5)
    other.follow()
    assert set(other.jobs) == job_ids
    assert all(epoch == 2 for epoch, in database.query("SELECT epoch FROM assignment WHERE NOT removed"))
    assert_problem(api.post(f"/api/agents/{raw.agent_id}/actions/revoke"), 409)
    RawAgent(central, "raw")


def enrol(central, **body):
    return requests.post(f"{central.agent_url}/api/agent/enroll", json=body, timeout=60)


def test_an_enrolment_token_is_used_once(central, api):
    token = api.enrol_token()
    assert enrol(central, token=token, name="a", hostname="h", agentVersion="1").status_code == 201
    assert "used" in assert_problem(enrol(central, token=token, name="b"), 403, "/token")["detail"]
    assert "unknown" in assert_problem(enrol(central, token="nonsense", name="b"), 401, "/token")["detail"]
    short = api.enrol_token(1000)
    time.sleep(1.2)
    assert "expired" in assert_problem(enrol(central, token=short, name="b"), 403, "/token")["detail"]


def test_of_many_that_show_one_token_at_once_one_is_enrolled(central, api):
    token = api.enrol_token()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda i: enrol(central, token=token, name=f"a{i}").status_code, range(8)))
    assert sorted(replies) == [201] + [403] * 7
    assert len(api.json("/api/agents")["agents"]) == 1


def test_a_taken_name_is_refused_and_leaves_the_token_good(central, api, raw):
    token = api.enrol_token()
    assert_problem(enrol(central, token=token, name="raw"), 409, "/name")
    assert enrol(central, token=token, name="raw2").status_code == 201


def test_bad_enrolments_are_told_what_is_wrong(central, api):
    token = api.enrol_token()
    assert_problem(enrol(central, token=token), 400, "/name")
    assert_problem(enrol(central, token=token, name=""), 400, "/name")
    assert_problem(enrol(central, token=token, name="a\nb"), 400, "/name")
    assert_problem(enrol(central, token=token, name="x" * 200), 400, "/name")
    assert_problem(enrol(central, token=7, name="x"), 400, "/token")
    assert_problem(enrol(central, token=token, name="x", colour="red"), 400, "/colour")
    assert_problem(api.post("/api/agents/tokens", json={"ttlMs": 1}), 400, "/ttlMs")
    assert_problem(api.post("/api/agents/tokens", json={"ttlMs": "1"}), 400, "/ttlMs")
    assert enrol(central, token=token, name="x").status_code == 201


def test_too_many_enrolments_are_told_to_come_back(central):
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda i: enrol(central, token=7, name="a"), range(400)))  # refused without a statement: a flood on any machine
    assert {reply.status_code for reply in replies} == {400, 429}
    assert all(reply.headers["Retry-After"] for reply in replies if reply.status_code == 429)


def test_agents_are_listed_in_pages(central, api):
    raws = [RawAgent(central, f"agent-{i}") for i in range(5)]
    raws[0].sync()
    listed = list(api.pages("/api/agents", "agents", limit=2))
    assert [agent["name"] for agent in listed] == [f"agent-{i}" for i in range(5)]
    assert [agent["state"] for agent in listed] == ["online"] + ["never"] * 4
    assert_problem(api.get(f"/api/agents/{uuid.uuid4()}"), 404)
    assert_problem(api.get("/api/agents/nonsense"), 404)
    assert_problem(api.get("/api/agents", params={"cursor": "nonsense"}), 400)


def test_an_agent_shows_how_much_its_outbox_may_hold_and_that_it_is_full(api, raw):
    def told(first_seq=1, records=(), **status):
        raw.sync(first_seq, records, status={"jobs": 0, "outboxDepth": 7, **status})
        shown = api.json(f"/api/agents/{raw.agent_id}")
        assert [shown] == [{**listed, **shown} for listed in api.json("/api/agents")["agents"]], "the list shows another agent"
        return shown["outboxDepth"], shown["outboxMax"], shown["outboxFull"]

    assert told() == (7, None, False), "an agent of before knows nothing of it"
    assert told(1, executions(str(uuid.uuid4()), 3), outboxMax=5000, outboxFull=True) == (7, 5000, True)
    assert told(4, outboxMax=5000, outboxFull=False) == (7, 5000, False)
    assert told(4, outboxMax=6000, outboxFull=True) == (7, 6000, True)
    assert_problem(raw.post(raw.body(4, status={"outboxFull": "yes"})), 400)
    assert_problem(raw.post(raw.body(4, status={"outboxMax": -1})), 400)


def test_broken_syncs_are_refused_with_a_reason(central, raw):
    for change in ({"version": 99}, {"firstSeq": 0}, {"records": {}}, {"jobSet": None}, {"epoch": "x"}):
        assert_problem(raw.post({**raw.body(), **change}), 400)
    reply = raw.session.post(f"{raw.url}/api/agent/sync", data=b"{", headers={"Authorization": f"Bearer {raw.key}"}, timeout=60)
    assert_problem(reply, 400)


def test_a_fleet_that_may_not_sync_often_enough_to_count_as_heard_is_told_in_the_log(world, database):
    central = world.central(database, sync_interval_ms=200, offline_after_ms=2000, syncs_per_second=2).start()
    words = "agents that are well count as silent"
    for name in ("one", "two"):
        RawAgent(central, name)
    assert words not in central.log()
    RawAgent(central, "three")
    wait_until(lambda: words in central.log(), 20, "the warning", explain=central.tail)
    time.sleep(6)
    assert central.log().count(words) == 1, "told again each round"


def test_two_centrals_share_the_chores_and_a_stop_hands_them_over(world, database):
    one = world.central(database).start()
    world.beside(one).start()
    # One for the chores, one for the watch over the fleet.
    holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND NOT mode LIKE '%%Share%%' AND database = " \
              "(SELECT oid FROM pg_database WHERE datname = current_database())"
    wait_until(lambda: database.query(holders) == [(2,)], 10)
    wait_until(lambda: database.query("SELECT count(*) FROM pg_inherits WHERE inhparent = 'execution'::regclass") == [(4,)], 10,
               "partitions for today and three days ahead")  # fmt: skip
    one.stop()
    wait_until(lambda: database.query(holders) == [(2,)], 15)


def test_edits_under_load_neither_deadlock_nor_lose_a_change(world, database):
    """Placement, syncs and records of six agents while jobs are edited, moved, made, deleted from six sides."""
    central = world.central(database, agent_threads=6, api_threads=6).start()
    agents = [RawAgent(central, f"a{i}") for i in range(6)]
    jobs = [central.api.create_job("* * * * *", URL)["jobId"] for _ in range(30)]
    stop = threading.Event()
    problems = []

    def edit(seed):
        rng, api = random.Random(seed), central.api
        targets = [ONE, ALL] + [{"mode": "agent", "agent": f"a{i}"} for i in range(8)]
        while not stop.is_set():
            choice = rng.random()
            if choice < 0.1:
                made = api.post("/api/jobs", json={"schedule": "* * * * *", "api": URL, "target": {"mode": "all"}})
                jobs.extend([made.json()["jobId"]] if made.status_code == 201 else [])
            elif choice < 0.15:
                api.delete(f"/api/jobs/{rng.choice(jobs)}")
            else:
                reply = api.patch(f"/api/jobs/{rng.choice(jobs)}", json={"name": f"n{rng.random()}", "target": rng.choice(targets)})
                if reply.status_code not in (200, 404, 409, 412, 503):  # 503: too slow, and nothing was changed
                    problems.append(reply.text)

    def follow(raw):
        seq = 1
        while not stop.is_set():
            body = raw.body(seq, executions(str(uuid.uuid4()), 20))
            while (reply := raw.post(body)).status_code == 503 and not stop.is_set():
                pass
            if reply.status_code != 200:
                problems += [reply.text] if reply.status_code != 503 else []
                continue
            raw.apply(reply.json()["jobSet"])
            seq += 20

    with ThreadPoolExecutor(13) as pool:
        runs = [pool.submit(edit, seed) for seed in range(6)] + [pool.submit(follow, raw) for raw in agents]
        newcomers = []
        for i in range(6, 9):
            time.sleep(1)
            newcomers.append(RawAgent(central, f"a{i}"))
        time.sleep(1)
        stop.set()
        for run in runs:
            run.result()
    assert not problems, problems[:3]
    assert database.query("SELECT max(revision) > 5, count(*) > 30 FROM job") == [(True, True)], "there was no load"
    assert database.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
    for raw in agents + newcomers:
        raw.epoch += 1
        raw.follow()
        assert_set_is_the_assignments(raw, database)
    wrong = database.query("""SELECT job_id, agent_id FROM job CROSS JOIN LATERAL placement(ARRAY[job_id], false) wanted (the_job, agent_id, target_key)
        FULL JOIN (SELECT * FROM assignment WHERE NOT removed) held USING (job_id, agent_id)
        WHERE wanted.target_key IS DISTINCT FROM held.target_key OR held.job_revision IS DISTINCT FROM job.revision""")
    assert wrong == []
