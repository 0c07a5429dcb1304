-- name: migrate_lock
SELECT pg_advisory_xact_lock(hashtext('belfry.migrate'))

-- name: migrate_create_table
CREATE TABLE IF NOT EXISTS schema_migration (
	version integer PRIMARY KEY,
	name text NOT NULL,
	checksum text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: migrate_list
SELECT version, name, checksum FROM schema_migration ORDER BY version

-- name: migrate_record
INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)
