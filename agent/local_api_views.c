/* What the local API shows of the core: read-only, and cheap enough for the loop. */
#include "agent/agent_metrics.h"
#include "agent/local_api_internal.h"

#include "common/rfc3339.h"
#include "common/tz.h"
#include "config.h"

static json_t *instant(struct wall at)
{
	char text[RFC3339_SIZE];
	return wall_is_set(at) && at.us < WALL_NEVER.us ? json_string(rfc3339_print_ms(at, text)) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text == NULL || *text == '\0' ? json_null() : json_string(text);
}

void local_get_health(struct local_request *request)
{
	local_reply_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

static void add_number(json_t *object, const char *name, int64_t value)
{
	json_object_set_new(object, name, json_integer(value));
}

static json_t *show_central(const struct local_api *api)
{
	const struct sync_news *news = api->config.source.sync_news(api->config.source.context);
	if (*api->config.central_url == '\0')
		return json_null();
	json_t *central = json_pack("{s:s, s:b}", "url", api->config.central_url, "connected", news->connected);
	json_object_set_new(central, "lastSyncAt", instant(news->last_success_at));
	json_object_set_new(central, "refused", json_boolean(news->refused));
	json_object_set_new(central, "error", text_or_null(news->error));
	add_number(central, "syncs", news->rounds);
	add_number(central, "failures", news->failures);
	return central;
}

static json_t *show_store(const struct local_api *api, const struct core_stats *stats)
{
	const struct store_stats *figures = api->config.source.store_stats(api->config.source.context);
	json_t *store = json_pack("{s:b, s:b}", "healthy", stats->store_healthy && figures->healthy, "outboxFull", stats->outbox_full);
	add_number(store, "outboxEpoch", figures->epoch);
	add_number(store, "lastSeq", figures->next_seq - 1);
	add_number(store, "ackedSeq", figures->acked_seq);
	int64_t depth = MAX(figures->next_seq - 1 - figures->acked_seq, 0); /* the store has told nothing yet: 0 */
	add_number(store, "outboxDepth", depth);
	json_object_set_new(store, "oldestUnsentAt", depth > 0 && *api->config.central_url != '\0' ? instant(figures->oldest_unsent_at) : json_null());
	add_number(store, "outboxMax", stats->outbox_max);
	add_number(store, "failures", figures->failures);
	return store;
}

static json_t *show_decisions(const struct core_stats *stats)
{
	json_t *decisions = json_object();
	for (int i = 1; i < EXECUTION_STATUS_MAX_; i++)
		json_object_set_new(decisions, execution_status_name(i), json_integer(stats->decided[i]));
	return decisions;
}

static json_t *show_counts(const struct core_stats *stats)
{
	json_t *counts = json_object();
	add_number(counts, "jobs", stats->jobs);
	add_number(counts, "activeJobs", stats->active_jobs);
	add_number(counts, "fires", stats->fires);
	add_number(counts, "running", stats->running);
	add_number(counts, "waiting", stats->waiting);
	add_number(counts, "backingOff", stats->backing_off);
	add_number(counts, "backlogJobs", stats->backlog_jobs);
	add_number(counts, "planned", stats->planned);
	add_number(counts, "attempts", stats->attempts);
	json_object_set_new(counts, "decided", show_decisions(stats));
	return counts;
}

static json_t *show_job_set(const struct core *core)
{
	int64_t revision, count;
	uint64_t digest;
	char text[17];
	core_job_set(core, &revision, &digest, &count);
	g_snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", digest);
	return json_pack("{s:I, s:s, s:I}", "revision", (json_int_t)revision, "digest", text, "count",
			 (json_int_t)count);
}

static json_t *show_clock(const struct core_stats *stats)
{
	return json_pack("{s:o, s:I, s:I, s:s}", "now", instant(wall_now()), "epoch", (json_int_t)stats->clock_epoch,
			 "steps", (json_int_t)stats->clock_steps, "tzdata", tz_database_version());
}

void local_get_status(struct local_request *request)
{
	const struct local_api *api = request->api;
	struct core_stats stats;
	g_autofree char *egress = egress_summary(api->config.egress);
	core_get_stats(api->config.core, &stats);
	json_t *status = json_pack("{s:s, s:s}", "name", api->config.name, "version", PACKAGE_VERSION);
	json_object_set_new(status, "agentId", text_or_null(api->config.agent_id));
	json_object_set_new(status, "startedAt", instant(api->started_at));
	add_number(status, "uptimeMs", mono_diff_us(mono_now(), api->started) / US_PER_MS);
	json_object_set_new(status, "standalone", json_boolean(*api->config.central_url == '\0'));
	json_object_set_new(status, "central", show_central(api));
	json_object_set_new(status, "jobSet", show_job_set(api->config.core));
	json_object_set_new(status, "counts", show_counts(&stats));
	json_object_set_new(status, "store", show_store(api, &stats));
	json_object_set_new(status, "clock", show_clock(&stats));
	json_object_set_new(status, "plannedUntil", instant(stats.planned_until));
	json_object_set_new(status, "nextFireAt", instant(stats.next_fire_at));
	json_object_set_new(status, "egress", json_string(egress));
	local_reply_json(request, 200, status);
}

static json_t *show_state(const struct core_job_view *view)
{
	json_t *state = json_pack("{s:b, s:s}", "backlog", view->backlog, "targetKey", view->target_key);
	json_object_set_new(state, "nextAt", instant(view->next_at));
	json_object_set_new(state, "runningSince", instant(view->running_since));
	add_number(state, "running", view->running);
	add_number(state, "waiting", view->waiting);
	return state;
}

struct job_page {
	json_t *jobs;
	size_t limit;
	bool more;
};

static bool add_summary(void *context, const struct core_job_view *view)
{
	struct job_page *page = context;
	const struct job *job = view->job;
	page->more = json_array_size(page->jobs) == page->limit;
	if (page->more)
		return false;
	json_t *summary = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "jobId", job->id, "name", job->name,
				    "schedule", job->timetable->text, "timezone", job->timetable->zone, "method", job->method,
				    "api", job->url, "active", job->active);
	add_number(summary, "revision", job->revision);
	json_object_set_new(summary, "state", show_state(view));
	json_array_append_new(page->jobs, summary);
	return true;
}

