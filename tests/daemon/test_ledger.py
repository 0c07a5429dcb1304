"""The ledger: due = decided + unaccounted + unknown, and a lost record is shown as exactly that hole."""
import hashlib
import uuid

from raw_agent import RawAgent, execution, stamp

from harness.api import assert_problem
from harness.ledger import instant, now, seconds_between, timedelta
from harness.waiting import wait_until

LEDGER = "/api/observability/ledger"


def ms(moment):
    return stamp(moment)[:23] + "Z"


def test_a_running_system_is_fully_accounted_for_and_a_deleted_row_is_the_exact_hole(api, agent, target, database):
    job = api.create_job("* * * * * *", target.url + "/", timeoutMs=1000, retry={"maxAttempts": 1})
    path = f"/api/executions/{job['jobId']}"
    wait_until(lambda: len(api.json(path, limit=100)["executions"]) >= 5, timeout=20, what="five executions")
    # As if it had been so for minutes: revisions, assignments and executions an hour older; then time to settle has passed.
    for statement in ("UPDATE job_revision SET at = at - interval '1 minute'", "UPDATE job SET created_at = created_at - interval '1 minute'",
                      "UPDATE assignment SET changed_at = changed_at - interval '1 minute', held_since = held_since - interval '1 minute'"):
        database.execute(statement)
    began = min(instant(e["scheduledAt"]) for e in api.json(path, limit=100)["executions"])
    wait_until(lambda: now() - began > timedelta(seconds=30), timeout=40, what="fires that are surely told", every=0.5)
    seen = sorted(instant(e["scheduledAt"]) for e in api.json(path, limit=100)["executions"])
    question = {"jobId": job["jobId"], "from": stamp(seen[0])}
    ledger = api.json(LEDGER, **question)
    assert ledger["unaccounted"] == 0 and ledger["jobs"][0]["holes"] == [], ledger
    assert ledger["decided"] >= 20 and ledger["due"] == ledger["decided"] + ledger["unknown"]
    assert ledger["unknown"] <= 20, "the last seconds are not yet to be reported"

    database.execute("DELETE FROM execution WHERE scheduled_at IN (%s, %s, %s)", (seen[2], seen[3], seen[5]))
    ledger = api.json(LEDGER, **question)
    assert ledger["unaccounted"] == 3
    assert ledger["jobs"][0]["holes"] == [{"from": ms(seen[2]), "to": ms(seen[3]), "count": 2}, {"from": ms(seen[5]), "to": ms(seen[5]), "count": 1}]


def backdate(database, minutes=30):
    database.execute(f"UPDATE job_revision SET at = at - interval '{minutes} minutes'")
    database.execute(f"UPDATE assignment SET changed_at = changed_at - interval '{minutes} minutes', held_since = held_since - interval '{minutes} minutes'")


