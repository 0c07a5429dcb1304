-- A sync that finds nothing to do is one statement (sync_idle); this is what it tests in its own row.

ALTER TABLE agent_state
	-- Grows whenever placement is about to read lease_until for a border.
	ADD COLUMN lease_fence bigint NOT NULL DEFAULT 0;
