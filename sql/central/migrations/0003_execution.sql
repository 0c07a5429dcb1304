-- What became of each fire, by day of its due instant, and sums of it for quick answers.

CREATE TABLE execution (
	execution_id uuid NOT NULL,
	job_id uuid NOT NULL,
	agent_id uuid NOT NULL,
	scheduled_at timestamptz NOT NULL,
	-- Records of missed stand for `count` fires from scheduled_at to here; NULL = scheduled_at.
	last_scheduled_at timestamptz,
	started_at timestamptz,
	finished_at timestamptz NOT NULL,
	received_at timestamptz NOT NULL,
	job_revision bigint NOT NULL,
	count bigint NOT NULL,
	duration_us bigint NOT NULL,
	lateness_us bigint NOT NULL,
	-- Of the last attempt; NULL = not reached.
	dns_us bigint,
	connect_us bigint,
	tls_us bigint,
	first_byte_us bigint,
	total_us bigint,
	attempts integer NOT NULL,
	-- NULL = no answer.
	http_status integer,
	-- common/execution.h: enum execution_status, enum fire_cause.
	status smallint NOT NULL,
	cause smallint NOT NULL,
	reason text,
	error text,
	response_body text,
	response_digest bytea,
	-- Also the order of lists: pages go backwards from a (scheduled_at, execution_id).
	PRIMARY KEY (scheduled_at, execution_id)
) PARTITION BY RANGE (scheduled_at);
CREATE INDEX execution_by_job ON execution (job_id, scheduled_at, execution_id);
-- failed, timeout, missed, interrupted: rare, and what people look for.
CREATE INDEX execution_bad ON execution (scheduled_at, execution_id) WHERE status IN (2, 3, 5, 6);

-- Makes the partition of one UTC day; true when it was not there. ATTACH blocks neither readers nor writers of the others.
CREATE FUNCTION execution_partition_make(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	partition text := 'execution_' || to_char(day, 'YYYYMMDD');
BEGIN
	IF to_regclass(partition) IS NOT NULL THEN
		RETURN false;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('belfry.partition'));
	-- Not to_regclass again: it may answer from a cache that has not heard of what was made while this waited.
	IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
		WHERE inhparent = 'execution'::regclass AND relname = partition) THEN
		RETURN false;
	END IF;
	EXECUTE format('CREATE TABLE %I (LIKE execution INCLUDING ALL)', partition);
	EXECUTE format('ALTER TABLE execution ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
		day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
	RETURN true;
EXCEPTION WHEN duplicate_table THEN
	-- A transaction of REPEATABLE READ or above has waited, and does not see what the other one made.
	RETURN false;
END $$;

-- Drops the partitions of all days before `day`; returns how many.
CREATE FUNCTION execution_partition_drop_before(day date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	partition regclass;
	dropped integer := 0;
BEGIN
	FOR partition IN
		SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
		WHERE inhparent = 'execution'::regclass AND relname < 'execution_' || to_char(day, 'YYYYMMDD')
		ORDER BY relname
	LOOP
		EXECUTE format('DROP TABLE %s', partition);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;

-- Histograms: 24 counts; bucket i holds values up to bound i of central/histogram.h.
CREATE FUNCTION histogram_add(a bigint[], b bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ARRAY[a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5], a[6] + b[6], a[7] + b[7], a[8] + b[8],
		a[9] + b[9], a[10] + b[10], a[11] + b[11], a[12] + b[12], a[13] + b[13], a[14] + b[14], a[15] + b[15],
		a[16] + b[16], a[17] + b[17], a[18] + b[18], a[19] + b[19], a[20] + b[20], a[21] + b[21], a[22] + b[22],
		a[23] + b[23], a[24] + b[24]]
$$;
CREATE AGGREGATE histogram_sum(bigint[]) (
	SFUNC = histogram_add, STYPE = bigint[], PARALLEL = SAFE, COMBINEFUNC = histogram_add,
	INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}'
);

-- Sums over executions by time of scheduled_at. A value is the SUM over all shards: agents write to different shards,
-- so that they do not wait for each other's commits.
CREATE TABLE rollup (
	-- 1 minute, 2 hour, 3 day (UTC).
	grain smallint NOT NULL,
	bucket_at timestamptz NOT NULL,
	-- 00000000-0000-0000-0000-000000000000: all jobs together.
	job_id uuid NOT NULL,
	shard smallint NOT NULL,
	-- Executions by status; a missed range counts with all its fires.
	success bigint NOT NULL,
	failed bigint NOT NULL,
	timeout bigint NOT NULL,
	skipped bigint NOT NULL,
	missed bigint NOT NULL,
	interrupted bigint NOT NULL,
	-- Those that were started: the denominator of the averages, and what the histograms count.
	started bigint NOT NULL,
	attempts bigint NOT NULL,
	duration_sum_us bigint NOT NULL,
	duration_max_us bigint NOT NULL,
	lateness_sum_us bigint NOT NULL,
	lateness_max_us bigint NOT NULL,
	duration_histogram bigint[] NOT NULL,
	lateness_histogram bigint[] NOT NULL,
	-- Charts of one job or of all take single keys, tables of all jobs take ranges of (grain, bucket_at).
	PRIMARY KEY (grain, bucket_at, job_id, shard)
)
-- A batch updates most rows of a page: with room for their new versions beside them the index stays as it is.
WITH (fillfactor = 45);

-- Records on their way in are copied to temporary tables of these shapes and names, one pair per connection; the tables
-- here stay empty.
CREATE TABLE execution_stage (LIKE execution);
ALTER TABLE execution_stage DROP COLUMN agent_id, DROP COLUMN received_at;
CREATE TABLE rollup_stage (LIKE rollup);
CREATE FUNCTION ingest_stage_make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('pg_temp.execution_stage') IS NULL THEN
		CREATE TEMPORARY TABLE execution_stage (LIKE execution_stage) ON COMMIT DELETE ROWS;
		CREATE TEMPORARY TABLE rollup_stage (LIKE rollup_stage) ON COMMIT DELETE ROWS;
	END IF;
END $$;
