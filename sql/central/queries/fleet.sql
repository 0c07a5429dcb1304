-- The watch over the fleet (central/failover.h).

-- name: fleet_lock
SELECT pg_try_advisory_lock(hashtext('belfry.fleet'))

-- name: fleet_unlock
SELECT pg_advisory_unlock(hashtext('belfry.fleet'))

-- $1 offline_after_ms, $2 lease_ms, $3 a gap in milliseconds that means nobody listened. After one, agents get $4 ms to come
-- back before their silence begins to count. $5: this session is new, and the one before it may have ended with the server.
-- name: fleet_heartbeat
UPDATE fleet SET heartbeat_at = now(), server_started_at = pg_postmaster_start_time(), offline_after_ms = $1::bigint,
	lease_ms = $2::bigint,
	listening_since = CASE
		WHEN heartbeat_at IS NULL THEN now()
		WHEN heartbeat_at < now() - $3::bigint * interval '1 millisecond' THEN now() + $4::bigint * interval '1 millisecond'
		WHEN server_started_at <> pg_postmaster_start_time() THEN now()
		ELSE listening_since END,
	trusted_since = CASE WHEN $5::boolean OR server_started_at <> pg_postmaster_start_time() THEN now() ELSE trusted_since END
RETURNING listening_since

-- Silent for too long from now on: offline. Those that were never heard count from their enrolment.
-- name: fleet_mark_offline
WITH silent AS (
	UPDATE agent SET offline_at = coalesce(state.last_seen_at, agent.enrolled_at), failover_at = now()
	FROM agent self LEFT JOIN agent_state state ON state.agent_id = self.agent_id CROSS JOIN fleet
	WHERE agent.agent_id = self.agent_id AND agent.offline_at IS NULL AND agent.revoked_at IS NULL
		AND greatest(coalesce(state.last_seen_at, agent.enrolled_at), fleet.listening_since)
			< now() - fleet.offline_after_ms * interval '1 millisecond'
	RETURNING agent.agent_id, agent.name, state.last_seen_at, agent.offline_at
), noted AS (
	INSERT INTO agent_presence (agent_id, offline_from)
	SELECT agent_id, offline_at FROM silent
	ON CONFLICT DO NOTHING
)
SELECT name, last_seen_at FROM silent

-- Heard again. Jobs that found no better place may have one now.
-- name: fleet_mark_online
WITH back AS (
	UPDATE agent SET offline_at = NULL
	FROM agent_state state, fleet
	WHERE state.agent_id = agent.agent_id AND agent.offline_at IS NOT NULL AND state.last_seen_at > agent.offline_at
		AND state.last_seen_at >= now() - fleet.offline_after_ms * interval '1 millisecond'
	RETURNING agent.agent_id, agent.name, state.last_seen_at
), noted AS (
	UPDATE agent_presence SET offline_to = back.last_seen_at
	FROM back WHERE agent_presence.agent_id = back.agent_id AND agent_presence.offline_to IS NULL
)
SELECT name FROM back

-- name: fleet_retry_stuck
UPDATE agent SET failover_at = now() WHERE failover_at > now()

-- Jobs may have less patience than the fleet: of the agents that hold such a job, those that are silent for the least of it.
-- name: fleet_mark_quiet
UPDATE agent SET failover_at = now()
FROM agent_state state, fleet
WHERE agent.agent_id IN (
		SELECT held.agent_id FROM job JOIN assignment held USING (job_id)
		WHERE job.failover_after_ms > 0 AND job.deleted_at IS NULL AND job.target_mode IN ('one', 'count') AND NOT held.removed)
	AND state.agent_id = agent.agent_id AND agent.failover_at IS NULL AND agent.offline_at IS NULL AND agent.revoked_at IS NULL
	AND greatest(state.last_seen_at, fleet.listening_since) < now() - (
		SELECT min(failover_after_ms) FROM job WHERE failover_after_ms > 0 AND deleted_at IS NULL
			AND target_mode IN ('one', 'count')) * interval '1 millisecond'

