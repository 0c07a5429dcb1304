-- name: command_run
INSERT INTO command (agent_id, type, job_id)
SELECT agent_id, 'run', job_id FROM assignment
WHERE job_id = $1::uuid AND NOT removed AND ($2::uuid IS NULL OR agent_id = $2::uuid)

-- To former holders too: fires up to a border are still theirs, and what they had begun of a job that was paused, or whose
-- place is gone, goes on. Of older ones nothing can be under way (an attempt ends within a day). $2 NULL = all that runs, and
-- what was ordered to run and no agent has done yet: it would begin after the order that was to end it. A row that is locked
-- is being done, or moved.
-- name: command_cancel
WITH withdrawn AS (
	UPDATE command SET done_at = now()
	WHERE command_id IN (SELECT command_id FROM command
		WHERE $2::uuid IS NULL AND job_id = $1::uuid AND type = 'run' AND done_at IS NULL
			AND agent_id IN (SELECT agent_id FROM assignment WHERE job_id = $1::uuid)
		FOR UPDATE SKIP LOCKED)
)
INSERT INTO command (agent_id, type, job_id, execution_id, author)
SELECT agent_id, 'cancel', job_id, $2::uuid, $3::text FROM assignment
WHERE job_id = $1::uuid AND (NOT removed OR since_at IS NOT NULL OR changed_at > now() - interval '1 day')

-- A sync that was under way when the order was given may have taken it along: an order for a job that must not run twice
-- waits for its old agent when it came less than ten seconds after that one was heard, longer than a sync may take. A place of
-- mode all is its agent's own, and passes to nobody: the many of one job are not compared with each other.
-- name: command_follow
WITH orphan AS MATERIALIZED (
	SELECT command.command_id, command.job_id, gone.target_key
	FROM command JOIN assignment gone USING (job_id, agent_id) JOIN job USING (job_id)
	LEFT JOIN agent_state state USING (agent_id)
	WHERE command.done_at IS NULL AND command.type = 'run' AND command.created_at > now() - $1::integer * interval '1 second'
		AND gone.removed AND gone.target_key <> gone.agent_id::text
		AND (state.last_seen_at IS NULL OR state.last_seen_at
			< command.created_at - CASE WHEN job.type = 'ATMOST_ONCE' THEN interval '10 seconds' ELSE interval '0' END)
), heir AS MATERIALIZED (
	SELECT job_id, target_key, agent_id FROM assignment
	WHERE job_id IN (SELECT job_id FROM orphan) AND NOT removed
)
UPDATE command SET agent_id = heir.agent_id
FROM orphan JOIN heir USING (job_id, target_key)
WHERE command.command_id = orphan.command_id AND command.done_at IS NULL

-- name: command_done
UPDATE command SET done_at = now()
WHERE agent_id = $1::uuid AND command_id = ANY ($2::bigint[]) AND done_at IS NULL

-- name: command_pending
SELECT command_id, type, job_id, execution_id, author,
	greatest(extract(epoch FROM clock_timestamp() - created_at) * 1000, 0)::bigint AS age_ms
FROM command
WHERE agent_id = $1::uuid AND done_at IS NULL
	AND (type <> 'run' OR created_at > now() - $2::integer * interval '1 second')
ORDER BY command_id LIMIT $3::integer

-- A rotation waits as long as the agent is away.
-- name: command_prune
DELETE FROM command WHERE created_at < now() - interval '1 day' AND (type <> 'rotate' OR done_at IS NOT NULL)
