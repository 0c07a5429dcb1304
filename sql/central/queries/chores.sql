-- The chores are done by the instance that holds this lock, for as long as its session lives.
-- name: chores_lock
SELECT pg_try_advisory_lock(hashtext('belfry.chores'))

-- name: chores_unlock
SELECT pg_advisory_unlock(hashtext('belfry.chores'))

-- name: chores_partitions_make
SELECT count(*) FILTER (WHERE execution_partition_make((now() AT TIME ZONE 'UTC')::date + day))
FROM generate_series(0, $1::integer) AS day

-- name: chores_close
SELECT execution_close((now() AT TIME ZONE 'UTC')::date - $1::integer)

-- name: chores_partitions_drop
SELECT execution_partition_drop()

-- name: chores_rollup_prune
DELETE FROM rollup_sum WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM rollup_sum WHERE grain = 1 AND bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- name: chores_agent_rollup_prune
DELETE FROM agent_rollup WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM agent_rollup WHERE bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- name: chores_agent_hours_prune
DELETE FROM agent_rollup_hour WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM agent_rollup_hour WHERE bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- What lies beside the partitions goes by whole days too, and only after these were closed.
-- name: chores_unkept_prune
DELETE FROM execution_unkept WHERE (scheduled_at, execution_id) IN (
	SELECT scheduled_at, execution_id FROM execution_unkept
	WHERE scheduled_at < (SELECT closed_to FROM execution_kept)
	ORDER BY scheduled_at, execution_id LIMIT 5000)

-- name: chores_double_prune
DELETE FROM execution_double WHERE (scheduled_at, execution_id, agent_id) IN (
	SELECT scheduled_at, execution_id, agent_id FROM execution_double
	WHERE scheduled_at < (SELECT closed_to FROM execution_kept)
	ORDER BY scheduled_at, execution_id, agent_id LIMIT 5000)

-- name: chores_range_prune
DELETE FROM execution_range WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM execution_range
	WHERE last_scheduled_at < (SELECT closed_to FROM execution_kept)
	ORDER BY last_scheduled_at LIMIT 5000))

-- name: chores_quarantine_prune
DELETE FROM quarantine WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM quarantine WHERE at < now() - $1::integer * interval '1 day' ORDER BY at LIMIT 5000))

-- name: chores_event_prune
DELETE FROM agent_event WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM agent_event WHERE received_at < now() - $1::integer * interval '1 day' ORDER BY received_at LIMIT 5000))

-- name: retention_sweep_step
SELECT retention_sweep_step((now() AT TIME ZONE 'UTC')::date - $1::integer, $2::smallint[], $3::integer)

-- What the planner believes of the tables of jobs and their holders, renewed once one of them has twice the rows it was told of
-- last: autovacuum is a minute late, or off, and after a restore nothing is known at all. Growth alone counts, since rows that
-- merely change do not mislead a plan; so this costs a table a few looks in its life.
-- name: chores_statistics
DO $$
DECLARE grown text;
BEGIN
	FOR grown IN
		SELECT known.relname FROM pg_class known JOIN pg_stat_user_tables has ON has.relid = known.oid
		WHERE known.relname IN ('job', 'assignment', 'agent', 'agent_state', 'job_watch', 'job_latest', 'job_late')
			AND known.relnamespace = current_schema()::regnamespace
			AND has.n_live_tup > 500 AND has.n_live_tup > 2 * known.reltuples
	LOOP
		EXECUTE format('ANALYZE (SKIP_LOCKED) %I', grown);
	END LOOP;
END $$
