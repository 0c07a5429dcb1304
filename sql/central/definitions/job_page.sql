-- Finding jobs (central/db_job_list.h).

-- What a part of a text is looked for by: as text_runs (migration 0031) has made the index of it. A part of up to three
-- characters is the begin of one of the runs, a longer part has only such runs.
CREATE OR REPLACE FUNCTION text_runs_of_part(part text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT string_agg(DISTINCT '''' || replace(replace(substr(part, i, 3), '\', '\\'), '''', '''''') || ''''
		|| CASE WHEN length(part) < 3 THEN ':*' ELSE '' END, ' & ')::tsquery
	FROM generate_series(1, greatest(length(part) - 2, 1)) i
$$;

-- One page of live jobs: which, and the time they are sorted by. NULL = no such filter.
--
-- With filters the page is looked for in two ways. First along the order, through the first jobs after the cursor: that
-- finds it if what is asked for is frequent. If it is not, all that match are collected, by the indexes of the filters, and
-- sorted: they are few then. To choose one of both beforehand is to believe in statistics: that they are there, and that
-- what is asked for is spread evenly over the order (a team's jobs have names alike, and one agent).
CREATE OR REPLACE FUNCTION job_page(part text, is_active boolean, of_type text, of_agent uuid, last_statuses smallint[], is_late boolean,
	sort text, descending boolean, after_at timestamptz, after_id uuid, page integer, is_held boolean, is_unknown boolean)
RETURNS TABLE (job_id uuid, sort_at timestamptz) LANGUAGE plpgsql STABLE ROWS 50 SET random_page_cost = 1.1 AS $$
DECLARE
	direction text := CASE WHEN descending THEN 'DESC' ELSE 'ASC' END;
	beyond text := CASE WHEN descending THEN '<' ELSE '>' END;
	-- The table whose index has the order.
	head text := CASE sort WHEN 'lastAt' THEN 'job_latest' ELSE 'job' END;
	key text := CASE sort WHEN 'name' THEN 'name_key' WHEN 'updatedAt' THEN 'updated_at' WHEN 'lastAt' THEN 'place_at'
		ELSE 'NULL::timestamptz' END;
	key_at text := CASE sort WHEN 'name' THEN 'NULL::timestamptz' ELSE key END;
	in_order text := CASE sort WHEN 'createdAt' THEN '' ELSE key || ' ' || direction || ', ' END || 'job_id ' || direction;
	place text := CASE head WHEN 'job' THEN 'job.deleted_at IS NULL' ELSE 'job_latest.live' END;
	others text := '';
	filters text := '';
	-- Has it holders, all of them silent? By its own holders, whatever statistics say: they are of before agents fell silent.
	is_silent text := 'EXISTS (SELECT FROM assignment held WHERE held.job_id = %1$s.job_id AND NOT held.removed OFFSET 0)
		AND NOT EXISTS (SELECT FROM assignment held WHERE held.job_id = %1$s.job_id AND NOT held.removed
			AND held.agent_id NOT IN (SELECT agent_id FROM agent WHERE offline_at IS NOT NULL) OFFSET 0)';
	-- What the indexes of filters need, to collect.
	indexed text := CASE WHEN part IS NULL THEN '' ELSE ' AND text_runs(job.search) @@ text_runs_of_part($1)' END;
	query text := 'SELECT job_id, %2$s FROM %1$s WHERE %4$s ORDER BY %5$s LIMIT $8';
BEGIN
	IF after_id IS NOT NULL THEN
		place := place || CASE sort
			WHEN 'createdAt' THEN format(' AND job_id %s $7', beyond)
			WHEN 'name' THEN format(' AND (name_key, job_id) %s ((SELECT name_key FROM job WHERE job_id = $7), $7)', beyond)
			ELSE format(' AND (%s, job_id) %s ($6, $7)', key, beyond) END;
	END IF;
	IF part IS NOT NULL THEN filters := filters || ' AND strpos(job.search, $1) > 0'; END IF;
	IF is_active IS NOT NULL THEN filters := filters || ' AND job.active = $2'; END IF;
	IF of_type IS NOT NULL THEN filters := filters || ' AND job.type = $3'; END IF;
	-- Jobs of mode all with one selector have the same holders (central/assign.h), who may be many: one of them is asked.
	IF is_unknown THEN
		filters := filters || format(' AND CASE WHEN job.target_mode <> ''all'' THEN %s
			ELSE job.selector IN (SELECT selector
				FROM (SELECT DISTINCT ON (selector) selector, job_id FROM job WHERE target_mode = ''all'' AND deleted_at IS NULL) AS alike
				WHERE %s) END', format(is_silent, 'job'), format(is_silent, 'alike'));
		indexed := indexed || ' AND job.job_id IN (SELECT held.job_id FROM assignment held
			JOIN agent ON agent.agent_id = held.agent_id WHERE agent.offline_at IS NOT NULL AND NOT held.removed)';
	END IF;
	IF head <> 'job' AND filters <> '' THEN
		others := others || ' JOIN job USING (job_id)';
		filters := filters || ' AND job.deleted_at IS NULL'; -- as `live` has it; the indexes of job ask for it
	END IF;
	IF of_agent IS NOT NULL THEN
		others := others || ' JOIN assignment USING (job_id)';
		filters := filters || ' AND assignment.agent_id = $4 AND NOT assignment.removed';
	END IF;
	IF is_held IS NOT NULL THEN
		filters := filters || format(' AND %s EXISTS (SELECT FROM assignment held WHERE held.job_id = %s.job_id AND NOT held.removed)',
			CASE WHEN is_held THEN '' ELSE 'NOT' END, head);
	END IF;
	IF head = 'job' AND (last_statuses IS NOT NULL OR is_late) THEN others := others || ' JOIN job_latest USING (job_id)'; END IF;
	IF last_statuses IS NOT NULL THEN filters := filters || ' AND job_latest.status = ANY ($5)'; END IF;
	IF is_late THEN
		others := others || ' JOIN job_late USING (job_id)';
		filters := filters || ' AND (job_late.each_decides OR job_latest.decided_until < job_late.due_at)';
	END IF;
	IF filters <> '' THEN
		query := 'WITH walked AS MATERIALIZED (
				SELECT job_id, %2$s AS at, %3$s AS key
				FROM (SELECT * FROM %1$s WHERE %4$s ORDER BY %5$s LIMIT $9) AS %1$s%6$s WHERE true%7$s ORDER BY %5$s LIMIT $8
			), collected AS MATERIALIZED (
				SELECT job_id, %2$s, %3$s FROM %1$s%6$s WHERE %4$s%7$s%8$s AND (SELECT count(*) FROM walked) < $8
			)
			SELECT job_id, at FROM (
				SELECT * FROM walked WHERE (SELECT count(*) FROM walked) = $8 UNION ALL SELECT * FROM collected
			) AS found ORDER BY key %9$s, job_id %9$s LIMIT $8';
	END IF;
	RETURN QUERY EXECUTE format(query, head, key_at, key, place, in_order, others, filters, indexed, direction)
	USING lower(part), is_active, of_type, of_agent, last_statuses, after_at, after_id, page, greatest(2000, 2 * page);
END $$;
