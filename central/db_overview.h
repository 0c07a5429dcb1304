/*
 * Counts of the whole, and what is due next. Owns nothing. Every figure is cheap: counts of tables, never of executions. Calls
 * are as in db_accounts.h.
 */
#ifndef BELFRY_DB_OVERVIEW_H
#define BELFRY_DB_OVERVIEW_H

#include "central/db.h"
#include "central/http.h"

#define OVERVIEW_SOON_MAX 200 /* jobs of each kind whose next instant is worked out */
#define OVERVIEW_FIRES 10

struct overview_counts {
	int64_t jobs, active, held, late;
	int64_t agents, online, offline, draining;
	int64_t unaccounted; /* records lost from streams, and late jobs whose agent is heard and keeps nothing back */
	int64_t quarantined;
};
enum db_status db_overview_counts(struct db_conn *conn, struct overview_counts *ret);

struct overview_fire { char job_id[UUID_SIZE]; char *name; struct wall at; };
/*
 * The next instants after `now`, one of each job, at most OVERVIEW_FIRES, soonest first; struct overview_fire. Exact while
 * at most OVERVIEW_SOON_MAX jobs are watched for a past instant and as many for a coming one; of more, those that the watch
 * looks at first, which puts jobs with much jitter later.
 */
enum db_status db_overview_fires(struct db_conn *conn, struct wall now, GArray **ret);

#endif
