-- Which agents a job is for, who is silent, and where one holder's fires end and the next one's begin (central/assign.h).

ALTER TABLE enrolment_token
	ADD COLUMN token_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	-- What the agent that uses it will be called; NULL = as it likes.
	ADD COLUMN name text,
	ADD COLUMN labels jsonb NOT NULL DEFAULT '{}';

ALTER TABLE agent
	ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
	-- Its share of the jobs of modes one and count, compared with others'; 0 = it gets none.
	ADD COLUMN weight double precision NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight <= 1000),
	ADD COLUMN draining_at timestamptz,
	-- Revoked, and not shown in lists any more.
	ADD COLUMN forgotten_at timestamptz,
	-- Found silent for longer than the fleet allows: when it was last heard. NULL = it is heard.
	ADD COLUMN offline_at timestamptz,
	-- When to look again at what this silent, draining or revoked agent holds; NULL = there is nothing to move.
	ADD COLUMN failover_at timestamptz,
	-- A new key that was handed out and not used yet: until then the old one opens too.
	ADD COLUMN next_key_sha256 bytea UNIQUE CHECK (octet_length(next_key_sha256) = 32),
	ADD COLUMN key_rotated_at timestamptz;

ALTER TABLE agent_state
	-- Jobs of type ATMOST_ONCE: this agent may start fires with due instants up to here, whatever becomes of us.
	ADD COLUMN lease_until timestamptz,
	-- The greatest revision of its set that it ever said to have applied.
	ADD COLUMN confirmed_revision bigint NOT NULL DEFAULT 0;

ALTER TABLE job DROP CONSTRAINT job_target_mode_check;
ALTER TABLE job
	ADD CONSTRAINT job_target_mode_check CHECK (target_mode IN ('one', 'all', 'agent', 'count')),
	ADD COLUMN target_count integer,
	-- Compiled by common/selector.h; [] holds for every agent.
	ADD COLUMN selector jsonb NOT NULL DEFAULT '[]',
	-- Silence of its agent after which another one takes over; 0 = the fleet's, NULL = never.
	ADD COLUMN failover_after_ms bigint DEFAULT 0;
CREATE INDEX job_with_own_failover ON job (failover_after_ms) WHERE failover_after_ms > 0 AND deleted_at IS NULL;
CREATE INDEX job_with_selector ON job (job_id) WHERE selector <> '[]' AND deleted_at IS NULL;

ALTER TABLE assignment
	-- The border (central/assign.h). Of a holder: fires after it are its own; NULL = from when it hears of the job. Of a
	-- tombstone: fires up to it are still its own; NULL = none is any more.
	ADD COLUMN since_at timestamptz,
	-- The set_revision that brought the border: an agent that has confirmed it needs it no more.
	ADD COLUMN since_revision bigint;

-- One row: what silence means. Written by the central that watches the fleet.
CREATE TABLE fleet (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	heartbeat_at timestamptz,
	-- Silence counts from here on only: before, nobody may have listened.
	listening_since timestamptz NOT NULL DEFAULT now(),
	server_started_at timestamptz NOT NULL DEFAULT pg_postmaster_start_time(),
	offline_after_ms bigint NOT NULL DEFAULT 30000,
	lease_ms bigint NOT NULL DEFAULT 20000
);
INSERT INTO fleet DEFAULT VALUES;

-- When an agent was not heard.
CREATE TABLE agent_presence (
	agent_id uuid NOT NULL,
	offline_from timestamptz NOT NULL,
	offline_to timestamptz,
	PRIMARY KEY (agent_id, offline_from)
);
CREATE INDEX agent_presence_open ON agent_presence (agent_id) WHERE offline_to IS NULL;

ALTER TABLE command DROP CONSTRAINT command_type_check;
ALTER TABLE command
	ADD CONSTRAINT command_type_check CHECK (type IN ('run', 'cancel', 'rotate')),
	ALTER COLUMN job_id DROP NOT NULL,
	-- cancel: this execution only; NULL = all runs of the job.
	ADD COLUMN execution_id uuid,
	ADD COLUMN author text;

