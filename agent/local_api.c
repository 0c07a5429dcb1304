/* The routes of the local API. */
#include "agent/local_api_internal.h"

#include <string.h>

static const struct route {
	const char *method;
	const char *path; /* ":" stands for one segment, the job's id */
	void (*handle)(struct local_request *request);
} routes[] = {
	{ "GET", "/healthz", local_get_health },
	{ "GET", "/status", local_get_status },
	{ "GET", "/metrics", local_get_metrics },
	{ "GET", "/jobs", local_get_jobs },
	{ "GET", "/jobs/:", local_get_job },
	{ "GET", "/next", local_get_next },
	{ "GET", "/executions", local_get_executions },
	{ "POST", "/jobs/:/run", local_run_job },
	{ "POST", "/jobs/:/actions/run", local_run_job },
};

void local_reply_json(struct local_request *request, int status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	free(text);
	local_http_reply(request->exchange, status, "application/json", NULL, line, strlen(line));
}

const char *local_read_text(const struct local_request *request, const char *name)
{
	return evhttp_find_header(&request->exchange->query, name);
}

bool local_read_number(const struct local_request *request, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	const char *text = local_read_text(request, name);
	if (text == NULL || g_ascii_string_to_signed(text, 10, min, max, ret, NULL))
		return true;
	g_autofree char *detail =
		g_strdup_printf("%s: a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name, min, max);
	local_http_problem(request->exchange, 400, "Bad parameter", detail, NULL);
	return false;
}

/* Does the path fit? The segment under ":" is copied out. */
static bool fits(const char *pattern, const char *path, char **ret_job_id)
{
	const char *colon = strchr(pattern, ':');
	if (colon == NULL)
		return strcmp(pattern, path) == 0;
	size_t head = (size_t)(colon - pattern);
	if (strncmp(pattern, path, head) != 0)
		return false;
	size_t id = strcspn(path + head, "/");
	if (id == 0 || strcmp(colon + 1, path + head + id) != 0)
		return false;
	*ret_job_id = g_strndup(path + head, id);
	return true;
}

static void reply_no_route(struct local_exchange *exchange, const char *allowed)
{
	if (allowed != NULL) {
		g_autofree char *header = g_strdup_printf("Allow: %s\r\n", allowed);
		g_autofree char *detail = g_strdup_printf("this path is asked for with %s", allowed);
		local_http_problem(exchange, 405, "Method not allowed", detail, header);
		return;
	}
	g_autofree char *detail = g_strdup_printf(
		"there is no %s; there are /healthz, /status, /jobs, /next, /executions, /metrics", exchange->path);
	local_http_problem(exchange, 404, "No such path", detail, NULL);
}

static void on_exchange(void *context, struct local_exchange *exchange)
{
	const char *allowed = NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_autofree char *job_id = NULL;
		if (!fits(routes[i].path, exchange->path, &job_id))
			continue;
		allowed = routes[i].method;
		if (strcmp(routes[i].method, exchange->method) != 0)
			continue;
		struct local_request request = { context, exchange, job_id };
		routes[i].handle(&request);
		return;
	}
	reply_no_route(exchange, allowed);
}

struct local_api *local_api_new(struct event_base *base, const struct local_api_config *config, GError **error)
{
	struct local_api *api = g_new0(struct local_api, 1);
	api->config = *config;
	api->started_at = wall_now();
	api->started = mono_now();
	api->questions = local_questions_new();
	api->http = local_http_new(base, config->socket_path, on_exchange, api, error);
	if (api->http != NULL)
		return api;
	g_hash_table_unref(api->questions);
	g_free(api);
	return NULL;
}

void local_api_free(struct local_api *api)
{
	if (api == NULL)
		return;
	local_http_free(api->http);
	g_hash_table_unref(api->questions);
	g_free(api);
}
