/*
 * The ledger: due fires = decisions, and the exact holes where not. Owns what facts (ledger_facts.h) become for the rule
 * (ledger_rule.h). Does not own the rule, nor the JSON (api_ledger).
 *
 * Work is bounded: a page of jobs, which ends sooner where its jobs have many holders, decisions or fires, and a window.
 */
#ifndef BELFRY_LEDGER_H
#define BELFRY_LEDGER_H

#include "central/cursor.h"
#include "central/db.h"
#include "central/ledger_rule.h"

#define LEDGER_HOLDERS_MAX 20000    /* of the jobs of an answer, former ones too; one job may have more */
#define LEDGER_DECISIONS_MAX 200000 /* in an answer */
#define LEDGER_DUE_MAX 3000000      /* fires, after which an answer ends: a month of one each second */

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
	bool too_much;    /* the first job alone has more decisions, or fires, than an answer may have */
};
void ledger_page_clear(struct ledger_page *page);

enum db_status ledger_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_page *ret);

#endif