-- Agents overdue by $1 ms, and who has the best claim to the places they will lose: these agents look $3 and $4 ms after the
-- overdue one is given up. At most $2 places a round: the rest of the heirs hear at their next sync, as always.
-- name: fleet_foresee
WITH gone AS (
	DELETE FROM heir WHERE look_at < now() - interval '1 minute'
), silent AS MATERIALIZED (
	SELECT agent.agent_id, state.last_seen_at + fleet.offline_after_ms * interval '1 millisecond' AS given_up_at
	FROM agent JOIN agent_state state USING (agent_id) CROSS JOIN fleet
	WHERE agent.offline_at IS NULL AND agent.revoked_at IS NULL AND agent.draining_at IS NULL
		AND greatest(state.last_seen_at, fleet.listening_since) < now() - $1::bigint * interval '1 millisecond'
), place AS MATERIALIZED (
	SELECT held.job_id, silent.agent_id AS silent_id, silent.given_up_at, job.selector,
		ARRAY (SELECT agent_id FROM assignment WHERE assignment.job_id = held.job_id AND NOT removed) AS holders
	FROM silent JOIN assignment held ON held.agent_id = silent.agent_id AND NOT held.removed
	JOIN job ON job.job_id = held.job_id AND job.target_mode IN ('one', 'count') AND job.failover_after_ms = 0
	WHERE NOT EXISTS (SELECT FROM heir WHERE heir.silent_id = silent.agent_id AND look_at > now())
	ORDER BY silent.agent_id LIMIT $2::integer
), pool AS MATERIALIZED (
	SELECT agent_id, weight, labels, uuid_hash_extended(agent_id, 0) AS seed
	FROM agent
	WHERE offline_at IS NULL AND revoked_at IS NULL AND draining_at IS NULL AND weight > 0
		AND agent_id NOT IN (SELECT agent_id FROM silent) AND EXISTS (SELECT FROM place)
), next AS (
	SELECT DISTINCT best.agent_id, place.silent_id, place.given_up_at
	FROM place CROSS JOIN LATERAL (
		SELECT pool.agent_id FROM pool
		WHERE (place.selector = '[]' OR selector_matches(place.selector, pool.labels))
			AND pool.agent_id <> ALL (place.holders)
		ORDER BY placement_score(place.job_id, pool.seed, pool.weight) DESC LIMIT 1
	) best
)
INSERT INTO heir (agent_id, look_at, silent_id)
SELECT agent_id, given_up_at + look.ms * interval '1 millisecond', silent_id
FROM next CROSS JOIN (VALUES ($3::bigint), ($4::bigint)) look (ms)
ON CONFLICT DO NOTHING

-- Jobs to place anew, by id after $1, at most $2: of revoked agents; of draining and silent ones what can move.
-- name: failover_due
SELECT DISTINCT held.job_id
FROM agent
JOIN assignment held ON held.agent_id = agent.agent_id AND NOT held.removed AND held.target_key <> agent.agent_id::text
JOIN job ON job.job_id = held.job_id
LEFT JOIN agent_state state ON state.agent_id = agent.agent_id
CROSS JOIN fleet
WHERE agent.failover_at <= now() AND held.job_id > $1::uuid AND (
	agent.revoked_at IS NOT NULL OR job.target_mode IN ('one', 'count') AND (
		agent.draining_at IS NOT NULL
		OR job.failover_after_ms IS NOT NULL
			AND now() - greatest(coalesce(state.last_seen_at, agent.enrolled_at), fleet.listening_since)
				> coalesce(nullif(job.failover_after_ms, 0), fleet.offline_after_ms) * interval '1 millisecond'))
ORDER BY held.job_id LIMIT $2::integer

