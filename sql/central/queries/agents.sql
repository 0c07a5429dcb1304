-- name: enrolment_token_insert
INSERT INTO enrolment_token (token_sha256, created_by, expires_at)
VALUES (decode($1, 'hex'), $2, now() + $3::bigint * interval '1 millisecond')
RETURNING expires_at

-- The one statement that uses a token up: of two callers at once one finds nothing to update.
-- name: enrolment_token_use
UPDATE enrolment_token SET used_at = now(), used_by = $2::uuid
WHERE token_sha256 = decode($1, 'hex') AND used_at IS NULL AND expires_at > now()
RETURNING created_by

-- name: enrolment_token_state
SELECT used_at IS NOT NULL, expires_at FROM enrolment_token WHERE token_sha256 = decode($1, 'hex')

-- name: enrolment_token_prune
DELETE FROM enrolment_token WHERE expires_at < now() - interval '7 days'

-- name: agent_insert
INSERT INTO agent (agent_id, name, key_sha256, hostname) VALUES ($1::uuid, $2, decode($3, 'hex'), $4)

-- name: agent_count
SELECT count(*) FROM agent WHERE revoked_at IS NULL

-- Columns as in agent_get.
-- name: agent_list
SELECT agent_id, name, hostname, enrolled_at, revoked_at, set_revision, last_seen_at, version, jobs_revision, jobs, running,
	outbox_depth, oldest_unsent_at, next_fire_at, clock_skew_ms, tzdata
FROM agent LEFT JOIN agent_state USING (agent_id)
WHERE agent_id > $1::uuid
ORDER BY agent_id LIMIT $2::integer

-- name: agent_get
SELECT agent_id, name, hostname, enrolled_at, revoked_at, set_revision, last_seen_at, version, jobs_revision, jobs, running,
	outbox_depth, oldest_unsent_at, next_fire_at, clock_skew_ms, tzdata
FROM agent LEFT JOIN agent_state USING (agent_id)
WHERE agent_id = $1::uuid

-- name: agent_streams
SELECT epoch, acked_seq, holes FROM agent_stream WHERE agent_id = $1::uuid ORDER BY epoch DESC LIMIT $2::integer

-- name: agent_events
SELECT epoch, seq, kind, at, detail FROM agent_event WHERE agent_id = $1::uuid ORDER BY at DESC, seq DESC LIMIT $2::integer

-- name: agent_quarantine
SELECT epoch, seq, at, reason, record FROM quarantine
WHERE agent_id = $1::uuid AND (epoch, seq) < ($2::bigint, $3::bigint)
ORDER BY epoch DESC, seq DESC LIMIT $4::integer

-- name: agent_revoke
UPDATE agent SET revoked_at = now() WHERE agent_id = $1::uuid AND revoked_at IS NULL RETURNING name

-- name: agent_jobs
SELECT job_id FROM assignment WHERE agent_id = $1::uuid AND NOT removed ORDER BY job_id
