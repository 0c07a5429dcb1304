#include "agent/agent_metrics.h"

#include <sys/resource.h>

#include "config.h"

static const char *const outcomes[ATTEMPT_OUTCOME_MAX_] = {
	[ATTEMPT_RESPONSE] = "response",   [ATTEMPT_CONNECT] = "connect", [ATTEMPT_TIMEOUT] = "timeout",
	[ATTEMPT_BROKEN] = "broken",	   [ATTEMPT_REFUSED] = "refused", [ATTEMPT_RESOURCE] = "resource",
	[ATTEMPT_CANCELLED] = "cancelled",
};

static void head(GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(out, "# HELP belfry_agent_%s %s\n# TYPE belfry_agent_%s %s\n", name, help, name, type);
}

static void one(GString *out, const char *name, const char *type, const char *help, int64_t value)
{
	head(out, name, type, help);
	g_string_append_printf(out, "belfry_agent_%s %" G_GINT64_FORMAT "\n", name, value);
}

static void gauge(GString *out, const char *name, const char *help, int64_t value)
{
	one(out, name, "gauge", help, value);
}

static void counter(GString *out, const char *name, const char *help, int64_t value)
{
	one(out, name, "counter", help, value);
}

static void seconds(GString *out, const char *name, const char *type, const char *help, double us)
{
	head(out, name, type, help);
	g_string_append_printf(out, "belfry_agent_%s %.6f\n", name, us / 1e6);
}

static void instant(GString *out, const char *name, const char *help, struct wall at)
{
	if (wall_is_set(at) && at.us < WALL_NEVER.us)
		seconds(out, name, "gauge", help, (double)at.us);
}

static void print_core(GString *out, const struct core_stats *core)
{
	gauge(out, "jobs", "Jobs this agent holds.", core->jobs);
	gauge(out, "jobs_active", "Jobs that are not paused.", core->active_jobs);
	gauge(out, "jobs_in_backlog", "Jobs with missed instants still to be made up.", core->backlog_jobs);
	gauge(out, "fires", "Fires in memory, in any state.", core->fires);
	gauge(out, "fires_running", "Fires with an attempt under way.", core->running);
	gauge(out, "fires_waiting", "Fires that wait for admission.", core->waiting);
	gauge(out, "fires_backing_off", "Fires that wait for their next attempt.", core->backing_off);
	gauge(out, "batches_unsettled", "Batches the store has not answered.", core->batches_unsettled);
	gauge(out, "clock_epoch", "How often the clock stepped back by a minute or more.", (int64_t)core->clock_epoch);
	gauge(out, "store_healthy", "1 when batches become durable.", core->store_healthy);
	counter(out, "fires_planned_total", "Fires planned.", core->planned);
	counter(out, "fires_catch_up_total", "Fires made up after their window was missed.", core->catch_up);
	gauge(out, "outbox_full", "1 while nothing new is started because the outbox is full.", core->outbox_full);
	counter(out, "attempts_total", "Attempts started.", core->attempts);
	counter(out, "store_refusals_total", "Batches that failed or whose outcome is unknown.", core->store_failures);
	counter(out, "clock_steps_total", "Steps of the clock by more than a second.", core->clock_steps);
	instant(out, "planned_until_timestamp_seconds", "All fires up to this instant are planned.",
		core->planned_until);
	instant(out, "next_fire_timestamp_seconds", "The next instant at which a fire is due.", core->next_fire_at);
	head(out, "decisions_total", "counter", "Terminal decisions by status.");
	for (int i = 1; i < EXECUTION_STATUS_MAX_; i++)
		g_string_append_printf(out, "belfry_agent_decisions_total{status=\"%s\"} %" G_GINT64_FORMAT "\n",
				       execution_status_name(i), core->decided[i]);
}

