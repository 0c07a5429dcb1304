"""Records become rows once, whatever happens to the batch on its way; sums agree with rows."""
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
import requests
from harness.api import assert_problem
from harness.waiting import wait_until
from raw_agent import NOW, RawAgent, execution, executions, stamp

ALL_JOBS = "00000000-0000-0000-0000-000000000000"
STATUSES = ["success", "failed", "timeout", "skipped", "missed", "interrupted"]


@pytest.fixture
def job_id():
    return str(uuid.uuid4())


def count(database):
    return database.query("SELECT count(*) FROM execution")[0][0]


def assert_sums_agree(database):
    """The rollups of every grain, per job and in total, are what the executions add up to, also while more come in."""
    with database.snapshot() as query:
        compare_sums(query)


def compare_sums(query):
    for grain, unit in ((1, "minute"), (2, "hour"), (3, "day")):
        for job in ("job_id", f"'{ALL_JOBS}'::uuid"):
            expected = query(f"""
                SELECT date_trunc('{unit}', scheduled_at, 'UTC'), {job}, """ + ",".join(
                    f"coalesce(sum(count) FILTER (WHERE status = {i + 1}), 0)" for i in range(6)) + """,
                    count(started_at), sum(attempts), coalesce(sum(duration_us) FILTER (WHERE started_at IS NOT NULL), 0),
                    coalesce(max(lateness_us) FILTER (WHERE started_at IS NOT NULL), 0)
                FROM execution GROUP BY 1, 2 ORDER BY 1, 2""")
            found = query(f"""
                SELECT bucket_at, job_id, {",".join(f"sum({status})" for status in STATUSES)}, sum(started), sum(attempts),
                    sum(duration_sum_us), max(lateness_max_us)
                FROM rollup WHERE grain = {grain} AND (job_id = '{ALL_JOBS}') = %s
                GROUP BY 1, 2 ORDER BY 1, 2""", (job != "job_id",))
            assert found == expected, f"{unit} of {job}"
    for started, pairs, *counts in query("SELECT started, pairs, duration_histogram, lateness_histogram FROM rollup"):
        counted = [sum(one[1::2] if pairs else one) for one in counts]
        assert counted == [started, started], f"histograms count other runs than there were: {counts}"


def test_records_are_stored_with_every_field_and_acked(raw, database, job_id):
    record = execution(job_id, NOW, "failed", reason="HTTP 500\tafter\n3 tries \\N", error="boom", responseBody='{"a":"\u00fc\\"}',
                       responseDigest="ab" * 32, attempts=3, httpStatus=500, cause="catchUp", jobRevision=7)
    reply = raw.sync(1, [record])
    assert reply["ackedSeq"] == 1
    row = database.query("""SELECT execution_id::text, job_id::text, agent_id::text, scheduled_at, last_scheduled_at,
        started_at - scheduled_at, job_revision, count, duration_us, lateness_us, dns_us, connect_us, first_byte_us, attempts,
        http_status, status, cause, reason, error, response_body, encode(response_digest, 'hex') FROM execution""")
    assert row == [(record["executionId"], job_id, raw.agent_id, NOW, None, timedelta(milliseconds=1), 7, 1, 12000, 1000, None,
                    200, 11000, 3, 500, 2, 2, record["reason"], "boom", record["responseBody"], "ab" * 32)]
    assert_sums_agree(database)


def test_the_armed_instant_and_the_single_attempts_are_kept_and_shown(raw, central, job_id):
    tries = [{"number": 1, "outcome": "status", "httpStatus": 503, "startedAfterMs": 1.25, "durationMs": 12.5, "waitMs": 2000.0,
              "waitCause": "retryAfter"},
             {"number": 2, "outcome": "unknown"},
             {"number": 2, "outcome": "success", "httpStatus": 200, "startedAfterMs": 2015.0, "durationMs": 3.0}]
    armed = stamp(NOW - timedelta(milliseconds=400))
    told = execution(job_id, NOW, attempts=2, armedAt=armed, attemptLog={"list": tries})
    more = execution(job_id, NOW + timedelta(seconds=1), attempts=5, attemptLog={"omitted": 3, "list": tries})
    old = execution(job_id, NOW + timedelta(seconds=2), attempts=2)
    assert raw.sync(1, [told, more, old])["ackedSeq"] == 3
    shown = [central.api.json(f"/api/executions/{job_id}/{one['executionId']}") for one in (told, more, old)]
    assert shown[0]["armedAt"] == armed[:-4] + "Z" and shown[0]["attemptLog"] == {"omitted": 0, "list": tries}
    assert shown[1]["armedAt"] is None and shown[1]["attemptLog"] == {"omitted": 3, "list": tries}
    assert shown[2]["armedAt"] is None and shown[2]["attemptLog"] is None
    assert "attemptLog" not in central.api.json(f"/api/executions/{job_id}")["executions"][0]


