-- Executions on their way in.

-- Records of many agents go through one stage: a temporary table of this shape and name, one per connection.
CREATE OR REPLACE FUNCTION ingest_stage_make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('pg_temp.execution_stage') IS NULL THEN
		CREATE TEMPORARY TABLE execution_stage (LIKE execution_stage) ON COMMIT DELETE ROWS;
	END IF;
END $$;

-- Is this execution kept by a history policy (history_one_of, migration 0007)? Bad ones always are.
CREATE OR REPLACE FUNCTION history_keeps(one_of bigint, status smallint, execution_id uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT one_of IS NULL OR status IN (2, 3, 5, 6)
		OR (one_of > 0 AND (hashtextextended(execution_id::text, 0) & 9223372036854775807) % one_of = 0)
$$;

-- Each job's latest execution is written with it; in the order of the key, so that two that write the same rows wait for each
-- other and never in a circle. The job's place in the order of the last run (place_at) moves on when the run is ten seconds
-- newer than the one it stands at (migration 0035). Ranges of missed fires are noted by their ends (migration 0040).
CREATE OR REPLACE FUNCTION job_latest_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO job_latest AS l (job_id, scheduled_at, execution_id, agent_id, status, started, duration_us, reason,
		place_at, decided_until)
	SELECT DISTINCT ON (job_id) job_id, scheduled_at, execution_id, agent_id, status, started_at IS NOT NULL, duration_us,
		reason, scheduled_at, max(CASE WHEN cause <> 3 THEN coalesce(last_scheduled_at, scheduled_at) ELSE '-infinity' END)
			OVER (PARTITION BY job_id)
	FROM added ORDER BY job_id, scheduled_at DESC, execution_id DESC
	ON CONFLICT (job_id) DO UPDATE SET
		scheduled_at = greatest(l.scheduled_at, excluded.scheduled_at),
		execution_id = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.execution_id ELSE l.execution_id END,
		agent_id = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.agent_id ELSE l.agent_id END,
		status = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.status ELSE l.status END,
		started = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.started ELSE l.started END,
		duration_us = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.duration_us ELSE l.duration_us END,
		reason = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.reason ELSE l.reason END,
		place_at = CASE WHEN excluded.place_at >= l.place_at + interval '10 seconds' THEN excluded.place_at ELSE l.place_at END,
		decided_until = greatest(l.decided_until, excluded.decided_until)
	WHERE excluded.scheduled_at >= l.scheduled_at OR excluded.decided_until > l.decided_until;
	INSERT INTO execution_range (job_id, last_scheduled_at, execution_id, scheduled_at, agent_id, count, reason)
	SELECT job_id, last_scheduled_at, execution_id, scheduled_at, agent_id, count, reason FROM added
	WHERE status = 5 AND last_scheduled_at > scheduled_at
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;

-- job_latest has a row for every job, so that its index is the order of all; `live` while the job is there.
CREATE OR REPLACE FUNCTION job_latest_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO job_latest AS l (job_id, scheduled_at, started, duration_us, decided_until, live)
	VALUES (NEW.job_id, '-infinity', false, 0, '-infinity', NEW.deleted_at IS NULL)
	ON CONFLICT (job_id) DO UPDATE SET live = excluded.live WHERE l.live <> excluded.live;
	RETURN NULL;
END $$;
