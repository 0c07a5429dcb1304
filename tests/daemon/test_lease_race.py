"""A sync that finds nothing to do extends the agent's lease in one statement; a border that placement fixes meanwhile is kept."""
import contextlib
import threading

import pytest
from harness.waiting import wait_until
from raw_agent import RawAgent, bound_to

URL = "http://127.0.0.1:9/"
IDLE = "UPDATE agent_state AS s%"


@pytest.fixture
def raw(central):
    return RawAgent(central, "holder")


@pytest.fixture
def job(api):
    """The holder's, which must not run twice."""
    return api.create_job("* * * * *", URL, type="ATMOST_ONCE", target=bound_to("holder"))["jobId"]


def move(api, job, name):
    api.edit_job(job, target=bound_to(name))


@contextlib.contextmanager
def holding(database, sql, parameters):
    """A transaction of somebody else that keeps rows locked."""
    connection = database.connect(autocommit=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            assert cursor.rowcount == 1
        yield connection
    finally:
        connection.close()


def wait_until_blocked(database, statement):
    wait_until(lambda: database.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s",
                                      (statement,)) == [(1,)], 20, f"{statement} to wait for a lock")


def in_thread(call):
    """Runs the call elsewhere; what is returned waits for its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()

    def result():
        thread.join(120)
        assert results, "the call did not succeed"
        return results[0]
    return result


def test_only_the_first_sync_of_an_agent_gets_no_lease(central, raw):
    assert "leaseUntil" not in raw.sync()
    assert raw.sync()["leaseUntil"] < raw.sync()["leaseUntil"]


def test_a_sync_that_waits_for_placement_hears_of_the_border_and_gets_no_lease(central, api, raw, database, job):
    """The edit has locked the lease and is kept from writing; the sync has read the old set and waits behind the lease."""
    RawAgent(central, "other").follow()
    raw.follow()
    lease = raw.sync()["leaseUntil"]
    with holding(database, "SELECT FROM assignment WHERE job_id = %s FOR UPDATE", (job,)) as blocker:
        edit = in_thread(lambda: move(api, job, "other"))
        wait_until_blocked(database, "WITH trust AS%")
        sync = in_thread(raw.sync)
        wait_until_blocked(database, IDLE)
        blocker.rollback()
        edit()
        reply = sync()
    assert reply["jobSet"]["mode"] == "delta" and reply["jobSet"]["deletes"] == [job]
    border, = database.query("SELECT to_char(since_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM assignment "
                             "WHERE job_id = %s AND removed", (job,))[0]
    assert border[:23] == lease[:23], "the border is the end of the last lease"
    raw.apply(reply["jobSet"])
    assert raw.sync()["leaseUntil"] > lease


def test_placement_that_waits_for_a_sync_takes_the_lease_that_was_given(central, api, raw, database, job):
    RawAgent(central, "other").follow()
    raw.follow()
    raw.sync()
    with holding(database, """UPDATE agent_state SET lease_until = lease_until + interval '1 hour' WHERE agent_id = %s
            RETURNING lease_until""", (raw.agent_id,)) as blocker:
        edit = in_thread(lambda: move(api, job, "other"))
        wait_until_blocked(database, "WITH locked AS%")
        blocker.commit()
        edit()
    assert database.query("SELECT since_at > now() + interval '30 minutes' FROM assignment WHERE job_id = %s AND removed",
                          (job,)) == [(True,)]


def test_a_holder_that_got_a_border_still_ahead_passes_no_earlier_one_on(central, api, raw, database, job):
    """Its own lease ends before the border: what is due in between is the first holder's."""
    other, third = RawAgent(central, "other"), RawAgent(central, "third")
    for agent in (raw, other, third):
        agent.follow()
        agent.sync()
    assert database.query("UPDATE agent_state SET lease_until = now() + interval '1 hour' WHERE agent_id = %s RETURNING true",
                          (raw.agent_id,)) == [(True,)]
    move(api, job, "other")
    other.follow()
    other.sync()
    move(api, job, "third")
    assert database.query("""SELECT agent.name, since_at > now() + interval '30 minutes' FROM assignment JOIN agent USING (agent_id)
        WHERE job_id = %s ORDER BY name""", (job,)) == [("holder", True), ("other", True), ("third", True)]


def test_who_takes_a_paused_job_begins_behind_the_lease_of_one_who_has_not_heard_of_the_pause(central, api, raw, database, job):
    """Paused, moved and resumed within one lease, an at-most-once job had two agents."""
    other = RawAgent(central, "other")
    for agent in (raw, other):
        agent.follow()
        agent.sync()
    assert database.query("UPDATE agent_state SET lease_until = now() + interval '1 hour' WHERE agent_id = %s RETURNING true",
                          (raw.agent_id,)) == [(True,)]
    api.edit_job(job, active=False)
    move(api, job, "other")
    assert api.edit_job(job, active=True)["active"]
    assert database.query("""SELECT agent.name, since_at > now() + interval '30 minutes' FROM assignment JOIN agent USING (agent_id)
        WHERE job_id = %s ORDER BY name""", (job,)) == [("holder", None), ("other", True)]


def test_who_takes_a_job_whose_pause_its_holder_has_confirmed_need_not_wait_for_its_lease(central, api, raw, job):
    other = RawAgent(central, "other")
    for agent in (raw, other):
        agent.follow()
        agent.sync()
    api.edit_job(job, active=False)
    raw.follow()
    raw.sync()
    move(api, job, "other")
    api.edit_job(job, active=True)
    reply = other.sync()
    assert [upsert.get("since") for upsert in reply["jobSet"]["upserts"]] == [None]


@pytest.mark.parametrize("how", ["another session watches", "another server answers"])
def test_a_lease_that_a_server_may_have_forgotten_is_waited_for(central, api, raw, database, job, how):
    """Syncs of idle agents are not flushed: who reads the database after a crash, or a standby's, sees an older lease."""
    RawAgent(central, "other").follow()
    raw.follow()
    raw.sync()
    before, = database.query("SELECT trusted_since FROM fleet")[0]
    if how == "another session watches":
        database.query("""SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND objid = (hashtext('belfry.fleet')::bigint & 4294967295)::oid""")
    else:
        database.execute("UPDATE fleet SET server_started_at = now() - interval '1 day'")
    wait_until(lambda: database.query("SELECT trusted_since > %s FROM fleet", (before,)) == [(True,)], 20, "the watch to notice")
    move(api, job, "other")
    assert database.query("""SELECT since_at = trusted_since + lease_ms * interval '1 millisecond' FROM assignment, fleet
        WHERE job_id = %s AND removed""", (job,)) == [(True,)]


def test_a_placement_that_is_taken_back_leaves_the_waiting_sync_as_it_was(central, api, raw, database, job):
    raw.follow()
    with holding(database, "UPDATE agent_state SET lease_fence = lease_fence + 1 WHERE agent_id = %s", (raw.agent_id,)) as blocker:
        sync = in_thread(raw.sync)
        wait_until_blocked(database, IDLE)
        blocker.rollback()
        reply = sync()
    assert reply["jobSet"]["mode"] == "none" and "leaseUntil" in reply
