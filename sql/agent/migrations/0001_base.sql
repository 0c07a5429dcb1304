-- What an agent must not forget. Instants are microseconds since 1970 (NULL = none); one connection, WAL, synchronous=FULL.

-- The job set. In order of id, so that the load at start reads the file from front to back.
CREATE TABLE job (
  id          TEXT PRIMARY KEY,
  revision    INTEGER NOT NULL,
  definition  TEXT NOT NULL,
  target_key  TEXT NOT NULL,
  since       INTEGER,
  since_epoch INTEGER NOT NULL,
  anchor      INTEGER
) STRICT, WITHOUT ROWID;

-- The write-ahead row of a fire: here before its first byte leaves, gone when its decision stands in the outbox.
CREATE TABLE intent (
  number           INTEGER PRIMARY KEY,
  fire_id          BLOB NOT NULL,
  job_id           TEXT NOT NULL,
  scheduled_at     INTEGER,
  not_before       INTEGER,
  first_started_at INTEGER,
  cause            INTEGER NOT NULL,
  attempts         INTEGER NOT NULL,
  clock_epoch      INTEGER NOT NULL
) STRICT;

-- Decisions and events, numbered without gaps. Up to state.acked_seq central has them and they are local history.
CREATE TABLE outbox (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  record TEXT NOT NULL
) STRICT;

-- Missed windows that are being made up: the instants in (cursor_at, until_at] are still to be planned.
CREATE TABLE backlog (
  job_id      TEXT NOT NULL,
  until_at    INTEGER NOT NULL,
  cursor_at   INTEGER NOT NULL,
  clock_epoch INTEGER NOT NULL,
  PRIMARY KEY (job_id, until_at)
) STRICT, WITHOUT ROWID;

-- Central's commands that were carried out, until central knows.
CREATE TABLE command (
  id INTEGER PRIMARY KEY
) STRICT;

-- One row of numbers.
CREATE TABLE state (
  only_row           INTEGER PRIMARY KEY CHECK (only_row = 1),
  outbox_epoch       INTEGER NOT NULL,
  next_seq           INTEGER NOT NULL,
  acked_seq          INTEGER NOT NULL,
  last_batch         INTEGER NOT NULL,
  planned_until      INTEGER,
  fixed_until        INTEGER,
  clock_epoch        INTEGER NOT NULL,
  restart_epoch      INTEGER NOT NULL,
  boot_id            TEXT NOT NULL,
  clock_offset_us    INTEGER NOT NULL,
  next_intent_number INTEGER NOT NULL,
  jobs_revision      INTEGER NOT NULL,
  jobs_digest        INTEGER NOT NULL
) STRICT;