/* Bucket i holds lateness of at most 2^i * 62.5 us, the last one the rest; Prometheus wants sums. */
static void print_lateness(GString *out, const struct core_stats *core)
{
	const int n = G_N_ELEMENTS(core->lateness_bucket);
	int64_t count = 0;
	head(out, "lateness_seconds", "histogram", "First attempts: how long after the due instant they were started.");
	for (int i = 0; i < n - 1; i++) {
		count += core->lateness_bucket[i];
		g_string_append_printf(out, "belfry_agent_lateness_seconds_bucket{le=\"%g\"} %" G_GINT64_FORMAT "\n",
				       62.5e-6 * (double)(1 << i), count);
	}
	count += core->lateness_bucket[n - 1];
	g_string_append_printf(out, "belfry_agent_lateness_seconds_bucket{le=\"+Inf\"} %" G_GINT64_FORMAT "\n", count);
	g_string_append_printf(out, "belfry_agent_lateness_seconds_sum %.6f\n", core->lateness_sum_ms / 1000);
	g_string_append_printf(out, "belfry_agent_lateness_seconds_count %" G_GINT64_FORMAT "\n", count);
}

static void print_runner(GString *out, const struct runner_http_stats *runner)
{
	head(out, "attempts_ended_total", "counter", "Attempts by how they ended.");
	for (int i = 0; i < ATTEMPT_OUTCOME_MAX_; i++)
		g_string_append_printf(out, "belfry_agent_attempts_ended_total{outcome=\"%s\"} %" G_GINT64_FORMAT "\n",
				       outcomes[i], runner->finished[i]);
	gauge(out, "connections_open", "Connections to targets, idle ones too.", runner->open_connections);
	gauge(out, "name_lookup_waits", "Attempts that wait for the address of their host.", runner->waiting_for_names);
	counter(out, "connections_opened_total", "Connections to targets opened.", runner->connections);
	counter(out, "response_body_bytes_total", "Bytes of response bodies read.", runner->body_bytes);
}

static void print_store(GString *out, const struct store_stats *store)
{
	gauge(out, "outbox_records", "Records that central has not acknowledged.",
	      store->next_seq - 1 - store->acked_seq);
	counter(out, "outbox_sequence_total", "The number of the youngest record.", MAX(store->next_seq - 1, 0));
	counter(out, "store_commits_total", "Transactions committed.", store->commits);
	counter(out, "store_batches_total", "Batches committed.", store->batches);
	seconds(out, "store_commit_seconds_total", "counter", "Time spent in commits.", (double)store->commit_us);
	counter(out, "store_failures_total", "Errors of the database or its disk.", store->failures);
}

static void print_sync(GString *out, const struct sync_news *sync)
{
	if (!sync->enabled)
		return;
	gauge(out, "central_connected", "1 when the last sync with central succeeded.", sync->connected);
	gauge(out, "refused", "1 while nothing new is started because central refuses this agent.", sync->refused);
	counter(out, "syncs_total", "Syncs with central.", sync->rounds);
	counter(out, "sync_failures_total", "Syncs with central that failed.", sync->failures);
	instant(out, "last_sync_timestamp_seconds", "The last successful sync with central.", sync->last_success_at);
}

static double in_us(const struct timeval *time)
{
	return (double)time->tv_sec * 1e6 + (double)time->tv_usec;
}

static void print_process(GString *out, int64_t uptime_us)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	seconds(out, "uptime_seconds", "gauge", "Time since this life of the agent began.", (double)uptime_us);
	seconds(out, "cpu_seconds_total", "counter", "Processor time used.",
		in_us(&usage.ru_utime) + in_us(&usage.ru_stime));
	gauge(out, "memory_peak_bytes", "Most memory resident at once.", (int64_t)usage.ru_maxrss * 1024);
}

void agent_metrics_print(const struct agent_figures *figures, GString *out)
{
	head(out, "info", "gauge", "Always 1; its labels name the agent.");
	g_string_append_printf(out, "belfry_agent_info{version=\"%s\",agent_id=\"%s\"} 1\n", PACKAGE_VERSION,
			       figures->agent_id);
	print_core(out, &figures->core);
	print_lateness(out, &figures->core);
	print_runner(out, &figures->runner);
	print_store(out, &figures->store);
	print_sync(out, &figures->sync);
	print_process(out, figures->uptime_us);
}
