-- People's accounts and browser sessions, the brake on guessing passwords, and answers kept for repeated requests.

-- A person. The password is kept as argon2id in the form of libsodium's crypto_pwhash_str.
CREATE TABLE account (
	name text PRIMARY KEY,
	role text NOT NULL CHECK (role IN ('viewer', 'operator', 'editor', 'admin')),
	password text NOT NULL,
	active boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL,
	last_login_at timestamptz
);

-- A browser that is logged in: as an account, or (through a link) as a token. Role and validity are those of the account
-- or token at the time of each request. Only the SHA-256 of the cookie is kept.
CREATE TABLE session (
	hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	account text REFERENCES account ON DELETE CASCADE,
	token_id uuid REFERENCES token ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	used_at timestamptz NOT NULL DEFAULT now(),
	idle_ms bigint NOT NULL,
	expires_at timestamptz NOT NULL,
	CHECK (num_nonnulls(account, token_id) = 1)
);
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_by_token ON session (token_id);

-- Logs a browser in once, without a password. A session that came out of a session ends with it at the latest.
CREATE TABLE login_link (
	hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
	account text REFERENCES account ON DELETE CASCADE,
	token_id uuid REFERENCES token ON DELETE CASCADE,
	expires_at timestamptz NOT NULL,
	session_until timestamptz,
	CHECK (num_nonnulls(account, token_id) = 1)
);
CREATE INDEX login_link_by_account ON login_link (account);
CREATE INDEX login_link_by_token ON login_link (token_id);

-- Tries per account name and per client address. Unlogged: after a crash everybody may try anew.
CREATE UNLOGGED TABLE login_attempt (
	key text PRIMARY KEY,
	failures bigint NOT NULL,
	last_at timestamptz NOT NULL
);
CREATE INDEX login_attempt_by_age ON login_attempt (last_at);

-- How long after so many tries the next one has to wait: none for the first `free`, then 1, 2, 4 ... seconds.
CREATE FUNCTION login_pause(failures bigint, free bigint, longest_s bigint) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN failures < free THEN interval '0'
		ELSE least(longest_s, 2 ^ least(failures - free, 30)) * interval '1 second' END
$$;

-- The first answer to a request that carried an Idempotency-Key; status NULL = not answered yet.
CREATE TABLE idempotency (
	identity text NOT NULL,
	key text NOT NULL,
	-- SHA-256 of method, path, query and body: the same key with another request is a mistake.
	request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	status integer,
	headers text,
	body text,
	PRIMARY KEY (identity, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
