/*
 * The agent's local API: HTTP/1.1 on a unix socket, mode 0600, for the people and programs of this host. Owns: the socket,
 * the routes, the JSON. Does not own what it shows; it reads the views of core.h and asks the store without waiting.
 *
 *	GET  /healthz                            the process answers
 *	GET  /status                             who, with whom, how it is
 *	GET  /jobs?after=ID&limit=N              summaries in order of id; nextCursor goes into `after`
 *	GET  /jobs/ID                            the definition (secrets masked) and its state
 *	GET  /next?limit=N                       the next fires of all jobs, soonest first
 *	GET  /executions?limit=N&jobId=ID&status=A,B&before=CURSOR   the youngest records first; `unsent`: central has it not yet
 *	POST /jobs/ID/run, /jobs/ID/actions/run  202 {"executionId"}
 *	GET  /metrics                            Prometheus text format
 *
 * Errors are problem+json (RFC 9457). Loop thread only; no request holds the loop: lists come in pages.
 *
 * The files: local_http.c (socket, limits, reading and writing), local_api.c (routes), local_api_views.c (what is shown of
 * the core), local_api_executions.c (asks the store), agent_metrics.c.
 */
#ifndef BELFRY_AGENT_LOCAL_API_H
#define BELFRY_AGENT_LOCAL_API_H

#include <event2/event.h>

#include "agent/core.h"
#include "agent/egress.h"
#include "agent/loop.h"
#include "agent/runner_pool.h"
#include "agent/store_sqlite.h"

#define LOCAL_API_JOBS_MAX 200       /* `limit` of /jobs */
#define LOCAL_API_NEXT_MAX 100
#define LOCAL_API_EXECUTIONS_MAX 1000

/* Where the rest comes from: in the daemon loop and store, in tests a table. */
struct local_api_source {
	void *context;
	const struct store_stats *(*store_stats)(void *context);
	const struct sync_news *(*sync_news)(void *context);
	/* As store_sqlite_recent: `done` later, at most once. */
	void (*recent)(void *context, int limit, int64_t before_seq,
		       void (*done)(void *done_context, GPtrArray *records, const int64_t *seqs), void *done_context);
};

/* Strings and objects must outlive the API. */
struct local_api_config {
	const char *socket_path;
	const char *name, *agent_id; /* agent_id "" = standalone */
	const char *central_url;     /* "" = standalone */
	const struct egress_policy *egress;
	struct core *core;
	struct runner_pool *runner;  /* NULL = no figures of it */
	struct local_api_source source;
};

struct local_api;

/* Replaces a socket that was left there. On error NULL: the path is too long, or cannot be bound. */
struct local_api *local_api_new(struct event_base *base, const struct local_api_config *config, GError **error);
/* After the store has stopped: an answer it still owes would come to nobody. Removes the socket. */
void local_api_free(struct local_api *api);

#endif
