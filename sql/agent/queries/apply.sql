-- What one batch of the core makes durable, one statement for each kind of fact (agent/store_apply.c).

-- name: begin
BEGIN IMMEDIATE
-- name: commit
COMMIT
-- name: rollback
ROLLBACK

-- name: job_delete
DELETE FROM job WHERE id = ?1
-- name: job_delete_backlogs
DELETE FROM backlog WHERE job_id = ?1
-- name: job_upsert
INSERT INTO job (id, revision, definition, target_key, since, since_epoch, anchor, handed_over)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, definition = excluded.definition,
  target_key = excluded.target_key, since = excluded.since, since_epoch = excluded.since_epoch, anchor = excluded.anchor,
  handed_over = excluded.handed_over
-- name: job_mark
UPDATE job SET since = ?2, since_epoch = ?3, anchor = ?4 WHERE id = ?1

-- name: intent_insert
INSERT OR REPLACE INTO intent (number, fire_id, job_id, scheduled_at, not_before, first_started_at, cause, attempts, clock_epoch)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
-- name: intent_update
UPDATE intent SET attempts = ?2, not_before = ?3, first_started_at = ?4, attempt_log = coalesce(?5, attempt_log) WHERE number = ?1
-- name: intent_delete
DELETE FROM intent WHERE number = ?1

-- name: outbox_insert
INSERT INTO outbox (seq, at, kind, record) VALUES (?1, ?2, ?3, ?4)

-- name: backlog_upsert
INSERT INTO backlog (job_id, until_at, clock_epoch, cursor_at, kind) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (job_id, until_at, clock_epoch) DO UPDATE SET cursor_at = excluded.cursor_at, kind = excluded.kind
-- name: backlog_delete
DELETE FROM backlog WHERE job_id = ?1 AND until_at = ?2 AND clock_epoch = ?3

-- name: command_done
INSERT OR IGNORE INTO command (id) VALUES (?1)
-- name: command_known
DELETE FROM command WHERE id = ?1

-- name: state_update
UPDATE state SET last_batch = ?1, next_seq = ?2, planned_until = ?3, fixed_until = ?4, clock_epoch = ?5, restart_epoch = ?6,
  boot_id = ?7, clock_offset_us = ?8, next_intent_number = ?9, jobs_revision = ?10, jobs_digest = ?11,
  lease_until = ?12, latest = ?13
-- name: state_update_seq
UPDATE state SET next_seq = ?1
