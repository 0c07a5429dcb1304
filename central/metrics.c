#include <config.h>

#include "central/metrics.h"

#include <math.h>
#include <stdatomic.h>

#include "central/central.h"
#include "central/chores.h"
#include "central/fold.h"
#include "central/ingest.h"
#include "central/memory.h"

#define ROUTES_MAX 96
#define STATUS_MAX 600

/* Seconds; the last bucket is +Inf. */
static const double latency_bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5 };
#define LATENCY_BUCKETS (G_N_ELEMENTS(latency_bounds) + 1)

struct latency {
	atomic_uint_least64_t buckets[LATENCY_BUCKETS];
	atomic_uint_least64_t sum_us;
};

struct metrics {
	/* Row 0: requests that no route matched. */
	atomic_uint_least64_t requests[ROUTES_MAX][STATUS_MAX];
	struct latency latency[2];
};

struct metrics *metrics_new(void)
{
	return g_new0(struct metrics, 1);
}

void metrics_free(struct metrics *metrics)
{
	g_free(metrics);
}

void metrics_count_request(struct metrics *metrics, enum listener listener, const struct route *route, int status,
			   int64_t took_us)
{
	ptrdiff_t row = route != NULL ? route - routes + 1 : 0;
	struct latency *latency = &metrics->latency[listener == LISTENER_AGENT];
	size_t bucket = 0;
	while (bucket < G_N_ELEMENTS(latency_bounds) && (double)took_us > latency_bounds[bucket] * 1e6)
		bucket++;
	atomic_fetch_add_explicit(&latency->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&latency->sum_us, (uint64_t)MAX(took_us, 0), memory_order_relaxed);
	if (row < ROUTES_MAX && status > 0 && status < STATUS_MAX)
		atomic_fetch_add_explicit(&metrics->requests[row][status], 1, memory_order_relaxed);
}

void metrics_head(GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_value(GString *out, const char *name, const char *labels, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	g_ascii_formatd(text, sizeof text, floor(value) == value && fabs(value) < 1e15 ? "%.0f" : "%.9g", value);
	if (labels != NULL)
		g_string_append_printf(out, "%s{%s} %s\n", name, labels, text);
	else
		g_string_append_printf(out, "%s %s\n", name, text);
}

static void print_requests(const struct metrics *metrics, GString *out)
{
	const char *name = "belfry_central_http_requests_total";
	metrics_head(out, name, "counter", "Requests answered, by route and status.");
	for (int row = 0; row < ROUTES_MAX; row++) {
		for (int status = 0; status < STATUS_MAX; status++) {
			uint64_t n = atomic_load_explicit(&metrics->requests[row][status], memory_order_relaxed);
			if (n == 0)
				continue;
			const struct route *route = row > 0 ? &routes[row - 1] : NULL;
			g_autofree char *labels = g_strdup_printf("method=\"%s\",route=\"%s\",status=\"%d\"",
								  route != NULL ? route->method : "",
								  route != NULL ? route->path : "", status);
			metrics_value(out, name, labels, (double)n);
		}
	}
}

static void print_latency(const struct metrics *metrics, GString *out)
{
	static const char *const listeners[] = { "api", "agent" };
	const char *name = "belfry_central_http_request_duration_seconds";
	metrics_head(out, name, "histogram", "Time from the last byte of a request to its reply.");
	for (int i = 0; i < 2; i++) {
		uint64_t count = 0;
		for (size_t b = 0; b < LATENCY_BUCKETS; b++) {
			char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";
			if (b < G_N_ELEMENTS(latency_bounds))
				g_ascii_formatd(bound, sizeof bound, "%g", latency_bounds[b]);
			count += atomic_load_explicit(&metrics->latency[i].buckets[b], memory_order_relaxed);
			g_string_append_printf(out, "%s_bucket{listener=\"%s\",le=\"%s\"} %" G_GUINT64_FORMAT "\n",
					       name, listeners[i], bound, count);
		}
		uint64_t sum_us = atomic_load_explicit(&metrics->latency[i].sum_us, memory_order_relaxed);
		g_string_append_printf(out, "%s_sum{listener=\"%s\"} %.6f\n", name, listeners[i], (double)sum_us / 1e6);
		g_string_append_printf(out, "%s_count{listener=\"%s\"} %" G_GUINT64_FORMAT "\n", name, listeners[i],
				       count);
	}
}

static void print_pools(const struct central *central, GString *out)
{
	struct db_pool *pools[] = { central->api_pool, central->agent_pool, central->chores_pool };
	static const char *const labels[] = { "pool=\"api\"", "pool=\"agent\"", "pool=\"chores\"" };
	static const struct {
		const char *name, *type, *help;
	} rows[] = {
		{ "belfry_central_db_connections_open", "gauge", "Connections to PostgreSQL." },
		{ "belfry_central_db_connections_busy", "gauge", "Connections in use." },
		{ "belfry_central_db_connects_total", "counter", "Connections made." },
		{ "belfry_central_db_connect_failures_total", "counter", "Connections that could not be made." },
	};
	for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
		metrics_head(out, rows[row].name, rows[row].type, rows[row].help);
		for (size_t i = 0; i < G_N_ELEMENTS(pools); i++) {
			struct db_pool_stats stats;
			db_pool_get_stats(pools[i], &stats);
			double values[] = { stats.open, stats.busy, (double)stats.connects, (double)stats.failures };
			metrics_value(out, rows[row].name, labels[i], values[row]);
		}
	}
}

