/*
 * The agent's figures in Prometheus' text format. Owns their names. Pure: the figures are handed in.
 */
#ifndef BELFRY_AGENT_METRICS_H
#define BELFRY_AGENT_METRICS_H

#include "agent/core.h"
#include "agent/loop.h"
#include "agent/runner_http.h"
#include "agent/store_sqlite.h"

struct agent_figures {
	const char *agent_id;
	struct core_stats core;
	struct store_stats store;
	struct sync_news sync;
	struct runner_http_stats runner;
	int64_t uptime_us;
};

void agent_metrics_print(const struct agent_figures *figures, GString *out);

#endif
