-- Opening, checking, migrating and tidying the agent's database.

-- name: pragma_locking
PRAGMA locking_mode = EXCLUSIVE
-- name: pragma_journal
PRAGMA journal_mode = WAL
-- name: pragma_synchronous
PRAGMA synchronous = FULL
-- name: pragma_checkpoint_off
PRAGMA wal_autocheckpoint = 0
-- name: pragma_cache
PRAGMA cache_size = -8192
-- name: pragma_temp
PRAGMA temp_store = MEMORY
-- name: pragma_secure_schema
PRAGMA trusted_schema = OFF
-- name: quick_check
PRAGMA quick_check(1)

-- name: migration_table
CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT
-- name: migration_find
SELECT checksum FROM migration WHERE version = ?1
-- name: migration_newest
SELECT coalesce(max(version), 0) FROM migration
-- name: migration_insert
INSERT INTO migration (version, name, checksum) VALUES (?1, ?2, ?3)

-- name: state_create
INSERT INTO state (only_row, outbox_epoch, next_seq, acked_seq, last_batch, planned_until, fixed_until, clock_epoch,
  restart_epoch, boot_id, clock_offset_us, next_intent_number, jobs_revision, jobs_digest)
VALUES (1, ?1, 1, 0, 0, NULL, NULL, 0, 0, '', 0, 1, 0, 0)
