-- From when on every execution is kept; the epoch: nothing was taken away yet. Before it the ledger could not tell what never
-- arrived from what was kept for long enough. Moved on by what takes away (execution_kept_from, definitions/history.sql).
CREATE TABLE execution_kept (
	kept_from timestamptz NOT NULL
);
INSERT INTO execution_kept SELECT greatest(to_timestamp(0),
	(SELECT min(to_timestamp(substr(relname, 11) || ' +00', 'YYYYMMDD TZH'))
		FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = 'execution'::regclass),
	(SELECT max(to_timestamp(substr(partition, 11) || ' +00', 'YYYYMMDD TZH')) + interval '24 hours' FROM retention_sweep));
