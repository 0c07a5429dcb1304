-- name: stream_peek
SELECT acked_seq, encode(acked_md5, 'hex'), (SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid)
FROM agent_stream WHERE agent_id = $1::uuid AND epoch = $2::bigint

-- name: stream_lock
SELECT acked_seq, encode(acked_md5, 'hex'), (SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid)
FROM agent_stream WHERE agent_id = $1::uuid AND epoch = $2::bigint
FOR UPDATE

-- The streams of a group, locked in one order whoever asks.
-- name: stream_lock_all
SELECT stream.agent_id, acked_seq, encode(acked_md5, 'hex'),
	(SELECT max(newest.epoch) FROM agent_stream AS newest WHERE newest.agent_id = stream.agent_id)
FROM agent_stream AS stream
WHERE (agent_id, epoch) IN (SELECT * FROM unnest($1::uuid[], $2::bigint[]))
ORDER BY stream.agent_id
FOR UPDATE OF stream

-- name: stream_advance_all
UPDATE agent_stream SET acked_seq = wanted.seq, acked_md5 = decode(wanted.md5, 'hex')
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS wanted (agent_id, epoch, seq, md5)
WHERE agent_stream.agent_id = wanted.agent_id AND agent_stream.epoch = wanted.epoch

-- name: stream_newest
SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid

-- name: stream_insert
INSERT INTO agent_stream (agent_id, epoch, acked_seq) VALUES ($1::uuid, $2::bigint, $3::bigint) ON CONFLICT DO NOTHING

-- name: stream_hole
UPDATE agent_stream SET acked_seq = $4::bigint, acked_md5 = NULL,
	holes = holes || jsonb_build_object('from', $3::bigint, 'to', $4::bigint, 'at', now())
WHERE agent_id = $1::uuid AND epoch = $2::bigint

-- name: ingest_partition_make
SELECT execution_partition_make($1::date)

-- What a group has to know and have first: is what it commits kept; are there history policies, or traces from $1, its oldest
-- due instant, on; from when on days are open, the last one always. (The order is that of the index job_thinned. With EXISTS the
-- planner read all jobs, for each group, when it believed that many have a policy: it does so of jobs that were not analyzed
-- yet.)
-- name: ingest_prepare
SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off',
	(SELECT job_id FROM job WHERE history_one_of IS NOT NULL ORDER BY job_id LIMIT 1) IS NOT NULL
		OR EXISTS (SELECT FROM execution_unkept WHERE scheduled_at >= $1::timestamptz),
	(SELECT least(closed_to, now() - interval '1 day') FROM execution_kept), ingest_stage_make()

-- In the order in which ingest_record_copy() writes them.
-- part: record_columns
		agent_id, execution_id, job_id, scheduled_at, last_scheduled_at, started_at, finished_at, job_revision, count,
		duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts, http_status, status, cause,
		reason, error, response_body, response_digest, armed_at, attempt_log

-- part: insert_execution
	INSERT INTO execution (received_at,
-- use: record_columns
	) SELECT now(),
-- use: record_columns

