/*
 * The agent's figures in Prometheus' text format (exposition format 0.0.4). Owns: their names and help. Does not own: the
 * figures, which are handed in. Pure; any thread.
 */
#ifndef BELFRY_AGENT_METRICS_H
#define BELFRY_AGENT_METRICS_H

#include "agent/core.h"
#include "agent/loop.h"
#include "agent/runner_http.h"
#include "agent/store_sqlite.h"

struct agent_figures {
	const char *agent_id; /* "" = standalone */
	struct core_stats core;
	struct store_stats store;
	struct sync_news sync;
	struct runner_http_stats runner;
	int64_t uptime_us; /* of this life */
};

/* Appends all of them. */
void agent_metrics_print(const struct agent_figures *figures, GString *out);

#endif
