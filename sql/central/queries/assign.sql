-- Placement (central/assign.h). $1 jobs, $2 rebalance.

-- name: assign_lock_shared
SELECT pg_advisory_xact_lock_shared(hashtext('belfry.placement'))

-- name: assign_lock_exclusive
SELECT pg_advisory_xact_lock(hashtext('belfry.placement'))

-- name: assign_is_held
SELECT EXISTS (SELECT FROM assignment WHERE job_id = $1::uuid AND NOT removed)

-- Until the end of the transaction: a plan that was kept from a small database reads all jobs for each chunk of a large one.
-- name: assign_plan_anew
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)

-- Before assign_apply, which would lock the same agents in any order.
-- name: assign_lock_agents
SELECT agent_id FROM agent
WHERE agent_id IN (SELECT agent_id FROM placement($1::uuid[], $2::boolean) UNION
	SELECT agent_id FROM assignment WHERE job_id = ANY ($1::uuid[])
		AND (NOT removed OR since_at > now() - interval '10 minutes'))
ORDER BY agent_id FOR NO KEY UPDATE

-- From here on no sync can extend the lease of an agent that is about to lose a job: who waits for the row finds the fence
-- moved, and looks at the agent's job set again (sync_idle).
-- name: assign_lock_leases
WITH locked AS MATERIALIZED (
	SELECT agent_id FROM agent_state
	WHERE agent_id IN (SELECT agent_id FROM assignment
		WHERE job_id = ANY ($1::uuid[]) AND NOT removed AND target_key <> agent_id::text)
	ORDER BY agent_id FOR NO KEY UPDATE
)
UPDATE agent_state SET lease_fence = lease_fence + 1
FROM locked WHERE agent_state.agent_id = locked.agent_id

-- Jobs that may run twice, whose holder may be silent, and whose policy may not make up all of its silence, which has to be
-- worked out (assign.c): since when it is silent. What is due in a second is one at most. $2: how long an heir takes to
-- hear, in milliseconds; a revoked agent hears at once.
-- name: assign_silences
SELECT job.job_id, job.revision, job.definition, job.created_at, latest.decided_until, min(state.last_seen_at),
	now() + CASE WHEN bool_and(agent.revoked_at IS NOT NULL) THEN 0 ELSE $2::bigint END * interval '1 millisecond'
FROM agent JOIN agent_state state USING (agent_id) JOIN assignment held ON held.agent_id = agent.agent_id
JOIN job ON job.job_id = held.job_id LEFT JOIN job_latest latest ON latest.job_id = job.job_id
CROSS JOIN LATERAL (SELECT job.definition::jsonb -> 'catchUp' OFFSET 0) AS policy (catch_up)
WHERE held.job_id = ANY ($1::uuid[]) AND NOT held.removed AND held.target_key <> held.agent_id::text
	AND job.type = 'ATLEAST_ONCE' AND job.active AND job.deleted_at IS NULL
	AND (agent.revoked_at IS NOT NULL OR agent.offline_at IS NOT NULL OR coalesce(state.lease_until, now()) <= now()
		OR job.failover_after_ms > 0 AND state.last_seen_at < now() - job.failover_after_ms * interval '1 millisecond')
	AND (coalesce(catch_up ->> 'policy', '') <> 'all' OR extract(epoch FROM now() - state.last_seen_at) + $2::bigint / 1000.0 + 1
		> least(coalesce((catch_up ->> 'maxAgeMs')::bigint, 0) / 1000.0, coalesce((catch_up ->> 'maxCount')::bigint, 0)))
GROUP BY job.job_id, latest.decided_until

