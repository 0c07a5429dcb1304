-- Retention by status: rows that come late, for a stretch of a day that was cleared already, are cleared too.

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
	EXECUTE format('DELETE FROM %I WHERE scheduled_at >= $1 AND scheduled_at < $2 AND status = ANY ($3)', part)
	USING done_to, next_to, of_statuses;
	INSERT INTO retention_sweep VALUES (part, of_statuses, next_to)
	ON CONFLICT (partition, statuses) DO UPDATE SET cleared_to = excluded.cleared_to;
	RETURN greatest(looked_at, 1);
END $$;

-- What was left behind until now is found by looking at each day once more.
DELETE FROM retention_sweep;
