"""What is kept of executions: doubled ones beside, by policy fewer, by age and status fewer; the sums count all."""
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from harness.api import assert_problem
from harness.cli import Cli
from harness.ledger import instant, now
from harness.waiting import wait_until
from raw_agent import NOW, RawAgent, execution, executions, stamp

ALL_JOBS = "00000000-0000-0000-0000-000000000000"
DAY_SUMS = "SELECT sum(success), sum(failed), sum(started) FROM rollup WHERE grain = 3 AND job_id = %s"


def count(database, table="execution"):
    return database.query(f"SELECT count(*) FROM {table}")[0][0]


def sums(database, job_id):
    return database.query(DAY_SUMS, (job_id,))[0]


def walk(api, path="/api/executions", **filters):
    """The executions of each page."""
    cursor = None
    while True:
        page = api.json(path, **filters, **({"cursor": cursor} if cursor else {}))
        yield page["executions"]
        cursor = page["nextCursor"]
        if cursor is None:
            return


def found(pages):
    return [e["executionId"] for page in pages for e in page]


def make_job(central, **history):
    return central.api.create_job("0 0 1 1 *", "http://127.0.0.1:9/", history=history)["jobId"]


def mixed(job_id, n):
    """Every tenth one failed."""
    return [execution(job_id, NOW - timedelta(seconds=n - i), "failed" if i % 10 == 0 else "success") for i in range(n)]


