/*
 * What people ask of the sums: named metrics, rates, percentiles, windows. Owns: their names and definitions. Does not own:
 * the sums (rollup.h), their reading (db_observability.h). Pure; any thread. JSON values are new references.
 */
#ifndef BELFRY_STATS_H
#define BELFRY_STATS_H

#include <jansson.h>

#include "central/db_observability.h"

#define STATS_HOURS_MAX (24 * 366)

/* A named value over time: executions, successes, failures, timeouts, skipped, missed, interrupted, successRate,
 * durationP50|P95|P99, latenessP50|P95|P99. */
struct metric;
const struct metric *metric_find(const char *name);
/* "executions, successes, ..." for error messages. Caller frees. */
char *metric_names(void);
const char *metric_unit(const struct metric *metric); /* "count", "ratio", "ms" */
/* `sums` NULL = nothing happened in the bucket: 0 for counts, null for the others. */
json_t *metric_value(const struct metric *metric, const struct rollup_sums *sums);

/* All decisions of whatever status. */
int64_t sums_executions(const struct rollup_sums *sums);
/* Successes among the decisions that were meant to run (all but skipped), 0-1; null when there was none. */
json_t *sums_success_rate(const struct rollup_sums *sums);
json_t *sums_by_status(const struct rollup_sums *sums);
/* {"avg","p50","p95","p99","max"} in milliseconds; nulls when nothing was started. */
json_t *sums_durations(const struct rollup_sums *sums);
json_t *sums_latenesses(const struct rollup_sums *sums);

int64_t grain_us(enum rollup_grain grain);
const char *grain_name(enum rollup_grain grain); /* "minute", "hour", "day" */
bool grain_parse(const char *name, enum rollup_grain *ret);
/* Buckets begin at multiples of the grain since 1970, UTC. */
struct wall grain_floor(struct wall t, enum rollup_grain grain);
/*
 * The finest grain that gives at most 1500 points over [from, to) and for which there still are rollups at `from`.
 */
enum rollup_grain grain_choose(struct wall from, struct wall to, struct wall now);
/* The last `hours` up to the bucket of `now`, its begin moved to a bucket's. */
struct rollup_window window_of_hours(int64_t hours, struct wall now, const char *job_id);

#endif
