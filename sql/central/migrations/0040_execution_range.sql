-- Ranges of missed fires by where they end: who looks at a window asks here what reaches into it, however long ago that began,
-- and not the partitions of all the days before. Written with their execution (job_latest_take, definitions/ingest.sql); it
-- stays until its end is as old as what is kept, though the day of its begin went before.
CREATE TABLE execution_range (
	job_id uuid NOT NULL,
	last_scheduled_at timestamptz NOT NULL,
	execution_id uuid NOT NULL,
	scheduled_at timestamptz NOT NULL,
	agent_id uuid NOT NULL,
	count bigint NOT NULL,
	reason text,
	PRIMARY KEY (job_id, last_scheduled_at, execution_id)
);
CREATE INDEX execution_range_by_end ON execution_range (last_scheduled_at);
INSERT INTO execution_range
SELECT job_id, last_scheduled_at, execution_id, scheduled_at, agent_id, count, reason FROM execution
WHERE status = 5 AND last_scheduled_at > scheduled_at;
