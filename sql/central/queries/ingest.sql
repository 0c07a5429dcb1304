-- name: stream_peek
SELECT acked_seq, encode(acked_md5, 'hex'), (SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid)
FROM agent_stream WHERE agent_id = $1::uuid AND epoch = $2::bigint

-- name: stream_lock
SELECT acked_seq, encode(acked_md5, 'hex'), (SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid)
FROM agent_stream WHERE agent_id = $1::uuid AND epoch = $2::bigint
FOR UPDATE

-- name: stream_newest
SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid

-- name: stream_insert
INSERT INTO agent_stream (agent_id, epoch) VALUES ($1::uuid, $2::bigint) ON CONFLICT DO NOTHING

-- name: stream_advance
UPDATE agent_stream SET acked_seq = $3::bigint, acked_md5 = coalesce(decode($4, 'hex'), acked_md5)
WHERE agent_id = $1::uuid AND epoch = $2::bigint

-- name: stream_hole
UPDATE agent_stream SET acked_seq = $4::bigint, acked_md5 = NULL,
	holes = holes || jsonb_build_object('from', $3::bigint, 'to', $4::bigint, 'at', now())
WHERE agent_id = $1::uuid AND epoch = $2::bigint

-- name: ingest_partition_make
SELECT execution_partition_make($1::date)

-- name: ingest_stage_make
SELECT ingest_stage_make()

-- name: ingest_execution_copy
COPY execution_stage (execution_id, job_id, scheduled_at, last_scheduled_at, started_at, finished_at, job_revision, count,
	duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts, http_status, status, cause,
	reason, error, response_body, response_digest) FROM STDIN

-- name: ingest_execution_insert
INSERT INTO execution (agent_id, received_at, execution_id, job_id, scheduled_at, last_scheduled_at, started_at, finished_at,
	job_revision, count, duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts,
	http_status, status, cause, reason, error, response_body, response_digest)
SELECT $1::uuid, now(), execution_id, job_id, scheduled_at, last_scheduled_at, started_at, finished_at,
	job_revision, count, duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts,
	http_status, status, cause, reason, error, response_body, response_digest
FROM execution_stage
ON CONFLICT DO NOTHING
RETURNING execution_id

-- name: ingest_rollup_copy
COPY rollup_stage (grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started, attempts,
	duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram) FROM STDIN

-- In the order of the key, so that two that add to the same sums wait for each other and never in a circle.
-- name: ingest_rollup_add
INSERT INTO rollup AS r (grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started,
	attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram)
SELECT grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started,
	attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram
FROM rollup_stage ORDER BY grain, bucket_at, job_id, shard
ON CONFLICT (grain, bucket_at, job_id, shard) DO UPDATE SET success = r.success + excluded.success,
	failed = r.failed + excluded.failed, timeout = r.timeout + excluded.timeout, skipped = r.skipped + excluded.skipped,
	missed = r.missed + excluded.missed, interrupted = r.interrupted + excluded.interrupted,
	started = r.started + excluded.started, attempts = r.attempts + excluded.attempts,
	duration_sum_us = r.duration_sum_us + excluded.duration_sum_us,
	duration_max_us = greatest(r.duration_max_us, excluded.duration_max_us),
	lateness_sum_us = r.lateness_sum_us + excluded.lateness_sum_us,
	lateness_max_us = greatest(r.lateness_max_us, excluded.lateness_max_us),
	duration_histogram = histogram_add(r.duration_histogram, excluded.duration_histogram),
	lateness_histogram = histogram_add(r.lateness_histogram, excluded.lateness_histogram)

-- name: ingest_event_insert
INSERT INTO agent_event (agent_id, epoch, seq, kind, at, detail)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4, $5::timestamptz, $6)
ON CONFLICT DO NOTHING

-- name: ingest_quarantine_insert
INSERT INTO quarantine (agent_id, epoch, seq, reason, record)
VALUES ($1::uuid, $2::bigint, $3::bigint, $4, $5)
ON CONFLICT DO NOTHING
