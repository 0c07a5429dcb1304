-- The latest time the agent had seen when its last batch was made: what came due up to there may be decided, also where
-- planned_until has not got yet (a deleted job is decided up to its end at once). NULL = made by an older agent.
ALTER TABLE state ADD COLUMN latest INTEGER;
