/*
 * Brings the database's schema to the version of this program (sql/README.md). Owns the table schema_migration.
 *
 * Migrations only go forward, one central at a time (advisory lock). What was applied is known by its checksum: a file that
 * changed afterwards is refused, and so is a database that a newer central migrated further than this one knows, unless the
 * versions it does know agree.
 *
 * Definitions, the functions and views, are made anew after the migrations when they are not the recorded ones: as a whole,
 * under version 0 with the name of the program. Who knows fewer migrations than were applied, or is of a smaller version than
 * the recorded one, leaves them as they are.
 *
 * All that is to be done is one transaction: nobody writes through an old function into a new table.
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

struct migrate_done {
	int migrations;   /* how many were applied now */
	bool definitions; /* they were made anew now */
};
/* On anything but OK the error is set. */
enum migrate_result migrate_run(struct db_pool *pool, struct migrate_done *ret_done, GError **error);

#endif
