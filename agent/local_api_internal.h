/*
 * What the files of the local API share. Owns: its state, one request, the handlers. For local_api.c and local_api_*.c,
 * nobody else. Loop thread only. A handler ends its request exactly once, by local_reply_json() or local_http_*, at once or
 * later.
 */
#ifndef BELFRY_AGENT_LOCAL_API_INTERNAL_H
#define BELFRY_AGENT_LOCAL_API_INTERNAL_H

#include <event2/http.h>
#include <jansson.h>

#include "agent/local_api.h"
#include "agent/local_http.h"

struct local_api {
	struct local_api_config config;
	struct wall started_at;
	struct mono started;
	struct local_http *http;
	GHashTable *questions; /* set of struct question, owned: asked of the store and not yet answered */
};

/* One request on its way through a handler. */
struct local_request {
	struct local_api *api;
	struct local_exchange *exchange;
	const char *job_id; /* from the path; NULL where the route has none */
};

/* Ends the request. `json` is taken. */
void local_reply_json(struct local_request *request, int status, json_t *json);

/* A query parameter: absent leaves *ret as it is. False when it is not a number in [min, max]; the problem has been sent. */
bool local_read_number(const struct local_request *request, const char *name, int64_t min, int64_t max, int64_t *ret);
const char *local_read_text(const struct local_request *request, const char *name);

/* Handlers. */
void local_get_health(struct local_request *request);
void local_get_status(struct local_request *request);
void local_get_jobs(struct local_request *request);
void local_get_job(struct local_request *request);
void local_get_next(struct local_request *request);
void local_run_job(struct local_request *request);
void local_get_metrics(struct local_request *request);
void local_get_executions(struct local_request *request);

GHashTable *local_questions_new(void);

#endif
