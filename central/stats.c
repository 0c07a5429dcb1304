#include "central/stats.h"

#include <string.h>

#include "central/chores.h"
#include "central/json_values.h"

#define POINTS_WANTED 1500
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_DAY (86400 * US_PER_SECOND)

enum metric_kind { METRIC_COUNT, METRIC_RATE, METRIC_DURATION, METRIC_LATENESS };

struct metric {
	const char *name;
	enum metric_kind kind;
	unsigned statuses; /* counts: bits 1 << enum execution_status */
	double quantile;
};

#define ONE(status) (1u << (status))

static const struct metric metrics[] = {
	{ "executions", METRIC_COUNT, (1u << EXECUTION_STATUS_MAX_) - 2, 0 },
	{ "successes", METRIC_COUNT, ONE(EXECUTION_SUCCESS), 0 },
	{ "failures", METRIC_COUNT, ONE(EXECUTION_FAILED), 0 },
	{ "timeouts", METRIC_COUNT, ONE(EXECUTION_TIMEOUT), 0 },
	{ "skipped", METRIC_COUNT, ONE(EXECUTION_SKIPPED), 0 },
	{ "missed", METRIC_COUNT, ONE(EXECUTION_MISSED), 0 },
	{ "interrupted", METRIC_COUNT, ONE(EXECUTION_INTERRUPTED), 0 },
	{ "successRate", METRIC_RATE, 0, 0 },
	{ "durationP50", METRIC_DURATION, 0, 0.50 },
	{ "durationP95", METRIC_DURATION, 0, 0.95 },
	{ "durationP99", METRIC_DURATION, 0, 0.99 },
	{ "latenessP50", METRIC_LATENESS, 0, 0.50 },
	{ "latenessP95", METRIC_LATENESS, 0, 0.95 },
	{ "latenessP99", METRIC_LATENESS, 0, 0.99 },
};

const struct metric *metric_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	return NULL;
}

char *metric_names(void)
{
	GString *names = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(metrics); i++)
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", metrics[i].name);
	return g_string_free(names, FALSE);
}

const char *metric_unit(const struct metric *metric)
{
	return metric->kind == METRIC_COUNT ? "count" : metric->kind == METRIC_RATE ? "ratio" : "ms";
}

static int64_t count_statuses(const struct rollup_sums *sums, unsigned statuses)
{
	int64_t n = 0;
	for (int status = 1; status < EXECUTION_STATUS_MAX_; status++)
		if (statuses & ONE(status))
			n += sums->by_status[status];
	return n;
}

static json_t *quantile(const int64_t counts[static HISTOGRAM_BUCKETS], double q, int64_t max_us, int64_t started)
{
	return started > 0 ? json_ms(histogram_quantile_us(counts, q, max_us)) : json_null();
}

json_t *metric_value(const struct metric *metric, const struct rollup_sums *sums)
{
	if (sums == NULL)
		return metric->kind == METRIC_COUNT ? json_integer(0) : json_null();
	switch (metric->kind) {
	case METRIC_COUNT:
		return json_integer(count_statuses(sums, metric->statuses));
	case METRIC_RATE:
		return sums_success_rate(sums);
	case METRIC_DURATION:
		return quantile(sums->duration, metric->quantile, sums->duration_max_us, sums->started);
	case METRIC_LATENESS:
		return quantile(sums->lateness, metric->quantile, sums->lateness_max_us, sums->started);
	}
	return json_null();
}

int64_t sums_executions(const struct rollup_sums *sums)
{
	return count_statuses(sums, (1u << EXECUTION_STATUS_MAX_) - 2);
}

json_t *sums_success_rate(const struct rollup_sums *sums)
{
	int64_t meant = sums_executions(sums) - sums->by_status[EXECUTION_SKIPPED];
	return meant > 0 ? json_real((double)sums->by_status[EXECUTION_SUCCESS] / (double)meant) : json_null();
}

json_t *sums_by_status(const struct rollup_sums *sums)
{
	json_t *json = json_object();
	for (int status = 1; status < EXECUTION_STATUS_MAX_; status++)
		json_object_set_new(json, execution_status_name((enum execution_status)status),
				    json_integer(sums->by_status[status]));
	return json;
}

static json_t *spread(const int64_t counts[static HISTOGRAM_BUCKETS], int64_t sum_us, int64_t max_us, int64_t started)
{
	bool any = started > 0;
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "avg",
			 any ? json_ms((double)sum_us / (double)started) : json_null(), "p50",
			 quantile(counts, 0.50, max_us, started), "p95", quantile(counts, 0.95, max_us, started), "p99",
			 quantile(counts, 0.99, max_us, started), "max", any ? json_ms((double)max_us) : json_null());
}

json_t *sums_durations(const struct rollup_sums *sums)
{
	return spread(sums->duration, sums->duration_sum_us, sums->duration_max_us, sums->started);
}

json_t *sums_latenesses(const struct rollup_sums *sums)
{
	return spread(sums->lateness, sums->lateness_sum_us, sums->lateness_max_us, sums->started);
}

int64_t grain_us(enum rollup_grain grain)
{
	return grain == ROLLUP_MINUTE ? US_PER_MINUTE : grain == ROLLUP_HOUR ? 60 * US_PER_MINUTE : US_PER_DAY;
}

const char *grain_name(enum rollup_grain grain)
{
	return grain == ROLLUP_MINUTE ? "minute" : grain == ROLLUP_HOUR ? "hour" : "day";
}

bool grain_parse(const char *name, enum rollup_grain *ret)
{
	for (enum rollup_grain grain = ROLLUP_MINUTE; grain <= ROLLUP_DAY; grain++) {
		if (strcmp(name, grain_name(grain)) == 0) {
			*ret = grain;
			return true;
		}
	}
	return false;
}

struct wall grain_floor(struct wall t, enum rollup_grain grain)
{
	int64_t size = grain_us(grain), rest = t.us % size;
	return (struct wall){ t.us - (rest < 0 ? rest + size : rest) };
}

enum rollup_grain grain_choose(struct wall from, struct wall to, struct wall now)
{
	int64_t span = wall_diff_us(to, from);
	bool has_minutes = wall_diff_us(now, from) < (CHORES_MINUTE_ROLLUP_DAYS - 1) * US_PER_DAY;
	if (has_minutes && span <= POINTS_WANTED * grain_us(ROLLUP_MINUTE))
		return ROLLUP_MINUTE;
	return span <= POINTS_WANTED * grain_us(ROLLUP_HOUR) ? ROLLUP_HOUR : ROLLUP_DAY;
}

struct rollup_window window_of_hours(int64_t hours, struct wall now, const char *job_id)
{
	struct wall from = wall_add_us(now, -hours * grain_us(ROLLUP_HOUR));
	enum rollup_grain grain = grain_choose(from, now, now);
	struct wall to = wall_add_us(grain_floor(now, grain), grain_us(grain));
	return (struct rollup_window){ grain, grain_floor(from, grain), to, job_id };
}
