-- The watch over decisions (central/late.h). Arrays hold one element per job.

-- A job that was marked late still is; else its decision came since the last look. Where each holder decides for itself, only
-- a look can tell.
-- part: is_late
	(late.each_decides OR latest.decided_until IS NULL OR latest.decided_until < late.due_at)

-- Active jobs that changed since $1 and are not watched as they are now; definitions may be large: $3 bytes of them are a piece.
-- name: late_adopt
SELECT job_id, revision, definition, created_at, updated_at, decided_until, found
FROM (
	SELECT fresh.*, count(*) OVER () AS found,
		sum(octet_length(definition)) OVER (ORDER BY updated_at, job_id) - octet_length(definition) AS bytes_before
	FROM (
		SELECT job.job_id, job.revision, job.definition, job.created_at, job.updated_at, latest.decided_until
		FROM job
		LEFT JOIN job_watch watch ON watch.job_id = job.job_id
		LEFT JOIN job_latest latest ON latest.job_id = job.job_id
		WHERE job.deleted_at IS NULL AND job.active AND job.updated_at >= $1::timestamptz
			AND (watch.job_id IS NULL OR watch.revision <> job.revision)
		ORDER BY job.updated_at LIMIT $2::integer
	) AS fresh
) AS piece
WHERE bytes_before < $3::bigint
ORDER BY updated_at, job_id

-- name: late_watch
INSERT INTO job_watch AS w (job_id, revision, due_at, check_at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT (job_id) DO UPDATE SET revision = excluded.revision, due_at = excluded.due_at, check_at = excluded.check_at

-- name: late_forget
WITH gone AS (
	DELETE FROM job_watch USING job
	WHERE job.job_id = job_watch.job_id AND job.updated_at >= $1::timestamptz
		AND (job.deleted_at IS NOT NULL OR NOT job.active)
	RETURNING job_watch.job_id
)
DELETE FROM job_late USING gone WHERE job_late.job_id = gone.job_id

-- The debtor is who held the job at the due instant and has not decided; where each holder decides for itself, its own
-- executions tell. Of thinned histories the latest decision has to do. The piece is taken before anything is looked up for it:
-- as plain joins, all that is due, or all jobs, are read for each piece. No definition: the job changed, and is not watched
-- as it is now. A piece ends after $2 bytes of definitions as well.
-- name: late_check
WITH watch AS MATERIALIZED (
	SELECT job_id, revision, due_at, check_at FROM job_watch WHERE check_at <= now() ORDER BY check_at LIMIT $1::integer
), job AS MATERIALIZED (
	SELECT watch.*, live.definition, live.created_at, live.target_mode, live.history_one_of, count(*) OVER () AS found,
		sum(octet_length(live.definition)) OVER (ORDER BY watch.check_at, watch.job_id) - octet_length(live.definition) AS bytes_before
	FROM watch LEFT JOIN LATERAL (
		SELECT definition, created_at, target_mode, history_one_of FROM job
		WHERE job.job_id = watch.job_id AND job.revision = watch.revision AND job.active AND job.deleted_at IS NULL LIMIT 1
	) AS live ON true
)
SELECT job.job_id, job.revision, job.due_at, job.definition, job.created_at, latest.decided_until,
	job.target_mode IN ('all', 'count') AND job.history_one_of IS NULL,
	(SELECT count(*) FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed),
	debtor.agent_id, debtor.name, debtor.last_seen_at, debtor.running, debtor.outbox_depth, job.found
FROM job
LEFT JOIN LATERAL (
	SELECT decided_until FROM job_latest WHERE job_latest.job_id = job.job_id LIMIT 1
) AS latest ON true
LEFT JOIN LATERAL (
	SELECT agent.agent_id, agent.name, state.last_seen_at, state.running, state.outbox_depth
	FROM assignment JOIN agent USING (agent_id) LEFT JOIN agent_state state USING (agent_id)
	WHERE assignment.job_id = job.job_id AND NOT assignment.removed AND assignment.changed_at <= job.due_at
		AND (job.target_mode NOT IN ('all', 'count') OR job.history_one_of IS NOT NULL OR NOT EXISTS (
			SELECT FROM execution
			WHERE execution.job_id = job.job_id AND execution.agent_id = assignment.agent_id
				AND execution.scheduled_at >= job.due_at AND execution.cause <> 3))
	ORDER BY state.last_seen_at NULLS FIRST LIMIT 1
) AS debtor ON true
WHERE coalesce(job.bytes_before, 0) < $2::bigint

-- name: late_mark
INSERT INTO job_late AS l (job_id, due_at, late_since, agent_id, reason, each_decides)
SELECT job_id, due_at, now(), agent_id, reason, each_decides
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::boolean[])
	AS marked (job_id, due_at, agent_id, reason, each_decides)
ON CONFLICT (job_id) DO UPDATE SET due_at = excluded.due_at, agent_id = excluded.agent_id, reason = excluded.reason,
	each_decides = excluded.each_decides
WHERE (l.due_at, l.agent_id, l.reason, l.each_decides)
	IS DISTINCT FROM (excluded.due_at, excluded.agent_id, excluded.reason, excluded.each_decides)

-- Late jobs are looked at now and then only; those whose decision has come, at once.
-- name: late_wake
UPDATE job_watch SET check_at = now()
FROM job_late late JOIN job_latest latest USING (job_id)
WHERE job_watch.job_id = late.job_id AND job_watch.check_at > now() AND NOT
-- use: is_late

-- name: late_clear
DELETE FROM job_late WHERE job_id = ANY ($1::uuid[])

-- part: late_jobs
late AS (
	SELECT late.*, job.name AS job_name
	FROM job_late late JOIN job ON job.job_id = late.job_id AND job.deleted_at IS NULL AND job.active
	LEFT JOIN job_latest latest ON latest.job_id = late.job_id
	WHERE
-- use: is_late
)

-- name: late_count
WITH
-- use: late_jobs
SELECT count(*) FROM late

-- name: late_list
WITH
-- use: late_jobs
SELECT late.job_id, late.job_name, late.agent_id, agent.name, late.due_at, late.late_since, late.reason
FROM late LEFT JOIN agent ON agent.agent_id = late.agent_id
WHERE $1::timestamptz IS NULL OR (late.late_since, late.job_id) > ($1::timestamptz, $2::uuid)
ORDER BY late.late_since, late.job_id LIMIT $3::integer

-- Records that could not be taken, of all agents; there are few. $1-$4: where the last page ended.
-- name: quarantine_list
SELECT quarantine.at, quarantine.agent_id, agent.name, quarantine.epoch, quarantine.seq, quarantine.reason, quarantine.record
FROM quarantine LEFT JOIN agent USING (agent_id)
WHERE $1::timestamptz IS NULL OR (quarantine.at, quarantine.agent_id, quarantine.epoch, quarantine.seq)
	< ($1::timestamptz, $2::uuid, $3::bigint, $4::bigint)
ORDER BY quarantine.at DESC, quarantine.agent_id DESC, quarantine.epoch DESC, quarantine.seq DESC
LIMIT $5::integer
