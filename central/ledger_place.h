/*
 * Whose decision is it? Of a job of mode count each place decides for itself, and a place passes from agent to agent: what
 * the agent before has decided for it stays decided. The identity of a fire tells its place (common/execution.h). Owns that
 * rule. Does not own what is counted (ledger_rule.h).
 */
#ifndef BELFRY_LEDGER_PLACE_H
#define BELFRY_LEDGER_PLACE_H

#include "central/db.h"
#include "common/clock.h"

#define LEDGER_PLACES_MAX 200000 /* tried for one answer; each costs a hash or two */

/*
 * `places`: rows of ledger_places; *tries begins with 0. The target key for which this agent decided; NULL: each decision of
 * this job is its agent's. A decision whose identity fits no place (the agent's clock was set back since), or for which none is
 * tried any more, is that of the place that its agent had last. The text lives as long as `places`.
 */
const char *ledger_place_of(const struct db_result *places, const char *job_id, const char *agent_id,
			    const char *execution_id, struct wall scheduled_at, int *tries);

#endif
