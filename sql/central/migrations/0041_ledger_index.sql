-- What the ledger asks of an execution stands in the index: weeks of a job's decisions lie in a hundred pages of it, and in
-- thousands of the table.
DROP INDEX execution_by_job;
CREATE INDEX execution_by_job ON execution (job_id, scheduled_at, execution_id) INCLUDE (agent_id, cause);
