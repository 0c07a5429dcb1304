-- A job in the order in which db_jobs.c reads it.
-- part: job_columns
	job.job_id, job.revision, job.definition, job.created_at, job.created_by, job.updated_at, job.updated_by

-- name: job_get
SELECT
-- use: job_columns
FROM job WHERE job_id = $1::uuid AND deleted_at IS NULL

-- name: job_get_for_update
SELECT
-- use: job_columns
FROM job WHERE job_id = $1::uuid AND deleted_at IS NULL FOR UPDATE

-- name: job_known
SELECT 1 FROM job WHERE job_id = $1::uuid

-- name: job_insert
INSERT INTO job (job_id, revision, name, active, type, target_mode, target_agent, definition, created_at, created_by,
	updated_at, updated_by, target_count, selector, failover_after_ms)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::timestamptz, $10, $9::timestamptz, $10, $11, $12::jsonb, $13)

-- name: job_update
UPDATE job SET revision = $2, name = $3, active = $4, type = $5, target_mode = $6, target_agent = $7, definition = $8,
	updated_at = $9::timestamptz, updated_by = $10, target_count = $11, selector = $12::jsonb, failover_after_ms = $13
WHERE job_id = $1::uuid AND deleted_at IS NULL AND revision = $2 - 1
RETURNING job_id

-- name: job_delete
UPDATE job SET revision = revision + 1, active = false, deleted_at = $2::timestamptz, updated_at = $2::timestamptz, updated_by = $3
WHERE job_id = $1::uuid AND deleted_at IS NULL
RETURNING revision

-- name: job_revision_insert
INSERT INTO job_revision (job_id, revision, at, author, action, definition)
VALUES ($1::uuid, $2, $3::timestamptz, $4, $5, $6)

-- part: job_page_asked
	job_page($1::text, $2::boolean, $3::text, $4::uuid, $5::smallint[], $6::boolean, $7::text, $8::boolean, $9::timestamptz,
		$10::uuid, $11::integer, $12::boolean, $13::boolean)

-- One page ($1-$13 as in the function job_page) with what lists show of each job. The strip looks back 8 days from the
-- latest execution: however old history is, few partitions are looked into. Definitions may be large: after $14 bytes of them
-- the page ends. A job is unknown since the last of its holders fell silent; one that is heard ends the search for such. Jobs
-- of mode all with one selector have the same holders (central/assign.h), who may be the whole fleet: one of them is asked.
-- name: job_list
WITH page AS MATERIALIZED (
	SELECT job.*, found.sort_at, found.place, count(*) OVER () AS found,
		sum(octet_length(job.definition)) OVER (ORDER BY found.place) - octet_length(job.definition) AS bytes_before,
		first_value(job.job_id) OVER (PARTITION BY job.target_mode = 'all', job.selector,
			CASE WHEN job.target_mode <> 'all' THEN job.job_id END) AS held_like
	FROM
-- use: job_page_asked
	WITH ORDINALITY AS found (job_id, sort_at, place)
	JOIN job ON job.job_id = found.job_id
), silence AS MATERIALIZED (
	SELECT job_id, CASE WHEN NOT EXISTS (
			SELECT FROM assignment held WHERE held.job_id = one.job_id AND NOT held.removed
				AND held.agent_id NOT IN (SELECT agent_id FROM agent WHERE offline_at IS NOT NULL) OFFSET 0)
		THEN (SELECT max(agent.offline_at) FROM assignment held JOIN agent ON agent.agent_id = held.agent_id
			WHERE held.job_id = one.job_id AND NOT held.removed) END AS since
	FROM (SELECT DISTINCT held_like AS job_id FROM page) AS one
)
SELECT
-- use: job_columns
	, job.sort_at, latest.execution_id, nullif(latest.scheduled_at, '-infinity'), latest.status,
	CASE WHEN latest.started THEN latest.duration_us END, latest.reason,
	ARRAY (
		SELECT status FROM execution
		WHERE execution.job_id = job.job_id AND execution.scheduled_at <= latest.scheduled_at
			AND execution.scheduled_at > latest.scheduled_at - interval '8 days'
		ORDER BY execution.scheduled_at DESC, execution.execution_id DESC LIMIT 20
	),
	CASE WHEN
-- use: is_late
	THEN late.late_since END,
	EXISTS (SELECT FROM assignment held WHERE held.job_id = job.job_id AND NOT held.removed),
	silence.since, job.found
FROM page AS job
LEFT JOIN silence ON silence.job_id = job.held_like
LEFT JOIN job_latest latest ON latest.job_id = job.job_id
LEFT JOIN job_late late ON late.job_id = job.job_id
WHERE job.bytes_before < $14::bigint
ORDER BY job.place

-- Their histograms of the hours from $2 to $3, to be added up by the caller.
-- name: job_list_durations
SELECT job_id, duration_max_us, pairs, duration_histogram FROM rollup
WHERE grain = 2 AND job_id = ANY ($1::uuid[]) AND started > 0
	AND bucket_at = ANY (ARRAY(SELECT generate_series($2::timestamptz, $3::timestamptz, interval '1 hour')))

-- name: job_page
SELECT job_id FROM
-- use: job_page_asked

-- name: job_brief
SELECT job_id, name, active FROM job WHERE job_id = ANY ($1::uuid[]) AND deleted_at IS NULL ORDER BY job_id

-- Names for lists of executions; deleted jobs and revoked agents have theirs still. $1 jobs, $2 agents.
-- name: names
SELECT job_id, name FROM job WHERE job_id = ANY ($1::uuid[])
UNION ALL
SELECT agent_id, name FROM agent WHERE agent_id = ANY ($2::uuid[])