def test_a_batch_sent_again_counts_once(raw, database, job_id):
    records = executions(job_id, 500)
    for _ in range(3):
        assert raw.sync(1, records)["ackedSeq"] == 500
    assert count(database) == 500
    assert_sums_agree(database)


def test_batches_split_and_overlapping_count_once(raw, database, job_id):
    records = executions(job_id, 300)
    rng = random.Random(7)
    acked = 0
    while acked < 300:
        first = rng.randint(max(1, acked - 60), acked + 1)
        last = min(300, first + rng.randint(0, 80))
        reply = raw.sync(first, records[first - 1:last], acked=first - 1)
        assert reply["ackedSeq"] == max(acked, last)
        acked = reply["ackedSeq"]
    assert count(database) == 300
    assert_sums_agree(database)


def test_a_batch_that_overtook_another_is_not_taken_before_its_turn(raw, database, job_id):
    records = executions(job_id, 100)
    assert raw.sync(51, records[50:], acked=0)["ackedSeq"] == 0
    assert count(database) == 0
    assert raw.sync(1, records[:50])["ackedSeq"] == 50
    assert raw.sync(51, records[50:], acked=0)["ackedSeq"] == 100
    assert count(database) == 100
    assert_sums_agree(database)


def test_one_execution_under_two_numbers_counts_once(raw, database, job_id):
    """After its database was lost an agent may tell the same fire again in a new stream."""
    records = executions(job_id, 20)
    raw.sync(1, records + records[:5])
    raw.epoch = 2
    assert raw.sync(1, records[10:] + executions(job_id, 1, NOW))["ackedSeq"] == 11
    assert count(database) == 21
    assert_sums_agree(database)


def test_a_large_batch_in_which_some_are_known_counts_the_others(central, raw, database, job_id):
    """Large batches go into the table all at once; what is known already stops that, and each row is looked at."""
    records = executions(job_id, 1000)
    assert raw.sync(1, records[:400])["ackedSeq"] == 400
    raw.epoch = 2
    assert raw.sync(1, records[300:] + records[990:])["ackedSeq"] == 710
    other = RawAgent(central, "other")
    assert other.sync(1, records[500:700] + executions(str(uuid.uuid4()), 300))["ackedSeq"] == 500
    assert count(database) == 1300
    assert database.query("SELECT count(*) FROM execution_double")[0][0] == 200
    assert database.query("SELECT count(*) FROM execution WHERE received_at BETWEEN now() - interval '5 minutes' AND now()")[0][0] == 1300
    latest = database.query("SELECT scheduled_at, decided_until FROM job_latest WHERE job_id = %s", (job_id,))
    assert latest == database.query("SELECT max(scheduled_at), max(scheduled_at) FROM execution WHERE job_id = %s", (job_id,))
    assert_sums_agree(database)


def test_known_records_in_many_batches_are_one_error_in_the_log_of_postgresql(central, raw, database, job_id):
    """From an agent that was cut off while another one ran its jobs: only the first such batch is tried all at once."""
    def errors():
        return database.cluster.log().count("duplicate key value")

    known = executions(job_id, 800)
    raw.sync(1, known)
    other = RawAgent(central, "other")
    other.sync(1, executions(str(uuid.uuid4()), 1))
    before = errors()
    for first in range(0, 800, 200):
        other.sync(2 + first, known[first:first + 200])
    assert errors() == before + 1
    other.sync(802, executions(str(uuid.uuid4()), 200))
    assert errors() == before + 1 and count(database) == 1001
    assert database.query("SELECT count(*) FROM execution_double")[0][0] == 800
    assert_sums_agree(database)


def test_all_statuses_are_summed_and_a_missed_range_counts_its_fires(raw, database, job_id):
    records = [execution(job_id, NOW - timedelta(hours=i), status) for i, status in enumerate(STATUSES * 5)]
    records.append(execution(job_id, NOW - timedelta(hours=40), "missed", count=3600,
                             lastScheduledAt=stamp(NOW - timedelta(hours=39, seconds=1))))
    raw.sync(1, records)
    assert database.query(f"SELECT sum(missed) FROM rollup WHERE grain = 3 AND job_id = '{ALL_JOBS}'")[0][0] == 3605
    assert_sums_agree(database)