-- The border between two holders is the last of the old one's lease where it may still be at work (it will hear of the
-- border, and stops there) or where the fire must not run twice; else it is when the old one was last heard (also when only
-- the job's own patience with it is over, since its lease may outlast that), or where the heir's policy begins to make up,
-- $3 and $4: jobs and instants. An old holder that cannot have heard of the job, since it was not told, passes on its own
-- border, and if it has none, when it got the place: what came due since then is nobody else's.
-- An edit never fires in the past. Who loses a paused job gets no border to go on to; who takes one that must not run twice
-- does, unless the old holder has confirmed the pause: it may not have heard of that when the job is resumed.
-- name: assign_apply
WITH trust AS (
	SELECT CASE WHEN server_started_at = pg_postmaster_start_time() THEN trusted_since ELSE now() END AS since,
		lease_ms * interval '1 millisecond' AS lease, listening_since FROM fleet
), begins AS MATERIALIZED (
	SELECT job_id, at FROM unnest($3::uuid[], $4::timestamptz[]) AS begins (job_id, at)
), the_job AS MATERIALIZED (
	SELECT job_id, revision, type, updated_at, active AND deleted_at IS NULL AS runs,
		nullif(failover_after_ms, 0) * interval '1 millisecond' AS patience
	FROM job WHERE job_id = ANY ($1::uuid[])
), known AS MATERIALIZED (
	SELECT job_id, agent_id, epoch, target_key, job_revision, set_revision, NOT removed AS held, since_at, since_revision,
		first_at, first_revision, away, changed_at, coalesce(held_since, changed_at) AS held_since
	FROM assignment WHERE job_id = ANY ($1::uuid[])
), wanted AS MATERIALIZED (
	SELECT job_id, agent_id, target_key FROM placement($1::uuid[], $2::boolean)
), change AS MATERIALIZED (
	SELECT job_id, agent_id, wanted.target_key IS NULL AS removed, coalesce(known.held, false) AS held, known.epoch,
		known.target_key AS old_key, coalesce(wanted.target_key, known.target_key) AS target_key,
		coalesce(known.held, false) AND known.target_key IS NOT DISTINCT FROM wanted.target_key AS keeps,
		known.since_at, known.since_revision, known.first_at, known.first_revision, known.away, known.changed_at, known.held_since,
		the_job.revision, the_job.type, known.since_revision > coalesce(state.confirmed_revision, 0) AS unheard,
		CASE WHEN known.set_revision <= state.confirmed_revision THEN known.job_revision END AS confirmed,
		the_job.updated_at, the_job.runs, the_job.patience,
		CASE WHEN known.held THEN assignment_digest(job_id, known.job_revision, known.target_key) ELSE 0 END
			# CASE WHEN wanted.target_key IS NULL THEN 0
				ELSE assignment_digest(job_id, the_job.revision, wanted.target_key) END AS term
	FROM known FULL JOIN wanted USING (job_id, agent_id) JOIN the_job USING (job_id) LEFT JOIN agent_state state USING (agent_id)
	WHERE (known.held OR wanted.target_key IS NOT NULL)
		AND (NOT coalesce(known.held, false) OR wanted.target_key IS NULL OR known.job_revision <> the_job.revision
			OR known.target_key <> wanted.target_key)
), loser AS (
	SELECT change.job_id, change.agent_id, change.old_key, change.since_at,
		CASE
			WHEN state.agent_id IS NULL OR NOT change.runs AND EXISTS (SELECT FROM job_revision AS heard
				WHERE heard.job_id = change.job_id AND heard.revision = change.confirmed
					AND NOT (heard.definition::jsonb -> 'active')::boolean) THEN change.since_at
			WHEN greatest(state.told_revision, state.confirmed_revision) < change.since_revision
				AND state.last_seen_at >= trust.since THEN change.since_at
			WHEN change.type = 'ATMOST_ONCE'
				THEN greatest(coalesce(state.lease_until, state.last_seen_at),
					CASE WHEN state.last_seen_at < trust.since THEN trust.since + trust.lease END)
			WHEN agent.revoked_at IS NULL AND agent.offline_at IS NULL AND state.lease_until > now()
				AND (change.patience IS NULL
					OR now() - greatest(state.last_seen_at, trust.listening_since) <= change.patience)
				THEN state.lease_until
			ELSE greatest(state.last_seen_at, begins.at)
		END AS border,
		change.runs AND change.since_at IS NULL AND coalesce(CASE
			-- A first sync may be under way, until it is given up.
			WHEN state.agent_id IS NULL THEN agent.offline_at IS NOT NULL OR agent.revoked_at IS NOT NULL
			ELSE greatest(state.told_revision, state.confirmed_revision) < change.since_revision
				AND state.last_seen_at >= trust.since END, false) AS untold, change.held_since
	FROM change JOIN agent USING (agent_id) LEFT JOIN agent_state state USING (agent_id) LEFT JOIN begins USING (job_id)
	CROSS JOIN trust
	WHERE change.held AND NOT change.keeps AND (change.runs OR change.type = 'ATMOST_ONCE') AND change.old_key <> change.agent_id::text
), passing AS MATERIALIZED (
	SELECT gains.job_id, gains.agent_id AS next_id, loser.agent_id AS previous_id,
		greatest(CASE WHEN untold THEN loser.held_since ELSE loser.border END, loser.since_at, gains.updated_at) AS border, untold
	FROM loser JOIN change gains ON gains.job_id = loser.job_id AND gains.target_key = loser.old_key
		AND NOT gains.removed AND NOT gains.keeps
	WHERE loser.border IS NOT NULL OR untold
), bumped AS (
	UPDATE agent SET set_revision = set_revision + sums.n, set_digest = set_digest # sums.term,
		failover_at = CASE WHEN offline_at IS NOT NULL OR draining_at IS NOT NULL THEN now() ELSE failover_at END
	FROM (SELECT agent_id, count(*) AS n, bit_xor(term) AS term FROM change GROUP BY agent_id) sums
	WHERE agent.agent_id = sums.agent_id
	RETURNING agent.agent_id, agent.set_revision - sums.n AS base
), placed AS (
	SELECT change.*, bumped.base + row_number() OVER (PARTITION BY agent_id ORDER BY job_id) AS set_revision,
		coalesce(earlier.epoch, 0) AS last_epoch
	-- FULL keeps the planner from a nested loop: of a new job it expects one change, and one of mode all has ten thousand.
	FROM change FULL JOIN bumped USING (agent_id)
	LEFT JOIN (SELECT job_id, max(epoch) AS epoch FROM known GROUP BY job_id) earlier USING (job_id)
)
INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, removed, changed_at, since_at,
	since_revision, first_at, first_revision, away, held_since)
