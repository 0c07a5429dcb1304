-- How often a job's fires were decided by two agents is told with its figures.
CREATE INDEX execution_double_by_job ON execution_double (job_id, scheduled_at);
