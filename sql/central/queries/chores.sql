-- The chores are done by the instance that holds this lock, for as long as its session lives.
-- name: chores_lock
SELECT pg_try_advisory_lock(hashtext('belfry.chores'))

-- name: chores_unlock
SELECT pg_advisory_unlock(hashtext('belfry.chores'))

-- name: chores_partitions_make
SELECT count(*) FILTER (WHERE execution_partition_make((now() AT TIME ZONE 'UTC')::date + day))
FROM generate_series(0, $1::integer) AS day

-- name: chores_partitions_drop
SELECT execution_partition_drop_before((now() AT TIME ZONE 'UTC')::date - $1::integer)

-- name: chores_rollup_prune
DELETE FROM rollup_sum WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM rollup_sum WHERE grain = 1 AND bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- name: chores_agent_rollup_prune
DELETE FROM agent_rollup WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM agent_rollup WHERE bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- name: chores_agent_hours_prune
DELETE FROM agent_rollup_hour WHERE ctid = ANY (ARRAY (
	SELECT ctid FROM agent_rollup_hour WHERE bucket_at < now() - $1::integer * interval '1 day' LIMIT 5000))

-- name: chores_unkept_prune
DELETE FROM execution_unkept WHERE (scheduled_at, execution_id) IN (
	SELECT scheduled_at, execution_id FROM execution_unkept WHERE scheduled_at < now() - $1::integer * interval '1 day'
	ORDER BY scheduled_at, execution_id LIMIT 5000)

-- name: chores_double_prune
DELETE FROM execution_double WHERE (scheduled_at, execution_id, agent_id) IN (
	SELECT scheduled_at, execution_id, agent_id FROM execution_double
	WHERE scheduled_at < now() - $1::integer * interval '1 day'
	ORDER BY scheduled_at, execution_id, agent_id LIMIT 5000)

-- name: retention_sweep_step
SELECT retention_sweep_step((now() AT TIME ZONE 'UTC')::date - $1::integer, $2::smallint[], $3::integer)
