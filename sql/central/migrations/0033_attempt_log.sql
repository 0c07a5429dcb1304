-- When a fire was armed (its intent durable), and the single attempts of executions that took more than one (common/wire.h);
-- NULL = not known, or nothing to tell. Neither has a default: the rows that are there stay as they are.
ALTER TABLE execution ADD COLUMN armed_at timestamptz, ADD COLUMN attempt_log json;
ALTER TABLE execution_stage ADD COLUMN armed_at timestamptz, ADD COLUMN attempt_log json;
