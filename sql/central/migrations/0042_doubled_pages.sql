-- Pages of a job's doubled executions go by the whole key.
CREATE INDEX execution_double_page_by_job ON execution_double (job_id, scheduled_at, execution_id);
DROP INDEX execution_double_by_job;