SELECT placed.job_id, placed.agent_id, CASE WHEN placed.keeps OR placed.removed THEN placed.epoch ELSE 1 + last_epoch END,
	target_key, revision, set_revision, removed, now(),
	CASE WHEN placed.keeps THEN placed.since_at WHEN NOT placed.removed THEN takes.border
		WHEN placed.runs THEN gives.border END,
	CASE WHEN placed.keeps THEN placed.since_revision ELSE set_revision END,
	CASE WHEN placed.removed OR placed.held OR placed.unheard THEN placed.first_at ELSE coalesce(takes.border, now()) END,
	CASE WHEN placed.removed OR placed.held OR placed.unheard THEN placed.first_revision ELSE set_revision END,
	CASE
		WHEN placed.keeps THEN placed.away
		WHEN placed.unheard IS NOT TRUE THEN NULL
		WHEN placed.held OR placed.since_at IS NULL THEN placed.away
		ELSE away_again(placed.away, placed.since_at, coalesce(takes.border, now()))
	END,
	CASE WHEN placed.keeps OR placed.removed THEN placed.held_since ELSE now() END
FROM placed
LEFT JOIN passing gives ON gives.job_id = placed.job_id AND gives.previous_id = placed.agent_id AND placed.removed
	AND NOT gives.untold
