/*
 * Brings the database's schema to the version of this program. Owns the table schema_migration.
 *
 * Migrations only go forward, one transaction each, one central at a time (advisory lock). What was applied is known by
 * its checksum: a file that changed afterwards is refused, and so is a database that a newer central migrated further
 * than this one knows, unless the versions it does know agree.
 */
#ifndef BELFRY_MIGRATE_H
#define BELFRY_MIGRATE_H

#include "central/db.h"

#define MIGRATE_TIMEOUT_MS 600000 /* one migration */

enum migrate_result {
	MIGRATE_OK,
	MIGRATE_AWAY,    /* the database is not there, or broke: try again */
	MIGRATE_REFUSED  /* a person must look; the error says at what */
};
/* *ret_applied: how many were applied now. On anything but OK the error is set. */
enum migrate_result migrate_run(struct db_pool *pool, int *ret_applied, GError **error);

#endif
