/*
 * Reading executions, page by page. Does not own the table: ingest writes it.
 *
 * Why a scan has a budget: with filters that match little (one agent of thousands, a rare status), "the next 100 rows
 * that match" could read a day of millions. A scan reads at most `budget` rows in the order of an index and then hands
 * back what matched, and where it stopped; the next page goes on from there. So every page costs the same, at any size.
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_EXECUTIONS_H
#define BELFRY_DB_EXECUTIONS_H

#include "central/cursor.h"
#include "central/db.h"
#include "common/execution.h"

#define EXECUTION_SCAN_BUDGET 20000
#define EXECUTION_DOUBLED_BUDGET 1000 /* each of these is looked up by itself */

struct execution_row {
	struct execution execution;
	char agent_id[UUID_SIZE];
	char *job_name, *agent_name; /* NULL = not known (here) */
	struct wall received_at;
	bool doubled;      /* another agent decided the fire too: db_execution_doubles() */
	char *attempt_log; /* JSON text (wire.h), of db_execution_get() only, as execution.armed_at is; NULL = none */
};
void execution_row_free(struct execution_row *row);

struct execution_filter {
	const char *job_id, *agent_id;  /* NULL = all; else valid UUIDs */
	unsigned statuses;              /* bits 1 << enum execution_status; 0 = all */
	unsigned causes;                /* bits 1 << enum fire_cause; 0 = all */
	bool doubled;                   /* only those that another agent decided too */
	struct wall from, to;           /* scheduled_at in [from, to); WALL_NONE = open */
	struct cursor after;            /* id "" = the first page */
	int limit;
};

struct execution_page {
	GPtrArray *rows;       /* struct execution_row, newest first, at most limit */
	bool more;             /* there may be more after `last`, also when rows are few or none */
	struct cursor last;
};
void execution_page_clear(struct execution_page *page);

enum db_status db_execution_page(struct db_conn *conn, const struct execution_filter *filter,
				 struct execution_page *ret);

/* Fills job_name and agent_name of struct execution_row. */
enum db_status db_execution_add_names(struct db_conn *conn, GPtrArray *rows);
/* One execution of the job; `scheduled_at` WALL_NONE: all days are searched. With names. */
enum db_status db_execution_get(struct db_conn *conn, const char *job_id, const char *execution_id,
				struct wall scheduled_at, struct execution_row **ret);

/* The same fire at another agent. */
struct execution_double {
	char agent_id[UUID_SIZE];
	char *agent_name; /* NULL = not known here */
	struct wall started_at, received_at;
	enum execution_status status;
};
/* struct execution_double, in the order in which they came. */
enum db_status db_execution_doubles(struct db_conn *conn, const struct execution_row *row, GArray **ret);

#endif
