/*
 * The daemon's runner (agent/runner.h): HTTP by libcurl's multi_socket on libevent. Owns: transfers, connections, what a
 * request carries, what a response may cost, the verdict on how an attempt ended.
 * Does not own: when and how many (admission), whether again (retry), where to (egress.h), names (resolver.h).
 *
 * One thread: the one that runs its event base, the loop's or a helper's (runner_pool.h, which the daemon uses). Use:
 * curl_global_init (main), runner_http_new, runner_http_interface; results come through `done` from the event base, never
 * from within start() or cancel().
 *
 * The files: runner_http.c (this surface, transfers), runner_request.c (job -> request), runner_response.c (limits,
 * verdict), runner_socket.c (libcurl's sockets and timer on libevent).
 *
 * A request: the job's headers; Content-Type: application/json (when there is a body) and User-Agent: belfry/<version>,
 * unless the job names its own; Idempotency-Key: <execution id>; traceparent. The headers that say how a message is framed
 * and sent are the transport's; job.h refuses them. HTTP/1.1 with keep-alive; no redirects, no proxy, no compression
 * unless the job asks for it, and then the body is kept as it came.
 *
 * When a kept connection turns out to be dead before a byte came back, libcurl sends the request again on a new one. For
 * ATMOST_ONCE jobs that is forbidden: they use only connections that idled for less than a second, and a second sending is
 * cut off (ATTEMPT_BROKEN).
 */
#ifndef BELFRY_AGENT_RUNNER_HTTP_H
#define BELFRY_AGENT_RUNNER_HTTP_H

#include <event2/event.h>
#include <glib.h>

#include "agent/egress.h"
#include "agent/runner.h"

#define RESPONSE_HEADERS_MAX (64 * 1024)    /* bytes of all header lines; more is ATTEMPT_BROKEN */
#define RESPONSE_READ_MAX (1024 * 1024)     /* bytes of body read; then the connection is closed and the status counts */
#define RETRY_AFTER_READ_MAX_MS INT64_C(86400000) /* a longer Retry-After is cut to a day */

struct runner_http;

struct runner_http_config {
	const char *agent_id;               /* for {{agentId}}; "" = standalone */
	int max_open_transfers;             /* connections kept; the core sees to it that no more attempts run */
	const struct egress_policy *egress; /* must outlive the runner */
	char *(*lookup)(const char *host);  /* these two are for tests, see resolver_new: NULL, */
	int64_t name_ttl_ms;                /* and 0 */
};

typedef void runner_http_done(void *context, struct attempt *attempt, const struct attempt_result *result);

struct runner_http *runner_http_new(struct event_base *base, const struct runner_http_config *config,
				    runner_http_done *done, void *context, GError **error);
struct runner runner_http_interface(struct runner_http *runner);
/* Attempts that still run are dropped without a report; they are not touched. */
void runner_http_free(struct runner_http *runner);

struct runner_http_stats {
	int64_t started, finished[ATTEMPT_OUTCOME_MAX_]; /* attempts by outcome, since the start */
	int64_t connections;                             /* opened since the start */
	int64_t open_connections;                        /* now, idle ones too */
	int64_t running;                                 /* attempts under way */
	int64_t waiting_for_names;                       /* of these */
	int64_t body_bytes;                              /* received */
};
void runner_http_get_stats(const struct runner_http *runner, struct runner_http_stats *ret);

#endif