LEFT JOIN passing takes ON takes.job_id = placed.job_id AND takes.next_id = placed.agent_id AND NOT placed.removed
ON CONFLICT (job_id, agent_id) DO UPDATE SET epoch = excluded.epoch, target_key = excluded.target_key,
	job_revision = excluded.job_revision, set_revision = excluded.set_revision, removed = excluded.removed,
	changed_at = excluded.changed_at, since_at = excluded.since_at, since_revision = excluded.since_revision,
	first_at = excluded.first_at, first_revision = excluded.first_revision, away = excluded.away,
	held_since = excluded.held_since

-- A job that was paused or deleted soon after it left: who still had to run it up to a border is told again, to let it be.
-- name: assign_end
WITH ended AS MATERIALIZED (
	SELECT held.job_id, held.agent_id, job.revision FROM assignment held JOIN job USING (job_id)
	WHERE held.job_id = ANY ($1::uuid[]) AND held.removed AND held.since_at > now() - interval '10 minutes'
		AND held.job_revision < job.revision AND NOT (job.active AND job.deleted_at IS NULL)
), bumped AS (
	UPDATE agent SET set_revision = set_revision + sums.n
	FROM (SELECT agent_id, count(*) AS n FROM ended GROUP BY agent_id) sums
	WHERE agent.agent_id = sums.agent_id
	RETURNING agent.agent_id, agent.set_revision - sums.n AS base
), told AS (
	SELECT ended.job_id, agent_id, ended.revision, bumped.base + row_number() OVER (PARTITION BY agent_id ORDER BY ended.job_id)
		AS set_revision
	FROM ended JOIN bumped USING (agent_id)
)
UPDATE assignment SET set_revision = told.set_revision, job_revision = told.revision
FROM told WHERE assignment.job_id = told.job_id AND assignment.agent_id = told.agent_id

-- What an agent new to the fleet gets without anybody losing it.
-- name: assign_agent_apply
WITH chosen AS (
	SELECT job.job_id, job.revision, CASE job.target_mode WHEN 'all' THEN agent.agent_id::text WHEN 'count' THEN slot.n::text
		ELSE '' END AS target_key, row_number() OVER (ORDER BY job.job_id) AS place
	FROM agent JOIN job ON job.deleted_at IS NULL
	LEFT JOIN LATERAL (
		SELECT min(n) AS n FROM generate_series(1, CASE job.target_mode WHEN 'one' THEN 1 ELSE job.target_count END) n
		WHERE NOT EXISTS (SELECT FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed
			AND assignment.target_key = CASE job.target_mode WHEN 'one' THEN '' ELSE n::text END)
	) slot ON job.target_mode IN ('one', 'count')
	WHERE agent.agent_id = $1::uuid AND agent.revoked_at IS NULL
		AND CASE job.target_mode WHEN 'agent' THEN job.target_agent = agent.name
			WHEN 'all' THEN selector_matches(job.selector, agent.labels)
			ELSE agent.weight > 0 AND slot.n IS NOT NULL AND selector_matches(job.selector, agent.labels) END
), total AS (
	SELECT count(*) AS n, coalesce(bit_xor(assignment_digest(job_id, revision, target_key)), 0) AS digest FROM chosen
), bumped AS (
	UPDATE agent SET set_revision = set_revision + total.n, set_digest = set_digest # total.digest
	FROM total WHERE agent_id = $1::uuid
	RETURNING set_revision - total.n AS base
)
INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, since_revision, first_at,
	first_revision, held_since)
SELECT job_id, $1::uuid, 1 + coalesce((SELECT max(epoch) FROM assignment WHERE assignment.job_id = chosen.job_id), 0),
	target_key, revision, base + place, base + place, now(), base + place, now()
FROM chosen CROSS JOIN bumped

