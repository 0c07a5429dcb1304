-- Executions of days before this are closed: of those that come from then on nobody could tell whether they were counted
-- before, since what they would be known by goes with their day. The epoch: no day is closed yet. Moved on by execution_close
-- (definitions/history.sql).
ALTER TABLE execution_kept ADD COLUMN closed_to timestamptz NOT NULL DEFAULT to_timestamp(0);
DROP FUNCTION execution_partition_drop_before(date);
