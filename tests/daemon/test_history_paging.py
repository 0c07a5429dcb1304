"""A million executions: any page answers as fast as the first."""
import statistics
import time
import uuid

import pytest

pytestmark = pytest.mark.long

ROWS = 1_000_000
PAGE = 100


@pytest.fixture
def central(world, database):
    """Its tables are there, it does not run yet."""
    return world.central(database).init()


@pytest.fixture
def history(central):
    """A million executions of 50 jobs over three days, inserted into central's own tables; then central starts."""
    database = central.database
    database.execute("SELECT execution_partition_make((now() - make_interval(days => d))::date) FROM generate_series(0, 3) d")
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO execution (execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision,
                                   count, duration_us, lateness_us, attempts, http_status, status, cause)
            SELECT md5('execution' || n)::uuid, md5('job' || n %% 50)::uuid, md5('agent')::uuid, at, at, at + interval '5 ms', at, 1,
                   1, 5000, 100, 1, 200, CASE WHEN n %% 100 = 0 THEN 2 ELSE 1 END, 1
            FROM generate_series(1, %s) n, LATERAL (SELECT now() - interval '1 hour' - n * interval '200 ms' AS at) t
            """,
            (ROWS,),
        )
        cursor.execute("ANALYZE execution")
    central.start()
    return database


def walk(api, **filters):
    """Follows nextCursor; yields (the cursor that leads there, document) for each page."""
    cursor = None
    while True:
        document = api.json("/api/executions", **filters, **({"cursor": cursor} if cursor else {}))
        yield cursor, document
        cursor = document.get("nextCursor")
        if not cursor:
            return


def compare(api, early, late, slack_s, **filters):
    """Early and late pages by turns, so that whatever else the machine does meets both."""
    def took(cursor):
        started = time.perf_counter()
        api.json("/api/executions", cursor=cursor, **filters)
        return time.perf_counter() - started

    pairs = [(took(first), took(last)) for first, last in zip(early, late)]
    first, last = (statistics.median(times) for times in zip(*pairs))
    print(f"{filters}: first pages {first * 1000:.1f} ms, last {last * 1000:.1f} ms")
    assert last <= 3 * first + slack_s, f"{filters}: the last pages take {last * 1000:.1f} ms, the first {first * 1000:.1f} ms"


def test_pages_of_a_million_executions_are_all_there_once_and_equally_fast(central, history):
    api = central.api
    seen, last_key, cursors = set(), None, []
    for cursor, document in walk(api, limit=1000):
        for e in document["executions"]:
            key = (e["scheduledAt"], e["executionId"])
            assert last_key is None or key[0] <= last_key[0], f"{key} comes after {last_key}"
            last_key = key
            seen.add(uuid.UUID(e["executionId"]).int)
        cursors.append(cursor)
    assert len(seen) == ROWS, f"{len(seen)} different executions of {ROWS}"
    compare(api, cursors[5:105], cursors[-100:], 0.005, limit=1000)


def test_filtered_pages_are_fast_at_both_ends(central, history):
    api = central.api
    job = str(uuid.UUID(history.query("SELECT md5('job7')::uuid::text")[0][0]))
    for filters in ({"jobId": job}, {"status": "failed"}):
        pages = list(walk(api, limit=PAGE, **filters))
        rows = [e for _, document in pages for e in document["executions"]]
        assert all(e["jobId"] == job if "jobId" in filters else e["status"] == "failed" for e in rows)
        assert len(rows) == ROWS // (50 if "jobId" in filters else 100)
        cursors = [cursor for cursor, _ in pages]
        compare(api, cursors[2:22], cursors[-20:], 0.01, limit=PAGE, **filters)