def test_pauses_missed_ranges_and_runs_on_demand_are_counted_as_what_they_are(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("* * * * *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=20)
    backdate(database)
    at = [start + timedelta(minutes=i) for i in range(21)]
    records = [execution(job, at[i]) for i in (1, 2, 4)]
    records += [execution(job, at[5], "missed", lastScheduledAt=stamp(at[9]), count=5), execution(job, at[3] + timedelta(seconds=7), cause="manual")]
    agent.sync(1, records)
    asked = {"jobId": job, "from": stamp(at[0] + timedelta(seconds=1)), "to": stamp(at[12] + timedelta(seconds=1))}
    found = api.json(LEDGER, **asked)["jobs"][0]
    assert (found["due"], found["decided"], found["unaccounted"], found["unknown"]) == (12, 8, 4, 0)
    assert [(h["from"], h["to"], h["count"]) for h in found["holes"]] == [(ms(at[3]), ms(at[3]), 1), (ms(at[10]), ms(at[12]), 3)]
    inside = api.json(LEDGER, jobId=job, **{"from": stamp(at[7]), "to": stamp(at[9] + timedelta(seconds=1))})["jobs"][0]
    assert (inside["decided"], inside["unaccounted"]) == (3, 0), "the range began before the window"
    # Paused from minute 9.5 on: what was due after that is due no more.
    api.post(f"/api/jobs/{job}/actions/pause")
    database.execute("UPDATE job_revision SET at = %s WHERE revision = 2", (at[9] + timedelta(seconds=30),))
    paused = api.json(LEDGER, **asked)["jobs"][0]
    assert (paused["due"], paused["unaccounted"]) == (9, 1)


def test_a_range_that_began_weeks_ago_covers_the_window_though_the_day_of_its_begin_was_dropped(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("0 * * * *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    backdate(database, minutes=30 * 24 * 60)
    end = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    first = end - timedelta(days=20)
    agent.sync(1, [execution(job, first, "missed", lastScheduledAt=stamp(end), count=20 * 24 + 1, reason="the host was off")])
    asked = {"jobId": job, "from": stamp(end - timedelta(hours=5)), "to": stamp(end + timedelta(seconds=1))}

    def check():
        found = api.json(LEDGER, **asked)["jobs"][0]
        assert (found["due"], found["decided"], found["holes"]) == (6, 6, []), found
        said = api.json(f"/api/jobs/{job}/why", at=stamp(end - timedelta(hours=3)))
        assert any("the host was off" in sentence["text"] for sentence in said["sentences"]), said

    check()
    database.query("SELECT execution_close(now()::date - 10)")
    assert database.query("SELECT execution_partition_drop()") == [(1,)]
    assert not api.json(f"/api/executions/{job}", **{"from": stamp(first)})["executions"]
    check()


def test_a_window_begins_where_everything_is_kept_and_what_was_kept_for_long_enough_is_no_hole(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("0 * * * *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    backdate(database, minutes=30 * 24 * 60)
    hour = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    agent.sync(1, [execution(job, hour - timedelta(hours=i)) for i in range(5 * 24)])
    asked = {"jobId": job, "from": stamp(hour - timedelta(hours=5 * 24 - 1)), "to": stamp(hour + timedelta(seconds=1))}
    whole = api.json(LEDGER, **asked)
    assert (whole["due"], whole["decided"], whole["unaccounted"]) == (120, 120, 0) and whole["from"] == ms(instant(asked["from"])), whole
    border = hour.replace(hour=0) - timedelta(days=3)
    while database.query("SELECT retention_sweep_step(%s, '{1}', 1000)", (border.date(),))[0][0]:
        pass
    left = api.json(LEDGER, **asked)
    hours = (hour - border) // timedelta(hours=1) + 1
    assert (left["due"], left["decided"], left["unaccounted"], left["from"]) == (hours, hours, 0, ms(border)), left
    before = api.json(LEDGER, **{**asked, "to": stamp(border - timedelta(hours=2))})
    assert (before["due"], before["from"]) == (0, before["to"]), before
    for at, kind in ((border - timedelta(hours=5), "notKept"), (border, "decided")):
        assert kind in {sentence["kind"] for sentence in api.json(f"/api/jobs/{job}/why", at=stamp(at))["sentences"]}


def test_what_a_silent_agent_has_not_told_is_unknown_and_no_hole(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("* * * * *", "http://127.0.0.1:1/")["jobId"]
    agent.follow()
    agent.follow()  # tells that it has them
    backdate(database)
    database.execute("UPDATE agent_state SET last_seen_at = now() - interval '10 minutes'")
    ledger = api.json(LEDGER, jobId=job, **{"from": stamp(now() - timedelta(minutes=9))})
    assert ledger["unaccounted"] == 0 and ledger["unknown"] in (9, 10) and ledger["decided"] == 0
    told = api.json(LEDGER, jobId=job, **{"from": stamp(now() - timedelta(minutes=20))})
    assert told["unaccounted"] in (9, 10) and told["unknown"] in (10, 11)


def fire_id(job, at, key="", epoch=0):
    """As common/execution.h says; epoch: how often the clock was set back."""
    digest = bytearray(hashlib.blake2b(job.encode() + b"\0" + int(at.timestamp() * 1e6).to_bytes(8, "little") + key.encode() + b"\0" + epoch.to_bytes(8, "little"), digest_size=16).digest())
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def test_a_place_that_passed_to_another_agent_keeps_what_was_decided_for_it(central, api, database):
    job = api.create_job("* * * * *", "http://127.0.0.1:1/", target={"mode": "count", "count": 2})["jobId"]
    agents = [RawAgent(central, name=f"a{i}") for i in range(3)]
    for agent in agents * 2:
        agent.follow()
    backdate(database)
    places = dict(database.query("SELECT target_key, agent_id::text FROM assignment WHERE NOT removed"))
    assert sorted(places) == ["1", "2"]
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    at = [start + timedelta(minutes=i) for i in range(10)]
    former = next(agent for agent in agents if agent.agent_id == places["2"])
    other = next(agent for agent in agents if agent.agent_id == places["1"])
    other.sync(1, [execution(job, moment, execution_id=fire_id(job, moment, "1")) for moment in at])
    former.sync(1, [execution(job, moment, execution_id=fire_id(job, moment, "2")) for moment in at[:4]])
    assert api.post(f"/api/agents/{former.agent_id}/actions/drain").status_code == 200
    for agent in agents * 2:
        agent.follow()
    heir = next(agent for agent in agents if agent.agent_id not in places.values())
    heir.sync(1, [execution(job, moment, execution_id=fire_id(job, moment, "2")) for moment in at[5:]])
    asked = {"jobId": job, "from": stamp(at[0]), "to": stamp(at[9] + timedelta(seconds=1))}
    found = api.json(LEDGER, **asked)["jobs"][0]
    assert (found["due"], found["decided"]) == (20, 19), found
    undecided = [(hole["from"], hole["count"]) for hole in found["holes"]] + [(found["unknownSince"], found["unknown"])]
    assert (ms(at[4]), 1) in undecided, found
    # Who comes back for the other place has decided nothing for that one.
    for agent, action in ((former, "undrain"), (other, "drain")):
        assert api.post(f"/api/agents/{agent.agent_id}/actions/{action}").status_code == 200
    assert database.query("SELECT agent_id::text FROM assignment WHERE NOT removed AND target_key = '1'") == [(former.agent_id,)]
    again = api.json(LEDGER, **asked)["jobs"][0]
    assert (again["due"], again["decided"]) == (20, 19), again


def test_fires_that_were_counted_but_not_kept_are_decided(central, api, database):
    agent = RawAgent(central)
    job = api.create_job("* * * * *", "http://127.0.0.1:1/", history={"policy": "failures"})["jobId"]
    agent.follow()
    agent.follow()
    backdate(database)
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    ids = {}
    for i in range(5):
        at = start + timedelta(minutes=i)
        ids[at] = fire_id(job, at)
    agent.sync(1, [execution(job, at, execution_id=ids[at]) for at in list(ids)[:4]])
    assert database.query("SELECT count(*) FROM execution_unkept")[0][0] == 4
    found = api.json(LEDGER, jobId=job, **{"from": stamp(start), "to": stamp(start + timedelta(minutes=5))})["jobs"][0]
    assert (found["due"], found["decided"], found["unaccounted"]) == (5, 4, 1) and found["holes"][0]["from"] == ms(start + timedelta(minutes=4))


def test_fires_that_were_not_kept_are_known_however_often_the_clock_was_set_back(central, api, database):
    """Their ids are made with the epoch of the clock that they were decided in, which another agent may have had."""
    former = RawAgent(central, "former")
    job = api.create_job("* * * * *", "http://127.0.0.1:1/", history={"policy": "failures"})["jobId"]
    former.follow()
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    at = [start + timedelta(minutes=i) for i in range(4)]
    stepped = {**former.body()["status"], "clockEpoch": 3}
    former.sync(1, [execution(job, at[i], execution_id=fire_id(job, at[i], epoch=i)) for i in range(4)], status=stepped)
    agent = RawAgent(central, "agent")
    assert api.post(f"/api/agents/{former.agent_id}/actions/drain").status_code == 200
    wait_until(lambda: database.query("SELECT agent_id::text FROM assignment WHERE NOT removed") == [(agent.agent_id,)], 20, "the move")
    agent.follow()
    agent.follow()
    former.sync(5, status=stepped)
    backdate(database)
    found = api.json(LEDGER, jobId=job, **{"from": stamp(start), "to": stamp(start + timedelta(minutes=4))})["jobs"][0]
    assert (found["due"], found["decided"], found["unaccounted"], found["unknown"]) == (4, 4, 0, 0), found


def test_a_job_made_or_edited_while_its_agent_was_away_is_unknown_until_it_was_back(world, database, target):
    central = world.central(database, offline_after_ms=3000, sync_interval_ms=200).start()
    agent, api = world.agent(central).start(), central.api
    brief = {"timeoutMs": 1000, "retry": {"maxAttempts": 1}}  # a busy agent is waited for that long
    edited = api.create_job("* * * * * *", target.url + "/", **brief)["jobId"]
    wait_until(lambda: api.json(f"/api/executions/{edited}")["executions"], timeout=20, what="the first execution")
    agent.stop()
    wait_until(lambda: api.json("/api/agents")["agents"][0]["state"] == "offline", timeout=20, what="the agent to be missed")
    wait_until(lambda: database.query("SELECT count(*) FROM agent_presence WHERE offline_to IS NULL") == [(1,)], timeout=20, what="that to be noted")
    made = api.create_job("* * * * * *", target.url + "/", **brief)["jobId"]
    assert api.patch(f"/api/jobs/{edited}", json={"schedule": "*/2 * * * * *"}).status_code == 200
    # As if the agent were away for two minutes, and both had been done a minute ago.
    database.execute("UPDATE agent_presence SET offline_from = offline_from - interval '2 minutes'")
    database.execute("UPDATE job_revision SET at = at - CASE WHEN job_id = %s AND revision = 1 THEN interval '10 minutes' ELSE interval '1 minute' END", (edited,))
    database.execute("UPDATE assignment SET changed_at = changed_at - interval '1 minute', held_since = held_since - CASE WHEN job_id = %s THEN interval '10 minutes' ELSE interval '1 minute' END", (edited,))
    done_at = {job: database.query("SELECT max(at) FROM job_revision WHERE job_id = %s", (job,))[0][0] for job in (made, edited)}
    while_away = api.json(LEDGER, **{"from": stamp(now() - timedelta(minutes=1))})
    assert while_away["unaccounted"] == 0 and while_away["unknown"] > 50
    agent.start()
    wait_until(lambda: all(len([e for e in api.json(f"/api/executions/{job}", limit=100)["executions"] if e["status"] == "success"]) >= 8 for job in (made, edited)), timeout=60, what="both to run")

    to = now().replace(microsecond=0)

    def told_up_to_then():
        return all(max(instant(e["scheduledAt"]) for e in api.json(f"/api/executions/{job}", limit=100)["executions"]) > to + timedelta(seconds=3)
                   for job in (made, edited))

    wait_until(told_up_to_then, timeout=30, what="all up to then to be told")
    for job, every in ((made, 1), (edited, 2)):
        found = api.json(LEDGER, jobId=job, **{"from": stamp(done_at[job]), "to": stamp(to)})["jobs"][0]
        assert found["holes"] == [] and found["unaccounted"] == 0, found
        told = {instant(e["scheduledAt"]) for e in api.json(f"/api/executions/{job}", limit=100)["executions"] if e["status"] != "missed"}
        covered = {second for e in api.json(f"/api/executions/{job}", limit=100)["executions"] if e["status"] == "missed"
                   for second in seconds_between(instant(e["scheduledAt"]), instant(e["lastScheduledAt"]))}
        due = [second for second in seconds_between(done_at[job] + timedelta(seconds=15), to - timedelta(seconds=1)) if second.second % every == 0]
        undecided = [second for second in due if second not in told | covered]
        assert found["unknown"] == len(undecided) >= 20 // every and found["unknownSince"] == ms(undecided[0])
        assert found["due"] == found["decided"] + found["unknown"] and found["decided"] >= 2
    # It is the agent's absence that explains them.
    database.execute("UPDATE agent_presence SET offline_to = offline_from")
    wait_until(lambda: api.json(LEDGER, jobId=made, **{"from": stamp(done_at[made]), "to": stamp(to)})["unaccounted"] > 5, timeout=30, what="holes")


def test_nothing_is_demanded_of_a_time_without_a_holder_and_an_edit_forgives_nothing(central, api, database):
    jobs = {mode: api.create_job("* * * * *", "http://127.0.0.1:1/", target={"mode": mode})["jobId"] for mode in ("one", "all")}
    agent = RawAgent(central)
    agent.follow()
    agent.follow()
    database.execute("UPDATE job_revision SET at = at - interval '30 minutes'")
    database.execute("UPDATE assignment SET changed_at = changed_at - interval '10 minutes', held_since = held_since - interval '10 minutes'")
    until = now() - timedelta(minutes=1)
    asked = {"from": stamp(until - timedelta(minutes=19)), "to": stamp(until)}
    for job in jobs.values():
        found = api.json(LEDGER, jobId=job, **asked)["jobs"][0]
        assert found["due"] == 19 and found["unaccounted"] in (8, 9) and found["unknown"] == 19 - found["unaccounted"], found
        assert api.patch(f"/api/jobs/{job}", json={"name": "another"}).status_code == 200
        agent.follow()
        agent.follow()
        assert api.json(LEDGER, jobId=job, **asked)["jobs"][0] == {**found, "name": "another"}


def test_of_a_former_mode_nothing_is_due_at_those_who_hold_the_job_now(central, api, database):
    agents = [RawAgent(central, name=f"a{i}") for i in range(3)]
    job = api.create_job("* * * * *", "http://127.0.0.1:1/")["jobId"]

    def hear():
        for agent in agents * 2:
            agent.follow()

    hear()
    holder = next(agent for agent in agents if (agent.agent_id,) in database.query("SELECT agent_id::text FROM assignment WHERE NOT removed"))
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=40)
    at = [start + timedelta(minutes=i) for i in range(30)]
    edited = {2: at[9] + timedelta(seconds=30), 3: at[19] + timedelta(seconds=30)}
    for target in ({"mode": "all"}, {"mode": "count", "count": 2}):
        api.edit_job(job, target=target)
    hear()
    places = dict(database.query("SELECT target_key, agent_id::text FROM assignment WHERE NOT removed"))
    backdate(database, minutes=60)
    for revision, moment in edited.items():
        database.execute("UPDATE job_revision SET at = %s WHERE revision = %s", (moment, revision))
    database.execute("UPDATE assignment SET held_since = %s, changed_at = %s", (edited[3], edited[3]))
    # One holder, then each of three, then two places; the last of each time but the first is missing somewhere.
    for agent in agents:
        key = next((key for key, agent_id in places.items() if agent_id == agent.agent_id), None)
        records = [execution(job, moment, execution_id=fire_id(job, moment)) for moment in at[:10] if agent == holder]
        records += [execution(job, moment, execution_id=fire_id(job, moment, agent.agent_id)) for moment in at[10:19]]
        records += [execution(job, moment, execution_id=fire_id(job, moment, key)) for moment in at[20:30 if key == "1" else 29] if key]
        agent.sync(1, records)
    found = api.json(LEDGER, jobId=job, **{"from": stamp(at[0]), "to": stamp(at[-1] + timedelta(seconds=1))})["jobs"][0]
    assert found["decided"] == 10 + 3 * 9 + 10 + 9 and found["holes"] == [{"from": ms(at[29]), "to": ms(at[29]), "count": 1}], found
    assert (found["unknown"], found["unknownSince"]) == (1, ms(at[19])), "nobody is known to have had what is missing of the former mode"


def test_a_place_that_there_was_not_yet_owes_nothing(central, api, database):
    agents = [RawAgent(central, name=f"a{i}") for i in range(2)]
    job = api.create_job("* * * * *", "http://127.0.0.1:1/", target={"mode": "count", "count": 1})["jobId"]
    api.edit_job(job, target={"mode": "count", "count": 2})
    for agent in agents * 2:
        agent.follow()
    places = dict(database.query("SELECT agent_id::text, target_key FROM assignment WHERE NOT removed"))
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=30)
    at = [start + timedelta(minutes=i) for i in range(20)]
    backdate(database, minutes=60)
    database.execute("UPDATE job_revision SET at = %s WHERE revision = 2", (at[9] + timedelta(seconds=30),))
    for agent in agents:
        key = places[agent.agent_id]
        agent.sync(1, [execution(job, moment, execution_id=fire_id(job, moment, key)) for moment in at[0 if key == "1" else 10:]])
    found = api.json(LEDGER, jobId=job, **{"from": stamp(at[0]), "to": stamp(at[-1] + timedelta(seconds=1))})["jobs"][0]
    assert (found["due"], found["decided"]) == (30, 30), found


def test_pages_of_jobs_streams_of_an_agent_and_bad_questions(central, api):
    agent = RawAgent(central)
    for i in range(3):
        api.create_job("@daily", "http://127.0.0.1:1/", name=f"job {i}")
    agent.follow()
    agent.sync(1, [])
    first = api.json(LEDGER, limit=2)
    rest = api.json(LEDGER, limit=2, cursor=first["nextCursor"])
    assert [job["name"] for job in first["jobs"] + rest["jobs"]] == ["job 0", "job 1", "job 2"] and rest["nextCursor"] is None
    assert (rest["from"], rest["to"]) == (first["from"], first["to"]), "pages of different windows cannot be added up"
    assert len(api.json(LEDGER, agentId=agent.agent_id)["jobs"]) == 3
    for question in ({"jobId": "x"}, {"agentId": "x"}, {"from": "noon"}, {"from": "2001-01-01T00:00:00Z"}, {"from": "2999-01-01T00:00:00Z"},
                     {"limit": "0"}, {"cursor": "x"}, {"colour": "red"}):
        assert_problem(api.get(LEDGER, params=question), 400)