def test_poison_goes_to_quarantine_and_holds_up_nothing(raw, central, database, job_id):
    good = executions(job_id, 10)
    poison = [
        {"nonsense": True}, "text", None, [],
        execution("no-uuid", NOW), execution(job_id, NOW, "exploded"), execution(job_id, NOW + timedelta(days=3)),
        execution(job_id, NOW - timedelta(days=401)), execution(job_id, NOW, scheduledAt="yesterday"),
        execution(job_id, NOW, reason="x" * 5000), execution(job_id, NOW, durationMs=1e15),
        execution(job_id, NOW, attempts=-1), {"event": "clockStep"},
        execution(job_id, NOW, armedAt="soon"), execution(job_id, NOW, attemptLog={"list": []}),
        execution(job_id, NOW, attemptLog={"list": [{"number": 1, "outcome": "luck"}]}),
        execution(job_id, NOW, attemptLog={"list": [{"number": 1, "outcome": "status"}] * 17}),
    ]
    records = [record for pair in zip(good, poison) for record in pair] + poison[len(good):]
    assert raw.sync(1, records)["ackedSeq"] == len(records)
    assert raw.sync(1, records)["ackedSeq"] == len(records)
    assert count(database) == len(good)
    listed = central.api.json(f"/api/agents/{raw.agent_id}/quarantine", limit=5)
    assert len(listed["records"]) == 5 and listed["nextCursor"]
    listed["records"] += central.api.json(f"/api/agents/{raw.agent_id}/quarantine", cursor=listed["nextCursor"])["records"]
    assert len(listed["records"]) == len(poison)
    assert all(entry["reason"] for entry in listed["records"])
    assert {entry["seq"] for entry in listed["records"]} == {
        seq + 1 for seq, record in enumerate(records) if not any(record is one for one in good)}
    assert_sums_agree(database)


def test_a_record_that_only_the_database_refuses_is_found_and_quarantined(raw, database, job_id):
    database.execute("ALTER TABLE execution ADD CONSTRAINT no_boom CHECK (reason IS NULL OR reason <> 'boom')")
    records = executions(job_id, 64)
    for place in (0, 17, 18, 63):
        records[place] = execution(job_id, NOW - timedelta(days=1), reason="boom")
    assert raw.sync(1, records)["ackedSeq"] == 64
    assert count(database) == 60
    assert [row[0] for row in database.query("SELECT seq FROM quarantine ORDER BY seq")] == [1, 18, 19, 64]
    assert_sums_agree(database)


ODD = [None, True, -1, 0, 2**31, 2**63 - 1, -2**63, 1.5, 1e308, "", "x", "a\u0000b", "\U0001f600", "x" * 5000, [], {}, [[]], {"a": 1},
       "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2038-01-19T03:14:08Z", ALL_JOBS, "success", "missed", "skipped", "manual"]  # fmt: skip


def test_whatever_a_member_of_a_record_is_it_is_taken_or_quarantined_and_the_sums_agree(raw, database, job_id):
    """Each member with each odd value, and records that are nothing but one."""
    whole = execution(job_id, NOW, "failed", reason="r", error="e", responseBody="b", responseDigest="ab" * 32, attempts=2, armedAt=stamp(NOW),
                      attemptLog={"list": [{"number": 1, "outcome": "status", "httpStatus": 503}, {"number": 2, "outcome": "success"}]})
    missed = execution(job_id, NOW - timedelta(hours=1), "missed", lastScheduledAt=stamp(NOW), count=5)
    event = {"event": "clockStep", "at": stamp(NOW), "detail": "d"}
    records = [*ODD]
    for kind in (whole, missed, event):
        for name in kind:
            fresh = {"executionId": str(uuid.uuid4())} if kind is not event else {}
            records += [{**kind, **fresh, name: odd} for odd in ODD]
    random.Random(3).shuffle(records)
    for first in range(0, len(records), 150):
        part = records[first:first + 150]
        assert raw.sync(first + 1, part)["ackedSeq"] == first + len(part)
    taken, poison = count(database), database.query("SELECT count(*) FROM quarantine")[0][0]
    assert taken > 20 and poison > 400 and taken + poison < len(records), "a fire that comes again is one"
    assert_sums_agree(database)


