/*
 * Of a job that had another target: what was due, and decided, at places that nobody has any more. Owns which revision has
 * which place. Does not own what a holder is asked for (ledger.h).
 *
 *	revisions     |--- one ---|------ all ------|- count 2 -|      as it is now: count 2, held by a ('1') and b ('2')
 *	place '1'                                   x  x  x  x
 *	former        x  x  x  x  x x  x x  x x  x x                   what is not decided there is unknown: who had it is not kept
 */
#ifndef BELFRY_LEDGER_FORMER_H
#define BELFRY_LEDGER_FORMER_H

#include "central/ledger_rule.h"

/* Revisions (struct ledger_revision) of which nothing is due where they have no place with this target key; caller unrefs. */
GArray *ledger_revisions_with(GArray *revisions, const char *target_key);
/* The opposite; NULL where each has one. */
GArray *ledger_revisions_without(GArray *revisions, const char *target_key);

/* A key that each revision has whose mode is that of this key's. */
const char *ledger_any_place(const char *target_key);

/* Takes what falls into times in which `former` has something due out of each list of `decisions` (ledger_decisions_of());
 * struct ledger_decision by `from`, caller unrefs. */
GArray *ledger_former_take(GHashTable *decisions, const GArray *former);

#endif