-- Straight into the table, with received_at by its default (a transaction's now(), as below). The columns are those of
-- ingest_execution_copy.
-- name: ingest_direct_copy
COPY execution (agent_id, execution_id, job_id, scheduled_at, last_scheduled_at, started_at, finished_at,
	job_revision, count, duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts, http_status,
	status, cause, reason, error, response_body, response_digest, armed_at, attempt_log) FROM STDIN WITH (FORMAT binary)

-- name: ingest_direct_begin
SAVEPOINT direct

-- name: ingest_direct_undo
ROLLBACK TO SAVEPOINT direct

-- name: ingest_execution_copy
COPY execution_stage (
-- use: record_columns
) FROM STDIN WITH (FORMAT binary)

-- One row with the number of new rows; when they are fewer than $1, a row for each of them.
-- name: ingest_execution_insert
WITH inserted AS (
-- use: insert_execution
	FROM execution_stage
	ON CONFLICT DO NOTHING
	RETURNING execution_id, agent_id, scheduled_at
), total AS (SELECT count(*) AS n FROM inserted)
SELECT n, execution_id, inserted.agent_id, scheduled_at FROM total LEFT JOIN inserted ON n < $1::bigint

-- The same where there are traces of what is not, or no longer, kept. Of jobs that keep only part of their history each fire,
-- kept or not, leaves one, and counts with it: when two agents' records of one fire come at once, one to be kept and one not,
-- they meet there. Of two such records in the stage one is taken. A range of missed fires that began before $2, on a day that is
-- closed, is known by its end.
-- name: ingest_execution_thin
WITH judged AS (
	SELECT DISTINCT ON (stage.scheduled_at, execution_id) stage.*, thinned.job_id IS NOT NULL AS is_thinned,
		history_keeps(history_one_of, status, execution_id) AS kept
	FROM execution_stage AS stage
	LEFT JOIN (SELECT job_id, history_one_of FROM job WHERE history_one_of IS NOT NULL) AS thinned USING (job_id)
	WHERE scheduled_at >= $2::timestamptz OR NOT EXISTS (SELECT FROM execution_range AS known
		WHERE known.job_id = stage.job_id AND known.execution_id = stage.execution_id)
	ORDER BY stage.scheduled_at, execution_id, agent_id
), traced AS (
	INSERT INTO execution_unkept (execution_id, scheduled_at, agent_id)
	SELECT execution_id, scheduled_at, agent_id FROM judged
	WHERE is_thinned AND NOT EXISTS (SELECT FROM execution AS known
		WHERE known.scheduled_at = judged.scheduled_at AND known.execution_id = judged.execution_id)
	ON CONFLICT DO NOTHING
	RETURNING scheduled_at, execution_id, agent_id
), inserted AS (
-- use: insert_execution
	FROM judged
	WHERE kept AND CASE WHEN is_thinned THEN (scheduled_at, execution_id) IN (SELECT scheduled_at, execution_id FROM traced)
		ELSE NOT EXISTS (SELECT FROM execution_unkept AS known
			WHERE known.scheduled_at = judged.scheduled_at AND known.execution_id = judged.execution_id) END
	ON CONFLICT DO NOTHING
	RETURNING execution_id, agent_id, scheduled_at
), unkept AS (
	SELECT judged.* FROM judged JOIN traced USING (scheduled_at, execution_id, agent_id) WHERE NOT kept
), noted AS (
	-- What the trigger on execution does for those that are kept.
	INSERT INTO job_latest AS l (job_id, scheduled_at, execution_id, agent_id, status, started, duration_us, reason,
		place_at, decided_until)
	SELECT DISTINCT ON (job_id) job_id, scheduled_at, execution_id, agent_id, status, started_at IS NOT NULL, duration_us,
		reason, scheduled_at, max(CASE WHEN cause <> 3 THEN scheduled_at ELSE '-infinity' END) OVER (PARTITION BY job_id)
	FROM unkept ORDER BY job_id, scheduled_at DESC, execution_id DESC
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
	WHERE excluded.scheduled_at >= l.scheduled_at OR excluded.decided_until > l.decided_until
), new AS (
	SELECT execution_id, agent_id, scheduled_at FROM inserted UNION ALL SELECT execution_id, agent_id, scheduled_at FROM unkept
), total AS (SELECT count(*) AS n FROM new)
SELECT n, execution_id, new.agent_id, scheduled_at FROM total LEFT JOIN new ON n < $1::bigint

-- Against steps of the sweep (definitions/history.sql); taken before anything that a step may touch.
-- name: sweep_lock_shared
SELECT pg_advisory_xact_lock_shared(hashtext('belfry.sweep'))

-- Days that were cleared of some statuses have to be looked at again from the oldest late row of the stage on. Notes are
-- locked in one order, so nobody waits in a circle.
-- name: sweep_reopen
WITH old AS (
	SELECT 'execution_' || to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYYMMDD') AS partition, min(scheduled_at) AS oldest
	FROM execution_stage GROUP BY 1
), held AS (
	SELECT note.partition, note.statuses, old.oldest FROM retention_sweep AS note JOIN old USING (partition)
	WHERE note.cleared_to > old.oldest ORDER BY note.partition, note.statuses FOR UPDATE OF note
)
UPDATE retention_sweep AS note SET cleared_to = least(note.cleared_to, held.oldest)
FROM held WHERE note.partition = held.partition AND note.statuses = held.statuses

-- Those in the stage that another agent had decided; a row for each agent that has new ones, with how many.
-- name: ingest_double_insert
WITH doubled AS (
	INSERT INTO execution_double (execution_id, scheduled_at, agent_id, job_id, started_at, finished_at, received_at, status,
		attempts, http_status, duration_us, reason, error)
	SELECT stage.execution_id, stage.scheduled_at, stage.agent_id, stage.job_id, stage.started_at, stage.finished_at, now(),
		stage.status, stage.attempts, stage.http_status, stage.duration_us, stage.reason, stage.error
	FROM execution_stage AS stage
	CROSS JOIN LATERAL (
		SELECT agent_id FROM execution AS first
		WHERE first.scheduled_at = stage.scheduled_at AND first.execution_id = stage.execution_id
		UNION ALL
		SELECT agent_id FROM execution_unkept AS first
		WHERE first.scheduled_at = stage.scheduled_at AND first.execution_id = stage.execution_id
		LIMIT 1
	) AS first
	WHERE first.agent_id <> stage.agent_id
	ON CONFLICT DO NOTHING
	RETURNING agent_id
)
SELECT agent_id, count(*) FROM doubled GROUP BY agent_id

-- name: ingest_part_copy
COPY rollup_part (bucket_at, job_id, success, failed, timeout, skipped, missed, interrupted, started, attempts,
	duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_counts, lateness_counts)
	FROM STDIN WITH (FORMAT binary)

-- The agents' streams are locked, so nobody else adds to these rows.
-- name: ingest_agent_add
WITH added (agent_id, bucket_at, success, bad) AS MATERIALIZED (
	SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[])
), hours AS (
	INSERT INTO agent_rollup_hour AS r (agent_id, bucket_at, success, bad)
	SELECT agent_id, date_trunc('hour', bucket_at, 'UTC'), sum(success), sum(bad) FROM added GROUP BY 1, 2
	ON CONFLICT (agent_id, bucket_at) DO UPDATE SET success = r.success + excluded.success, bad = r.bad + excluded.bad
)
INSERT INTO agent_rollup AS r (agent_id, bucket_at, success, bad)
SELECT * FROM added
ON CONFLICT (agent_id, bucket_at) DO UPDATE SET success = r.success + excluded.success, bad = r.bad + excluded.bad