def test_one_id_at_two_instants_is_two_executions_in_rows_and_sums(raw, database, job_id):
    record = execution(job_id, NOW)
    other = execution(job_id, NOW - timedelta(minutes=5), execution_id=record["executionId"])
    raw.sync(1, [record, other, record])
    assert count(database) == 2
    assert_sums_agree(database)


def test_a_missed_range_that_ends_years_ahead_is_poison(central, raw, database):
    """An agent whose clock jumped to 2038 says that all up to then was missed; it is set right, and the fires come."""
    job_id = central.api.create_job("* * * * *", "http://127.0.0.1:9/")["jobId"]
    jump = execution(job_id, NOW, "missed", lastScheduledAt="2038-01-19T03:14:00Z", count=5_800_000)
    raw.sync(1, [jump, execution(job_id, NOW - timedelta(minutes=1))])
    assert database.query("SELECT seq, reason FROM quarantine") == [(1, "lastScheduledAt: more than 2 days ahead")]
    assert database.query("SELECT decided_until < now() FROM job_latest WHERE job_id = %s", (job_id,)) == [(True,)]
    assert count(database) == 1
    assert_sums_agree(database)


def test_history_of_unknown_jobs_and_of_any_day_that_is_kept_is_taken(world, database, job_id):
    central = world.central(database, retention_days=400).init()
    # A round of chores clears away what is as old as this, and the next one comes minutes later.
    database.execute("INSERT INTO execution_unkept VALUES (gen_random_uuid(), now() - interval '500 days', gen_random_uuid())")
    central.start()
    wait_until(lambda: database.query("SELECT count(*) FROM execution_unkept") == [(0,)], 20, "the first round of chores", explain=central.tail)
    raw = RawAgent(central)
    days = [0, 1, 30, 399]
    raw.sync(1, [execution(job_id, NOW - timedelta(days=day)) for day in days])
    assert count(database) == len(days)
    assert_sums_agree(database)


def test_a_partition_dropped_meanwhile_is_made_again(raw, database, job_id):
    raw.sync(1, [execution(job_id, NOW - timedelta(days=50))])
    database.execute(f"DROP TABLE execution_{NOW - timedelta(days=50):%Y%m%d}")  # by hand; retention closes a day first
    assert raw.sync(2, [execution(job_id, NOW - timedelta(days=50))])["ackedSeq"] == 2
    assert count(database) == 1


