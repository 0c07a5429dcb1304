/*
 * When could a holder know what was due? Owns the facts for it and the rule that makes spans of them. Does not own what the
 * ledger does with an instant in such a span (ledger_rule.h).
 *
 *	held             |------ a ------|    nobody    |------------- b -------------|
 *	heard            |----------|    silent              |------------------------|
 *	revisions        1             2                3                4
 *	unknowable                     ==================....==......    ......
 *
 * Dots: for as long as silence goes unnoticed after it came to know, a holder is given time.
 */
#ifndef BELFRY_LEDGER_KNOWN_H
#define BELFRY_LEDGER_KNOWN_H

#include "central/db.h"
#include "central/ledger_rule.h"

struct ledger_known {
	struct db_result *tenures, *unheard; /* of all jobs of a page */
	int64_t grace_ms;
};

/* `ids`: an array of job ids as text. `offline_ms`: the longest silence that is not noted. Cleared also after a failure. */
enum db_status ledger_known_read(struct db_conn *conn, const char *ids, struct wall from, int64_t offline_ms,
				 struct ledger_known *ret);
void ledger_known_clear(struct ledger_known *known);

/* struct ledger_span by `from`, of one job at the holder with this target key; caller unrefs. */
GArray *ledger_known_spans(const struct ledger_known *known, const char *job_id, const char *target_key,
			   const GArray *revisions);

#endif
