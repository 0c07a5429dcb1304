-- Missed windows may wait for central's word (0 made up, 1 open, 2 missed; agent/store.h), and the windows of two clock epochs
-- may end at the same instant.
CREATE TABLE backlog_next (
  job_id      TEXT NOT NULL,
  until_at    INTEGER NOT NULL,
  clock_epoch INTEGER NOT NULL,
  cursor_at   INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  PRIMARY KEY (job_id, until_at, clock_epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO backlog_next SELECT job_id, until_at, clock_epoch, cursor_at, 0 FROM backlog;
DROP TABLE backlog;
ALTER TABLE backlog_next RENAME TO backlog;
