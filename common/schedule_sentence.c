/*
 * Sets of bits -> an English sentence: the time of day, then the days, then the months.
 *
 *	0 9 * * MON-FRI     At 09:00 on Monday to Friday
 *	0/5 8-17 * * *      Every 5 minutes past hours 8 to 17
 *	0 0 1,15 * FRI      At 00:00 on the 1st and 15th of the month or on Friday
 */
#include <string.h>

#include "common/schedule_explain.h"
#include "common/schedule_internal.h"

#define TIMES_MAX 6 /* times of day that are written out one by one */

static const char *const weekdays[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const months[] = { "",     "January", "February",  "March",	 "April",    "May",	"June",
				      "July", "August",	 "September", "October", "November", "December" };

static uint64_t all_from_to(int min, int max)
{
	return ((UINT64_C(2) << max) - 1) & ~((UINT64_C(1) << min) - 1);
}

static int lowest(uint64_t values)
{
	return __builtin_ctzll(values);
}

static char *ordinal(int n)
{
	const char *ending = n % 10 == 1 && n != 11   ? "st"
			     : n % 10 == 2 && n != 12 ? "nd"
			     : n % 10 == 3 && n != 13 ? "rd"
						      : "th";
	return g_strdup_printf("%d%s", n, ending);
}

static char *number(int n)
{
	return g_strdup_printf("%d", n);
}

static char *weekday(int n)
{
	return g_strdup(weekdays[n % 7]);
}

static char *month(int n)
{
	return g_strdup(months[n]);
}

/* "a, b and c". */
static void append_words(GString *out, const GPtrArray *words, const char *last_joint)
{
	for (guint i = 0; i < words->len; i++) {
		g_string_append(out, i == 0 ? "" : i + 1 == words->len ? last_joint : ", ");
		g_string_append(out, g_ptr_array_index(words, i));
	}
}

/* "1, 3 and 5 to 9" */
static void append_values(GString *out, uint64_t values, int max, char *(*name)(int))
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	for (int low = 0; low <= max; low++) {
		int high = low;
		if (!(values >> low & 1))
			continue;
		while (high < max && values >> (high + 1) & 1)
			high++;
		g_autofree char *first = name(low), *last = name(high);
		if (high - low >= 2) {
			g_ptr_array_add(words, g_strconcat(first, " to ", last, NULL));
			low = high;
		} else {
			g_ptr_array_add(words, g_strdup(first));
		}
	}
	append_words(out, words, " and ");
}

/* n when the set is 0, n, 2n ... up to max and has more than one value; 1 = every value; 0 = no such set. */
static int any_step(uint64_t values, int max)
{
	if (!(values & 1) || values == 1)
		return 0;
	int step = lowest(values & ~UINT64_C(1));
	uint64_t expected = 0;
	for (int value = 0; value <= max; value += step)
		expected |= UINT64_C(1) << value;
	return expected == values ? step : 0;
}

/* The same, if the steps go on evenly when the unit begins anew: every 7 minutes would not be the truth. */
static int even_step(uint64_t values, int max)
{
	int step = any_step(values, max);

	return step > 0 && (max + 1) % step == 0 ? step : 0;
}

/* "every 5 minutes", "at minutes 1 and 7 of every hour" */
static void append_unit(GString *out, uint64_t values, int max, const char *unit, const char *of)
{
	int step = even_step(values, max);

	if (step == 1)
		g_string_append_printf(out, "every %s", unit);
	else if (step > 1)
		g_string_append_printf(out, "every %d %ss", step, unit);
	else {
		g_string_append_printf(out, "at %s%s ", unit, values & (values - 1) ? "s" : "");
		append_values(out, values, max, number);
		g_string_append(out, of);
	}
}

/* "at 09:00 and 17:30:15" when there are few. */
static bool append_times(GString *out, const struct cron *cron)
{
	int n = __builtin_popcountll(cron->second) * __builtin_popcountll(cron->minute) *
		__builtin_popcount(cron->hour);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	if (n > TIMES_MAX)
		return false;
	for (int t = 0; t < 86400; t++) {
		int hour = t / 3600, minute = t / 60 % 60, second = t % 60;
		if (!(cron->hour >> hour & 1) || !(cron->minute >> minute & 1) || !(cron->second >> second & 1))
			continue;
		g_ptr_array_add(words, cron->second == 1 ? g_strdup_printf("%02d:%02d", hour, minute)
							 : g_strdup_printf("%02d:%02d:%02d", hour, minute, second));
	}
	g_string_append(out, "at ");
	append_words(out, words, " and ");
	return true;
}

