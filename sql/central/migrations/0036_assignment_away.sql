-- What a holder cannot know by the latest border alone: a job that leaves an agent and comes back to it, and may leave again,
-- before that agent hears of any of it (central/assign.h). Due instants that were others', in (from, to], since what the
-- agent has confirmed; told while since_revision is news to it.
ALTER TABLE assignment ADD COLUMN away tstzmultirange;

-- One time more. Times that adjoin are one. Of more than eight (wire.h, SYNC_AWAY_MAX) the agent hears the first begin and
-- the last end: what it had in between nobody decides, and nobody runs twice.
CREATE FUNCTION away_again(known tstzmultirange, left_at timestamptz, back_at timestamptz) RETURNS tstzmultirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN (SELECT count(*) FROM unnest(times)) > 8 THEN tstzmultirange(range_merge(times)) ELSE times END
	FROM (SELECT coalesce(known, '{}') + tstzmultirange(tstzrange(left_at, greatest(left_at, back_at), '(]')) AS times) AS sums
$$;
