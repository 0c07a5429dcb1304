/*
 * Due against decided, for one job at one holder. Pure: no database, no clock.
 *
 *	revisions      |---- every minute ----|  paused  |---- every 5 minutes ----|
 *	due            x  x  x  x  x  x  x  x              x              x        x
 *	decided        x  x        x  [---missed---]       x              x
 *	unaccounted          x  x  <- a hole of 2                                  ^ unknown: not yet to be reported
 *
 * For a while after an edit the agent may not have heard of it: what is due then counts when it is decided, and else not.
 * Where the holder could not know what was due (ledger_known.h), what is not decided is unknown, for good.
 */
#ifndef BELFRY_LEDGER_RULE_H
#define BELFRY_LEDGER_RULE_H

#include "common/job.h"

#define LEDGER_SETTLE_MS INT64_C(15000) /* after an edit, and before the last word of the agent */

/* The job from `at` on; NULL: nothing is due (paused, deleted, no longer valid). */
struct ledger_revision { struct wall at; struct job *job; };
void ledger_revision_clear(struct ledger_revision *revision);
/* One decision, or a range of missed fires. */
struct ledger_decision { struct wall from, to; int64_t count; };
int ledger_decision_compare(const void *a, const void *b); /* by `from` */
struct ledger_hole { struct wall from, to; int64_t count; };
/* [from, until) */
struct ledger_span { struct wall from, until; };

struct ledger_case {
	const GArray *revisions;    /* struct ledger_revision, by time; the first may begin before `from` */
	const GArray *decisions;    /* struct ledger_decision, by `from`; runs on demand are not among them */
	const GArray *unknowable;   /* struct ledger_span, by `from`: what is not decided there is unknown; NULL = none */
	struct wall created_at;     /* where @every begins while nothing is decided */
	struct wall decided_until;  /* an instant of @every; WALL_NONE = none */
	struct wall from, to;       /* [from, to) */
	struct wall required_from;  /* before this, what is not decided is unknown; WALL_NONE = no such bound */
	struct wall required_until; /* after this too; WALL_NONE: all of it is unknown */
};

struct ledger_sums {
	int64_t due, decided, unaccounted, unknown; /* due is the sum of the others */
	GArray *holes;                              /* struct ledger_hole */
	struct wall unknown_since;                  /* the first that is unknown; WALL_NONE = none */
	bool cut;                                   /* more holes than LEDGER_HOLES_MAX: the rest is only counted */
};
#define LEDGER_HOLES_MAX 1000

/* Adds to *sums, which starts zeroed but for `holes`. `undecided`: struct wall, each due instant without a decision;
 * NULL = not wanted. */
void ledger_compare(const struct ledger_case *input, struct ledger_sums *sums, GArray *undecided);

#endif
