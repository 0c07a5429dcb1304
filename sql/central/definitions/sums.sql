-- Sums over executions: how they are added up, and read.

-- Histograms: 24 counts; bucket i holds values up to bound i of central/histogram.h.
CREATE OR REPLACE FUNCTION histogram_add(a bigint[], b bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ARRAY[a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5], a[6] + b[6], a[7] + b[7], a[8] + b[8],
		a[9] + b[9], a[10] + b[10], a[11] + b[11], a[12] + b[12], a[13] + b[13], a[14] + b[14], a[15] + b[15],
		a[16] + b[16], a[17] + b[17], a[18] + b[18], a[19] + b[19], a[20] + b[20], a[21] + b[21], a[22] + b[22],
		a[23] + b[23], a[24] + b[24]]
$$;

-- A sum that stays below 2^62 (as in central/rollup.c), so that two of them can be added: records that claim absurd times must
-- not keep the sums of all others from being folded.
CREATE OR REPLACE FUNCTION sum_add(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT greatest(least(a + b, 4611686018427387903), -4611686018427387903)
$$;

-- Parts on their way into rollup_sum: a temporary table of this shape and name, one per connection.
CREATE OR REPLACE FUNCTION rollup_stage_make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('pg_temp.rollup_stage') IS NULL THEN
		CREATE TEMPORARY TABLE rollup_stage (LIKE rollup_stage) ON COMMIT DELETE ROWS;
	END IF;
END $$;

-- The sums of a key in the rows they lie in, with histograms as they lie: whoever reads adds them up. SQL took most of the
-- time of a read for that, and for making counts per bucket of the pairs of each part. pairs: of bucket (from 0) and count. (Both
-- halves have the same types, or conditions would not reach the indexes.)
CREATE OR REPLACE VIEW rollup AS
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
