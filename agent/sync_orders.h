/*
 * The orders and the lease in central's answer, as the loop is to hear of them. Owns: which of them count in this answer. Does not
 * own: what they do (core, rotation.h), when the loop hears of them (sync_answer.c).
 *
 * Pure: no thread, no clock of its own.
 */
#ifndef BELFRY_AGENT_SYNC_ORDERS_H
#define BELFRY_AGENT_SYNC_ORDERS_H

#include "agent/loop_messages.h"

/*
 * `status` is what was sent: central has heard of the orders in it that it does not repeat. While parts of the job set are still
 * to come orders wait, since one may be about a job of them: central repeats them. The lease is for the job set that both sides
 * agree on, so it counts only in an answer that changes nothing, and not while `want_snapshot`.
 *
 * For the caller to push to the loop; NULL = there is no news.
 */
struct loop_commands_message *sync_orders(const struct loop_status_message *status, const struct sync_reply *reply,
					  bool want_snapshot);
/* Is a new key ordered? That is the agent's own matter and not for the loop; central sees by itself when it is done. */
bool sync_orders_rotation(const struct sync_reply *reply);

#endif
