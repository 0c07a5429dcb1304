/*
 * Runners on several threads behind one struct runner. Owns: which runner an attempt goes to, the threads, the messages
 * between them and the loop. Does not own: how an attempt is made (runner_http.h; every runner here is one of those).
 *
 *                        few under way
 *   core -- start --> pool -----------> runner of the loop thread -----------------+
 *                        |                                                         v
 *                        +-- crowded --> inbox -> helper: runner on its own --> results -> core
 *
 * A calm agent has no helper: its attempts leave from the loop, without a change of threads, and cost no memory for more.
 * When RUNNER_POOL_CROWD attempts that began lately are under way on the loop, the next go to a helper, and a helper is
 * made when all that are there are crowded as well. What hangs is not counted: it costs no processor. Each helper has an
 * event base, a libcurl multi, connections, a resolver and transfers of its own; it keeps at most its share of
 * max_open_transfers, so all together keep less than twice that many connections.
 *
 * A helper works on a copy of the attempt and never touches the core's. All it shares with the loop: the messages (which
 * belong to one side at a time), references to jobs (atomic), the egress policy (immutable), its figures (locked).
 *
 * Loop thread only, as struct runner demands.
 */
#ifndef BELFRY_AGENT_RUNNER_POOL_H
#define BELFRY_AGENT_RUNNER_POOL_H

#include "agent/runner_http.h"

#define RUNNER_POOL_HELPERS_MAX 16
#define RUNNER_POOL_CROWD 32 /* attempts that began in the last 8 to 16 ms and have not ended */

struct runner_pool;

/* One helper less than the host has processors, RUNNER_POOL_HELPERS_MAX at most. */
int runner_pool_helpers_of_host(void);
/* How many connections it may hold: what the limit of open files must allow. */
int runner_pool_connections_max(int max_open_transfers, int helpers);

struct runner_pool_config {
	struct runner_http_config http;
	int helpers;       /* threads at most; 0 = all on the loop */
	bool helpers_only; /* for tests: nothing on the loop, unless there can be no helper */
};

/* The rest as runner_http_new(). */
struct runner_pool *runner_pool_new(struct event_base *base, const struct runner_pool_config *config, runner_http_done *done,
				    void *context, GError **error);
struct runner runner_pool_interface(struct runner_pool *pool);
/* Attempts that still run are dropped without a report; they are not touched. Waits for the threads, which are quick. */
void runner_pool_free(struct runner_pool *pool);

/* Sums; those of helpers as of their last report. */
void runner_pool_get_stats(struct runner_pool *pool, struct runner_http_stats *ret);
/* Threads made so far. */
int runner_pool_helpers(const struct runner_pool *pool);

#endif
