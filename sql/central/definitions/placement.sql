-- Where a job belongs (central/assign.h).

-- Does a compiled selector hold for these labels? As selector_holds() in common/selector.c.
CREATE OR REPLACE FUNCTION selector_matches(selector jsonb, labels jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT NOT EXISTS (
		SELECT FROM jsonb_array_elements(selector) AS term
		WHERE NOT CASE term->>'op'
			WHEN 'in' THEN coalesce(term->'values' ? (labels->>(term->>'key')), false)
			WHEN 'notin' THEN NOT coalesce(term->'values' ? (labels->>(term->>'key')), false)
			WHEN 'exists' THEN labels ? (term->>'key')
			ELSE NOT labels ? (term->>'key')
		END)
$$;

-- Weighted rendezvous hashing: an agent's claim to a job. With u from (0, 1) by hash, -weight / ln(u) is greatest for each
-- agent in proportion to its weight, and does not depend on the other agents. `seed` is the agent's hash.
CREATE OR REPLACE FUNCTION placement_score(job_id uuid, seed bigint, weight double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT -weight / ln(((uuid_hash_extended(job_id, seed) & 4503599627370495)::double precision + 0.5) / 4503599627370496)
$$;

-- Where these jobs belong now. With `rebalance` a job leaves a good holder for one with a better claim. An agent that is
-- silent for longer than the job's own patience is no good place for it, though the fleet may have more. Who is chosen again
-- keeps its place: under the key of another one it would run what was that one's.
CREATE OR REPLACE FUNCTION placement(jobs uuid[], rebalance boolean) RETURNS TABLE (job_id uuid, agent_id uuid, target_key text)
LANGUAGE sql STABLE AS $$
	WITH the_job AS MATERIALIZED (
		SELECT job.job_id, job.target_mode, job.target_agent, job.selector,
			CASE job.target_mode WHEN 'one' THEN 1 WHEN 'count' THEN job.target_count ELSE 0 END AS slots,
			CASE job.target_mode WHEN 'one' THEN ARRAY['']
				WHEN 'count' THEN ARRAY (SELECT n::text FROM generate_series(1, job.target_count) n)
				ELSE '{}' END AS keys,
			coalesce(nullif(job.failover_after_ms, 0),
				CASE WHEN job.failover_after_ms = 0 THEN fleet.offline_after_ms END)
				* interval '1 millisecond' AS patience
		FROM job CROSS JOIN fleet
		WHERE job.job_id = ANY (jobs) AND job.deleted_at IS NULL
	), pool AS MATERIALIZED (
		SELECT wanted.selector, agent.agent_id, agent.weight, agent.enrolled_at,
			uuid_hash_extended(agent.agent_id, 0) AS seed, agent.draining_at IS NOT NULL AS draining,
			agent.draining_at IS NULL AND agent.offline_at IS NULL AND agent.weight > 0 AS takes,
			greatest(coalesce(agent_state.last_seen_at, agent.enrolled_at), fleet.listening_since) AS heard_at
		FROM (SELECT DISTINCT the_job.selector FROM the_job WHERE the_job.target_mode <> 'agent') wanted
		JOIN agent ON agent.revoked_at IS NULL
			AND (wanted.selector = '[]' OR selector_matches(wanted.selector, agent.labels))
		LEFT JOIN agent_state ON agent_state.agent_id = agent.agent_id
		CROSS JOIN fleet
	), holder AS MATERIALIZED (
		SELECT the_job.job_id, pool.agent_id, held.target_key
		FROM the_job
		JOIN assignment held ON held.job_id = the_job.job_id AND NOT held.removed
		JOIN pool ON pool.selector = the_job.selector AND pool.agent_id = held.agent_id
		WHERE NOT pool.draining AND held.target_key = ANY (the_job.keys)
			AND (the_job.patience IS NULL OR now() - pool.heard_at <= the_job.patience)
			AND (NOT rebalance OR NOT pool.takes OR the_job.slots > (
				SELECT count(*) FROM pool rival
				WHERE rival.selector = the_job.selector AND rival.takes
					AND placement_score(the_job.job_id, rival.seed, rival.weight)
						> placement_score(the_job.job_id, pool.seed, pool.weight)))
	), vacancy AS MATERIALIZED (
		SELECT the_job.job_id, the_job.selector, the_job.patience, slot.target_key,
			row_number() OVER (PARTITION BY the_job.job_id ORDER BY slot.n) AS place
		FROM the_job CROSS JOIN LATERAL unnest(the_job.keys) WITH ORDINALITY AS slot (target_key, n)
		LEFT JOIN holder ON holder.job_id = the_job.job_id AND holder.target_key = slot.target_key
		WHERE holder.job_id IS NULL
	), vacant AS MATERIALIZED (
		SELECT vacancy.job_id, vacancy.selector, vacancy.patience, vacancy.places, vacancy.keys, coalesce(staying.agents, '{}') AS stays,
			ARRAY (SELECT held.agent_id FROM assignment held WHERE held.job_id = vacancy.job_id AND NOT held.removed)
				AS present
		FROM (SELECT vacancy.job_id, vacancy.selector, vacancy.patience, count(*) AS places,
				array_agg(vacancy.target_key ORDER BY vacancy.place) AS keys
			FROM vacancy GROUP BY 1, 2, 3) vacancy
		LEFT JOIN (SELECT holder.job_id, array_agg(holder.agent_id) AS agents FROM holder GROUP BY 1) staying
			ON staying.job_id = vacancy.job_id
	), picked AS (
		SELECT vacant.job_id, vacant.keys, best.*
		FROM vacant CROSS JOIN LATERAL (
			SELECT array_agg(top.agent_id ORDER BY top.tier, top.score DESC, top.agent_id) FILTER (WHERE held.target_key IS NULL) AS comers,
				array_agg(top.agent_id ORDER BY top.agent_id) FILTER (WHERE held.target_key IS NOT NULL) AS keepers,
				array_agg(held.target_key ORDER BY top.agent_id) FILTER (WHERE held.target_key IS NOT NULL) AS kept
			FROM (
				-- Good ones that the job has patience with; else whoever has it; else those that are silent: they may come back.
				SELECT pool.agent_id, placement_score(vacant.job_id, pool.seed, pool.weight) AS score,
					CASE WHEN pool.takes AND (vacant.patience IS NULL OR now() - pool.heard_at <= vacant.patience) THEN 0
						WHEN pool.agent_id = ANY (vacant.present) THEN 1 ELSE 2 END AS tier
				FROM pool
				WHERE pool.selector = vacant.selector AND pool.agent_id <> ALL (vacant.stays)
					AND (pool.takes OR pool.agent_id = ANY (vacant.present) OR NOT pool.draining AND pool.weight > 0)
				ORDER BY tier, score DESC, pool.agent_id
				LIMIT vacant.places
			) top
			LEFT JOIN LATERAL (SELECT had.target_key FROM assignment had
				WHERE vacant.places > 1 AND had.job_id = vacant.job_id AND had.agent_id = top.agent_id AND NOT had.removed
					AND had.target_key = ANY (vacant.keys)) held ON true
		) best
	), chosen AS (
		SELECT picked.job_id, place.agent_id, place.target_key
		FROM picked CROSS JOIN LATERAL unnest(picked.keepers || picked.comers, CASE WHEN picked.kept IS NULL THEN picked.keys
			ELSE picked.kept || ARRAY (SELECT key FROM unnest(picked.keys) WITH ORDINALITY AS free (key, n)
				WHERE key <> ALL (picked.kept) ORDER BY n) END) AS place (agent_id, target_key)
		WHERE place.agent_id IS NOT NULL
	)
	SELECT the_job.job_id, pool.agent_id, pool.agent_id::text
	FROM the_job JOIN pool ON pool.selector = the_job.selector
	WHERE the_job.target_mode = 'all'
	UNION ALL
	SELECT the_job.job_id, agent.agent_id, ''
	FROM the_job JOIN agent ON agent.name = the_job.target_agent AND agent.revoked_at IS NULL
	WHERE the_job.target_mode = 'agent'
	UNION ALL
	SELECT holder.job_id, holder.agent_id, holder.target_key FROM holder
	UNION ALL
	SELECT chosen.job_id, chosen.agent_id, chosen.target_key FROM chosen
$$;
