"""A hundred thousand jobs are overdue in one instant, since their agent is gone: how long until central says so of all."""
import time

from agent_benches import row
from central_lab import central_world, peak_memory_mb
from raw_agent import RawAgent

JOBS = 100000
GRACE_S = 30  # central/late_rule.h
BAR_S = 60 - GRACE_S
JOBS_LIKE_IT = """INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
    updated_by, selector) SELECT gen_random_uuid(), revision, 'like it', active, type, target_mode, definition, created_at,
    created_by, updated_at - interval '1 hour', updated_by, selector FROM job, generate_series(1, %s)"""
HELD_LIKE_IT = """INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, changed_at)
    SELECT job_id, agent_id, 1, '', revision, row_number() OVER (), now() - interval '1 hour' FROM job, agent WHERE job.name = 'like it'"""
WATCHED = """INSERT INTO job_watch (job_id, revision, due_at, check_at)
    SELECT job_id, revision, now() - interval '1 minute', now() FROM job WHERE name = 'like it'"""


def late(lab):
    with central_world(lab) as world:
        database = world.database()
        central = world.central(database).start()
        RawAgent(central, "gone").follow()
        central.api.create_job("*/5 * * * *", "http://127.0.0.1:9/", headers={"X-Origin": "bench"}, timeoutMs=20000)
        database.execute(JOBS_LIKE_IT, (JOBS,))
        database.execute(HELD_LIKE_IT)
        database.execute("UPDATE agent_state SET last_seen_at = now() - interval '10 minutes'")
        database.execute(WATCHED)
        began = time.time()
        while database.query("SELECT count(*) FROM job_late")[0][0] < JOBS and time.time() - began < 10 * BAR_S:
            time.sleep(0.2)
        took = time.time() - began
        memory = peak_memory_mb(central)
    return [
        row("late.100k", took, "s", f"<= {BAR_S}, and {GRACE_S} of grace", took <= BAR_S, "the watch looks every 5 s"),
        row("late.rss", memory, "MB", "<= 150", memory <= 150),
    ]


BENCHES = {"late": late}
