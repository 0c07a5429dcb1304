-- What a start reads (agent/store_load.c).

-- name: load_state
SELECT outbox_epoch, next_seq, acked_seq, last_batch, planned_until, fixed_until, clock_epoch, restart_epoch, boot_id,
  clock_offset_us, next_intent_number, jobs_revision, jobs_digest, lease_until, latest FROM state
-- name: load_jobs
SELECT id, revision, definition, target_key, since, since_epoch, anchor, handed_over FROM job ORDER BY id
-- name: load_intents
SELECT number, fire_id, job_id, scheduled_at, not_before, first_started_at, cause, attempts, clock_epoch, attempt_log
  FROM intent ORDER BY number
-- name: load_backlogs
SELECT job_id, cursor_at, until_at, clock_epoch, kind FROM backlog ORDER BY job_id, until_at
-- name: load_commands
SELECT id FROM command ORDER BY id
