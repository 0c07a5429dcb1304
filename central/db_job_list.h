/*
 * Lists of jobs: search, filters, order, and what a list shows beside each job. Owns the reading of job_latest. Does not
 * own: names of parameters (job_query.h), the JSON (api_job_list).
 *
 * Any page of any order costs about the same at 100,000 jobs: every order has an index, searches have one of three-letter
 * runs (sql/central/definitions/job_page.sql tells how they go together), and only the page's own jobs have their executions
 * looked up.
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_JOB_LIST_H
#define BELFRY_DB_JOB_LIST_H

#include "central/cursor.h"
#include "central/db_jobs.h"
#include "central/rollup.h"

#define JOB_RECENT_MAX 20  /* statuses in a strip */
#define JOB_SEARCH_MAX 512 /* bytes of a search */

enum job_sort { JOB_BY_CREATION, JOB_BY_NAME, JOB_BY_UPDATE, JOB_BY_LATEST };

struct job_filter {
	const char *part;      /* of name, URL or id, any case; NULL = all */
	int active, late;      /* -1 = all; late 0 means all too */
	int held, unknown;     /* by an agent; all of its holders are silent. As the two above */
	const char *type;      /* "ATLEAST_ONCE", "ATMOST_ONCE"; NULL = all */
	const char *agent_id;  /* that holds it now; NULL = all */
	unsigned last_statuses; /* bits 1 << enum execution_status of the latest execution; 0 = all */
	enum job_sort sort;
	bool descending;
	struct cursor after;   /* id "" = the first page; at: as in job_listed.sort_at */
	int limit;
};

/* A job with its latest execution, the statuses of its last runs and its durations of a day. */
struct job_listed {
	struct job_row row;
	struct wall sort_at;   /* WALL_NONE for orders without a time */
	char latest_id[UUID_SIZE]; /* "" = never ran */
	struct wall latest_at;
	enum execution_status latest_status;
	int64_t latest_duration_us; /* -1 = not started */
	char *latest_reason;
	int64_t recent[JOB_RECENT_MAX]; /* enum execution_status, newest first */
	int n_recent;
	struct wall late_since; /* WALL_NONE = not late */
	bool held;                  /* an agent has it */
	struct wall unknown_since;  /* the last of its holders fell silent; WALL_NONE = one is heard, or there is none */
	int64_t started, duration_max_us, durations[HISTOGRAM_BUCKETS]; /* of the last 24 hours */
};

#define JOB_LIST_BYTES_MAX (4 * 1024 * 1024) /* of definitions in a page, and the one that ends it */

/* One page; struct job_listed. *ret_found: how many there are for it, more than in the list where that ended by its bytes. */
enum db_status db_job_list(struct db_conn *conn, const struct job_filter *filter, struct wall now, GArray **ret,
			   int64_t *ret_found);
/* Only which: for changes of many jobs. Texts of *ret are ids. */
enum db_status db_job_ids(struct db_conn *conn, const struct job_filter *filter, GPtrArray **ret);

#endif
