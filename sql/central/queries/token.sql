-- Does this token open anything?
-- part: token_is_valid
	token.revoked_at IS NULL AND (token.expires_at IS NULL OR token.expires_at > now())

-- name: token_find
SELECT name, role, token_id, expires_at FROM token
WHERE hash = decode($1::text, 'hex') AND
-- use: token_is_valid

-- name: token_find_agent
SELECT name, agent_id FROM agent WHERE key_sha256 = decode($1::text, 'hex') AND revoked_at IS NULL

-- Of a key that opens nothing: was it an agent's?
-- name: token_was_agent
SELECT name FROM agent WHERE key_sha256 = decode($1::text, 'hex') AND revoked_at IS NOT NULL

-- The first use of a new key makes it the key: the old one opens nothing from here on, and what was ordered is done.
-- name: token_take_next_key
WITH rotated AS (
	UPDATE agent SET key_sha256 = next_key_sha256, next_key_sha256 = NULL, key_rotated_at = now()
	WHERE next_key_sha256 = decode($1::text, 'hex') AND revoked_at IS NULL
	RETURNING name, agent_id
), done AS (
	UPDATE command SET done_at = now() FROM rotated
	WHERE command.agent_id = rotated.agent_id AND command.type = 'rotate' AND command.done_at IS NULL
)
SELECT name, agent_id FROM rotated

-- name: token_insert
INSERT INTO token (token_id, name, role, hash, created_by, expires_at)
VALUES ($1::uuid, $2, $3, decode($4::text, 'hex'), $5, $6::timestamptz)

-- name: token_list
SELECT token_id, name, role, created_by, created_at, expires_at, revoked_at FROM token ORDER BY token_id DESC LIMIT 1000

-- name: token_revoke
UPDATE token SET revoked_at = now() WHERE token_id = $1::uuid AND revoked_at IS NULL RETURNING name, role, expires_at
