/*
 * How long one schedule_next() takes, over many expressions and zones, near and far: the median and the worst, in ns.
 * The worst is the worst question at its best of several askings, so that the machine's own hiccups do not count.
 * Run it with `make tests/bench/bench_next && tests/bench/bench_next`; it fails when a promise of schedule.h is broken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/rfc3339.h"
#include "common/schedule.h"

#define ASKINGS 7
#define MEDIAN_LIMIT_NS 1000
#define WORST_LIMIT_NS 100000

static const char *const expressions[] = {
	"* * * * *",
	"* * * * * *",
	"*/5 * * * *",
	"0 9 * * MON-FRI",
	"30 2 * * *",
	"*/20 2 * * *",
	"0 0 1 1 *",
	"0 0 29 2 *",
	"0 0 29 2 */7",
	"0 0 29 2 MON",
	"0 0 */28 2 MON#5",
	"59 59 23 31 12 *",
	"0 0 L * *",
	"0 0 LW * *",
	"0 0 15W * *",
	"0 0 29W 2 *",
	"0 0 L-29 1-3 *",
	"0 0 * * FRI#5",
	"0 0 * 2 SAT#5",
	"0 0 * * 1L",
	"0 0 13 * FRI",
	"0 0 31W 12 */3",
	"31 10-15 1 * * MON-FRI",
	"0,30 1-3 8-14 3 *",
	"*/20 2 * 3 SUN#2",
	"0/30 2 * 3 0#L",
	"@every 90m",
	"*/15 2 8-14 3 */7",
	"0 */12 29 2 */7",
	"@hourly",
	"@weekly",
};
static const char *const zones[] = {
	"UTC",
	"Europe/Berlin",
	"America/New_York",
	"Australia/Lord_Howe",
	"Pacific/Chatham",
	"Europe/Dublin",
	"Africa/Casablanca",
	"America/Nuuk",
	"Asia/Gaza",
	"America/Santiago",
	"Asia/Kathmandu",
	"Antarctica/Troll",
};
static const char *const moments[] = {
	"1883-11-18T12:00:00Z", "1999-12-31T23:59:59Z", "2026-03-08T06:30:00Z", "2026-11-23T12:00:00Z",
	"2037-12-31T00:00:00Z", "2096-02-29T12:00:00Z", "2099-03-01T00:00:00Z", "2460-07-01T00:00:00Z",
	"9500-01-01T00:00:00Z", "9999-12-31T00:00:00Z",
};

struct question {
	const char *expression, *zone, *moment;
	int64_t ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t ask(const struct schedule *schedule, struct wall after)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < ASKINGS; i++) {
		struct wall next;
		int64_t begin = now_ns();
		schedule_next(schedule, after, after, &next);
		best = MIN(best, now_ns() - begin);
	}
	return best;
}

static int by_ns(const void *left, const void *right)
{
	const struct question *a = left, *b = right;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

int main(void)
{
	static struct question questions[G_N_ELEMENTS(expressions) * G_N_ELEMENTS(zones) * G_N_ELEMENTS(moments)];
	size_t n = 0;

	for (size_t e = 0; e < G_N_ELEMENTS(expressions); e++) {
		for (size_t z = 0; z < G_N_ELEMENTS(zones); z++) {
			struct schedule *schedule = schedule_new(expressions[e], zones[z], NULL, NULL);
			for (size_t m = 0; schedule && m < G_N_ELEMENTS(moments); m++) {
				struct wall after;
				rfc3339_parse(moments[m], &after);
				questions[n++] =
					(struct question){ expressions[e], zones[z], moments[m], ask(schedule, after) };
			}
			schedule_unref(schedule);
		}
	}
	if (n < G_N_ELEMENTS(questions)) {
		fprintf(stderr, "an expression or a zone is not known here: %zu of %zu questions\n", n,
			G_N_ELEMENTS(questions));
		return 1;
	}
	qsort(questions, n, sizeof(*questions), by_ns);
	const struct question *median = &questions[n / 2], *worst = &questions[n - 1];
	printf("schedule_next: %zu questions, median %" G_GINT64_FORMAT " ns, p99 %" G_GINT64_FORMAT
	       " ns, worst %" G_GINT64_FORMAT " ns\n",
	       n, median->ns, questions[n * 99 / 100].ns, worst->ns);
	printf("worst: '%s' in %s after %s\n", worst->expression, worst->zone, worst->moment);
	return median->ns < MEDIAN_LIMIT_NS && worst->ns < WORST_LIMIT_NS ? 0 : 1;
}
