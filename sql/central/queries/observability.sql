-- Sums in the rows they lie in, by time. The buckets are listed as keys, so that the index goes from key to key and never
-- through the rows of other jobs in between. $1 grain, $2 from, $3 to (exclusive), $4 step, $5 job or the nil UUID for all
-- together.
-- name: rollup_rows
SELECT bucket_at, pairs, success, failed, timeout, skipped, missed, interrupted, started, attempts, duration_sum_us,
	duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram
FROM rollup
WHERE grain = $1::smallint AND job_id = $5::uuid AND bucket_at < $3::timestamptz
	AND bucket_at = ANY (ARRAY(SELECT generate_series($2::timestamptz, $3::timestamptz, $4::interval)))
ORDER BY bucket_at

-- The worst jobs by their rollups; then, for these few, the first and the last failure, each looked for in its bucket only.
-- name: rollup_failures
WITH worst AS (
	SELECT job_id, sum(failed)::bigint AS failed, sum(timeout)::bigint AS timeout, sum(missed)::bigint AS missed,
		sum(interrupted)::bigint AS interrupted, min(bucket_at) AS first_bucket, max(bucket_at) AS last_bucket
	FROM rollup
	WHERE grain = $1::smallint AND bucket_at >= $2::timestamptz AND bucket_at < $3::timestamptz
		AND job_id <> '00000000-0000-0000-0000-000000000000' AND failed + timeout + missed + interrupted > 0
	GROUP BY job_id
	ORDER BY sum(failed + timeout + missed + interrupted) DESC, job_id
	LIMIT $5::integer
)
SELECT worst.job_id, job.name, worst.failed, worst.timeout, worst.missed, worst.interrupted,
	coalesce(oldest.scheduled_at, first_bucket), coalesce(newest.scheduled_at, last_bucket),
	newest.execution_id, newest.status, newest.http_status, newest.reason, newest.error
FROM worst
LEFT JOIN job USING (job_id)
LEFT JOIN LATERAL (
	SELECT scheduled_at FROM execution
	WHERE job_id = worst.job_id AND scheduled_at >= first_bucket AND scheduled_at < first_bucket + $4::interval
		AND status IN (2, 3, 5, 6)
	ORDER BY scheduled_at, execution_id LIMIT 1
) AS oldest ON true
LEFT JOIN LATERAL (
	SELECT scheduled_at, execution_id, status, http_status, reason, error FROM execution
	WHERE job_id = worst.job_id AND scheduled_at >= last_bucket AND scheduled_at < last_bucket + $4::interval
		AND status IN (2, 3, 5, 6)
	ORDER BY scheduled_at DESC, execution_id DESC LIMIT 1
) AS newest ON true
ORDER BY worst.failed + worst.timeout + worst.missed + worst.interrupted DESC, worst.job_id

-- name: job_doubled
SELECT count(*) FROM execution_double
WHERE job_id = $1::uuid AND scheduled_at >= $2::timestamptz AND scheduled_at < $3::timestamptz

-- name: job_counts
SELECT count(*), count(*) FILTER (WHERE active),
	count(*) FILTER (WHERE active AND NOT EXISTS (
		SELECT FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed)),
	count(*) FILTER (WHERE type = 'ATLEAST_ONCE'), count(*) FILTER (WHERE type = 'ATMOST_ONCE'),
	count(*) FILTER (WHERE target_mode = 'one'), count(*) FILTER (WHERE target_mode = 'all'),
	count(*) FILTER (WHERE target_mode = 'agent'), count(*) FILTER (WHERE target_mode = 'count')
FROM job WHERE deleted_at IS NULL