-- One instance at a time.
-- name: fold_lock
SELECT pg_try_advisory_xact_lock(hashtext('belfry.fold'))

-- $1 parts in the order of jobs, from job $2 on.
-- name: fold_take
DELETE FROM rollup_part WHERE ctid = ANY (ARRAY(
	SELECT ctid FROM rollup_part WHERE job_id >= $2::uuid ORDER BY job_id LIMIT $1::bigint))
RETURNING bucket_at, job_id, success, failed, timeout, skipped, missed, interrupted, started, attempts,
	duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_counts, lateness_counts

-- name: fold_stage_make
SELECT rollup_stage_make()

-- name: fold_copy
COPY rollup_stage (grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started,
	attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram)
	FROM STDIN WITH (FORMAT binary)

-- The rows come in the order of the key.
-- name: fold_add
INSERT INTO rollup_sum AS r (grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started,
	attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram)
SELECT grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started,
	attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram
FROM rollup_stage
ON CONFLICT (grain, bucket_at, job_id, shard) DO UPDATE SET success = r.success + excluded.success,
	failed = r.failed + excluded.failed, timeout = r.timeout + excluded.timeout, skipped = r.skipped + excluded.skipped,
	missed = sum_add(r.missed, excluded.missed), interrupted = r.interrupted + excluded.interrupted,
	started = r.started + excluded.started, attempts = r.attempts + excluded.attempts,
	duration_sum_us = sum_add(r.duration_sum_us, excluded.duration_sum_us),
	duration_max_us = greatest(r.duration_max_us, excluded.duration_max_us),
	lateness_sum_us = sum_add(r.lateness_sum_us, excluded.lateness_sum_us),
	lateness_max_us = greatest(r.lateness_max_us, excluded.lateness_max_us),
	duration_histogram = histogram_add(r.duration_histogram, excluded.duration_histogram),
	lateness_histogram = histogram_add(r.lateness_histogram, excluded.lateness_histogram)

-- The space of folded parts is free again at once.
-- name: fold_vacuum
VACUUM rollup_part

-- name: ingest_event_insert
INSERT INTO agent_event (agent_id, epoch, seq, kind, at, detail)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4, $5::timestamptz, $6)
ON CONFLICT DO NOTHING

-- name: ingest_quarantine_insert
INSERT INTO quarantine (agent_id, epoch, seq, reason, record)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4, $5)
ON CONFLICT DO NOTHING
