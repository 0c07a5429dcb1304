-- Where one holder's time ends, and who takes over (central/assign.h, central/failover.h).

-- One time more that a job was away from its holder. Times that adjoin are one. Of more than eight (wire.h, SYNC_AWAY_MAX)
-- the agent hears the first begin and the last end: what it had in between nobody decides, and nobody runs twice.
CREATE OR REPLACE FUNCTION away_again(known tstzmultirange, left_at timestamptz, back_at timestamptz) RETURNS tstzmultirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN (SELECT count(*) FROM unnest(times)) > 8 THEN tstzmultirange(range_merge(times)) ELSE times END
	FROM (SELECT coalesce(known, '{}') + tstzmultirange(tstzrange(left_at, greatest(left_at, back_at), '(]')) AS times) AS sums
$$;

-- Milliseconds until the agent should look; NULL: it is heir to nobody.
CREATE OR REPLACE FUNCTION next_look_ms(agent uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT (extract(epoch FROM min(look_at) - now()) * 1000)::bigint FROM heir WHERE heir.agent_id = agent AND look_at > now()
$$;
