-- Ingest in groups, sums that are cheap to write, doubled executions, and history policies.

-- Sums come in two parts: what transactions of ingest added lately (rollup_part, only ever inserted into, so that nobody
-- waits for anybody), and what a chore has folded together since (rollup_sum). Readers see both as `rollup`; a value is
-- the SUM over all rows of a key.
ALTER TABLE rollup RENAME TO rollup_sum;
ALTER INDEX rollup_pkey RENAME TO rollup_sum_pkey;

CREATE TABLE rollup_part (
	-- Always a minute; hours and days are made of it when it is folded, or read.
	bucket_at timestamptz NOT NULL,
	job_id uuid NOT NULL,
	success integer NOT NULL,
	failed integer NOT NULL,
	timeout integer NOT NULL,
	skipped integer NOT NULL,
	missed bigint NOT NULL,
	interrupted integer NOT NULL,
	started integer NOT NULL,
	attempts bigint NOT NULL,
	duration_sum_us bigint NOT NULL,
	duration_max_us bigint NOT NULL,
	lateness_sum_us bigint NOT NULL,
	lateness_max_us bigint NOT NULL,
	-- Pairs of bucket (from 0) and count, since most parts are of one execution.
	duration_counts integer[] NOT NULL,
	lateness_counts integer[] NOT NULL
)
-- It fills and empties all the time. Cutting its end off would need a lock that ingest would wait for.
WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
	autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
CREATE INDEX rollup_part_by_job ON rollup_part (job_id);

