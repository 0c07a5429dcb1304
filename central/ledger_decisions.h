/*
 * What was decided, by job and by holder. Owns how decisions are read, and whose each is (ledger_place.h). Does not own what
 * they are compared with (ledger_rule.h).
 */
#ifndef BELFRY_LEDGER_DECISIONS_H
#define BELFRY_LEDGER_DECISIONS_H

#include "central/ledger.h"

struct ledger_decisions {
	GArray *rows;        /* by job id, then by time */
	char cut[UUID_SIZE]; /* of this job, and of those behind it, not all are there; "": of all of them */
};

/* `ids`: an array of job ids as text; `places`: rows of ledger_places. */
enum db_status ledger_decisions_read(struct db_conn *conn, const char *ids, struct wall from, struct wall to,
				     const struct db_result *places, struct ledger_decisions *ret);
void ledger_decisions_clear(struct ledger_decisions *decisions);

/*
 * Of one job: a GArray of struct ledger_decision, by `from`, under each target key; under "" where holders do not decide each
 * for itself. Caller unrefs; it lives as long as `decisions`.
 */
GHashTable *ledger_decisions_of(const struct ledger_decisions *decisions, const char *job_id, bool each_decides);

#endif
