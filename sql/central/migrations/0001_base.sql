-- People's credentials, jobs with their history, and who did what. Fleet and executions are migrations of their own.

-- A bearer token of a person or script. Only its SHA-256 is kept.
CREATE TABLE token (
	token_id uuid PRIMARY KEY,
	name text NOT NULL,
	role text NOT NULL CHECK (role IN ('viewer', 'operator', 'editor', 'admin')),
	hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL,
	expires_at timestamptz,
	revoked_at timestamptz
);

-- The job as it is now. A deleted job keeps its row (a tombstone): its executions still need a name, and no late edit
-- or old backup of an agent can bring it back.
CREATE TABLE job (
	job_id uuid PRIMARY KEY,
	revision bigint NOT NULL,
	name text NOT NULL,
	active boolean NOT NULL,
	type text NOT NULL,
	target_mode text NOT NULL CHECK (target_mode IN ('one', 'all', 'agent')),
	target_agent text,
	-- The whole definition as canonical JSON, secrets included; the columns beside it are copies for searching.
	definition text NOT NULL,
	created_at timestamptz NOT NULL,
	created_by text NOT NULL,
	updated_at timestamptz NOT NULL,
	updated_by text NOT NULL,
	deleted_at timestamptz
);
-- Lists page by job_id, which grows with time (UUID version 7).
CREATE INDEX job_live ON job (job_id) WHERE deleted_at IS NULL;
CREATE INDEX job_live_by_agent ON job (target_agent) WHERE deleted_at IS NULL AND target_mode = 'agent';

-- Every state a job was in; definition NULL = deleted.
CREATE TABLE job_revision (
	job_id uuid NOT NULL REFERENCES job,
	revision bigint NOT NULL,
	at timestamptz NOT NULL,
	author text NOT NULL,
	action text NOT NULL,
	definition text,
	PRIMARY KEY (job_id, revision)
);

-- Insert only. Secrets are masked in before and after.
CREATE TABLE audit (
	audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	actor text NOT NULL,
	action text NOT NULL,
	object text NOT NULL,
	before text,
	after text,
	request_id text
);
CREATE INDEX audit_by_object ON audit (object, audit_id DESC);
