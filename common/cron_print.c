/*
 * Sets of bits -> canonical text, so that parsing the text gives the same sets again. Two things beside the values have
 * a meaning and must survive: whether the time fields have a '*' or '/' (the schedule is then an interval, not fixed),
 * and whether a day field begins with '*' (the day rule is then AND).
 */
#include "common/cron.h"

static void begin_item(GString *out, gsize start)
{
	if (out->len > start)
		g_string_append_c(out, ',');
}

/* Values and ranges: "1,3-5". `start` is where the field began in `out`. */
static void append_plain(GString *out, gsize start, uint64_t values, int max)
{
	for (int low = 0; low <= max; low++) {
		if (!(values >> low & 1))
			continue;
		int high = low;
		while (high < max && values >> (high + 1) & 1)
			high++;
		begin_item(out, start);
		if (high - low < 2)
			high = low;
		g_string_append_printf(out, "%d", low);
		if (high > low)
			g_string_append_printf(out, "-%d", high);
		low = high;
	}
}

static uint64_t full_set(int min, int max)
{
	return ((UINT64_C(2) << max) - 1) & ~((UINT64_C(1) << min) - 1);
}

/* Progression from low by step while the values are there; *ret_last is its last value. */
static uint64_t progression(uint64_t values, int low, int step, int max, int *ret_last)
{
	uint64_t covered = 0;

	for (int value = low; value <= max && values >> value & 1; value += step) {
		covered |= UINT64_C(1) << value;
		*ret_last = value;
	}
	return covered;
}

/*
 * At least one item with '*' or '/': the progression that covers most, the rest plain. There always is one: for a lone
 * value v the step past the end, "v/n" with v + n > max.
 */
static void append_stepped(GString *out, uint64_t values, int max)
{
	gsize start = out->len;
	uint64_t best = 0;
	int best_low = 0, best_step = 0, best_last = 0;

	if (values == full_set(0, max)) {
		g_string_append_c(out, '*');
		return;
	}
	for (int low = 0; low <= max; low++) {
		for (int step = 1; step <= max + 1 && values >> low & 1; step++) {
			int last = low;
			uint64_t covered = progression(values, low, step, max, &last);
			bool to_end = last + step > max;
			int gain = __builtin_popcountll(covered) - __builtin_popcountll(best);
			if (gain > 0 || (gain == 0 && to_end && best_last + best_step <= max)) {
				best = covered;
				best_low = low;
				best_step = step;
				best_last = last;
			}
		}
	}
	if (best_low == 0 && best_last + best_step > max)
		g_string_append_c(out, '*');
	else
		g_string_append_printf(out, "%d", best_low);
	if (best_last + best_step <= max)
		g_string_append_printf(out, "-%d", best_last);
	g_string_append_printf(out, "/%d", best_step);
	append_plain(out, start, values & ~best, max);
}

/* A day field that begins with "*": the smallest step whose values are all there, the rest plain. */
static void append_starred(GString *out, uint64_t values, int min, int max)
{
	gsize start = out->len;

	for (int step = 1; step <= max - min + 1; step++) {
		int last = min;
		uint64_t covered = progression(values, min, step, max, &last);
		if (last + step <= max)
			continue;
		g_string_append_c(out, '*');
		if (step > 1)
			g_string_append_printf(out, "/%d", step);
		append_plain(out, start, values & ~covered, max);
		return;
	}
}

static void append_time_field(GString *out, const struct cron *cron, enum cron_field field, uint64_t values, int max)
{
	if (cron->stepped >> field & 1)
		append_stepped(out, values, max);
	else
		append_plain(out, out->len, values, max);
}

static void append_dom(GString *out, const struct cron *cron)
{
	gsize start = out->len;

	if (cron->starred >> CRON_DOM & 1)
		append_starred(out, cron->dom, 1, 31);
	else
		append_plain(out, start, cron->dom, 31);
	for (uint32_t rest = cron->nearest; rest; rest &= rest - 1) {
		begin_item(out, start);
		g_string_append_printf(out, "%dW", __builtin_ctz(rest));
	}
	for (int n = 30; n >= 0; n--) {
		for (int weekday = 0; weekday < 2; weekday++) {
			if (!((weekday ? cron->last_nearest : cron->last) >> n & 1))
				continue;
			begin_item(out, start);
			g_string_append_c(out, 'L');
			if (n > 0)
				g_string_append_printf(out, "-%d", n);
			if (weekday)
				g_string_append_c(out, 'W');
		}
	}
}

static void append_dow(GString *out, const struct cron *cron)
{
	gsize start = out->len;

	if (cron->starred >> CRON_DOW & 1)
		append_starred(out, cron->dow, 0, 6);
	else
		append_plain(out, start, cron->dow, 6);
	for (uint64_t rest = cron->dow_nth; rest; rest &= rest - 1) {
		int bit = __builtin_ctzll(rest);
		begin_item(out, start);
		g_string_append_printf(out, "%d#%d", bit % 7, bit / 7 + 1);
	}
	for (uint32_t rest = cron->dow_last; rest; rest &= rest - 1) {
		begin_item(out, start);
		g_string_append_printf(out, "%dL", __builtin_ctz(rest));
	}
}

char *cron_print(const struct cron *cron)
{
	GString *out = g_string_new(NULL);

	if (cron->second != 1 || cron->stepped >> CRON_SECOND & 1) {
		append_time_field(out, cron, CRON_SECOND, cron->second, 59);
		g_string_append_c(out, ' ');
	}
	append_time_field(out, cron, CRON_MINUTE, cron->minute, 59);
	g_string_append_c(out, ' ');
	append_time_field(out, cron, CRON_HOUR, cron->hour, 23);
	g_string_append_c(out, ' ');
	append_dom(out, cron);
	g_string_append_c(out, ' ');
	if (cron->month == full_set(1, 12))
		g_string_append_c(out, '*');
	else
		append_plain(out, out->len, cron->month, 12);
	g_string_append_c(out, ' ');
	append_dow(out, cron);
	return g_string_free(out, FALSE);
}
