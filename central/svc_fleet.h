/*
 * What people do with agents: labels, draining, revoking, forgetting, rebalancing. Owns: those rules; each is one transaction
 * with its line in the audit. Does not own: enrolment (svc_agents), where jobs go (assign), silence (failover).
 *
 *   drain     jobs of modes one and count go to others (at the border of assign.h, so no fire is lost or doubled); those of
 *             modes all and agent stay, as they belong to that host; it gets no new ones. undrain takes it back; jobs that
 *             left stay where they are until a rebalance
 *   revoke    its keys open nothing any more (within AUTH_CACHE_MS), the name is free, all its jobs go
 *   rotate    the agent is told to make itself a new key; the old one opens nothing any more once the new one was used
 *   forget    a revoked or silent agent is revoked and leaves the lists; what it ran stays in the history, and what was
 *             unknown of it stays unknown
 *   rebalance each job of modes one and count goes to the agent with the best claim: a new agent gets its fair share
 */
#ifndef BELFRY_SVC_FLEET_H
#define BELFRY_SVC_FLEET_H

#include "central/db_agents.h"
#include "central/db_audit.h"

enum fleet_action { FLEET_DRAIN, FLEET_UNDRAIN, FLEET_REVOKE, FLEET_FORGET, FLEET_ROTATE };

/* DB_NOT_FOUND: no such agent, or none that this can be done with. Big moves go on in the background (failover.h). */
enum db_status fleet_act(struct db_pool *pool, const struct author *author, enum fleet_action action, const char *agent_id);

/* NULL, and a weight below 0, leave a thing as it is. DB_CONFLICT with *ret_taken: another agent has the name. */
struct agent_change { const char *name; const char *labels; double weight; };
enum db_status fleet_edit(struct db_pool *pool, const struct author *author, const char *agent_id,
			  const struct agent_change *change, bool *ret_taken);

#define REBALANCE_WORK_MS 2000 /* of one call: no caller's patience ends before an answer */

/*
 * Goes on for REBALANCE_WORK_MS or to the end, in chunks that are a transaction each. `after`: the last job that was looked
 * at, "" at first; moved on. *ret_more: call again. *ret_moves: assignments that changed; a failure leaves the rest where
 * it was. The first call is in the audit.
 */
enum db_status fleet_rebalance(struct db_pool *pool, const struct author *author, char after[static UUID_SIZE],
			       bool *ret_more, int64_t *ret_moves);

#endif
