-- Finding jobs, each job's latest decision, and what should have been decided by now.

-- What a search looks through, and the order of names: in lower case, compared byte by byte.
ALTER TABLE job ADD COLUMN name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED;
ALTER TABLE job ADD COLUMN search text COLLATE "C" GENERATED ALWAYS AS
	(lower(name) || chr(10) || lower(left(coalesce(definition::json ->> 'api', ''), 512)) || chr(10) || job_id::text) STORED;
-- All runs of three characters, for an index in which a part of a text is found without reading every text. The extension
-- pg_trgm does the same, but is not on every server.
CREATE FUNCTION text_grams(t text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT coalesce(array_agg(DISTINCT substr(t, i, 3)), '{}') FROM generate_series(1, length(t) - 2) i
$$;
CREATE INDEX job_live_by_gram ON job USING gin (text_grams(search)) WHERE deleted_at IS NULL;
CREATE INDEX job_live_by_name ON job (name_key, job_id) WHERE deleted_at IS NULL;
CREATE INDEX job_live_by_update ON job (updated_at, job_id) WHERE deleted_at IS NULL;

-- Each job's latest execution, written with it. A chart of one job reads its executions; lists of jobs read this. No index
-- beside the key: the rows change all the time, and so their new versions stay in the page (HOT).
CREATE TABLE job_latest (
	job_id uuid PRIMARY KEY,
	scheduled_at timestamptz NOT NULL,
	execution_id uuid NOT NULL,
	agent_id uuid NOT NULL,
	status smallint NOT NULL,
	started boolean NOT NULL,
	duration_us bigint NOT NULL,
	reason text,
	-- The last instant of the schedule that is decided; runs on demand do not count. -infinity = none yet.
	decided_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- In the order of the key, so that two that write the same rows wait for each other and never in a circle.
CREATE FUNCTION job_latest_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO job_latest AS l (job_id, scheduled_at, execution_id, agent_id, status, started, duration_us, reason,
		decided_until)
	SELECT DISTINCT ON (job_id) job_id, scheduled_at, execution_id, agent_id, status, started_at IS NOT NULL, duration_us,
		reason, max(CASE WHEN cause <> 3 THEN coalesce(last_scheduled_at, scheduled_at) ELSE '-infinity' END)
			OVER (PARTITION BY job_id)
	FROM added ORDER BY job_id, scheduled_at DESC, execution_id DESC
	ON CONFLICT (job_id) DO UPDATE SET
		scheduled_at = greatest(l.scheduled_at, excluded.scheduled_at),
		execution_id = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.execution_id ELSE l.execution_id END,
		agent_id = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.agent_id ELSE l.agent_id END,
		status = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.status ELSE l.status END,
		started = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.started ELSE l.started END,
		duration_us = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.duration_us ELSE l.duration_us END,
		reason = CASE WHEN excluded.scheduled_at >= l.scheduled_at THEN excluded.reason ELSE l.reason END,
		decided_until = greatest(l.decided_until, excluded.decided_until)
	WHERE excluded.scheduled_at >= l.scheduled_at OR excluded.decided_until > l.decided_until;
	RETURN NULL;
END $$;
CREATE TRIGGER job_latest_take AFTER INSERT ON execution REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION job_latest_take();

-- Which instant of each active job must be decided next, and when to look whether it is (central/late.h).
CREATE TABLE job_watch (
	job_id uuid PRIMARY KEY,
	revision bigint NOT NULL,
	due_at timestamptz NOT NULL,
	check_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX job_watch_by_check ON job_watch (check_at);

-- Jobs whose decision is overdue.
CREATE TABLE job_late (
	job_id uuid PRIMARY KEY,
	due_at timestamptz NOT NULL,
	late_since timestamptz NOT NULL,
	-- Who should have run it; NULL = nobody holds the job.
	agent_id uuid,
	reason text NOT NULL
);

-- One page of live jobs: which, and the time they are sorted by. NULL = no such filter. The text of the query depends on
-- the filters, so that each gets the plan it needs: a plan for all of them at once would scan everything always.
CREATE FUNCTION job_page(part text, is_active boolean, of_type text, of_agent uuid, last_statuses smallint[], is_late boolean,
	sort text, descending boolean, after_at timestamptz, after_id uuid, page integer)
RETURNS TABLE (job_id uuid, sort_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
	direction text := CASE WHEN descending THEN 'DESC' ELSE 'ASC' END;
	beyond text := CASE WHEN descending THEN '<' ELSE '>' END;
	key text := CASE sort WHEN 'name' THEN 'job.name_key' WHEN 'updatedAt' THEN 'job.updated_at'
		WHEN 'lastAt' THEN 'coalesce(latest.scheduled_at, ''-infinity'')' ELSE NULL END;
	key_at text := CASE sort WHEN 'updatedAt' THEN 'job.updated_at'
		WHEN 'lastAt' THEN 'coalesce(latest.scheduled_at, ''-infinity'')' ELSE 'NULL::timestamptz' END;
	tables text := 'job';
	conditions text := 'job.deleted_at IS NULL';
BEGIN
	IF sort = 'lastAt' OR last_statuses IS NOT NULL THEN
		tables := tables || CASE WHEN last_statuses IS NULL THEN ' LEFT' ELSE '' END
			|| ' JOIN job_latest latest ON latest.job_id = job.job_id';
	END IF;
	IF is_late THEN
		tables := tables || ' JOIN job_late late ON late.job_id = job.job_id';
		conditions := conditions || ' AND NOT EXISTS (SELECT FROM job_latest decided WHERE decided.job_id = job.job_id
			AND decided.decided_until >= late.due_at)';
	END IF;
	IF part IS NOT NULL THEN
		conditions := conditions || ' AND strpos(job.search, $1) > 0'
			|| CASE WHEN length(part) >= 3 THEN ' AND text_grams(job.search) @> text_grams($1)' ELSE '' END;
	END IF;
	IF is_active IS NOT NULL THEN conditions := conditions || ' AND job.active = $2'; END IF;
	IF of_type IS NOT NULL THEN conditions := conditions || ' AND job.type = $3'; END IF;
	IF of_agent IS NOT NULL THEN
		tables := tables || ' JOIN assignment ON assignment.job_id = job.job_id AND assignment.agent_id = $4
			AND NOT assignment.removed';
	END IF;
	IF last_statuses IS NOT NULL THEN conditions := conditions || ' AND latest.status = ANY ($5)'; END IF;
	IF after_id IS NOT NULL THEN
		conditions := conditions || CASE
			WHEN key IS NULL THEN format(' AND job.job_id %s $7', beyond)
			WHEN sort = 'name' THEN format(' AND (job.name_key, job.job_id) %s
				((SELECT name_key FROM job WHERE job_id = $7), $7)', beyond)
			ELSE format(' AND (%s, job.job_id) %s ($6, $7)', key, beyond) END;
	END IF;
	RETURN QUERY EXECUTE format('SELECT job.job_id, %s FROM %s WHERE %s ORDER BY %s job.job_id %s LIMIT $8', key_at, tables,
		conditions, coalesce(key || ' ' || direction || ',', ''), direction)
	USING lower(part), is_active, of_type, of_agent, last_statuses, after_at, after_id, page;
END $$;