def test_a_fire_that_two_agents_ran_counts_once_and_the_second_run_is_kept_beside_it(central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    job_id = str(uuid.uuid4())
    fires = executions(job_id, 5)
    again = [{**fire, "status": "failed", "reason": "HTTP 500"} for fire in fires]
    again += executions(job_id, 1, NOW)
    assert first.sync(1, fires)["ackedSeq"] == 5
    assert second.sync(1, again)["ackedSeq"] == 6
    assert second.sync(1, again)["ackedSeq"] == 6
    assert count(database) == 6
    assert sums(database, job_id) == (6, 0, 6)
    doubles = database.query("SELECT agent_id::text, status, reason, received_at IS NOT NULL FROM execution_double")
    assert doubles == [(second.agent_id, 2, "HTTP 500", True)] * 5
    assert database.query("SELECT sum(success), sum(bad) FROM agent_rollup WHERE agent_id = %s", (second.agent_id,)) == [(1, 0)]


def test_a_long_timeline_adds_up_by_the_hour_what_a_short_one_shows_by_the_minute(central):
    raw = RawAgent(central)
    hour = NOW.replace(minute=0, second=0)
    ages = [timedelta(minutes=m) for m in (1, 2, 61, 62, 63, 30 * 60, 47 * 60)]
    raw.sync(1, [execution(str(uuid.uuid4()), hour - age, "failed" if i == 2 else "success") for i, age in enumerate(ages)])

    def bars(hours):
        page = central.api.json("/api/observability/timeline", **{"from": stamp(hour - timedelta(hours=hours)), "to": stamp(hour)})
        return page["stepMs"], [(bar["t"], bar["success"], bar["bad"]) for bar in page["agents"][0]["bars"]]

    at = lambda minutes: stamp(hour - timedelta(minutes=minutes)).replace(".000000Z", ".000Z")  # noqa: E731
    assert bars(2) == (60_000, [(at(63), 1, 0), (at(62), 1, 0), (at(61), 0, 1), (at(2), 1, 0), (at(1), 1, 0)])
    assert bars(48) == (3_600_000, [(at(47 * 60), 1, 0), (at(30 * 60), 1, 0), (at(120), 2, 1), (at(60), 2, 0)])
    assert bars(31 * 24) == (7 * 3_600_000, bars(31 * 24)[1]) and sum(good + bad for _, good, bad in bars(31 * 24)[1]) == 7


def test_all_pages_of_a_timeline_show_the_same_time(central):
    for name in ("a", "b"):
        RawAgent(central, name)
    first = central.api.json("/api/observability/timeline", limit=1)
    rest = central.api.json("/api/observability/timeline", limit=1, cursor=first["nextCursor"])
    assert [track["name"] for page in (first, rest) for track in page["agents"]] == ["a", "b"] and rest["nextCursor"] is None
    assert [rest[member] for member in ("from", "to", "stepMs")] == [first[member] for member in ("from", "to", "stepMs")]


def test_pages_of_one_jobs_failures_hold_each_once_and_nobody_elses(central):
    raw, job_id = RawAgent(central), str(uuid.uuid4())
    fires = mixed(job_id, 200)
    raw.sync(1, fires + mixed(str(uuid.uuid4()), 200))
    seen = found(walk(central.api, jobId=job_id, status="failed", limit=7))
    assert seen == [fire["executionId"] for fire in reversed(fires) if fire["status"] == "failed"]


def test_a_double_of_an_execution_that_was_not_kept_is_known_as_one(central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    job_id = make_job(central, policy="failures")
    fires = executions(job_id, 5)
    first.sync(1, fires)
    second.sync(1, fires)
    assert (count(database), count(database, "execution_double")) == (0, 5)
    assert sums(database, job_id) == (5, 0, 5)


def test_doubled_executions_are_found_page_by_page_though_much_of_what_two_agents_decided_is_not_kept(world, central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    ours, theirs = central.api.create_job("0 0 1 1 *", "http://127.0.0.1:9/", name="ours")["jobId"], str(uuid.uuid4())
    fires = mixed(ours, 60) + mixed(theirs, 60)
    twice = fires[::3]
    first.sync(1, fires)
    second.sync(1, twice)
    RawAgent(central, "third").sync(1, twice)  # a fire is found once, however many decided it
    wanted = lambda fits: sorted(f["executionId"] for f in twice if fits(f))  # noqa: E731
    find = lambda **filters: walk(central.api, doubled="true", **filters)  # noqa: E731
    assert sorted(found(find(limit=7))) == wanted(lambda f: True) and len(list(find(limit=7))) == 6
    assert sorted(found(find(limit=7, jobId=ours))) == wanted(lambda f: f["jobId"] == ours)
    assert found(walk(central.api, f"/api/executions/{ours}", doubled="true")) == found(find(jobId=ours))
    assert sorted(found(find(limit=2, status="failed"))) == wanted(lambda f: f["status"] == "failed")
    assert sorted(found(find(agentId=first.agent_id))) == wanted(lambda f: True) and found(find(agentId=second.agent_id)) == []
    border = NOW - timedelta(seconds=31)
    assert sorted(found(find(**{"from": stamp(border)}))) == wanted(lambda f: f["scheduledAt"] >= stamp(border))
    assert sorted(found(find(to=stamp(border)))) == wanted(lambda f: f["scheduledAt"] < stamp(border))
    assert len(found(walk(central.api, doubled="false", limit=100))) == 120, "it only takes away"
    assert_problem(central.api.get("/api/executions", params={"doubled": "yes"}), 400)

    cli = Cli(world.folder, central.url, central.token)
    assert sorted(e["executionId"] for e in cli.lines("execution", "list", "--doubled", "--all")) == wanted(lambda f: True)
    assert sorted(cli.out("job", "history", "ours", "--doubled", "--all", "-o", "name").split()) == wanted(lambda f: f["jobId"] == ours)

    # Newer ones of which the executions are gone: each page reads so many of them, and the next one goes on.
    database.execute("""INSERT INTO execution_double (execution_id, scheduled_at, agent_id, job_id, finished_at, received_at, status, attempts,
        duration_us) SELECT gen_random_uuid(), now(), %s, %s, now(), now(), 1, 1, 1 FROM generate_series(1, 4500)""", (second.agent_id, ours))
    pages = list(find(limit=100))
    assert [len(page) for page in pages] == [0, 0, 0, 0, 40] and sorted(found(pages)) == wanted(lambda f: True)
    assert [len(page) for page in find(limit=100, jobId=ours)] == [0, 0, 0, 0, 20]


@pytest.mark.parametrize("history,kept", [({"policy": "all"}, 1000), ({"policy": "failures"}, 100),
                                          ({"policy": "sample", "sampleN": 1}, 1000)])
def test_a_policy_thins_out_good_executions_and_the_sums_count_all(central, raw, database, history, kept):
    job_id, other = make_job(central, **history), str(uuid.uuid4())
    records = mixed(job_id, 1000)
    raw.sync(1, records + executions(other, 20))
    assert count(database, f"execution WHERE job_id = '{job_id}'") == kept
    assert count(database, f"execution WHERE job_id = '{other}'") == 20
    assert sums(database, job_id) == (900, 100, 1000)
    assert sums(database, ALL_JOBS) == (920, 100, 1020)


def test_a_sample_keeps_about_one_of_n_and_the_same_ones_when_they_come_again(central, raw, database):
    job_id = make_job(central, policy="sample", sampleN=10)
    records = executions(job_id, 3000)
    raw.sync(1, records)
    kept = database.query("SELECT execution_id FROM execution ORDER BY 1")
    assert 200 < len(kept) < 400
    raw.epoch = 2
    raw.sync(1, records)
    assert database.query("SELECT execution_id FROM execution ORDER BY 1") == kept
    assert sums(database, job_id) == (3000, 0, 3000)


def test_a_policy_that_changes_between_two_deliveries_does_not_count_twice(central, raw, database):
    job_id = make_job(central, policy="failures")
    records = mixed(job_id, 100)
    raw.sync(1, records)
    central.api.edit_job(job_id, history={"policy": "all"})
    raw.epoch = 2
    raw.sync(1, records)
    assert count(database) == 10
    more = executions(job_id, 50, NOW)
    raw.sync(101, more)
    central.api.edit_job(job_id, history={"policy": "failures"})
    raw.epoch = 3
    raw.sync(1, more)
    assert count(database) == 60
    assert sums(database, job_id) == (140, 10, 150)


def test_a_job_whose_body_spells_out_an_escape_can_have_a_policy(central, database):
    job_id = central.api.create_job("0 0 1 1 *", "http://127.0.0.1:9/", body={"x": "\\u0000 \\\\u0000"}, history={"policy": "failures"})["jobId"]
    assert database.query("SELECT history_one_of FROM job WHERE job_id = %s", (job_id,)) == [(0,)]


def test_each_status_has_its_own_age_and_whole_days_go_after_the_longest(world, database):
    central = world.central(database, retention_days=50).start()
    raw, job_id = RawAgent(central), str(uuid.uuid4())
    ages = (1, 5, 10, 40)
    told = [execution(job_id, NOW - timedelta(days=age, seconds=i), status) for age in ages for i in range(3)
            for status in ("success", "failed", "skipped")]
    raw.sync(1, told)
    ranges = {38: 5, 40: 35}  # from so many days ago to so many
    raw.sync(37, [execution(job_id, NOW - timedelta(days=first), "missed", count=2, lastScheduledAt=stamp(NOW - timedelta(days=last)))
                  for first, last in ranges.items()])
    central.write_config(retention_days=30, retention_success_days=7, retention_skipped_days=3)
    central.restart()
    left = "SELECT (now()::date - scheduled_at::date), status, count(*) FROM execution GROUP BY 1, 2 ORDER BY 1, 2"
    expected = {(1, 1), (1, 2), (1, 4), (5, 1), (5, 2), (10, 2)}

    def found():
        return {(1 if age < 3 else 5 if age < 8 else 10 if age < 15 else 40, status) for age, status, _ in database.query(left)}

    wait_until(lambda: found() == expected, 20, "retention")
    # What reaches into the time that is kept goes with its end.
    wait_until(lambda: database.query("SELECT now()::date - last_scheduled_at::date FROM execution_range") == [(5,)], 20, "one range to be left")
    # Told again by another agent nothing of that counts anew.
    again = RawAgent(central, "again")
    again.sync(1, told)
    assert count(database, "quarantine") == 9
    assert sums(database, job_id) == (12, 12, 24)


def test_a_sweep_looks_at_no_more_rows_than_it_may_and_comes_to_an_end(central, raw, database):
    job_id = str(uuid.uuid4())
    start = NOW.replace(hour=0, minute=0, second=0) - timedelta(days=10)
    raw.sync(1, [execution(job_id, start + timedelta(seconds=i // 7)) for i in range(700)] + [execution(job_id, start, "failed")])
    step = "SELECT retention_sweep_step((now() - interval '5 days')::date, '{1}', 5)"
    looked_at = []
    while not looked_at or looked_at[-1]:
        looked_at.append(database.query(step)[0][0])
    assert max(looked_at) <= 5 and len(looked_at) < 400
    assert database.query("SELECT status, count(*) FROM execution GROUP BY 1") == [(2, 1)]


SWEEP_5_DAYS = "SELECT retention_sweep_step((now() AT TIME ZONE 'UTC')::date - 5, '{1}', 1000)"


def sweep_to_the_end(database):
    """How many rows each step looked at (an empty partition counts as one)."""
    looked_at = []
    while not looked_at or looked_at[-1]:
        looked_at.append(database.query(SWEEP_5_DAYS)[0][0])
    return looked_at[:-1]


def test_rows_that_come_after_their_day_was_swept_are_cleared_too(central, raw, database):
    job_id, day = str(uuid.uuid4()), NOW.replace(hour=12, minute=0, second=0) - timedelta(days=10)
    database.query("SELECT execution_partition_make(%s::date)", (day.date(),))
    assert sweep_to_the_end(database) == [1]
    raw.sync(1, executions(job_id, 20, day) + executions(job_id, 10, day, status="failed"))
    assert sweep_to_the_end(database) == [30]
    assert database.query("SELECT status, count(*) FROM execution GROUP BY 1") == [(2, 10)]


def test_a_fire_that_was_swept_is_known_when_another_agent_tells_of_it(central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    job_id, day = str(uuid.uuid4()), NOW.replace(hour=12, minute=0, second=0) - timedelta(days=10)
    fires = mixed(job_id, 30) + executions(job_id, 20, day) + executions(job_id, 5, day, status="failed")
    first.sync(1, fires)
    sweep_to_the_end(database)
    assert count(database) == 35
    second.sync(1, fires + executions(job_id, 1, day + timedelta(hours=1)))
    first.epoch = 2
    first.sync(1, fires)
    assert sums(database, job_id) == (48, 8, 56)
    assert count(database, "execution_double") == 55
    sweep_to_the_end(database)
    assert count(database) == 35 and count(database, "execution_unkept") == 21
    # What is swept is no reason to look at each fresh row.
    more = executions(job_id, 200, NOW - timedelta(hours=1))
    second.sync(57, more)
    assert sums(database, job_id) == (248, 8, 256)


CLOSE_5_DAYS = "SELECT execution_close((now() AT TIME ZONE 'UTC')::date - 5)"


def test_of_a_closed_day_nothing_is_counted_anew_and_what_comes_is_told(central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    job_id, day = str(uuid.uuid4()), NOW.replace(hour=12, minute=0, second=0) - timedelta(days=10)
    fires = executions(job_id, 20, day) + executions(job_id, 10, NOW - timedelta(days=2))
    first.sync(1, fires)
    database.query(CLOSE_5_DAYS)
    assert database.query("SELECT execution_partition_drop()") == [(1,)]
    assert second.sync(1, fires + executions(job_id, 1, day + timedelta(hours=1)))["ackedSeq"] == 31
    assert sums(database, job_id) == (30, 0, 30)
    shown = central.api.json(f"/api/agents/{second.agent_id}/quarantine", limit=100)["records"]
    assert len(shown) == 21 and {entry["reason"][:29] for entry in shown} == {"came after its day was closed"}, shown[:1]
    assert count(database, "execution_double") == 10
    # A day that was closed stays so, though more are to be kept from now on.
    database.query("SELECT execution_close((now() AT TIME ZONE 'UTC')::date - 50)")
    second.sync(32, fires[:1])
    assert sums(database, job_id) == (30, 0, 30)


def test_days_that_were_closed_by_a_clock_that_ran_ahead_are_open_again(central, raw, database):
    job_id = str(uuid.uuid4())
    closed = "SELECT closed_to > to_timestamp(0) FROM execution_kept"
    wait_until(lambda: database.query(closed) == [(True,)], 20, "the first round of chores; the next comes half a minute later")
    database.query("SELECT execution_close((now() + interval '9 years')::date)")
    raw.sync(1, [execution(job_id, NOW - timedelta(hours=20)), execution(job_id, NOW - timedelta(days=3))])
    assert sums(database, job_id) == (1, 0, 1) and count(database, "quarantine") == 1
    database.query("SELECT execution_close((now() AT TIME ZONE 'UTC')::date - 90)")
    raw.sync(3, [execution(job_id, NOW - timedelta(days=3))])
    assert sums(database, job_id) == (2, 0, 2)
    ledger = central.api.json("/api/observability/ledger", **{"from": stamp(NOW - timedelta(hours=1))})
    assert instant(ledger["from"]) <= now(), "from then on everything is kept"


def test_a_range_that_began_on_a_closed_day_counts_once_whoever_tells_of_it(central, database):
    first, second = RawAgent(central, "first"), RawAgent(central, "second")
    job_id, began, ended = str(uuid.uuid4()), NOW - timedelta(days=10), NOW - timedelta(days=2)
    missed = execution(job_id, began, "missed", lastScheduledAt=stamp(ended), count=9)
    other = execution(job_id, began + timedelta(hours=1), "missed", lastScheduledAt=stamp(ended), count=7)
    counted = "SELECT sum(missed) FROM rollup WHERE grain = 3 AND job_id = %s"
    first.sync(1, [missed])
    database.query(CLOSE_5_DAYS)
    assert database.query("SELECT execution_partition_drop()") == [(1,)]
    second.sync(1, [missed, other])
    assert database.query(counted, (job_id,)) == [(16,)]
    assert database.query("SELECT execution_partition_drop()") == [(1,)]
    first.sync(2, [{**other, "lastScheduledAt": stamp(ended + timedelta(hours=1)), "count": 8}])
    assert database.query(counted, (job_id,)) == [(16,)]
    assert count(database, "execution_range") == 2 and count(database, "quarantine") == 0


def test_a_swept_day_is_looked_at_again_only_from_its_late_rows_on(central, raw, database):
    job_id, day = str(uuid.uuid4()), NOW.replace(hour=12, minute=0, second=0) - timedelta(days=10)
    raw.sync(1, executions(job_id, 100, day, status="failed"))
    assert sweep_to_the_end(database) == [100]
    assert sweep_to_the_end(database) == []
    raw.sync(101, executions(job_id, 50, NOW - timedelta(hours=1)))
    assert sweep_to_the_end(database) == []
    raw.sync(151, executions(job_id, 5, day + timedelta(seconds=90)))
    assert sweep_to_the_end(database) == [15]
    assert sweep_to_the_end(database) == []
    assert database.query("SELECT count(*) FROM execution WHERE scheduled_at < now() - interval '1 day' AND status = 1") == [(0,)]


def test_a_sweep_waits_for_late_rows_that_are_being_written(central, raw, database):
    job_id, day = str(uuid.uuid4()), NOW.replace(hour=12, minute=0, second=0) - timedelta(days=10)
    raw.sync(1, executions(job_id, 5, day))
    waiting = ("SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND NOT granted "
               "AND starts_with(query, 'SELECT retention_sweep_step')")
    writer = database.connect(autocommit=False)
    with closing(writer), writer.cursor() as cursor, ThreadPoolExecutor(1) as threads:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtext('belfry.sweep'))")
        sweep = threads.submit(sweep_to_the_end, database)
        wait_until(lambda: database.query(waiting)[0][0] == 1, 20, "the sweep waits")
        assert count(database) == 5
        writer.rollback()
        assert sweep.result(20) == [5]
    assert count(database) == 0


@pytest.mark.parametrize("ages,shown", [
    ({}, (30, 30, 30)), ({"retention_success_days": 7, "retention_skipped_days": 3}, (30, 7, 3))])
def test_the_settings_show_how_long_each_status_is_kept(world, database, ages, shown):
    central = world.central(database, retention_days=30, **ages).start()
    days = central.api.get("/api/settings").json()["retentionDays"]
    assert (days["executions"], days["success"], days["skipped"]) == shown


def test_a_fire_that_is_not_kept_is_decided_also_when_a_later_run_by_hand_came_first(central, raw, database):
    """Run by hand while the scheduled one was still under way; of the latter only the sums tell."""
    job_id = make_job(central, policy="failures")
    due, by_hand = NOW - timedelta(minutes=2), NOW - timedelta(minutes=1)
    raw.sync(1, [execution(job_id, by_hand, cause="manual")])
    raw.sync(2, [execution(job_id, due)])
    latest = database.query("SELECT scheduled_at, decided_until FROM job_latest WHERE job_id = %s", (job_id,))
    assert latest == [(by_hand, due)]
    assert sums(database, job_id) == (2, 0, 2)


def test_a_fire_that_two_agents_tell_at_once_counts_once_though_only_one_of_the_two_is_kept(world, database):
    """One succeeded, which is not kept, the other failed; both have looked for the other's before either is there."""
    one = world.central(database).start()
    centrals = [one, world.beside(one).start()]
    agents = [RawAgent(one, name) for name in ("first", "second")]
    job_id = make_job(one, policy="failures")
    fires = executions(job_id, 5)
    told = [fires, [{**fire, "status": "failed"} for fire in fires]]
    database.execute("""CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
        CREATE TRIGGER be_slow BEFORE INSERT ON execution_unkept FOR EACH ROW EXECUTE FUNCTION be_slow()""")
    with ThreadPoolExecutor(2) as threads:
        replies = list(threads.map(lambda i: agents[i].post(agents[i].body(1, told[i]), centrals[i].agent_url), range(2)))
    assert [reply.status_code for reply in replies] == [200, 200], [reply.text for reply in replies]
    assert sum(sums(database, job_id)[:2]) == 5
    assert count(database, "execution_double") == 5 and count(database, "execution_unkept") == 5
