-- What lists and the overview need to stay quick with a hundred thousand jobs.

-- How often runs of three characters occur: with it the planner knows that nearly every job has "tea" and "eam", and walks
-- the index of the order until the page is full, instead of collecting and sorting all of them.
CREATE STATISTICS job_search_grams ON (text_grams(search)) FROM job;
ANALYZE job;

-- Few jobs are paused: counting them, and all live ones by job_live, reads no row.
CREATE INDEX job_live_paused ON job (job_id) WHERE deleted_at IS NULL AND NOT active;
