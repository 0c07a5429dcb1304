-- The lives of agents: processes that showed an agent's key, numbered in the order in which they were first heard. Of two
-- that are alive at the same time one is a copy (central/svc_life.h).
CREATE TABLE agent_life (
	agent_id uuid NOT NULL,
	life text NOT NULL,
	number bigint NOT NULL,
	born_at timestamptz NOT NULL DEFAULT now(),
	-- Found to be a copy, and when and from where it last tried all the same.
	refused_at timestamptz,
	tried_at timestamptz,
	address text NOT NULL,
	PRIMARY KEY (agent_id, life)
);
CREATE UNIQUE INDEX agent_life_by_number ON agent_life (agent_id, number);

-- A life is heard that was told of lives up to the number `told`. Those born after it, up to that number, are copies: it heard
-- of them, so it is alive beside them, and it was there first. What they had acked under numbers of the stream is no reason to
-- refuse what it has under them: the stream goes on at its first number. Executions that came already are known by their ids.
CREATE FUNCTION life_heard(the_agent uuid, the_life text, told bigint, the_address text, the_epoch bigint, first_seq bigint)
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
CREATE FUNCTION agent_copies(the_agent uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT count(*) FROM agent_life WHERE agent_id = the_agent AND tried_at > now() - interval '10 minutes'
$$;
CREATE FUNCTION agent_copy_address(the_agent uuid) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT address FROM agent_life WHERE agent_id = the_agent AND tried_at > now() - interval '10 minutes'
	ORDER BY tried_at DESC LIMIT 1
$$;
