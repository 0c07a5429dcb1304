/*
 * Statements about jobs. Owns the tables job and job_revision. Does not own what makes a definition valid (common/job.h)
 * or where a job runs (assign.h), lists (db_job_list.h).
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_JOBS_H
#define BELFRY_DB_JOBS_H

#include "central/db.h"
#include "central/http.h"
#include "common/job.h"

struct job_row {
	char job_id[UUID_SIZE];
	int64_t revision;
	char *definition; /* JSON as the author wrote it, secrets included */
	struct wall created_at, updated_at;
	char *created_by, *updated_by;
};
void job_row_clear(struct job_row *row);
/* From the first seven columns, in the order of job_get. */
struct job_row db_job_read_row(const struct db_result *result, int row);

/* A live job. `for_update` locks its row until the end of the transaction. */
enum db_status db_job_get(struct db_conn *conn, const char *job_id, bool for_update, struct job_row *ret);
/* Was there ever a job of this id? Deleted ones count. */
enum db_status db_job_known(struct db_conn *conn, const char *job_id);

/* Write row and history. `job` is the parsed definition of `row`. */
enum db_status db_job_insert(struct db_conn *conn, const struct job_row *row, const struct job *job);
enum db_status db_job_update(struct db_conn *conn, const struct job_row *row, const struct job *job, const char *action);
/* Makes it a tombstone with the next revision. */
enum db_status db_job_delete(struct db_conn *conn, const struct job_row *row, struct wall now, const char *author);

#endif
