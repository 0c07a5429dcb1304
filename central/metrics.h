/*
 * Central's own figures in Prometheus' text format. Owns: the counters of requests, the names of all figures. Does not own:
 * figures of other parts, which it asks for (pools, ingest, chores ...). Any thread.
 */
#ifndef BELFRY_METRICS_H
#define BELFRY_METRICS_H

#include "central/routes.h"

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* `route` NULL = none matched. */
void metrics_count_request(struct metrics *metrics, enum listener listener, const struct route *route, int status,
			   int64_t took_us);
/* Appends everything, the pools of `central` included. */
void metrics_print(const struct central *central, GString *out);

/* Helpers for other parts that add to the same page. `type`: "counter", "gauge", "histogram". */
void metrics_head(GString *out, const char *name, const char *type, const char *help);
/* `labels` NULL or "a=\"b\",c=\"d\"". */
void metrics_value(GString *out, const char *name, const char *labels, double value);

#endif
