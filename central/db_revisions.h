/*
 * Reading the history of a job: every state it was in. Does not own the table: db_jobs writes it with each edit.
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_REVISIONS_H
#define BELFRY_DB_REVISIONS_H

#include "central/db.h"

struct job_revision {
	int64_t revision;
	struct wall at;
	char *author, *action;
	char *definition; /* NULL = deleted, or not asked for */
};
void job_revision_clear(struct job_revision *revision);

/* Newest first, those before revision `before` (INT64_MAX = from the newest); without definitions; struct job_revision. */
enum db_status db_revision_list(struct db_conn *conn, const char *job_id, int64_t before, int limit, GArray **ret);
enum db_status db_revision_get(struct db_conn *conn, const char *job_id, int64_t revision, struct job_revision *ret);

#endif
