-- name: account_insert
INSERT INTO account (name, role, password, created_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING created_at

-- An account in the order in which db_accounts.c reads it.
-- part: account_columns
	name, role, active, created_at, created_by, last_login_at

-- name: account_list
SELECT
-- use: account_columns
FROM account ORDER BY name LIMIT 1000

-- name: account_get
SELECT
-- use: account_columns
FROM account WHERE name = $1

-- name: account_get_for_update
SELECT
-- use: account_columns
FROM account WHERE name = $1 FOR UPDATE

-- name: account_password
SELECT password FROM account WHERE name = $1 AND active

-- $5: the password that it must still have, NULL = any.
-- name: account_update
UPDATE account SET role = coalesce($2, role), password = coalesce($3, password), active = coalesce($4::boolean, active)
WHERE name = $1 AND ($5::text IS NULL OR password = $5) RETURNING
-- use: account_columns

-- name: account_delete
DELETE FROM account WHERE name = $1 RETURNING name

-- Nobody else takes an admin's credential away until this transaction ends.
-- name: admin_lock
SELECT pg_advisory_xact_lock(hashtext('belfry.admin'))

-- name: admin_exists
SELECT EXISTS (SELECT FROM account WHERE role = 'admin' AND active)
	OR EXISTS (SELECT FROM token WHERE role = 'admin' AND
-- use: token_is_valid
	)

-- The password $2 was found right; it may be another one by now, and sessions by the old one have ended then. NULL = by a link.
-- name: account_logged_in
UPDATE account SET last_login_at = now() WHERE name = $1 AND active AND ($2::text IS NULL OR password = $2) RETURNING role

-- name: session_insert
INSERT INTO session (hash, account, token_id, idle_ms, expires_at)
VALUES (decode($1, 'hex'), $2, $3::uuid, $4, least(now() + $5::bigint * interval '1 ms', $6::timestamptz)) RETURNING expires_at

-- Whose a session or a link is: an account's or a token's, and nobody's when that is not valid now.
-- part: owner
	LEFT JOIN account ON account.name = held.account AND account.active
	LEFT JOIN token ON token.token_id = held.token_id AND
-- use: token_is_valid
	WHERE num_nonnulls(account.name, token.token_id) = 1

-- name: session_find
SELECT coalesce(account.name, token.name), coalesce(account.role, token.role), account.name IS NOT NULL,
	held.token_id, least(held.expires_at, token.expires_at), held.used_at < now() - interval '1 minute'
FROM session held
-- use: owner
		AND held.hash = decode($1, 'hex') AND held.expires_at > now() AND held.used_at > now() - held.idle_ms * interval '1 ms'

-- name: session_touch
UPDATE session SET used_at = now() WHERE hash = decode($1, 'hex')

-- name: session_delete
DELETE FROM session WHERE hash = decode($1, 'hex')

-- name: session_delete_of_account
DELETE FROM session WHERE account = $1 AND hash IS DISTINCT FROM decode($2, 'hex')

-- name: session_prune
DELETE FROM session WHERE expires_at < now() OR used_at < now() - idle_ms * interval '1 ms'

-- name: login_link_insert
INSERT INTO login_link (hash, account, token_id, expires_at, session_until)
VALUES (decode($1, 'hex'), $2, $3::uuid, now() + $4::bigint * interval '1 ms', $5::timestamptz) RETURNING expires_at

-- name: login_link_use
DELETE FROM login_link
USING (
	SELECT held.hash, coalesce(account.name, token.name) AS name, coalesce(account.role, token.role) AS role
	FROM login_link held
-- use: owner
		AND held.hash = decode($1, 'hex')
) AS owner
WHERE login_link.hash = owner.hash AND login_link.expires_at > now()
RETURNING owner.name, owner.role, login_link.account, login_link.token_id, login_link.session_until

-- name: login_link_delete_of_account
DELETE FROM login_link WHERE account = $1

-- name: login_link_prune
DELETE FROM login_link WHERE expires_at < now()

-- Counts a try and answers 0, or answers how many seconds there are to wait and counts nothing.
-- name: login_count
WITH counted AS (
	INSERT INTO login_attempt AS attempt (key, failures, last_at) VALUES ($1, 1, now())
	ON CONFLICT (key) DO UPDATE SET last_at = now(),
		failures = CASE WHEN attempt.last_at < now() - interval '1 hour' THEN 1 ELSE attempt.failures + 1 END
	WHERE attempt.last_at + login_pause(attempt.failures, $2, $3) <= now()
	RETURNING 1
)
SELECT CASE WHEN EXISTS (SELECT FROM counted) THEN 0 ELSE coalesce((
	SELECT greatest(1, ceil(extract(epoch FROM last_at + login_pause(failures, $2, $3) - now())))
	FROM login_attempt WHERE key = $1), 1) END::bigint

-- name: login_uncount
UPDATE login_attempt SET failures = greatest(failures - 1, 0) WHERE key = $1

-- name: login_forgive
DELETE FROM login_attempt WHERE key = $1

-- name: login_prune
DELETE FROM login_attempt WHERE last_at < now() - interval '1 hour'

-- The key for this request, unless it was used within the day.
-- name: idempotency_claim
INSERT INTO idempotency AS used (identity, key, request_hash) VALUES ($1, $2, decode($3, 'hex'))
ON CONFLICT (identity, key) DO UPDATE
SET request_hash = excluded.request_hash, created_at = now(), status = NULL, headers = NULL, body = NULL
WHERE used.created_at < now() - interval '24 hours'
RETURNING key

-- name: idempotency_read
SELECT encode(request_hash, 'hex'), extract(epoch FROM now() - created_at)::bigint, status, headers, body
FROM idempotency WHERE identity = $1 AND key = $2

-- name: idempotency_keep
UPDATE idempotency SET status = $3, headers = $4, body = $5 WHERE identity = $1 AND key = $2

-- name: idempotency_release
DELETE FROM idempotency WHERE identity = $1 AND key = $2 AND status IS NULL

-- name: idempotency_prune
DELETE FROM idempotency WHERE created_at < now() - interval '24 hours'
