-- Placement (central/assign.h).

-- name: assign_lock_shared
SELECT pg_advisory_xact_lock_shared(hashtext('belfry.placement'))

-- name: assign_lock_exclusive
SELECT pg_advisory_xact_lock(hashtext('belfry.placement'))

-- Before assign_job_apply, which would lock the same agents in any order.
-- name: assign_job_lock_agents
SELECT agent_id FROM agent
WHERE agent_id IN (SELECT agent_id FROM placement($1::uuid) UNION
	SELECT agent_id FROM assignment WHERE job_id = $1::uuid AND NOT removed)
ORDER BY agent_id FOR NO KEY UPDATE

-- name: assign_job_apply
WITH known AS (
	SELECT agent_id, epoch, target_key, job_revision, NOT removed AS held FROM assignment WHERE job_id = $1::uuid
), change AS (
	SELECT agent_id, wanted.target_key IS NULL AS removed, coalesce(known.held, false) AS held, known.epoch,
		coalesce(wanted.target_key, known.target_key) AS target_key, job.revision,
		CASE WHEN known.held THEN assignment_digest($1::uuid, known.job_revision, known.target_key) ELSE 0 END AS old_term,
		CASE WHEN wanted.target_key IS NULL THEN 0 ELSE assignment_digest($1::uuid, job.revision, wanted.target_key) END
			AS new_term
	FROM known FULL JOIN placement($1::uuid) wanted USING (agent_id) CROSS JOIN job
	WHERE job.job_id = $1::uuid AND (known.held OR wanted.target_key IS NOT NULL)
		AND (NOT coalesce(known.held, false) OR wanted.target_key IS NULL OR known.job_revision <> job.revision
			OR known.target_key <> wanted.target_key)
), bumped AS (
	UPDATE agent SET set_revision = set_revision + 1, set_digest = set_digest # old_term # new_term
	FROM change WHERE agent.agent_id = change.agent_id
	RETURNING agent.agent_id, agent.set_revision
)
INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision, removed, changed_at)
SELECT $1::uuid, agent_id, CASE WHEN held THEN epoch ELSE 1 + coalesce((SELECT max(epoch) FROM known), 0) END,
	target_key, revision, set_revision, removed, now()
FROM change JOIN bumped USING (agent_id)
ON CONFLICT (job_id, agent_id) DO UPDATE SET epoch = excluded.epoch, target_key = excluded.target_key,
	job_revision = excluded.job_revision, set_revision = excluded.set_revision, removed = excluded.removed,
	changed_at = excluded.changed_at

-- name: assign_agent_apply
WITH chosen AS (
	SELECT job.job_id, job.revision, CASE WHEN job.target_mode = 'all' THEN $1::uuid::text ELSE '' END AS target_key,
		row_number() OVER (ORDER BY job.job_id) AS place
	FROM job
	WHERE job.deleted_at IS NULL AND (job.target_mode = 'all'
		OR job.target_mode = 'agent' AND job.target_agent = (SELECT name FROM agent WHERE agent_id = $1::uuid)
		OR job.target_mode = 'one' AND NOT EXISTS (
			SELECT FROM assignment WHERE assignment.job_id = job.job_id AND NOT assignment.removed))
), total AS (
	SELECT count(*) AS n, coalesce(bit_xor(assignment_digest(job_id, revision, target_key)), 0) AS digest FROM chosen
), bumped AS (
	UPDATE agent SET set_revision = set_revision + total.n, set_digest = set_digest # total.digest
	FROM total WHERE agent_id = $1::uuid
	RETURNING set_revision - total.n AS base
)
INSERT INTO assignment (job_id, agent_id, epoch, target_key, job_revision, set_revision)
SELECT job_id, $1::uuid, 1 + coalesce((SELECT max(epoch) FROM assignment WHERE assignment.job_id = chosen.job_id), 0),
	target_key, revision, base + place
FROM chosen CROSS JOIN bumped

-- name: assign_tombstones_prune
DELETE FROM assignment WHERE removed AND changed_at < now() - $1::integer * interval '1 day'