def test_records_of_days_that_retention_is_closing_are_counted_or_told_of(central, raw, database, job_id):
    """Counted when they came before that, told of as too late when they came after; and their days go."""
    over, days = threading.Event(), iter(range(52, 48, -1))

    def drop():
        while not over.wait(0.05):
            database.query("SELECT execution_close((now() AT TIME ZONE 'UTC')::date - %s)", (next(days, 49),))
            while database.query("SELECT execution_partition_drop()")[0][0] > 0:
                pass

    central.allow("statement failed")
    with ThreadPoolExecutor(1) as pool:
        dropping = pool.submit(drop)
        for i in range(90):
            body = raw.body(3 * i + 1, [execution(job_id, NOW - timedelta(days=50 + day)) for day in range(3)])
            wait_until(lambda: raw.post(body).status_code == 200, 20, "the ack")
        over.set()
        dropping.result()
    counted = database.query("SELECT sum(success) FROM rollup WHERE grain = 3 AND job_id = %s", (job_id,))[0][0]
    told, of_closed_days = database.query("SELECT count(*), count(*) FILTER (WHERE reason LIKE 'came after its day was closed%%') FROM quarantine")[0]
    assert counted + told == 270 and told == of_closed_days and min(counted, told) > 0, (counted, told, of_closed_days)
    while database.query("SELECT execution_partition_drop()")[0][0]:
        pass
    assert count(database) == 0


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_partitions_made_at_the_same_moment_are_made_once(central, database, isolation):
    makers, days = 4, [NOW.date() + timedelta(days=100 + n) for n in range(20)]
    together = threading.Barrier(makers)

    def make(_):
        with closing(database.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET default_transaction_isolation = '{isolation}'")
            made = 0
            for day in days:
                together.wait(300)
                cursor.execute("SELECT execution_partition_make(%s)", (day,))
                made += cursor.fetchone()[0]
            return made

    with ThreadPoolExecutor(makers) as pool:
        assert sum(pool.map(make, range(makers))) == len(days)


def test_sums_that_take_a_slow_server_too_long_are_folded_in_smaller_steps(world, database):
    """All of them at once take seconds; a statement may take a fifth of one. Each job has two of them, far apart."""
    parts = 40_000
    central = world.central(database, statement_timeout_ms=200).start()
    # Of an hour ago: what is older than some days, a chore prunes by the minute while a slow machine is still folding.
    database.execute("""INSERT INTO rollup_part SELECT date_trunc('minute', now() - interval '1 hour'), md5((i %% %s)::text)::uuid,
        1, 0, 0, 0, 0, 0, 1, 1, 5, 5, 5, 5, '{1,1}', '{1,1}' FROM generate_series(1, %s) AS i""", (parts // 2, parts))
    wait_until(lambda: not database.query("SELECT EXISTS (SELECT FROM rollup_part)")[0][0], 60, "the parts to be folded", explain=central.tail)
    assert "sums could not be folded" in central.log(), "the first step was not too long"
    for grain in (1, 2, 3):
        assert database.query("SELECT count(*), sum(success) FROM rollup_sum WHERE grain = %s", (grain,)) == [(parts // 2, parts)]


def test_an_agent_that_claims_absurd_times_keeps_nobodys_sums_from_being_folded(central, raw, database, job_id):
    """Each is the longest that is taken; all of them together are more than 64 bits hold."""
    longest, n = 400 * 86_400_000, 100
    records = [execution(job_id, NOW, durationMs=longest, latenessMs=2 * longest) for _ in range(n)]
    records += [execution(job_id, NOW, "missed", lastScheduledAt=stamp(NOW + timedelta(seconds=1)), count=10**12) for _ in range(n)]
    raw.sync(1, records)
    wait_until(lambda: not database.query("SELECT EXISTS (SELECT FROM rollup_part)")[0][0], 60, "the first fold", explain=central.tail)
    # As if it had done so for hours.
    database.execute("UPDATE rollup_sum SET duration_sum_us = 4611686018427387000, lateness_sum_us = 4611686018427387000, missed = 4611686018427387000")
    raw.sync(2 * n + 1, records_like(records))
    other = str(uuid.uuid4())
    raw.sync(4 * n + 1, [execution(other, NOW)])
    wait_until(lambda: not database.query("SELECT EXISTS (SELECT FROM rollup_part)")[0][0], 60, "the fold", explain=central.tail)
    assert database.query("SELECT sum(success) FROM rollup_sum WHERE job_id = %s AND grain = 3", (other,)) == [(1,)]
    assert database.query("SELECT duration_sum_us, missed FROM rollup_sum WHERE job_id = %s AND grain = 3", (job_id,)) == [(2**62 - 1, 2**62 - 1)]
    assert central.api.get("/api/observability/stats/executions?hours=24").status_code == 200


def records_like(records):
    return [{**record, "executionId": str(uuid.uuid4())} for record in records]


def test_events_of_the_agent_are_shown(raw, central):
    raw.sync(1, [{"event": "clockStep", "at": stamp(NOW), "detail": "the clock went back 90 s"}])
    shown = central.api.json(f"/api/agents/{raw.agent_id}")
    assert [(event["event"], event["detail"]) for event in shown["events"]] == [("clockStep", "the clock went back 90 s")]
    assert shown["streams"] == [{"epoch": 1, "ackedSeq": 1, "holes": []}]
    assert shown["state"] == "online" and shown["hostname"] == "testhost"


def test_records_lost_by_a_restored_database_are_shown_as_a_hole(world, central, raw, database, job_id):
    central.allow("records are lost")
    raw.sync(1, executions(job_id, 10))
    reply = raw.sync(101, executions(job_id, 5), acked=100)
    assert reply["ackedSeq"] == 105
    shown = central.api.json(f"/api/agents/{raw.agent_id}")["streams"][0]
    assert shown["ackedSeq"] == 105
    assert [(hole["from"], hole["to"]) for hole in shown["holes"]] == [(11, 100)]
    assert raw.sync(201, acked=200)["ackedSeq"] == 200
    assert len(central.api.json(f"/api/agents/{raw.agent_id}")["streams"][0]["holes"]) == 2
    assert count(database) == 15


def test_a_stream_with_an_old_epoch_is_refused(central, raw, database, job_id):
    central.allow("two agents use one key")
    raw.sync(1, executions(job_id, 1))
    raw.epoch = 9
    raw.sync(1)
    raw.epoch = 1
    assert_problem(raw.post(raw.body(2, executions(job_id, 1))), 409)
    assert_problem(raw.post(raw.body(2)), 409)
    assert count(database) == 1


def test_a_clone_that_tells_another_story_is_refused(central, raw, database, job_id):
    central.allow("two agents use one key")
    records = executions(job_id, 10)
    raw.sync(1, records)
    assert_problem(raw.post(raw.body(6, executions(job_id, 8), acked=5)), 409)
    assert count(database) == 10
    assert raw.sync(6, records[5:] + executions(job_id, 1, NOW), acked=5)["ackedSeq"] == 11


def test_two_centrals_that_get_the_same_batch_at_once_count_it_once(world, database, job_id):
    one = world.central(database).start()
    other = world.beside(one).start()
    raw = RawAgent(one)
    first = 1
    for _ in range(15):
        records = executions(job_id, 200, NOW - timedelta(seconds=first))
        body = raw.body(first, records)
        barrier = threading.Barrier(6)

        def send(url):
            barrier.wait()
            return raw.post(body, url, session=requests)

        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(send, [one.agent_url, other.agent_url] * 3))
        assert {reply.status_code for reply in replies} <= {200, 503}, [reply.text for reply in replies]
        assert raw.sync(first, records)["ackedSeq"] == first + 199
        first += 200
    assert count(database) == 3000
    assert_sums_agree(database)


def test_agents_that_share_jobs_do_not_lock_each_other_out(world, database):
    central = world.central(database, agent_threads=8).start()
    jobs = [str(uuid.uuid4()) for _ in range(40)]
    agents = [RawAgent(central, f"raw-{i}") for i in range(8)]

    def run(raw):
        rng = random.Random(raw.agent_id)
        seq = 1
        for _ in range(12):
            records = [execution(rng.choice(jobs), NOW - timedelta(seconds=rng.randint(0, 300))) for _ in range(150)]
            assert raw.sync(seq, records)["ackedSeq"] == seq + 149
            seq += 150

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, agents))
    assert count(database) == 8 * 12 * 150
    assert_sums_agree(database)


def test_nothing_is_acked_while_the_database_forgets_what_it_commits(world, job_id):
    cluster = world.cluster().start()
    database = world.database(cluster)
    central = world.central(database).start()
    raw = RawAgent(central)
    database.execute(f'ALTER DATABASE "{database.name}" SET synchronous_commit = off')
    central.restart()
    raw.url = central.agent_url
    records = executions(job_id, 10)
    reply = raw.post(raw.body(1, records))
    assert_problem(reply, 503)
    assert reply.headers["Retry-After"]
    assert count(database) == 0
    database.execute(f'ALTER DATABASE "{database.name}" RESET synchronous_commit')
    central.restart()
    assert raw.sync(1, records)["ackedSeq"] == 10
    assert count(database) == 10


def test_nothing_is_acked_and_nothing_lost_while_postgresql_crashes_under_load(world, job_id):
    cluster = world.cluster().start()
    database = world.database(cluster)
    central = world.central(database).start()
    central.allow("database|chore failed")
    raw = RawAgent(central)
    acked, sent, refused, crashes = 0, [], 0, 0
    while acked < 4000:
        if len(sent) < acked + 100:
            sent += executions(job_id, 100, NOW - timedelta(seconds=len(sent)))
        if crashes < 4 and acked >= 800 * (crashes + 1):
            crashes += 1
            crash = threading.Timer(random.random() * 0.05, cluster.crash)
            crash.start()
            while crash.is_alive():
                reply = raw.post(raw.body(acked + 1, sent[acked:]))
                if reply.status_code == 200:
                    acked = reply.json()["ackedSeq"]
                    sent += executions(job_id, 100, NOW - timedelta(seconds=len(sent)))
                else:
                    refused += 1
            assert_problem(raw.post(raw.body(acked + 1, sent[acked:])), 503)
            refused += 1
            cluster.start()
            assert count(database) >= acked, "acked records are gone"
        reply = raw.post(raw.body(acked + 1, sent[acked:]))
        if reply.status_code == 200:
            acked = reply.json()["ackedSeq"]
        else:
            assert_problem(reply, 503)
            refused += 1
    assert crashes == 4 and refused > 0, "the crashes were not felt"
    assert count(database) == acked
    assert_sums_agree(database)