static void append_time_of_day(GString *out, const struct cron *cron)
{
	bool every_minute = cron->minute == all_from_to(0, 59), every_hour = cron->hour == all_from_to(0, 23);

	if (append_times(out, cron))
		return;
	if (cron->second != 1) {
		append_unit(out, cron->second, 59, "second", every_minute ? " of every minute" : "");
		if (every_minute && every_hour)
			return;
		g_string_append(out, ", ");
	}
	if (cron->minute == 1 && even_step(cron->hour, 23) > 0) {
		append_unit(out, cron->hour, 23, "hour", "");
		return;
	}
	append_unit(out, cron->minute, 59, "minute", every_hour ? " of every hour" : "");
	if (every_hour)
		return;
	if (even_step(cron->hour, 23) > 1) {
		g_autofree char *nth = ordinal(even_step(cron->hour, 23));
		g_string_append_printf(out, " of every %s hour", nth);
		return;
	}
	g_string_append_printf(out, " past hour%s ", cron->hour & (cron->hour - 1) ? "s" : "");
	append_values(out, cron->hour, 23, number);
}

static void add_special_days(GPtrArray *words, const struct cron *cron)
{
	for (int n = 0; n <= 30; n++) {
		g_autofree char *before = n == 0 ? g_strdup("last day") : g_strdup_printf("%d days before the last", n);
		g_autofree char *day = ordinal(n);
		if (cron->last >> n & 1)
			g_ptr_array_add(words, g_strdup(before));
		if (cron->last_nearest >> n & 1)
			g_ptr_array_add(words, n == 0 ? g_strdup("last weekday")
						      : g_strconcat("weekday nearest to ", before, NULL));
		if (n > 0 && cron->nearest >> n & 1)
			g_ptr_array_add(words, g_strconcat("weekday nearest to the ", day, NULL));
	}
	if (cron->nearest >> 31 & 1)
		g_ptr_array_add(words, g_strdup("weekday nearest to the 31st"));
}

static void append_days_of_month(GString *out, const struct cron *cron)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	/* Day numbers less one begin with 0, as the other units do. */
	int step = cron->dom != 0xfffffffe ? any_step(cron->dom >> 1, 30) : 0;
	if (step > 1 && step < 15) {
		g_autofree char *nth = ordinal(step);
		g_string_append_printf(out, "on every %s day of the month", nth);
		return;
	}
	if (cron->dom & 0xfffffffe) {
		GString *plain = g_string_new(NULL);
		append_values(plain, cron->dom & 0xfffffffe, 31, ordinal);
		g_ptr_array_add(words, g_string_free(plain, FALSE));
	}
	add_special_days(words, cron);
	g_string_append(out, "on the ");
	append_words(out, words, " and the ");
	g_string_append(out, " of the month");
}

static void append_weekdays(GString *out, const struct cron *cron)
{
	static const char *const nth[] = { "first", "second", "third", "fourth", "fifth" };
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	/* The week as people write it ends with Sunday. */
	uint64_t week = (cron->dow & 0x7e) | (cron->dow & 1 ? 0x80 : 0);

	if (week) {
		GString *plain = g_string_new(NULL);
		append_values(plain, week, 7, weekday);
		g_ptr_array_add(words, g_string_free(plain, FALSE));
	}
	for (int bit = 0; bit < 35; bit++)
		if (cron->dow_nth >> bit & 1)
			g_ptr_array_add(words,
					g_strdup_printf("the %s %s of the month", nth[bit / 7], weekdays[bit % 7]));
	for (int day = 0; day < 7; day++)
		if (cron->dow_last >> day & 1)
			g_ptr_array_add(words, g_strdup_printf("the last %s of the month", weekdays[day]));
	g_string_append(out, "on ");
	append_words(out, words, " and ");
}

static void append_days(GString *out, const struct cron *cron)
{
	bool dom_star = cron->starred >> CRON_DOM & 1, dow_star = cron->starred >> CRON_DOW & 1;
	bool any_dom = dom_star && cron->dom == 0xfffffffe, any_dow = dow_star && cron->dow == 0x7f;

	if (!any_dom) {
		g_string_append_c(out, ' ');
		append_days_of_month(out, cron);
	}
	if (!any_dom && !any_dow)
		g_string_append(out, dom_star || dow_star ? " if that is also" : " or");
	if (!any_dow) {
		g_string_append_c(out, ' ');
		append_weekdays(out, cron);
	}
	if (cron->month != all_from_to(1, 12)) {
		g_string_append(out, " in ");
		append_values(out, cron->month, 12, month);
	}
}

char *schedule_sentence(const struct schedule *schedule)
{
	g_autofree char *canonical = schedule_print(schedule);
	GString *out = g_string_new(NULL);

	switch (schedule->kind) {
	case SCHEDULE_CRON:
		append_time_of_day(out, &schedule->cron);
		append_days(out, &schedule->cron);
		break;
	case SCHEDULE_EVERY:
		g_string_append_printf(out, "every %s, counted from when the job was made",
				       canonical + strlen("@every "));
		break;
	case SCHEDULE_AT:
		g_string_append_printf(out, "once, at %s", canonical + strlen("@at "));
		break;
	case SCHEDULE_REBOOT:
		g_string_append(out, "once each time the host boots");
		break;
	}
	out->str[0] = g_ascii_toupper(out->str[0]);
	return g_string_free(out, FALSE);
}
