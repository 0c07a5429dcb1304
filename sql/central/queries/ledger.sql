-- The ledger (central/ledger.h): what was due and what was decided.

-- Jobs that were alive in the window. $1 after, $2 job, $3 agent that holds it, $4 begin of the window, $5 rows.
-- name: ledger_jobs
SELECT job.job_id, job.name, job.created_at, job.target_mode IN ('all', 'count'), job.history_one_of IS NOT NULL,
	latest.decided_until
FROM job LEFT JOIN job_latest latest ON latest.job_id = job.job_id
WHERE job.job_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') AND ($2::uuid IS NULL OR job.job_id = $2::uuid)
	AND (job.deleted_at IS NULL OR job.deleted_at >= $4::timestamptz)
	AND ($3::uuid IS NULL OR EXISTS (SELECT FROM assignment
		WHERE assignment.job_id = job.job_id AND assignment.agent_id = $3::uuid AND NOT assignment.removed))
ORDER BY job.job_id LIMIT $5::integer

-- The job with which there are more than $2 holders, former ones too.
-- name: ledger_full
SELECT job_id FROM assignment WHERE job_id = ANY ($1::uuid[]) ORDER BY job_id OFFSET $2::integer LIMIT 1

-- Those in force in the window.
-- name: ledger_revisions
SELECT r.job_id, r.at, r.revision, r.definition FROM job_revision r
WHERE r.job_id = ANY ($1::uuid[]) AND r.at < $3::timestamptz AND r.revision >= coalesce((SELECT max(before.revision)
	FROM job_revision before WHERE before.job_id = r.job_id AND before.at <= $2::timestamptz), 0)
ORDER BY r.job_id, r.revision

-- Who has to report; the latest clock epoch of all that ever held the job; and whether somebody who held it before still owes.
-- The last two are looked for once for each job: one of mode all has as many holders as there are agents.
-- name: ledger_holders
WITH clock AS MATERIALIZED (
	SELECT had.job_id, max(state.clock_epoch) AS latest FROM assignment had JOIN agent_state state USING (agent_id)
	WHERE had.job_id = ANY ($1::uuid[]) GROUP BY had.job_id
), owed AS MATERIALIZED (
	SELECT DISTINCT old.job_id FROM assignment old LEFT JOIN agent_state owing USING (agent_id)
	WHERE old.job_id = ANY ($1::uuid[]) AND old.removed AND (owing.last_seen_at IS NULL OR owing.outbox_depth > 0
		OR owing.last_seen_at < now() - $2::bigint * interval '1 millisecond')
)
SELECT a.job_id, a.agent_id, coalesce(a.held_since, a.changed_at), a.target_key, s.last_seen_at, s.running, s.outbox_depth, s.oldest_unsent_at,
	coalesce(clock.latest, 0), owed.job_id IS NOT NULL
FROM assignment a LEFT JOIN agent_state s USING (agent_id) LEFT JOIN clock ON clock.job_id = a.job_id
	LEFT JOIN owed ON owed.job_id = a.job_id
WHERE a.job_id = ANY ($1::uuid[]) AND NOT a.removed AND ($3::uuid IS NULL OR a.agent_id = $3::uuid)
ORDER BY a.job_id, a.agent_id

-- When somebody held the job, by target key; of the past what tombstones tell. Until NULL = still.
-- name: ledger_tenures
SELECT job_id, target_key, coalesce(held_since, changed_at), CASE WHEN removed THEN changed_at END
FROM assignment WHERE job_id = ANY ($1::uuid[])
ORDER BY job_id, target_key COLLATE "C", 3

-- Who has or had which place of the jobs that have several.
-- name: ledger_places
SELECT assignment.job_id, assignment.agent_id, assignment.target_key, coalesce(state.clock_epoch, 0)
FROM assignment JOIN job USING (job_id) LEFT JOIN agent_state state USING (agent_id)
WHERE assignment.job_id = ANY ($1::uuid[]) AND job.target_mode = 'count'
ORDER BY assignment.job_id, assignment.agent_id

-- What reached a holder only later: a revision, or the job itself, that came while it was silent (until it was heard again,
-- or the job went to another one), and what it has not confirmed to this day. Until NULL = still. $2 begin of the window, less
-- what a span goes on for.
-- name: ledger_unheard
WITH news AS (
	SELECT held.job_id, held.agent_id, held.target_key, revision.at, CASE WHEN held.removed THEN held.changed_at END AS until
	FROM assignment held JOIN job_revision revision USING (job_id)
	WHERE held.job_id = ANY ($1::uuid[]) AND revision.at >= coalesce(held.held_since, held.changed_at)
		AND (NOT held.removed OR revision.at < held.changed_at)
	UNION
	SELECT job_id, agent_id, target_key, coalesce(held_since, changed_at), CASE WHEN removed THEN changed_at END
	FROM assignment WHERE job_id = ANY ($1::uuid[])
)
SELECT news.job_id, news.target_key COLLATE "C", news.at, least(presence.offline_to, news.until)
FROM news JOIN agent_presence presence ON presence.agent_id = news.agent_id AND presence.offline_from <= news.at
	AND (presence.offline_to IS NULL OR presence.offline_to > news.at AND presence.offline_to > $2::timestamptz)
UNION ALL
SELECT held.job_id, held.target_key COLLATE "C", held.changed_at, NULL
FROM assignment held LEFT JOIN agent_state state USING (agent_id)
WHERE held.job_id = ANY ($1::uuid[]) AND NOT held.removed AND held.set_revision > coalesce(state.confirmed_revision, 0)
ORDER BY 1, 2

-- From the index alone (execution_by_job). Ranges of missed fires that reach into the window come from execution_range, however
-- long ago they began. The execution that is a range's begin is no decision of its own: it comes right after the range.
-- name: ledger_decisions
SELECT job_id, agent_id, scheduled_at, scheduled_at, 1, execution_id FROM execution
WHERE job_id = ANY ($1::uuid[]) AND scheduled_at >= $2::timestamptz AND scheduled_at < $3::timestamptz AND cause <> 3
UNION ALL
SELECT job_id, agent_id, scheduled_at, last_scheduled_at, count, execution_id FROM execution_range
WHERE job_id = ANY ($1::uuid[]) AND scheduled_at < $3::timestamptz AND last_scheduled_at >= $2::timestamptz
ORDER BY 1, 3, 6, 4 DESC LIMIT $4::integer

-- Asked after the decisions, which are taken away only after this moved on.
-- name: ledger_kept_from
SELECT kept_from FROM execution_kept

-- Which of these fires were counted but not kept: their places in the arrays, from 1.
-- name: ledger_unkept
SELECT place FROM execution_unkept
	JOIN unnest($1::timestamptz[], $2::uuid[]) WITH ORDINALITY AS fire (scheduled_at, execution_id, place)
	USING (scheduled_at, execution_id)

-- name: ledger_streams
SELECT stream.agent_id, agent.name, stream.epoch, stream.acked_seq, stream.holes
FROM agent_stream stream JOIN agent USING (agent_id)
WHERE CASE WHEN $1::uuid IS NULL THEN stream.holes <> '[]' ELSE stream.agent_id = $1::uuid END
ORDER BY stream.agent_id, stream.epoch DESC LIMIT 1000
