/*
 * Orders to agents: one-off, delivered with each sync until the agent reports them done. Owns: the rows of `command`.
 * Does not own: what an order does (agent/core.h), when agents sync.
 *
 * An agent carries out a command once however often it is delivered, so delivery is simply repeated. A rotation (given by
 * svc_fleet) ends by the first use of the new key (svc_auth), not by the agent's word.
 */
#ifndef BELFRY_CENTRAL_COMMANDS_H
#define BELFRY_CENTRAL_COMMANDS_H

#include "central/db.h"
#include "common/wire.h"

/* A run order (a cancel ends only what began before it, however late it comes) that is still not done after this long is
 * forgotten: "run now" must not run tomorrow. */
#define COMMAND_MAX_AGE_SECONDS 3600

/*
 * "Run now" to every agent that holds the job, or to this one if it does (agent_id NULL = to all), in the caller's
 * transaction. *ret_agents: how many those are; 0 = the job is unknown, deleted, or not held, and nothing was written.
 */
enum db_status command_run(struct db_conn *conn, const char *job_id, const char *agent_id, int *ret_agents);

/*
 * "Cancel" to every agent where runs of the job may be under way: all of it, or this execution (NULL = all, and run orders
 * that no agent has done are withdrawn). As above;
 * author: whose name the interrupted executions bear, at most SYNC_AUTHOR_MAX bytes.
 */
enum db_status command_cancel(struct db_conn *conn, const char *job_id, const char *execution_id, const char *author,
			      int *ret_agents);

/*
 * Orders to run what has gone to another agent meanwhile go there too, from agents that were silent ever since they were
 * given. Who hears of one after it has lost the job answers with an execution `skipped`.
 */
enum db_status command_follow(struct db_conn *conn);

/* Marks those of this agent done. Ids that are unknown or another agent's are ignored. */
enum db_status command_done(struct db_conn *conn, const char *agent_id, const int64_t *ids, int n);

/* Appends what is still to be done, oldest first, at most SYNC_COMMANDS_MAX. ret_commands: struct sync_command. */
enum db_status command_pending(struct db_conn *conn, const char *agent_id, GArray *ret_commands);

#endif