void local_get_jobs(struct local_request *request)
{
	const char *after = local_read_text(request, "after");
	int64_t limit = LOCAL_API_JOBS_MAX / 2;
	if (!local_read_number(request, "limit", 1, LOCAL_API_JOBS_MAX, &limit))
		return;
	struct job_page page = { .jobs = json_array(), .limit = (size_t)limit };
	core_each_job(request->api->config.core, after, add_summary, &page);
	json_t *last = page.more ? json_object_get(json_array_get(page.jobs, page.limit - 1), "jobId") : NULL;
	json_t *cursor = last == NULL ? json_null() : json_incref(last);
	local_reply_json(request, 200, json_pack("{s:o, s:o}", "jobs", page.jobs, "nextCursor", cursor));
}

static void reply_unknown_job(const struct local_request *request)
{
	g_autofree char *detail = g_strdup_printf("this agent has no job \"%s\"", request->job_id);
	local_http_problem(request->exchange, 404, "No such job", detail, NULL);
}

void local_get_job(struct local_request *request)
{
	struct core_job_view view;
	if (!core_find_job(request->api->config.core, request->job_id, &view)) {
		reply_unknown_job(request);
		return;
	}
	json_t *json = job_to_json(view.job, true);
	json_object_set_new(json, "state", show_state(&view));
	local_reply_json(request, 200, json);
}

void local_get_next(struct local_request *request)
{
	int64_t limit = 10;
	struct core_next_fire next[LOCAL_API_NEXT_MAX];
	if (!local_read_number(request, "limit", 1, LOCAL_API_NEXT_MAX, &limit))
		return;
	int n = core_next_fires(request->api->config.core, next, (int)limit);
	json_t *list = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:s}", "at", instant(next[i].at), "jobId",
						      next[i].job->id, "name", next[i].job->name));
	local_reply_json(request, 200, json_pack("{s:o}", "next", list));
}

void local_run_job(struct local_request *request)
{
	struct fire_id id;
	char text[FIRE_ID_TEXT_SIZE];
	if (!core_run_now(request->api->config.core, request->job_id, &id))
		reply_unknown_job(request);
	else
		local_reply_json(request, 202, json_pack("{s:s}", "executionId", fire_id_print(id, text)));
}

void local_get_metrics(struct local_request *request)
{
	const struct local_api_config *config = &request->api->config;
	struct agent_figures figures = { .agent_id = config->agent_id };
	g_autoptr(GString) out = g_string_sized_new(8192);
	core_get_stats(config->core, &figures.core);
	figures.store = *config->source.store_stats(config->source.context);
	figures.sync = *config->source.sync_news(config->source.context);
	figures.uptime_us = mono_diff_us(mono_now(), request->api->started);
	if (config->runner != NULL)
		runner_pool_get_stats(config->runner, &figures.runner);
	agent_metrics_print(&figures, out);
	local_http_reply(request->exchange, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, out->str, out->len);
}
