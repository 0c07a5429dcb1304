-- name: token_find
SELECT name, role, token_id, expires_at FROM token
WHERE hash = decode($1::text, 'hex') AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())

-- name: token_find_agent
SELECT name, agent_id FROM agent WHERE key_sha256 = decode($1::text, 'hex') AND revoked_at IS NULL

-- name: token_insert
INSERT INTO token (token_id, name, role, hash, created_by, expires_at)
VALUES ($1::uuid, $2, $3, decode($4::text, 'hex'), $5, $6::timestamptz)

-- name: token_list
SELECT token_id, name, role, created_by, created_at, expires_at, revoked_at FROM token ORDER BY token_id DESC LIMIT 1000

-- name: token_revoke
UPDATE token SET revoked_at = now() WHERE token_id = $1::uuid AND revoked_at IS NULL RETURNING name, role, expires_at
