-- Agents as they are shown, and their lives: which of two with one identity is the copy (central/svc_life.h).

-- A life is heard that was told of lives up to the number `told`. Those born after it, up to that number, are copies: it heard
-- of them, so it is alive beside them, and it was there first. What they had acked under numbers of the stream is no reason to
-- refuse what it has under them: the stream goes on at its first number. Executions that came already are known by their ids.
CREATE OR REPLACE FUNCTION life_heard(the_agent uuid, the_life text, told bigint, the_address text, the_epoch bigint, first_seq bigint)
RETURNS TABLE (is_copy boolean, lives bigint, found_copies boolean) LANGUAGE plpgsql AS $$
DECLARE
	own agent_life;
BEGIN
	SELECT * INTO own FROM agent_life WHERE agent_id = the_agent AND life = the_life;
	IF NOT FOUND THEN
		PERFORM pg_advisory_xact_lock(hashtext('belfry.life'), hashtext(the_agent::text));
		INSERT INTO agent_life (agent_id, life, number, address)
		SELECT the_agent, the_life, 1 + coalesce(max(number), 0), the_address FROM agent_life WHERE agent_id = the_agent
		ON CONFLICT DO NOTHING;
		SELECT * INTO own FROM agent_life WHERE agent_id = the_agent AND life = the_life;
	END IF;
	IF own.refused_at IS NOT NULL THEN
		UPDATE agent_life SET tried_at = now(), address = the_address WHERE agent_id = the_agent AND life = the_life;
	ELSE
		UPDATE agent_life SET refused_at = now(), tried_at = now()
		WHERE agent_id = the_agent AND number > own.number AND number <= told AND refused_at IS NULL;
		found_copies := FOUND;
		IF found_copies THEN
			UPDATE agent_stream SET acked_seq = first_seq - 1, acked_md5 = NULL
			WHERE agent_id = the_agent AND epoch = the_epoch AND acked_seq >= first_seq;
		END IF;
	END IF;
	is_copy := own.refused_at IS NOT NULL;
	SELECT max(number) INTO lives FROM agent_life WHERE agent_id = the_agent;
	RETURN NEXT;
END $$;

-- Copies of an agent that tried lately, and from where the last one did.
CREATE OR REPLACE FUNCTION agent_copies(the_agent uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT count(*) FROM agent_life WHERE agent_id = the_agent AND tried_at > now() - interval '10 minutes'
$$;
CREATE OR REPLACE FUNCTION agent_copy_address(the_agent uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT address FROM agent_life WHERE agent_id = the_agent AND tried_at > now() - interval '10 minutes'
	ORDER BY tried_at DESC LIMIT 1
$$;

-- An agent as the API shows it.
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
