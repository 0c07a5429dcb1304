-- Reading sums and failures by their rows.

-- The sums of a key in the rows they lie in, with histograms as they lie: whoever reads adds them up. SQL took most of the
-- time of a read for that, and for making counts per bucket of the pairs of each part. pairs: of bucket (from 0) and count. (Both
-- halves have the same types, or conditions would not reach the indexes.)
DROP VIEW rollup;
CREATE VIEW rollup AS
SELECT grain, bucket_at, job_id, success, failed, timeout, skipped, missed, interrupted, started, attempts,
	duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram, false AS pairs
FROM rollup_sum
UNION ALL
SELECT part.grain, part.bucket_at, job_id, success::bigint, failed::bigint, timeout::bigint, skipped::bigint, missed,
	interrupted::bigint, started::bigint, attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us,
	duration_counts::bigint[], lateness_counts::bigint[], true
FROM rollup_part CROSS JOIN LATERAL (VALUES
	(1::smallint, bucket_at),
	(2::smallint, date_trunc('hour', bucket_at, 'UTC')),
	(3::smallint, date_trunc('day', bucket_at, 'UTC'))) AS part (grain, bucket_at);
DROP AGGREGATE histogram_sum(bigint[]);
DROP FUNCTION histogram_dense(integer[]);

-- The few sums that tell of something bad, for the list of failing jobs.
CREATE INDEX rollup_sum_bad ON rollup_sum (grain, bucket_at, job_id) WHERE failed + timeout + missed + interrupted > 0;

-- What went wrong with one job.
CREATE INDEX execution_bad_by_job ON execution (job_id, scheduled_at, execution_id) WHERE status IN (2, 3, 5, 6);

-- What each agent decided, by hour: a week of fifty agents is half a million minutes.
CREATE TABLE agent_rollup_hour (LIKE agent_rollup INCLUDING ALL) WITH (fillfactor = 70);
INSERT INTO agent_rollup_hour
SELECT agent_id, date_trunc('hour', bucket_at, 'UTC'), sum(success), sum(bad) FROM agent_rollup GROUP BY 1, 2;
