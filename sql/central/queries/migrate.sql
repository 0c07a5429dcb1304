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

-- The definitions stand as version 0, and their name says which program they are of: 'definitions 0.1.0'. Nothing is to be
-- defined where they are the ones that are here ($3), or a newer program has been: one that knows a migration beyond $1, or
-- is of a greater version than the name $2 says.
-- name: migrate_is_defined
SELECT EXISTS (SELECT FROM schema_migration WHERE version > $1::integer OR version = 0 AND (checksum = $3
	OR string_to_array(split_part(name, ' ', 2), '.')::integer[] > string_to_array(split_part($2, ' ', 2), '.')::integer[]))

-- Only the definitions ever have a row already.
-- name: migrate_record
INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)
ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, applied_at = excluded.applied_at
