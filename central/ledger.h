/*
 * The ledger: due fires = decisions, and the exact holes where not. Owns how facts are read for ledger_rule.h. Does not
 * own the rule, nor the JSON (api_ledger).
 *
 * Work is bounded: a page of jobs, a window, and at most LEDGER_DECISIONS_MAX decisions in one answer.
 */
#ifndef BELFRY_LEDGER_H
#define BELFRY_LEDGER_H

#include "central/cursor.h"
#include "central/db.h"
#include "central/ledger_rule.h"

#define LEDGER_DECISIONS_MAX 200000

struct ledger_question {
	const char *job_id, *agent_id, *after_id; /* NULL = all, from the start */
	struct wall from, to, now;
	int limit;
	int64_t offline_ms;
};

struct ledger_job {
	char job_id[UUID_SIZE];
	char *name;
	struct ledger_sums sums;
};
struct ledger_page {
	struct wall from; /* of the window: what was asked for, or later: from when on every execution is kept */
	GArray *jobs;     /* struct ledger_job */
	bool more;        /* after the last of them */
	bool too_much;    /* one job alone has more decisions than an answer may read */
};
void ledger_page_clear(struct ledger_page *page);

enum db_status ledger_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_page *ret);

#endif
