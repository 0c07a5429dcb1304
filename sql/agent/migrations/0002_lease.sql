-- Jobs that must not run twice are planned up to this due instant only (agent/lease.c). Up to now they were like all others.
ALTER TABLE state ADD COLUMN lease_until INTEGER;
UPDATE state SET lease_until = planned_until;
