"""A million executions: any page answers as fast as the first."""
import statistics
import time
import uuid

import pytest

pytestmark = pytest.mark.long

ROWS = 1_000_000
PAGE = 100
SAMPLES = 25


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


def walk(api, pages=None, **filters):
    """Follows nextCursor; yields (seconds, document) for each page."""
    cursor = None
    while pages is None or pages > 0:
        parameters = {**filters, **({"cursor": cursor} if cursor else {})}
        started = time.perf_counter()
        document = api.json("/api/executions", **parameters)
        yield time.perf_counter() - started, document
        cursor = document.get("nextCursor")
        if not cursor:
            return
        pages = pages - 1 if pages is not None else None


def test_pages_of_a_million_executions_are_all_there_once_and_equally_fast(central, history):
    api = central.api
    for _ in walk(api, pages=5, limit=PAGE):
        pass  # plans and caches
    first = statistics.median(seconds for seconds, _ in walk(api, pages=SAMPLES, limit=PAGE))

    seen, last_key, times = set(), None, []
    for seconds, document in walk(api, limit=1000):
        for e in document["executions"]:
            key = (e["scheduledAt"], e["executionId"])
            assert last_key is None or key[0] <= last_key[0], f"{key} comes after {last_key}"
            last_key = key
            seen.add(uuid.UUID(e["executionId"]).int)
        times.append(seconds)
    assert len(seen) == ROWS, f"{len(seen)} different executions of {ROWS}"

    early, late = statistics.median(times[5:105]), statistics.median(times[-100:])
    print(f"pages of {PAGE}: {first * 1000:.1f} ms; pages of 1000: first {early * 1000:.1f} ms, last {late * 1000:.1f} ms")
    assert late <= 3 * early + 0.005, f"the last pages take {late * 1000:.1f} ms, the first {early * 1000:.1f} ms"


def test_filtered_pages_are_fast_at_both_ends(central, history):
    api = central.api
    job = str(uuid.UUID(history.query("SELECT md5('job7')::uuid::text")[0][0]))
    for filters in ({"jobId": job}, {"status": "failed"}):
        pages = list(walk(api, limit=PAGE, **filters))
        rows = [e for _, document in pages for e in document["executions"]]
        assert all(e["jobId"] == job if "jobId" in filters else e["status"] == "failed" for e in rows)
        assert len(rows) == ROWS // (50 if "jobId" in filters else 100)
        early = statistics.median(seconds for seconds, _ in pages[2:22])
        late = statistics.median(seconds for seconds, _ in pages[-20:])
        assert late <= 3 * early + 0.01, f"{filters}: last {late * 1000:.1f} ms, first {early * 1000:.1f} ms"
