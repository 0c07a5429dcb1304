-- Agents, which jobs they hold, how far their streams of records have come, orders to them.

-- A one-time token: whoever shows it first becomes an agent. Only its SHA-256 is kept.
CREATE TABLE enrolment_token (
	token_sha256 bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	used_by uuid
);
CREATE INDEX enrolment_token_by_expiry ON enrolment_token (expires_at);

-- Who an agent is, and the revision and digest of its job set. Syncs only read this row (what they tell is in
-- agent_state), so that job edits, which lock it, never wait for ingest.
CREATE TABLE agent (
	agent_id uuid PRIMARY KEY,
	name text NOT NULL,
	key_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(key_sha256) = 32),
	hostname text NOT NULL,
	enrolled_at timestamptz NOT NULL DEFAULT now(),
	revoked_at timestamptz,
	set_revision bigint NOT NULL DEFAULT 0,
	-- XOR over the set of the first 8 bytes of md5("jobId:revision:targetKey"), as a signed number.
	set_digest bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX agent_name ON agent (name) WHERE revoked_at IS NULL;

-- What the agent said of itself in its last sync.
CREATE TABLE agent_state (
	agent_id uuid PRIMARY KEY REFERENCES agent,
	last_seen_at timestamptz NOT NULL,
	version text NOT NULL,
	boot_id text NOT NULL,
	epoch bigint NOT NULL,
	jobs_revision bigint NOT NULL,
	jobs bigint NOT NULL,
	running bigint NOT NULL,
	outbox_depth bigint NOT NULL,
	oldest_unsent_at timestamptz,
	next_fire_at timestamptz,
	clock_epoch bigint NOT NULL,
	-- The agent's clock minus central's, travelling time included.
	clock_skew_ms bigint NOT NULL,
	tzdata text NOT NULL,
	-- The last time the digests differed and the whole set was sent.
	snapshot_at timestamptz
) WITH (fillfactor = 50);

-- A job's place. A row with removed = true is a tombstone: the agent still has to hear of it. No foreign keys here and in
-- the tables below: their locks would cross the order that placement keeps (central/assign.h).
CREATE TABLE assignment (
	job_id uuid NOT NULL,
	agent_id uuid NOT NULL,
	-- Grows each time the job comes to another holder.
	epoch bigint NOT NULL,
	target_key text NOT NULL,
	job_revision bigint NOT NULL,
	-- The agent's set_revision at which this row last changed; unique within an agent.
	set_revision bigint NOT NULL,
	removed boolean NOT NULL DEFAULT false,
	changed_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (job_id, agent_id)
);
CREATE INDEX assignment_feed ON assignment (agent_id, set_revision);
CREATE INDEX assignment_tombstones ON assignment (changed_at) WHERE removed;

-- One job's term in a digest.
CREATE FUNCTION assignment_digest(job_id uuid, revision bigint, target_key text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ('x' || substr(md5(job_id::text || ':' || revision::text || ':' || target_key), 1, 16))::bit(64)::bigint
$$;

-- Where a job belongs now: its mode's agents (central/assign.h). A job of mode one stays with its holder.
CREATE FUNCTION placement(the_job uuid) RETURNS TABLE (agent_id uuid, target_key text) LANGUAGE sql STABLE AS $$
	SELECT agent.agent_id, agent.agent_id::text
	FROM job CROSS JOIN agent
	WHERE job.job_id = the_job AND job.deleted_at IS NULL AND job.target_mode = 'all' AND agent.revoked_at IS NULL
	UNION ALL
	SELECT agent.agent_id, ''
	FROM job JOIN agent ON agent.name = job.target_agent
	WHERE job.job_id = the_job AND job.deleted_at IS NULL AND job.target_mode = 'agent' AND agent.revoked_at IS NULL
	UNION ALL
	(SELECT agent.agent_id, ''
	FROM job CROSS JOIN agent
	LEFT JOIN assignment held ON held.job_id = the_job AND held.agent_id = agent.agent_id AND NOT held.removed
	WHERE job.job_id = the_job AND job.deleted_at IS NULL AND job.target_mode = 'one' AND agent.revoked_at IS NULL
	ORDER BY held.target_key IS NOT DISTINCT FROM '' DESC, md5(the_job::text || agent.agent_id::text) DESC
	LIMIT 1)
$$;

-- The numbered stream of records of one agent; a new epoch when the agent's database was made anew.
CREATE TABLE agent_stream (
	agent_id uuid NOT NULL,
	epoch bigint NOT NULL,
	-- 1..acked_seq have arrived, except the holes.
	acked_seq bigint NOT NULL DEFAULT 0,
	-- MD5 of the record at acked_seq as it came: two agents with one state folder soon differ here.
	acked_md5 bytea,
	-- [{"from","to","at"}]: acked once, then lost by a central that was restored from an older backup.
	holes jsonb NOT NULL DEFAULT '[]',
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (agent_id, epoch)
) WITH (fillfactor = 50);

-- What happened to the agent itself: starts, clock steps, lost databases.
CREATE TABLE agent_event (
	agent_id uuid NOT NULL,
	epoch bigint NOT NULL,
	seq bigint NOT NULL,
	kind text NOT NULL,
	at timestamptz NOT NULL,
	detail text,
	received_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (agent_id, epoch, seq)
);
CREATE INDEX agent_event_by_time ON agent_event (agent_id, at DESC);

-- Records that are no records: acked, kept for a person to look at.
CREATE TABLE quarantine (
	agent_id uuid NOT NULL,
	epoch bigint NOT NULL,
	seq bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	reason text NOT NULL,
	record text NOT NULL,
	PRIMARY KEY (agent_id, epoch, seq)
);

-- Orders, delivered with each sync until the agent says done.
CREATE TABLE command (
	command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	agent_id uuid NOT NULL,
	type text NOT NULL CHECK (type IN ('run')),
	job_id uuid NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	done_at timestamptz
);
CREATE INDEX command_pending ON command (agent_id, command_id) WHERE done_at IS NULL;
