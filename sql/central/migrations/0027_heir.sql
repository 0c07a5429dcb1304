-- Who will take over when an agent that is overdue is given up (central/failover.h), and when it should sync to hear of it.
-- Not logged: after a crash of the server they are foreseen anew.
CREATE UNLOGGED TABLE heir (
	agent_id uuid NOT NULL,
	look_at timestamptz NOT NULL,
	silent_id uuid NOT NULL, -- the agent that is overdue
	PRIMARY KEY (agent_id, look_at, silent_id)
);
CREATE INDEX heir_silent ON heir (silent_id, look_at);

-- Milliseconds until the agent should look; NULL: it is heir to nobody.
CREATE FUNCTION next_look_ms(agent uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT (extract(epoch FROM min(look_at) - now()) * 1000)::bigint FROM heir WHERE heir.agent_id = agent AND look_at > now()
$$;