CREATE FUNCTION histogram_dense(pairs integer[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ARRAY(
		SELECT coalesce((SELECT sum(pairs[2 * place + 2]) FROM generate_series(0, cardinality(pairs) / 2 - 1) AS place
			WHERE pairs[2 * place + 1] = bucket), 0)::bigint
		FROM generate_series(0, 23) AS bucket ORDER BY bucket)
$$;

CREATE VIEW rollup AS
SELECT grain, bucket_at, job_id, shard, success, failed, timeout, skipped, missed, interrupted, started, attempts,
	duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us, duration_histogram, lateness_histogram
FROM rollup_sum
UNION ALL
SELECT 1::smallint, bucket_at, job_id, 0::smallint, success::bigint, failed::bigint, timeout::bigint, skipped::bigint, missed,
	interrupted::bigint, started::bigint, attempts, duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us,
	histogram_dense(duration_counts), histogram_dense(lateness_counts)
FROM rollup_part
UNION ALL
SELECT 2::smallint, date_trunc('hour', bucket_at, 'UTC'), job_id, 0::smallint, success::bigint, failed::bigint, timeout::bigint,
	skipped::bigint, missed, interrupted::bigint, started::bigint, attempts, duration_sum_us, duration_max_us,
	lateness_sum_us, lateness_max_us, histogram_dense(duration_counts), histogram_dense(lateness_counts)
FROM rollup_part
UNION ALL
SELECT 3::smallint, date_trunc('day', bucket_at, 'UTC'), job_id, 0::smallint, success::bigint, failed::bigint, timeout::bigint,
	skipped::bigint, missed, interrupted::bigint, started::bigint, attempts, duration_sum_us, duration_max_us,
	lateness_sum_us, lateness_max_us, histogram_dense(duration_counts), histogram_dense(lateness_counts)
FROM rollup_part;

-- What each agent decided, by minute of the due instants. bad: failed, timeout, missed, interrupted.
CREATE TABLE agent_rollup (
	agent_id uuid NOT NULL,
	bucket_at timestamptz NOT NULL,
	success bigint NOT NULL,
	bad bigint NOT NULL,
	PRIMARY KEY (agent_id, bucket_at)
) WITH (fillfactor = 70);
CREATE INDEX agent_rollup_by_time ON agent_rollup USING brin (bucket_at);

-- A fire that another agent had decided before: what ATLEAST_ONCE may do in a fail-over. Kept, shown, counted nowhere.
CREATE TABLE execution_double (
	execution_id uuid NOT NULL,
	scheduled_at timestamptz NOT NULL,
	agent_id uuid NOT NULL,
	job_id uuid NOT NULL,
	started_at timestamptz,
	finished_at timestamptz NOT NULL,
	received_at timestamptz NOT NULL,
	status smallint NOT NULL,
	attempts integer NOT NULL,
	http_status integer,
	duration_us bigint NOT NULL,
	reason text,
	error text,
	PRIMARY KEY (scheduled_at, execution_id, agent_id)
);

-- Executions that were counted but, by the history policy of their job, not kept: enough to know them when they come again.
CREATE TABLE execution_unkept (
	execution_id uuid NOT NULL,
	scheduled_at timestamptz NOT NULL,
	agent_id uuid NOT NULL,
	PRIMARY KEY (scheduled_at, execution_id)
);

-- Of how many good executions one is kept: NULL = each, 0 = none. Bad ones are always kept.
-- A body may hold the one character that PostgreSQL's json cannot; what it is matters not here.
CREATE FUNCTION history_one_of(definition text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE history ->> 'policy' WHEN 'failures' THEN 0 WHEN 'sample' THEN coalesce((history ->> 'sampleN')::bigint, 10) END
	FROM (SELECT replace(definition, chr(92) || 'u0000', chr(92) || 'u0001')::json -> 'history') AS parsed (history)
$$;
ALTER TABLE job ADD COLUMN history_one_of bigint GENERATED ALWAYS AS (history_one_of(definition)) STORED;
CREATE INDEX job_thinned ON job (job_id) WHERE history_one_of IS NOT NULL;

CREATE FUNCTION history_keeps(one_of bigint, status smallint, execution_id uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT one_of IS NULL OR status IN (2, 3, 5, 6)
		OR (one_of > 0 AND (hashtextextended(execution_id::text, 0) & 9223372036854775807) % one_of = 0)
$$;

-- Records of many agents go through one stage.
ALTER TABLE execution_stage ADD COLUMN agent_id uuid NOT NULL;
CREATE OR REPLACE FUNCTION ingest_stage_make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('pg_temp.execution_stage') IS NULL THEN
		CREATE TEMPORARY TABLE execution_stage (LIKE execution_stage) ON COMMIT DELETE ROWS;
	END IF;
END $$;
CREATE FUNCTION rollup_stage_make() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('pg_temp.rollup_stage') IS NULL THEN
		CREATE TEMPORARY TABLE rollup_stage (LIKE rollup_stage) ON COMMIT DELETE ROWS;
	END IF;
END $$;

-- Retention by status: how far each day's partition has been cleared of which statuses.
CREATE TABLE retention_sweep (
	partition text NOT NULL,
	statuses smallint[] NOT NULL,
	cleared_to timestamptz NOT NULL,
	PRIMARY KEY (partition, statuses)
);

-- Deletes executions of these statuses from days before `day`, looking at no more than `budget` rows in the order of their
-- key; returns how many it looked at: 0 = all is done. What comes for a cleared stretch later stays until its day goes.
CREATE FUNCTION retention_sweep_step(day date, of_statuses smallint[], budget integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	part text;
	part_begin timestamptz;
	done_to timestamptz;
	next_to timestamptz;
	looked_at integer;
BEGIN
	DELETE FROM retention_sweep WHERE to_regclass(partition) IS NULL;
	SELECT relname, to_timestamp(substr(relname, 11) || ' +00', 'YYYYMMDD TZH'), cleared_to INTO part, part_begin, done_to
	FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
	LEFT JOIN retention_sweep ON partition = relname AND statuses = of_statuses
	WHERE inhparent = 'execution'::regclass AND relname < 'execution_' || to_char(day, 'YYYYMMDD')
		AND (cleared_to IS NULL OR cleared_to < 'infinity')
	ORDER BY relname LIMIT 1;
	IF part IS NULL THEN
		RETURN 0;
	END IF;
	done_to := coalesce(done_to, part_begin);
	EXECUTE format('SELECT count(*), max(scheduled_at) FROM (SELECT scheduled_at FROM %I WHERE scheduled_at >= $1
		ORDER BY scheduled_at LIMIT $2) AS step', part) INTO looked_at, next_to USING done_to, budget;
	IF looked_at < budget THEN
		next_to := 'infinity';
	ELSIF next_to = done_to THEN
		-- More rows of one instant than the budget has: take the instant as a whole.
		next_to := done_to + interval '1 microsecond';
	END IF;
	EXECUTE format('DELETE FROM %I WHERE scheduled_at >= $1 AND scheduled_at < $2 AND status = ANY ($3)', part)
	USING done_to, next_to, of_statuses;
	INSERT INTO retention_sweep VALUES (part, of_statuses, next_to)
	ON CONFLICT (partition, statuses) DO UPDATE SET cleared_to = excluded.cleared_to;
	RETURN greatest(looked_at, 1);
END $$;
