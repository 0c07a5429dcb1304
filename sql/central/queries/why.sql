-- Why a job ran or did not around an instant (central/api_why.h). $1 the job, $2 the instant.

-- name: why_job
SELECT job.created_at, latest.decided_until, late.due_at, late.late_since, late.reason, (SELECT kept_from FROM execution_kept)
FROM job LEFT JOIN job_latest latest ON latest.job_id = job.job_id
LEFT JOIN job_late late ON late.job_id = job.job_id AND job.deleted_at IS NULL AND job.active AND
-- use: is_late
WHERE job.job_id = $1::uuid

-- name: why_revision
SELECT revision, at, author, definition FROM job_revision
WHERE job_id = $1::uuid AND at <= $2::timestamptz ORDER BY revision DESC LIMIT 1

-- The nearest execution of the minute before and the minute after.
-- name: why_nearest
SELECT execution_id, scheduled_at FROM (
	(SELECT execution_id, scheduled_at FROM execution
		WHERE job_id = $1::uuid AND scheduled_at <= $2::timestamptz AND scheduled_at >= $2::timestamptz - interval '1 minute'
		ORDER BY scheduled_at DESC, execution_id DESC LIMIT 1)
	UNION
	(SELECT execution_id, scheduled_at FROM execution
		WHERE job_id = $1::uuid AND scheduled_at >= $2::timestamptz AND scheduled_at <= $2::timestamptz + interval '1 minute'
		ORDER BY scheduled_at, execution_id LIMIT 1)
) AS around
ORDER BY abs(extract(epoch FROM scheduled_at - $2::timestamptz)), scheduled_at DESC LIMIT 1

-- A range of missed fires that covers the instant.
-- name: why_missed
SELECT scheduled_at, last_scheduled_at, count, reason FROM execution_range
WHERE job_id = $1::uuid AND scheduled_at <= $2::timestamptz AND last_scheduled_at >= $2::timestamptz
ORDER BY scheduled_at DESC LIMIT 1

-- Those who held the job at the instant and those who hold it now, and whether they were silent then. Who lost it had it up
-- to the border.
-- name: why_holders
SELECT agent.name, shown.state, CASE WHEN held.removed THEN coalesce(held.held_since, held.changed_at)
		ELSE coalesce(held.since_at, held.changed_at) END,
	presence.offline_from, presence.offline_to, CASE WHEN held.removed THEN coalesce(held.since_at, held.changed_at) END
FROM assignment held JOIN agent USING (agent_id) JOIN agent_shown shown USING (agent_id)
LEFT JOIN agent_presence presence ON presence.agent_id = held.agent_id AND presence.offline_from <= $2::timestamptz
	AND (presence.offline_to IS NULL OR presence.offline_to > $2::timestamptz)
WHERE held.job_id = $1::uuid AND (NOT held.removed
	OR coalesce(held.held_since, held.changed_at) <= $2::timestamptz AND coalesce(held.since_at, held.changed_at) >= $2::timestamptz)
ORDER BY held.removed DESC, presence.offline_from NULLS LAST, agent.name LIMIT $3::integer
