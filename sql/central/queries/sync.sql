-- All of a sync that brings no records, of an agent that lacks nothing: its stream is known ($4 epoch, $17 first seq), its set
-- is level ($5, $16), no command waits (a run: of the last $18 seconds), its life ($19) is known and so is that no other one is
-- a copy, as far as it was told of others ($20). No row: there is more to do, and the statements below do it.
-- Placement may fix a border while this waits for the agent's row, and then PostgreSQL looks anew at that row alone; the
-- rest is as it was before. So a row's lease is fenced by a number of its own (assign_lock_leases).
-- name: sync_idle
UPDATE agent_state AS s SET last_seen_at = now(), version = $2, boot_id = $3, epoch = $4::bigint,
	jobs_revision = $5::bigint, jobs = $6::bigint, running = $7::bigint, outbox_depth = $8::bigint,
	oldest_unsent_at = $9::timestamptz, next_fire_at = $10::timestamptz, clock_epoch = $11::bigint,
	clock_skew_ms = $12::bigint, tzdata = $13, outbox_max = $14::bigint, outbox_full = $15::boolean,
	confirmed_revision = greatest(s.confirmed_revision, $5::bigint),
	lease_until = now() + (SELECT lease_ms FROM fleet) * interval '1 millisecond'
FROM agent_state AS seen, agent, agent_stream AS stream
WHERE s.agent_id = $1::uuid AND seen.agent_id = $1::uuid AND s.lease_fence = seen.lease_fence
	AND agent.agent_id = $1::uuid AND agent.set_revision = $5::bigint AND agent.set_digest = $16::bigint
	AND stream.agent_id = $1::uuid AND stream.epoch = $4::bigint AND stream.acked_seq >= $17::bigint - 1
	AND stream.epoch = (SELECT max(epoch) FROM agent_stream WHERE agent_id = $1::uuid)
	AND NOT EXISTS (SELECT FROM command WHERE command.agent_id = $1::uuid AND done_at IS NULL
		AND (type <> 'run' OR created_at > now() - $18::integer * interval '1 second'))
	AND ($19::text = '' OR EXISTS (SELECT FROM agent_life AS own
		WHERE own.agent_id = $1::uuid AND own.life = $19::text AND own.refused_at IS NULL AND NOT EXISTS (
			SELECT FROM agent_life AS later WHERE later.agent_id = $1::uuid AND later.number > own.number
				AND later.number <= $20::bigint AND later.refused_at IS NULL)))
-- What an idle agent tells is worth less than a disk write: after a crash it is told again within a second.
RETURNING s.lease_until, stream.acked_seq, next_look_ms(s.agent_id),
	CASE WHEN $19::text <> '' THEN (SELECT max(number) FROM agent_life WHERE agent_id = $1::uuid) END,
	set_config('synchronous_commit', 'off', true)

-- What an idle agent tells is worth less than a disk write: after a crash it is told again within a second.
-- name: sync_relaxed
SELECT set_config('synchronous_commit', 'off', true)

-- The first sync of an agent gets no lease: a job may be on its way to another one, which nobody could wait for yet.
-- name: sync_state
INSERT INTO agent_state AS s (agent_id, last_seen_at, version, boot_id, epoch, jobs_revision, jobs, running, outbox_depth,
	oldest_unsent_at, next_fire_at, clock_epoch, clock_skew_ms, tzdata, outbox_max, outbox_full)
VALUES ($1::uuid, now(), $2, $3, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::timestamptz,
	$10::timestamptz, $11::bigint, $12::bigint, $13, $14::bigint, $15::boolean)
ON CONFLICT (agent_id) DO UPDATE SET last_seen_at = excluded.last_seen_at, version = excluded.version,
	boot_id = excluded.boot_id, epoch = excluded.epoch, jobs_revision = excluded.jobs_revision, jobs = excluded.jobs,
	running = excluded.running, outbox_depth = excluded.outbox_depth, oldest_unsent_at = excluded.oldest_unsent_at,
	next_fire_at = excluded.next_fire_at, clock_epoch = excluded.clock_epoch, clock_skew_ms = excluded.clock_skew_ms,
	tzdata = excluded.tzdata, outbox_max = excluded.outbox_max, outbox_full = excluded.outbox_full,
	confirmed_revision = greatest(s.confirmed_revision, excluded.jobs_revision),
	lease_until = now() + (SELECT lease_ms FROM fleet) * interval '1 millisecond'
RETURNING lease_until, next_look_ms(s.agent_id)

-- The set's revision and digest, and what changed since $2, from one snapshot. With $2 = 0 tombstones say nothing new, but
-- for a stay that came and went unheard: its first border and its last are told, and the definition, to decide what lies between.
-- At most $3 changes, and none after $4 bytes of definitions; the last column says how many there were without that.
-- name: sync_job_set
SELECT agent.set_revision, agent.set_digest, change.set_revision, change.job_id, change.removed, change.target_key,
	change.revision, change.definition, change.since, change.border, change.ended, change.away, change.found
FROM agent LEFT JOIN agent_state AS state USING (agent_id) LEFT JOIN LATERAL (
	SELECT part.*, count(*) OVER () AS found, sum(coalesce(octet_length(definition), 0)) OVER (ORDER BY set_revision)
		- coalesce(octet_length(definition), 0) AS bytes_before
	FROM (
	SELECT a.set_revision, a.job_id, a.removed, a.target_key, job.revision,
		CASE WHEN NOT a.removed OR came.and_went THEN job.definition END AS definition,
		CASE WHEN (a.since_revision > coalesce(state.confirmed_revision, 0)) IS NOT TRUE THEN NULL
			WHEN came.unheard AND (a.removed OR a.away IS NOT NULL) THEN a.first_at ELSE a.since_at END AS since,
		CASE WHEN a.removed THEN a.since_at END AS border, NOT (job.active AND job.deleted_at IS NULL) AS ended,
		-- [[from, to], ..] in microseconds
		CASE WHEN a.away IS NOT NULL AND a.since_revision > coalesce(state.confirmed_revision, 0) THEN (
			SELECT json_agg(json_build_array((extract(epoch FROM lower(part)) * 1000000)::bigint,
				(extract(epoch FROM upper(part)) * 1000000)::bigint)) FROM unnest(a.away) AS part) END AS away
	FROM assignment a JOIN job USING (job_id) CROSS JOIN LATERAL (
		SELECT news AS unheard, news AND a.removed AND a.since_at > a.first_at AND job.active AND job.deleted_at IS NULL
			AS and_went
		FROM (SELECT coalesce(a.first_revision > coalesce(state.confirmed_revision, 0), false)) AS first (news) OFFSET 0
	) AS came
	WHERE a.agent_id = agent.agent_id AND a.set_revision > $2::bigint AND (NOT a.removed OR $2::bigint > 0 OR came.and_went)
	ORDER BY a.set_revision LIMIT $3::integer
	) AS part
) change ON coalesce(change.bytes_before, 0) < $4::bigint
WHERE agent.agent_id = $1::uuid
ORDER BY change.set_revision

-- Before the answer leaves: from now on the agent may know its set up to $2.
-- name: sync_told
UPDATE agent_state SET told_revision = greatest(told_revision, $2::bigint) WHERE agent_id = $1::uuid

-- At most one snapshot for differing digests in $2 milliseconds: an agent that cannot take a job would ask for ever.
-- name: sync_snapshot_allowed
UPDATE agent_state SET snapshot_at = now()
WHERE agent_id = $1::uuid AND (snapshot_at IS NULL OR snapshot_at < now() - $2::bigint * interval '1 millisecond')
RETURNING agent_id
