-- A job that another agent has now, kept until the last of its fires here is decided (agent/lease.c).
ALTER TABLE job ADD COLUMN handed_over INTEGER NOT NULL DEFAULT 0;
