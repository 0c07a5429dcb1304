"""A million jobs of mode one are placed anew by one order of a person: when nobody has them, and when one more agent has come."""
import os
import time

from agent_benches import row
from central_lab import central_world, enrol_by_sql, peak_memory_mb

JOBS = int(os.environ.get("BELFRY_BENCH_PLACE_JOBS", "1000000"))
AGENTS = 10
JOINED_S = 60  # a job that stays costs little, one that moves some 0.1 ms
LIKE_IT = """INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
    updated_by, selector) SELECT gen_random_uuid(), revision, 'like it', active, type, target_mode, definition, created_at,
    created_by, updated_at - interval '1 hour', updated_by, selector FROM job, generate_series(2, %s)"""
# The index of parts of names takes longer to fill than all of the rest, and placement does not know it.
WITHOUT_SEARCH = "DROP INDEX job_live_by_run"
HOLD = "SELECT count(*), count(DISTINCT agent_id) FROM assignment WHERE NOT removed"


def timed(call):
    begun = time.time()
    result = call()
    return time.time() - begun, result


def place(lab):
    with central_world(lab) as world:
        database = world.database()
        central = world.central(database, offline_after_ms=3600000).start()  # nobody plays the agents
        api = central.api
        api.create_job("0 0 1 1 *", "http://127.0.0.1:9/")
        database.execute(WITHOUT_SEARCH)
        database.execute(LIKE_IT, (JOBS,))
        enrol_by_sql(database, AGENTS + 1)
        weigh = "UPDATE agent SET weight = %s WHERE name = %s"
        database.execute(weigh, (0, f"bench-{AGENTS}"))
        database.execute("ANALYZE")  # as autovacuum does within a minute
        first, _ = timed(api.rebalance)
        held = database.query(HOLD)
        database.execute(weigh, (1, f"bench-{AGENTS}"))
        joined, moved = timed(api.rebalance)
        memory = peak_memory_mb(central)
    if held != [(JOBS, AGENTS)]:
        raise SystemExit(f"bench: {held} instead of {JOBS} jobs at {AGENTS} agents")
    return [
        row("place.anew", JOBS / first, "jobs/s", "told", True, f"{JOBS} in {first:.1f} s"),
        row("place.joined", joined, "s", f"<= {JOINED_S}", joined <= JOINED_S, f"{moved} of {JOBS}"),
        row("place.rss", memory, "MB", "<= 150", memory <= 150),
    ]


BENCHES = {"place": place}