static void print_ingest(const struct central *central, GString *out)
{
	struct ingest_stats stats;
	ingest_get_stats(central->ingest, &stats);
	const struct {
		const char *name, *help;
		guint64 value;
	} rows[] = {
		{ "belfry_central_ingest_batches_total", "Batches of records committed.", stats.batches },
		{ "belfry_central_ingest_executions_total", "Executions that were new.", stats.executions },
		{ "belfry_central_ingest_duplicates_total", "Records that had come before.", stats.duplicates },
		{ "belfry_central_ingest_doubles_total", "Records of fires that another agent had decided before.",
		  stats.doubles },
		{ "belfry_central_ingest_events_total", "Events of agents.", stats.events },
		{ "belfry_central_ingest_quarantined_total", "Records that could not be taken.", stats.quarantined },
		{ "belfry_central_ingest_retries_total", "Batches tried again after a conflict.", stats.retries },
		{ "belfry_central_ingest_groups_total", "Commits for several agents at once.", stats.groups },
		{ "belfry_central_ingest_groups_split_total", "Groups that failed and were taken one by one.",
		  stats.groups_split },
		{ "belfry_central_syncs_refused_total", "Syncs told to come later, because too many came.",
		  admission_refused((struct admission *)&central->syncs) },
		{ "belfry_central_ingest_parts_folded_total", "Parts added up into sums.",
		  (guint64)fold_count(central->fold) },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		metrics_head(out, rows[i].name, "counter", rows[i].help);
		metrics_value(out, rows[i].name, NULL, (double)rows[i].value);
	}
}

static void print_chores(const struct central *central, GString *out)
{
	metrics_head(out, "belfry_central_agents", "gauge", "Agents that are not revoked, as counted last.");
	metrics_value(out, "belfry_central_agents", NULL, (double)chores_fleet_size(central->chores));
	metrics_head(out, "belfry_central_late_jobs", "gauge", "Jobs whose decision is overdue, as counted last.");
	metrics_value(out, "belfry_central_late_jobs", NULL, (double)chores_late_jobs(central->chores));
	metrics_head(out, "belfry_central_chores_leader", "gauge", "1 when this instance does the chores of all.");
	metrics_value(out, "belfry_central_chores_leader", NULL, chores_is_leader(central->chores));
}

void metrics_print(const struct central *central, GString *out)
{
	metrics_head(out, "belfry_central_build_info", "gauge", "Always 1; the version is in the label.");
	metrics_value(out, "belfry_central_build_info", "version=\"" PACKAGE_VERSION "\"", 1);
	metrics_head(out, "belfry_central_uptime_seconds", "gauge", "Time since the start.");
	metrics_value(out, "belfry_central_uptime_seconds", NULL,
		      (double)mono_diff_us(mono_now(), central->started_at) / (double)US_PER_SECOND);
	metrics_head(out, "belfry_central_ready", "gauge", "1 when the database is migrated and requests are served.");
	metrics_value(out, "belfry_central_ready", NULL, g_atomic_int_get(&central->ready));
	metrics_head(out, "belfry_central_memory_room_bytes", "gauge", "Memory that requests may still take.");
	metrics_value(out, "belfry_central_memory_room_bytes", NULL, (double)memory_room(central->memory));
	metrics_head(out, "belfry_central_memory_refused_total", "counter", "Times that there was no memory for a request, a body or a result.");
	metrics_value(out, "belfry_central_memory_refused_total", NULL, (double)memory_refused(central->memory));
	print_requests(central->metrics, out);
	print_latency(central->metrics, out);
	print_pools(central, out);
	print_ingest(central, out);
	print_chores(central, out);
}
