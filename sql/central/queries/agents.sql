-- name: enrolment_token_insert
INSERT INTO enrolment_token (token_id, token_sha256, created_by, expires_at, labels, name)
VALUES ($1::uuid, decode($2, 'hex'), $3, now() + $4::bigint * interval '1 millisecond', $5::jsonb, $6)
RETURNING expires_at

-- name: enrolment_token_list
SELECT token_id, labels, name, created_at, created_by, expires_at, used_at, used_by FROM enrolment_token
ORDER BY created_at DESC, token_id LIMIT $1::integer

-- name: enrolment_token_delete
DELETE FROM enrolment_token WHERE token_id = $1::uuid RETURNING token_id

-- The one statement that uses a token up: of two callers at once one finds nothing to update.
-- name: enrolment_token_use
UPDATE enrolment_token SET used_at = now(), used_by = $2::uuid
WHERE token_sha256 = decode($1, 'hex') AND used_at IS NULL AND expires_at > now()
RETURNING labels, name

-- name: enrolment_token_state
SELECT used_at IS NOT NULL, expires_at FROM enrolment_token WHERE token_sha256 = decode($1, 'hex')

-- name: enrolment_token_prune
DELETE FROM enrolment_token WHERE expires_at < now() - interval '7 days'

-- name: agent_insert
INSERT INTO agent (agent_id, name, key_sha256, hostname, labels) VALUES ($1::uuid, $2, decode($3, 'hex'), $4, $5::jsonb)

-- name: agent_count
SELECT count(*) FROM agent WHERE revoked_at IS NULL

-- What is shown of an agent, in the order in which db_agents.c reads it.
-- part: agent_columns
agent_id, name, hostname, enrolled_at, revoked_at, set_revision, last_seen_at, version, jobs_revision, jobs, running,
	outbox_depth, oldest_unsent_at, next_fire_at, clock_skew_ms, tzdata, labels, weight, draining_at, key_rotated_at, state,
	behind, behind_since, outbox_max, outbox_full,
	(SELECT min(created_at) FROM command WHERE command.agent_id = shown.agent_id AND type = 'rotate' AND done_at IS NULL),
	agent_copies(agent_id), agent_copy_address(agent_id), handover.until, handover.kept, handover.bound

-- What a draining agent has yet to do (no row of others): up to when fires of jobs that left are its own, jobs that others may
-- take, and those that belong to the host. An assignment does not tell mode one from mode agent, and to look up each one's job
-- takes twenty times as long; but of mode agent an agent has all jobs that name it, and of mode all those under its own key
-- (central/assign.h). Each count reads an index alone, and is as old as the edits that this statement sees.
-- part: agent_handover
LEFT JOIN LATERAL (
	SELECT (SELECT max(since_at) FROM assignment WHERE agent_id = shown.agent_id AND removed AND since_at > now()) AS until,
		held.n - own.n - named.n AS kept, own.n + named.n AS bound
	FROM (SELECT count(*) AS n FROM assignment WHERE agent_id = shown.agent_id AND NOT removed) AS held,
		(SELECT count(*) AS n FROM assignment
			WHERE agent_id = shown.agent_id AND NOT removed AND target_key = agent_id::text) AS own,
		(SELECT count(*) AS n FROM job
			WHERE target_agent = shown.name AND target_mode = 'agent' AND deleted_at IS NULL) AS named
	WHERE shown.draining_at IS NOT NULL AND shown.revoked_at IS NULL OFFSET 0 -- or all would be counted, and left out then
) AS handover ON true

-- $1 part of name, host or id, $2 state, $3 compiled selector, $4 order, ($5, $6) the last one shown, $7 rows. The page is
-- chosen first, and told of afterwards.
-- part: agent_list
SELECT
-- use: agent_columns
	, place
FROM (
	SELECT * FROM (
		SELECT *, CASE $4::text WHEN 'lastSeenAt' THEN coalesce((extract(epoch FROM last_seen_at) * 1000000)::bigint, 0)
			WHEN 'outboxDepth' THEN coalesce(outbox_depth, 0) ELSE 0 END AS place
		FROM agent_shown
		WHERE forgotten_at IS NULL
			AND ($1::text IS NULL OR strpos(lower(name), lower($1::text)) > 0 OR strpos(lower(hostname), lower($1::text)) > 0
				OR agent_id::text = lower($1::text))
			AND ($2::text IS NULL OR state = $2::text)
			AND ($3::jsonb IS NULL OR selector_matches($3::jsonb, labels))
	) AS fitting

-- name: agent_list_up
-- use: agent_list
	WHERE $6::uuid IS NULL
		OR (place, name, agent_id) > ($5::bigint, (SELECT name FROM agent WHERE agent_id = $6::uuid), $6::uuid)
	ORDER BY place ASC, name ASC, agent_id ASC LIMIT $7::integer
) AS shown
-- use: agent_handover
ORDER BY place ASC, name ASC, agent_id ASC

