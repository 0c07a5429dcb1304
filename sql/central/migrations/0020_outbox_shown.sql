-- What an agent tells of its outbox beside the depth: how many records it may hold, and whether it stands still because of that.
ALTER TABLE agent_state ADD COLUMN outbox_max bigint NOT NULL DEFAULT 0, ADD COLUMN outbox_full boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW agent_shown AS
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
		ORDER BY assignment.set_revision LIMIT 1) AS behind_since,
	state.outbox_max, coalesce(state.outbox_full, false) AS outbox_full
FROM agent LEFT JOIN agent_state state USING (agent_id) CROSS JOIN fleet;
