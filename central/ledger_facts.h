/*
 * What one page of the ledger is made of, as the database has it. Owns how much is read at once. Does not own what is made
 * of it (ledger.h).
 */
#ifndef BELFRY_LEDGER_FACTS_H
#define BELFRY_LEDGER_FACTS_H

#include "central/ledger.h"
#include "central/ledger_decisions.h"
#include "central/ledger_known.h"

/* Each result by job id; columns as their statements have them (sql/central/queries/ledger.sql). */
struct ledger_facts {
	struct db_result *jobs, *revisions, *holders, *places;
	struct ledger_known known;
	struct ledger_decisions decisions;
	int complete;     /* of the first so many jobs everything is here */
	struct wall from; /* of the window, as far as everything in it is kept */
};

/* Cleared also after a failure. */
enum db_status ledger_facts_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_facts *ret);
void ledger_facts_clear(struct ledger_facts *facts);

#endif