-- After a round: when to look again. What found no better place is tried again after $1 ms, or when an agent comes back.
-- name: failover_settle
UPDATE agent SET failover_at = still.next_at
FROM (
	SELECT agent.agent_id, min(CASE
		WHEN agent.draining_at IS NOT NULL THEN now() + $1::bigint * interval '1 millisecond'
		WHEN job.failover_after_ms IS NOT NULL AND (agent.offline_at IS NOT NULL OR job.failover_after_ms > 0) THEN
			CASE WHEN patience.ends_at > now() THEN patience.ends_at ELSE now() + $1::bigint * interval '1 millisecond' END
		END) AS next_at
	FROM agent CROSS JOIN fleet
	LEFT JOIN agent_state state ON state.agent_id = agent.agent_id
	LEFT JOIN (assignment held JOIN job ON job.job_id = held.job_id AND job.target_mode IN ('one', 'count'))
		ON held.agent_id = agent.agent_id AND NOT held.removed AND agent.revoked_at IS NULL
			AND (agent.draining_at IS NOT NULL OR agent.offline_at IS NOT NULL)
	LEFT JOIN LATERAL (
		SELECT greatest(coalesce(state.last_seen_at, agent.enrolled_at), fleet.listening_since)
			+ coalesce(nullif(job.failover_after_ms, 0), fleet.offline_after_ms) * interval '1 millisecond' AS ends_at
	) patience ON true
	WHERE agent.failover_at <= now()
	GROUP BY agent.agent_id
) still
WHERE still.agent_id = agent.agent_id

-- Who holds a job, and below them who lost it and runs it up to a border that is ahead.
-- name: job_assignments
SELECT held.agent_id, agent.name, shown.state, held.epoch,
	CASE WHEN held.removed THEN coalesce(held.held_since, held.changed_at) ELSE coalesce(held.since_at, held.changed_at) END,
	held.job_revision, CASE WHEN shown.jobs_revision >= held.set_revision THEN shown.last_seen_at END, held.target_key,
	CASE WHEN held.removed THEN held.since_at END
FROM assignment held JOIN agent USING (agent_id) JOIN agent_shown shown USING (agent_id) JOIN job USING (job_id)
WHERE held.job_id = $1::uuid AND (NOT held.removed OR held.since_at > now() AND job.active AND job.deleted_at IS NULL)
ORDER BY held.removed, agent.name LIMIT $2::integer

-- Agents by name after the agent $4, with the windows in which they were silent and their sums by step ($3 ms) from $1 to $2;
-- steps of hours are made of hours ($7).
-- name: fleet_timeline
SELECT agent_id, name, state,
	(SELECT coalesce(jsonb_agg(jsonb_build_array((extract(epoch FROM offline_from) * 1000)::bigint,
			(extract(epoch FROM offline_to) * 1000)::bigint) ORDER BY offline_from), '[]')
		FROM agent_presence WHERE agent_presence.agent_id = shown.agent_id AND offline_from < $2::timestamptz
			AND (offline_to IS NULL OR offline_to > $1::timestamptz)),
	(SELECT coalesce(jsonb_agg(jsonb_build_array((extract(epoch FROM bar.t) * 1000)::bigint, bar.success, bar.bad) ORDER BY bar.t), '[]')
		FROM (SELECT date_bin($3::bigint * interval '1 millisecond', bucket_at, $1::timestamptz) AS t,
				sum(success)::bigint AS success, sum(bad)::bigint AS bad
			FROM (
				SELECT bucket_at, success, bad FROM agent_rollup WHERE NOT $7::boolean AND agent_rollup.agent_id = shown.agent_id
					AND bucket_at >= $1::timestamptz AND bucket_at < $2::timestamptz
				UNION ALL
				SELECT bucket_at, success, bad FROM agent_rollup_hour WHERE $7::boolean AND agent_rollup_hour.agent_id = shown.agent_id
					AND bucket_at >= $1::timestamptz AND bucket_at < $2::timestamptz
			) AS sums GROUP BY 1) bar)
FROM agent_shown shown
WHERE forgotten_at IS NULL AND ($4::uuid IS NULL
	OR (name, agent_id) > ((SELECT name FROM agent WHERE agent_id = $4::uuid), $4::uuid))
	AND ($6::uuid IS NULL OR agent_id = $6::uuid)
ORDER BY name, agent_id LIMIT $5::integer
