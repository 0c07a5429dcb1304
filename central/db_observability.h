/*
 * Reading the rollups, and the counts of jobs. Every figure about executions comes from rollups: its cost depends on the
 * length of the window, never on how many executions there were. Does not own the table: ingest writes it.
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_OBSERVABILITY_H
#define BELFRY_DB_OBSERVABILITY_H

#include "central/db.h"
#include "central/histogram.h"
#include "central/http.h"
#include "central/rollup.h"
#include "common/execution.h"

#define SERIES_POINTS_MAX 2000
#define FAILURES_MAX 200 /* jobs in one list of failures */

/* Buckets of `grain` that begin in [from, to); job_id NULL = all jobs together. */
struct rollup_window {
	enum rollup_grain grain;
	struct wall from, to;
	const char *job_id;
};
/* Only buckets in which something happened, by time; struct rollup_cell, whose job is not told. At most SERIES_POINTS_MAX may
 * be asked for. */
enum db_status db_rollup_series(struct db_conn *conn, const struct rollup_window *window, GArray **ret);
/* All buckets of a series added up. */
struct rollup_sums rollup_series_total(const GArray *series);
/* The same of a window that nothing else is asked of. */
enum db_status db_rollup_total(struct db_conn *conn, const struct rollup_window *window, struct rollup_sums *ret);

/* Records of the window's job that stand beside the one that counts, each of a fire that another agent had decided before; as long
 * as executions are kept. No sum has them. */
enum db_status db_job_doubled(struct db_conn *conn, const struct rollup_window *window, int64_t *ret);

struct job_failures {
	char job_id[UUID_SIZE];
	char *name;             /* NULL when the job is unknown here */
	int64_t by_status[EXECUTION_STATUS_MAX_];
	struct wall first_at, last_at;
	char *last_execution_id, *last_reason, *last_error; /* NULL = none */
	enum execution_status last_status; /* 0 = none */
	int last_http_status;   /* 0 = none */
};
/* Jobs with failures in the window, most first; struct job_failures. */
enum db_status db_failures(struct db_conn *conn, const struct rollup_window *window, GArray **ret);

struct job_counts { int64_t jobs, active, unassigned, at_least_once, at_most_once, one, all, agent, count; };
enum db_status db_job_counts(struct db_conn *conn, struct job_counts *ret);

#endif