-- name: agent_list_down
-- use: agent_list
	WHERE $6::uuid IS NULL
		OR (place, name, agent_id) < ($5::bigint, (SELECT name FROM agent WHERE agent_id = $6::uuid), $6::uuid)
	ORDER BY place DESC, name DESC, agent_id DESC LIMIT $7::integer
) AS shown
-- use: agent_handover
ORDER BY place DESC, name DESC, agent_id DESC

-- name: agent_get
SELECT
-- use: agent_columns
FROM agent_shown AS shown
-- use: agent_handover
WHERE shown.agent_id = $1::uuid

-- name: agent_streams
SELECT epoch, acked_seq, holes FROM agent_stream WHERE agent_id = $1::uuid ORDER BY epoch DESC LIMIT $2::integer

-- name: agent_events
SELECT epoch, seq, kind, at, detail FROM agent_event WHERE agent_id = $1::uuid ORDER BY at DESC, seq DESC LIMIT $2::integer

-- name: agent_quarantine
SELECT epoch, seq, at, reason, record FROM quarantine
WHERE agent_id = $1::uuid AND (epoch, seq) < ($2::bigint, $3::bigint)
ORDER BY epoch DESC, seq DESC LIMIT $4::integer

-- Of a rotation under way neither key opens any more, and nobody is left to carry it out.
-- name: agent_revoke
WITH gone AS (
	UPDATE agent SET revoked_at = now(), failover_at = now(), next_key_sha256 = NULL
	WHERE agent_id = $1::uuid AND revoked_at IS NULL RETURNING name
), dropped AS (
	DELETE FROM command WHERE agent_id = $1::uuid AND type = 'rotate' AND done_at IS NULL AND EXISTS (SELECT FROM gone)
)
SELECT name FROM gone

-- A second order while the first one waits is the same order.
-- name: agent_order_rotation
WITH the_agent AS (
	SELECT agent_id, name FROM agent WHERE agent_id = $1::uuid AND revoked_at IS NULL FOR SHARE
), ordered AS (
	INSERT INTO command (agent_id, type) SELECT agent_id, 'rotate' FROM the_agent
	WHERE NOT EXISTS (SELECT FROM command WHERE command.agent_id = $1::uuid AND type = 'rotate' AND done_at IS NULL)
)
SELECT name FROM the_agent

-- The hash of the new key, beside that of the old one, which has to be shown ($3): a key that was just replaced may still
-- be remembered, and must not be able to bring a next one. A key that is or was somebody's is no new key.
-- name: agent_next_key
UPDATE agent SET next_key_sha256 = decode($2::text, 'hex')
WHERE agent_id = $1::uuid AND key_sha256 = decode($3::text, 'hex') AND revoked_at IS NULL
	AND EXISTS (SELECT FROM command WHERE command.agent_id = $1::uuid AND type = 'rotate' AND done_at IS NULL)
	AND NOT EXISTS (SELECT FROM agent known WHERE known.key_sha256 = decode($2::text, 'hex'))
RETURNING name

-- What an edit may change, for the audit.
-- name: agent_members
SELECT jsonb_build_object('name', name, 'labels', labels, 'weight', weight)::text FROM agent WHERE agent_id = $1::uuid

-- name: agent_edit
UPDATE agent SET name = coalesce($2, name), labels = coalesce($3::jsonb, labels), weight = coalesce($4::double precision, weight)
WHERE agent_id = $1::uuid AND revoked_at IS NULL RETURNING name

-- name: agent_drain
UPDATE agent SET draining_at = coalesce(draining_at, now()), failover_at = now()
WHERE agent_id = $1::uuid AND revoked_at IS NULL RETURNING name

-- name: agent_undrain
UPDATE agent SET draining_at = NULL WHERE agent_id = $1::uuid AND revoked_at IS NULL RETURNING name

-- Out of sight. Only one that is gone: revoked, or silent.
-- name: agent_forget
WITH gone AS (
	UPDATE agent SET forgotten_at = coalesce(forgotten_at, now()), revoked_at = coalesce(revoked_at, now()),
		failover_at = CASE WHEN revoked_at IS NULL THEN now() ELSE failover_at END, next_key_sha256 = NULL
	WHERE agent_id = $1::uuid AND (revoked_at IS NOT NULL OR offline_at IS NOT NULL) RETURNING name
), dropped AS (
	DELETE FROM command WHERE agent_id = $1::uuid AND type = 'rotate' AND done_at IS NULL AND EXISTS (SELECT FROM gone)
)
SELECT name FROM gone