-- Does a compiled selector hold for these labels? As selector_holds() in common/selector.c.
CREATE FUNCTION selector_matches(selector jsonb, labels jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
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
CREATE FUNCTION placement_score(job_id uuid, seed bigint, weight double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT -weight / ln(((uuid_hash_extended(job_id, seed) & 4503599627370495)::double precision + 0.5) / 4503599627370496)
$$;

DROP FUNCTION placement(uuid);

-- Where these jobs belong now (central/assign.h). With `rebalance` a job leaves a good holder for one with a better claim.
CREATE FUNCTION placement(jobs uuid[], rebalance boolean) RETURNS TABLE (job_id uuid, agent_id uuid, target_key text)
LANGUAGE sql STABLE AS $$
	WITH the_job AS MATERIALIZED (
		SELECT job.job_id, job.target_mode, job.target_agent, job.selector,
			CASE job.target_mode WHEN 'one' THEN 1 WHEN 'count' THEN job.target_count ELSE 0 END AS slots,
			CASE job.target_mode WHEN 'one' THEN ARRAY['']
				WHEN 'count' THEN ARRAY (SELECT n::text FROM generate_series(1, job.target_count) n)
				ELSE '{}' END AS keys,
			coalesce(nullif(job.failover_after_ms, 0),
				CASE WHEN job.failover_after_ms = 0 THEN fleet.offline_after_ms END)
				* interval '1 millisecond' AS patience,
			fleet.listening_since
		FROM job CROSS JOIN fleet
		WHERE job.job_id = ANY (jobs) AND job.deleted_at IS NULL
	), pool AS MATERIALIZED (
		SELECT wanted.selector, agent.agent_id, agent.weight, agent.enrolled_at,
			uuid_hash_extended(agent.agent_id, 0) AS seed, agent.draining_at IS NOT NULL AS draining,
			agent.draining_at IS NULL AND agent.offline_at IS NULL AND agent.weight > 0 AS takes
		FROM (SELECT DISTINCT the_job.selector FROM the_job WHERE the_job.target_mode <> 'agent') wanted
		JOIN agent ON agent.revoked_at IS NULL
			AND (wanted.selector = '[]' OR selector_matches(wanted.selector, agent.labels))
	), holder AS MATERIALIZED (
		SELECT the_job.job_id, pool.agent_id, held.target_key
		FROM the_job
		JOIN assignment held ON held.job_id = the_job.job_id AND NOT held.removed
		JOIN pool ON pool.selector = the_job.selector AND pool.agent_id = held.agent_id
		LEFT JOIN agent_state ON agent_state.agent_id = held.agent_id
		WHERE NOT pool.draining AND held.target_key = ANY (the_job.keys)
			AND (the_job.patience IS NULL OR now() - greatest(coalesce(agent_state.last_seen_at, pool.enrolled_at),
				the_job.listening_since) <= the_job.patience)
			AND (NOT rebalance OR NOT pool.takes OR the_job.slots > (
				SELECT count(*) FROM pool rival
				WHERE rival.selector = the_job.selector AND rival.takes
					AND placement_score(the_job.job_id, rival.seed, rival.weight)
						> placement_score(the_job.job_id, pool.seed, pool.weight)))
	), vacancy AS MATERIALIZED (
		SELECT the_job.job_id, the_job.selector, slot.target_key,
			row_number() OVER (PARTITION BY the_job.job_id ORDER BY slot.n) AS place
		FROM the_job CROSS JOIN LATERAL unnest(the_job.keys) WITH ORDINALITY AS slot (target_key, n)
		LEFT JOIN holder ON holder.job_id = the_job.job_id AND holder.target_key = slot.target_key
		WHERE holder.job_id IS NULL
	), vacant AS MATERIALIZED (
		SELECT vacancy.job_id, vacancy.selector, vacancy.places, coalesce(staying.agents, '{}') AS stays,
			ARRAY (SELECT held.agent_id FROM assignment held WHERE held.job_id = vacancy.job_id AND NOT held.removed)
				AS present
		FROM (SELECT vacancy.job_id, vacancy.selector, count(*) AS places FROM vacancy GROUP BY 1, 2) vacancy
		LEFT JOIN (SELECT holder.job_id, array_agg(holder.agent_id) AS agents FROM holder GROUP BY 1) staying
			ON staying.job_id = vacancy.job_id
	), chosen AS (
		SELECT vacant.job_id, best.agent_id, best.place
		FROM vacant CROSS JOIN LATERAL (
			SELECT top.agent_id, row_number() OVER (ORDER BY top.tier, top.score DESC, top.agent_id) AS place
			FROM (
				-- Good ones; else whoever has it; else those that are silent: they may come back.
				SELECT pool.agent_id, placement_score(vacant.job_id, pool.seed, pool.weight) AS score,
					CASE WHEN pool.takes THEN 0 WHEN pool.agent_id = ANY (vacant.present) THEN 1 ELSE 2 END AS tier
				FROM pool
				WHERE pool.selector = vacant.selector AND pool.agent_id <> ALL (vacant.stays)
					AND (pool.takes OR pool.agent_id = ANY (vacant.present) OR NOT pool.draining AND pool.weight > 0)
				ORDER BY tier, score DESC, pool.agent_id
				LIMIT vacant.places
			) top
		) best
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
	SELECT vacancy.job_id, chosen.agent_id, vacancy.target_key
	FROM vacancy JOIN chosen ON chosen.job_id = vacancy.job_id AND chosen.place = vacancy.place
$$;

-- An agent as the API shows it.
CREATE VIEW agent_shown AS
SELECT agent.agent_id, agent.name, agent.hostname, agent.enrolled_at, agent.revoked_at, agent.set_revision,
	state.last_seen_at, state.version, state.jobs_revision, state.jobs, state.running, state.outbox_depth,
	state.oldest_unsent_at, state.next_fire_at, state.clock_skew_ms, state.tzdata, agent.labels, agent.weight,
	agent.draining_at, agent.forgotten_at, agent.key_rotated_at,
	CASE WHEN agent.revoked_at IS NOT NULL THEN 'revoked'
		WHEN state.last_seen_at IS NULL THEN 'never'
		WHEN state.last_seen_at < now() - fleet.offline_after_ms * interval '1 millisecond' THEN 'offline'
		WHEN agent.draining_at IS NOT NULL THEN 'draining'
		ELSE 'online' END AS state,
	greatest(agent.set_revision - coalesce(state.jobs_revision, 0), 0) AS behind,
	(SELECT assignment.changed_at FROM assignment
		WHERE assignment.agent_id = agent.agent_id AND assignment.set_revision > coalesce(state.jobs_revision, 0)
			AND agent.set_revision > coalesce(state.jobs_revision, 0)
		ORDER BY assignment.set_revision LIMIT 1) AS behind_since
FROM agent LEFT JOIN agent_state state USING (agent_id) CROSS JOIN fleet;
