"""Chores: what clears away holds up nobody, and one that cannot be done keeps none of the others from being done."""
import time
import uuid
from contextlib import closing
from datetime import timedelta

from raw_agent import NOW, RawAgent, execution, executions, stamp

from harness.waiting import wait_until

OLD_DAYS = "SELECT count(*) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'execution'::regclass " \
           "AND relname < 'execution_' || to_char(now() - interval '30 days', 'YYYYMMDD')"  # fmt: skip


def test_while_a_backup_reads_old_days_wait_and_records_do_not(world, database):
    """Dropping a day needs the whole table for itself: whoever waits for that holds up all who write."""
    central = world.central(database, retention_days=60).start()
    raw, job_id = RawAgent(central), str(uuid.uuid4())
    raw.sync(1, [execution(job_id, NOW - timedelta(days=age)) for age in (40, 41, 42)])
    central.write_config(retention_days=30)
    backup = database.connect(autocommit=False)
    with closing(backup), backup.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM execution")
        central.restart()
        central.allow("chore failed")
        slowest, seq, until = 0.0, 4, time.monotonic() + 8
        while time.monotonic() < until:
            began = time.monotonic()
            assert raw.post(raw.body(seq, executions(job_id, 5, NOW + timedelta(seconds=seq)))).status_code == 200
            slowest, seq = max(slowest, time.monotonic() - began), seq + 5
        assert slowest < 2, f"a batch waited for {slowest:.1f} s"
        wait_until(lambda: "old executions are being read" in central.log(), 20, "the drop to be tried")
        assert database.query(OLD_DAYS) == [(3,)]
    central.restart()
    wait_until(lambda: database.query(OLD_DAYS) == [(0,)], 20, "the old days to go")
    assert database.query("SELECT count(*) FROM execution")[0][0] == seq - 4


def test_a_chore_that_takes_too_long_keeps_no_other_from_being_done(world, database):
    central = world.central(database, statement_timeout_ms=300).start()
    leads = lambda: central.log().count("does the chores now")  # noqa: E731
    wait_until(lambda: leads() == 1 and "audit head" in central.log(), 20, "the first round")
    database.execute("INSERT INTO session (hash, token_id, idle_ms, expires_at) SELECT sha256(''), token_id, 1000, now() - interval '1 day' FROM token")
    holder = database.connect(autocommit=False)
    with closing(holder), holder.cursor() as cursor:
        cursor.execute("LOCK TABLE enrolment_token IN EXCLUSIVE MODE")  # of a chore before that one
        central.allow("chore failed|sums could not")
        database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'belfry-central chores' AND datname = current_database()")
        wait_until(lambda: central.log().count('chore="prune enrolment tokens"') >= 2, 30, "the first to fail", explain=central.tail)
        assert database.query("SELECT count(*) FROM session") == [(0,)], "the other was not done"
        assert leads() == 2, "the lead was given up"


def test_events_and_quarantined_records_go_when_executions_of_their_age_do(world, database):
    """One agent whose records nobody can read would fill the disk."""
    central = world.central(database, retention_days=30).start()
    raw = RawAgent(central)
    raw.sync(1, [{"nonsense": i} for i in range(4)] + [{"event": "clockStep", "at": stamp(NOW), "detail": str(i)} for i in range(4)])
    database.execute("UPDATE quarantine SET at = at - seq * interval '12 days'")
    database.execute("UPDATE agent_event SET received_at = received_at - (seq - 4) * interval '12 days'")
    central.restart()
    left = lambda table: [seq for seq, in database.query(f"SELECT seq FROM {table} ORDER BY seq")]  # noqa: E731
    wait_until(lambda: left("quarantine") == [1, 2] and left("agent_event") == [5, 6], 20, "the old ones to go")
