-- Two filters more: jobs that an agent holds or that none does, and jobs all of whose holders are silent. All else as before.
DROP FUNCTION job_page(text, boolean, text, uuid, smallint[], boolean, text, boolean, timestamptz, uuid, integer);
CREATE FUNCTION job_page(part text, is_active boolean, of_type text, of_agent uuid, last_statuses smallint[], is_late boolean,
	sort text, descending boolean, after_at timestamptz, after_id uuid, page integer,
	is_held boolean, is_unknown boolean)
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
		conditions := conditions || ' AND (late.each_decides OR NOT EXISTS (SELECT FROM job_latest decided
			WHERE decided.job_id = job.job_id AND decided.decided_until >= late.due_at))';
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
	IF is_held IS NOT NULL THEN
		conditions := conditions || CASE WHEN is_held THEN ' AND' ELSE ' AND NOT' END
			|| ' EXISTS (SELECT FROM assignment held WHERE held.job_id = job.job_id AND NOT held.removed)';
	END IF;
	IF is_unknown THEN
		conditions := conditions || ' AND job.job_id IN (SELECT held.job_id FROM assignment held
				JOIN agent ON agent.agent_id = held.agent_id WHERE agent.offline_at IS NOT NULL AND NOT held.removed)
			AND NOT EXISTS (SELECT FROM assignment held JOIN agent ON agent.agent_id = held.agent_id
				WHERE held.job_id = job.job_id AND agent.offline_at IS NULL AND NOT held.removed)';
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
