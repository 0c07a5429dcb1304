-- What is shown of an execution, in the order in which db_executions.c reads it. At the end whether another agent decided the fire
-- too: one look into the key of execution_double for each row that is handed out. (EXISTS would leave the planner the choice to
-- read all of that table instead.)
-- part: execution_columns
execution_id, job_id, agent_id, scheduled_at, last_scheduled_at, started_at, finished_at, received_at, job_revision, count,
	duration_us, lateness_us, dns_us, connect_us, tls_us, first_byte_us, total_us, attempts, http_status, status, cause,
	reason, error, response_body, encode(response_digest, 'hex'),
	(SELECT true FROM execution_double AS double
	WHERE double.scheduled_at = shown.scheduled_at AND double.execution_id = shown.execution_id LIMIT 1) AS doubled

-- Pages of executions, newest first, by keyset ($1, $2). $3 from, $4 budget of the scan, $5 agent, $6 statuses, $7 rows,
-- $8 causes, $9 job. The pages differ in which rows are scanned, and so in the index that leads.
-- The row at which the scan used up its budget is handed out even when it does not match: the next page starts there.
-- part: page_head
SELECT
-- use: execution_columns
	, place, matches
FROM (
	SELECT *, row_number() OVER (ORDER BY scheduled_at DESC, execution_id DESC) AS place,
		agent_id IS NOT NULL
			AND ($5::uuid IS NULL OR agent_id = $5::uuid) AND ($6::smallint[] IS NULL OR status = ANY ($6::smallint[]))
			AND ($8::smallint[] IS NULL OR cause = ANY ($8::smallint[])) AS matches
	FROM

-- The first condition repeats what the row comparison says, in the form that partition pruning understands.
-- part: page_scan
		scheduled_at <= $1::timestamptz AND scheduled_at >= $3::timestamptz
		AND (scheduled_at, execution_id) < ($1::timestamptz, $2::uuid)
	ORDER BY scheduled_at DESC, execution_id DESC
	LIMIT $4::bigint

-- part: page_tail
) AS shown
WHERE matches OR place = $4::bigint
ORDER BY scheduled_at DESC, execution_id DESC
LIMIT $7::bigint

-- name: execution_page
-- use: page_head
	execution WHERE
-- use: page_scan
-- use: page_tail

-- name: execution_page_job
-- use: page_head
	execution WHERE job_id = $9::uuid AND
-- use: page_scan
-- use: page_tail

-- name: execution_page_job_bad
-- use: page_head
	execution WHERE job_id = $9::uuid AND status IN (2, 3, 5, 6) AND
-- use: page_scan
-- use: page_tail

-- name: execution_page_bad
-- use: page_head
	execution WHERE status IN (2, 3, 5, 6) AND
-- use: page_scan
-- use: page_tail

-- Those that two agents decided: the second decisions are few, so they lead, and each is looked up in its day. What is not kept
-- of them (by the job's policy, or any more) uses up budget and matches nothing. (LIMIT 1 leaves the planner no other way.)
-- part: page_doubled
	) AS twice LEFT JOIN LATERAL (
		SELECT * FROM execution AS one
		WHERE one.scheduled_at = twice.scheduled_at AND one.execution_id = twice.execution_id LIMIT 1
	) AS kept USING (scheduled_at, execution_id)

-- name: execution_page_doubled
-- use: page_head
	(
	SELECT DISTINCT scheduled_at, execution_id FROM execution_double WHERE
-- use: page_scan
-- use: page_doubled
-- use: page_tail

-- name: execution_page_job_doubled
-- use: page_head
	(
	SELECT DISTINCT scheduled_at, execution_id FROM execution_double WHERE job_id = $9::uuid AND
-- use: page_scan
-- use: page_doubled
-- use: page_tail

-- $3 NULL: the whole history of the job is searched.
-- name: execution_get
SELECT
-- use: execution_columns
	, armed_at, attempt_log
FROM execution AS shown
WHERE job_id = $1::uuid AND execution_id = $2::uuid
	AND scheduled_at >= coalesce($3::timestamptz, '-infinity') AND scheduled_at <= coalesce($3::timestamptz, 'infinity')

-- name: execution_doubles
SELECT double.agent_id, agent.name, double.started_at, double.status, double.received_at
FROM execution_double AS double LEFT JOIN agent USING (agent_id)
WHERE double.scheduled_at = $1::timestamptz AND double.execution_id = $2::uuid
ORDER BY double.received_at, double.agent_id
LIMIT 100
