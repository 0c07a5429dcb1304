-- The days of executions, and how long what is kept.

-- Makes the partition of one UTC day; true when it was not there. ATTACH blocks neither readers nor writers of the others.
CREATE OR REPLACE FUNCTION execution_partition_make(day date) RETURNS boolean LANGUAGE plpgsql AS $$
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

-- Who takes executions from before `day` away says so in the same transaction (migration 0045).
CREATE OR REPLACE FUNCTION execution_kept_from(day date) RETURNS void LANGUAGE sql AS $$
	UPDATE execution_kept SET kept_from = day::timestamp AT TIME ZONE 'UTC' WHERE kept_from < day::timestamp AT TIME ZONE 'UTC'
$$;

-- Days before `day` take no executions from now on. Ingest of rows older than a day holds the lock 'belfry.sweep' shared from
-- before it reads the border until it commits, so nothing is on its way into a day that is closed. A border that is still to come
-- was set while the server's clock ran ahead: of what there was nothing is left, and days are closed by the right clock.
CREATE OR REPLACE FUNCTION execution_close(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE execution_kept SET kept_from = least(kept_from, now()),
		closed_to = CASE WHEN closed_to > now() THEN day::timestamp AT TIME ZONE 'UTC' ELSE closed_to END
	WHERE kept_from > now() OR closed_to > now();
	IF EXISTS (SELECT FROM execution_kept WHERE closed_to < day::timestamp AT TIME ZONE 'UTC') THEN
		PERFORM pg_advisory_xact_lock(hashtext('belfry.sweep'));
		PERFORM execution_kept_from(day);
		UPDATE execution_kept SET closed_to = day::timestamp AT TIME ZONE 'UTC'
		WHERE closed_to < day::timestamp AT TIME ZONE 'UTC';
	END IF;
END $$;

-- Drops the oldest partition of a closed day; returns how many that is: 0 = none is left, -1 = somebody reads.
--
-- It needs the whole table for itself for a moment, and whoever writes meanwhile waits behind it: so it does not wait for those
-- who read for long (a backup does for hours), and takes one day at a time.
CREATE OR REPLACE FUNCTION execution_partition_drop() RETURNS integer LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
	partition regclass;
BEGIN
	SELECT inhrelid::regclass INTO partition
	FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid CROSS JOIN execution_kept
	WHERE inhparent = 'execution'::regclass AND relname < 'execution_' || to_char(closed_to AT TIME ZONE 'UTC', 'YYYYMMDD')
	ORDER BY relname LIMIT 1;
	IF partition IS NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('DROP TABLE %s', partition);
	RETURN 1;
EXCEPTION WHEN lock_not_available THEN
	RETURN -1;
END $$;

-- Deletes executions of these statuses from days before `day`, looking at no more than `budget` rows in the order of their
-- key; returns how many it looked at: 0 = all is done. Each leaves a trace, by which it is known when another agent tells of it.
--
-- Ingest of rows older than a day sets the notes of their days back to the oldest of them (sweep_reopen), and holds the lock
-- 'belfry.sweep' shared while it writes; a step holds it alone. So a step sees all that was written for a day, or ingest
-- sees the step's note. Without it a partition that was made, and swept while still empty, was noted as cleared for good.
CREATE OR REPLACE FUNCTION retention_sweep_step(day date, of_statuses smallint[], budget integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
	part text;
	done_to timestamptz;
	next_to timestamptz;
	looked_at integer;
BEGIN
	DELETE FROM retention_sweep WHERE to_regclass(partition) IS NULL;
	SELECT relname INTO part
	FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
	LEFT JOIN retention_sweep ON partition = relname AND statuses = of_statuses
	WHERE inhparent = 'execution'::regclass AND relname < 'execution_' || to_char(day, 'YYYYMMDD')
		AND (cleared_to IS NULL OR cleared_to < 'infinity')
	ORDER BY relname LIMIT 1;
	-- Nothing to do, and nobody to wait for.
	IF part IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('belfry.sweep'));
	-- Read under the lock: ingest may have set it back.
	SELECT cleared_to INTO done_to FROM retention_sweep WHERE partition = part AND statuses = of_statuses;
	done_to := coalesce(done_to, to_timestamp(substr(part, 11) || ' +00', 'YYYYMMDD TZH'));
	EXECUTE format('SELECT count(*), max(scheduled_at) FROM (SELECT scheduled_at FROM %I WHERE scheduled_at >= $1
		ORDER BY scheduled_at LIMIT $2) AS step', part) INTO looked_at, next_to USING done_to, budget;
	IF looked_at < budget THEN
		next_to := 'infinity';
	ELSIF next_to = done_to THEN
		-- More rows of one instant than the budget has: take the instant as a whole.
		next_to := done_to + interval '1 microsecond';
	END IF;
	PERFORM execution_kept_from(to_date(substr(part, 11), 'YYYYMMDD') + 1);
	EXECUTE format('WITH gone AS (
			DELETE FROM %I WHERE scheduled_at >= $1 AND scheduled_at < $2 AND status = ANY ($3)
			RETURNING scheduled_at, execution_id, agent_id)
		INSERT INTO execution_unkept (scheduled_at, execution_id, agent_id) SELECT * FROM gone ON CONFLICT DO NOTHING', part)
	USING done_to, next_to, of_statuses;
	INSERT INTO retention_sweep VALUES (part, of_statuses, next_to)
	ON CONFLICT (partition, statuses) DO UPDATE SET cleared_to = excluded.cleared_to;
	RETURN greatest(looked_at, 1);
END $$;
