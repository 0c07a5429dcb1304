/*
 * Fires that were counted, but by the history policy of their job not kept. Owns how they are found: by the identities that
 * what seems undecided would have. Does not own what is kept (ingest, definitions/history.sql).
 */
#ifndef BELFRY_LEDGER_UNKEPT_H
#define BELFRY_LEDGER_UNKEPT_H

#include "central/ledger.h"

/* The job at one of its holders. */
struct ledger_holder {
	const char *target_key; /* of its place; "" = of none that is known */
	int64_t latest_epoch; /* of the clocks of all that ever held the job */
	GArray *decisions;    /* struct ledger_decision, by `from` */
	GArray *unknowable;   /* struct ledger_span; NULL = none */
	GArray *revisions;    /* struct ledger_revision */
	struct ledger_case facts;
};

/* Adds to the decisions of each `holders` (struct ledger_holder) the fires that are known to have been decided;
 * stops at LEDGER_DUE_MAX. */
enum db_status ledger_unkept_add(struct db_conn *conn, const char *job_id, GArray *holders);

#endif
