-- The whole on one screen (central/db_overview.h).

-- Records lost from streams, and jobs whose decision is overdue though their agent is heard and keeps nothing back.
-- name: overview_counts
WITH
-- use: late_jobs
SELECT jobs.total, jobs.total - jobs.paused, jobs.total - jobs.paused - idle.n, late.n, agents.total, agents.online, agents.offline, agents.draining,
	(SELECT coalesce(sum((hole ->> 'to')::bigint - (hole ->> 'from')::bigint + 1), 0)::bigint
		FROM agent_stream, jsonb_array_elements(holes) AS hole WHERE holes <> '[]') + late.owed_by_nobody,
	(SELECT count(*) FROM quarantine)
FROM (SELECT count(*) AS total, (SELECT count(*) FROM job WHERE deleted_at IS NULL AND NOT active) AS paused
		FROM job WHERE deleted_at IS NULL) AS jobs,
	-- Active jobs that nobody holds: all those less the paused ones. Neither needs a row of job.
	(SELECT count(*) - (
			SELECT count(*) FROM job WHERE deleted_at IS NULL AND NOT active AND NOT EXISTS (
				SELECT FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed)) AS n
		FROM job WHERE deleted_at IS NULL AND NOT EXISTS (
			SELECT FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed)) AS idle,
	(SELECT count(*) AS n, count(*) FILTER (WHERE shown.state IN ('online', 'draining') AND shown.outbox_depth = 0)
			AS owed_by_nobody
		FROM late LEFT JOIN agent_shown shown ON shown.agent_id = late.agent_id) AS late,
	(SELECT count(*) AS total, count(*) FILTER (WHERE state = 'online') AS online,
			count(*) FILTER (WHERE state = 'offline') AS offline, count(*) FILTER (WHERE state = 'draining') AS draining
		FROM agent_shown WHERE forgotten_at IS NULL AND state <> 'revoked') AS agents

-- Jobs that may be due next: those whose watched instant is past (their schedules tell the next one), and those with the
-- soonest watched instants. At most $1 of each, in the order in which the watch looks at them: by the due instant and the
-- job's jitter. That order has an index.
-- name: overview_soon
SELECT job.job_id, job.revision, job.definition, job.created_at, latest.decided_until
FROM (
	(SELECT job_id, revision FROM job_watch WHERE due_at <= now() ORDER BY check_at LIMIT $1::integer)
	UNION
	(SELECT job_id, revision FROM job_watch WHERE due_at > now() AND due_at < 'infinity' ORDER BY check_at LIMIT $1::integer)
) AS soon
JOIN job ON job.job_id = soon.job_id AND job.revision = soon.revision AND job.active AND job.deleted_at IS NULL
LEFT JOIN job_latest latest ON latest.job_id = job.job_id