-- Jobs that an agent's labels, name or weight concern, after $2, at most $3: what it has with a selector, what its labels
-- fit now, what names it, what has a place that nobody has.
-- name: assign_agent_concerns
SELECT job_id FROM job
WHERE deleted_at IS NULL AND job_id > $2::uuid AND (
	selector <> '[]' AND (
		selector_matches(selector, (SELECT labels FROM agent WHERE agent_id = $1::uuid))
		OR EXISTS (SELECT FROM assignment WHERE assignment.job_id = job.job_id AND assignment.agent_id = $1::uuid
			AND NOT assignment.removed))
	OR target_mode = 'agent' AND (target_agent = (SELECT name FROM agent WHERE agent_id = $1::uuid)
		OR EXISTS (SELECT FROM assignment WHERE assignment.job_id = job.job_id AND assignment.agent_id = $1::uuid
			AND NOT assignment.removed))
	OR target_mode IN ('one', 'count') AND (SELECT count(*) FROM assignment WHERE assignment.job_id = job.job_id
		AND NOT assignment.removed) < CASE target_mode WHEN 'one' THEN 1 ELSE target_count END)
ORDER BY job_id LIMIT $3::integer

-- For a rebalance: of the next $3 jobs of modes one and count after $1 those, at most $2, that may have to move, where the next
-- step begins, and whether there is one. A job that is where its best claim is needs no placement, and that is most of them:
-- each condition is one of placement() or assign_apply, so what is left out here would not change there.
-- name: assign_shared_jobs
WITH pool AS MATERIALIZED (
	SELECT agent_id, weight, labels, uuid_hash_extended(agent_id, 0) AS seed FROM agent
	WHERE draining_at IS NULL AND offline_at IS NULL AND revoked_at IS NULL AND weight > 0
), step AS MATERIALIZED (
	SELECT job_id, revision, target_mode, selector,
		coalesce(nullif(failover_after_ms, 0), CASE WHEN failover_after_ms = 0 THEN offline_after_ms END)
			* interval '1 millisecond' AS patience
	FROM job CROSS JOIN fleet
	WHERE deleted_at IS NULL AND target_mode IN ('one', 'count') AND job_id > $1::uuid
	ORDER BY job_id LIMIT $3::integer
), due AS MATERIALIZED (
	SELECT job_id FROM step
	WHERE target_mode <> 'one' OR NOT EXISTS (
		SELECT FROM assignment held JOIN agent USING (agent_id) LEFT JOIN agent_state state USING (agent_id) CROSS JOIN fleet
		CROSS JOIN LATERAL (
			SELECT placement_score(step.job_id, uuid_hash_extended(agent.agent_id, 0), agent.weight) AS claim OFFSET 0
		) AS mine
		WHERE held.job_id = step.job_id AND NOT held.removed AND held.target_key = '' AND held.job_revision = step.revision
			AND agent.draining_at IS NULL AND agent.offline_at IS NULL AND agent.revoked_at IS NULL AND agent.weight > 0
			AND (step.selector = '[]' OR selector_matches(step.selector, agent.labels))
			AND (step.patience IS NULL
				OR now() - greatest(coalesce(state.last_seen_at, agent.enrolled_at), fleet.listening_since) <= step.patience)
			AND NOT EXISTS (
				SELECT FROM pool rival
				WHERE (step.selector = '[]' OR selector_matches(step.selector, rival.labels))
					AND placement_score(step.job_id, rival.seed, rival.weight) > mine.claim))
	ORDER BY job_id LIMIT $2::integer
), found AS (
	SELECT coalesce(array_agg(job_id), '{}') AS jobs, count(*) AS n, max(job_id::text) AS last FROM due
)
SELECT found.jobs, found.n, CASE WHEN found.n < $2::integer THEN scanned.last ELSE found.last END,
	found.n = $2::integer OR scanned.n = $3::integer
FROM found CROSS JOIN (SELECT count(*) AS n, max(job_id::text) AS last FROM step) AS scanned

-- Of a revoked agent: what every other agent has anyway.
-- name: assign_drop_own
UPDATE assignment SET removed = true, changed_at = now(), since_at = NULL, held_since = coalesce(held_since, changed_at)
WHERE agent_id = $1::uuid AND NOT removed AND target_key = agent_id::text

-- name: assign_tombstones_prune
DELETE FROM assignment WHERE removed AND changed_at < now() - $1::integer * interval '1 day'
