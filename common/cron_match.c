/*
 * Matching by sets of bits. A month's matching days are one 32-bit word, made from its length and the weekday of its
 * first day; the search goes month, day, hour, minute, second and never ticks.
 */
#include "common/cron.h"

#include "common/rfc3339.h"

#define DAY INT64_C(86400)
/* Bit 0 of seven repeated five times: multiplies a week of bits into a month. */
#define FIVE_WEEKS (UINT64_C(1) | UINT64_C(1) << 7 | UINT64_C(1) << 14 | UINT64_C(1) << 21 | UINT64_C(1) << 28)

enum { SUNDAY = 0, SATURDAY = 6 };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int weekday_of(int64_t day)
{
	int rest = (int)((day + 4) % 7); /* 1970-01-01 was a Thursday */
	return rest < 0 ? rest + 7 : rest;
}

static int month_length(int64_t year, int month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
	return 30 + ((month + (month > 7)) & 1);
}

/* Week of bits by weekday -> week of bits by distance from the month's first day. */
static uint64_t rotate_week(uint64_t week, int first_weekday)
{
	return (week >> first_weekday | week << (7 - first_weekday)) & 0x7f;
}

/* The weekday nearest to a day without leaving the month. */
static int nearest_weekday(int day, int length, int first_weekday)
{
	int weekday = (first_weekday + day - 1) % 7;

	if (weekday == SATURDAY)
		return day == 1 ? 3 : day - 1;
	if (weekday == SUNDAY)
		return day == length ? day - 2 : day + 1;
	return day;
}

static uint32_t special_days_of_month(const struct cron *cron, int length, int first_weekday)
{
	uint32_t days = 0;

	for (uint32_t rest = cron->last; rest; rest &= rest - 1) {
		int day = length - __builtin_ctz(rest);
		days |= day >= 1 ? UINT32_C(1) << day : 0;
	}
	for (uint32_t rest = cron->nearest; rest; rest &= rest - 1) {
		int day = __builtin_ctz(rest);
		days |= day <= length ? UINT32_C(1) << nearest_weekday(day, length, first_weekday) : 0;
	}
	for (uint32_t rest = cron->last_nearest; rest; rest &= rest - 1) {
		int day = length - __builtin_ctz(rest);
		days |= day >= 1 ? UINT32_C(1) << nearest_weekday(day, length, first_weekday) : 0;
	}
	return days;
}

static uint32_t special_weekdays_of_month(const struct cron *cron, int length, int first_weekday)
{
	/* Seven days back from the last one each weekday occurs once. */
	uint32_t last_week = UINT32_C(0x7f) << (length - 6);
	uint64_t days = (rotate_week(cron->dow_last, first_weekday) * FIVE_WEEKS << 1) & last_week;

	int first_day = 1;
	for (uint64_t rest = cron->dow_nth; rest; rest >>= 7, first_day += 7)
		days |= rotate_week(rest & 0x7f, first_weekday) << first_day;
	return (uint32_t)days;
}

uint32_t cron_days_of_month(const struct cron *cron, int length, int first_weekday)
{
	uint32_t month_days = (uint32_t)((UINT64_C(1) << (length + 1)) - 2);
	uint32_t by_date = cron->dom;
	uint32_t by_weekday = (uint32_t)(rotate_week(cron->dow, first_weekday) * FIVE_WEEKS << 1);

	if (cron->last | cron->nearest | cron->last_nearest)
		by_date |= special_days_of_month(cron, length, first_weekday);
	if (cron->dow_last | cron->dow_nth)
		by_weekday |= special_weekdays_of_month(cron, length, first_weekday);
	/* Section 2: a star in either field means AND, also "*" "/2". */
	return month_days & (cron->starred ? by_date & by_weekday : by_date | by_weekday);
}

/* A month on its way through the calendar. */
struct month {
	int64_t year, first_day;
	int month, length;
};

static struct month month_of_day(int64_t day, int *ret_day_of_month)
{
	struct month m;

	civil_from_days(day, &m.year, &m.month, ret_day_of_month);
	m.first_day = day - (*ret_day_of_month - 1);
	m.length = month_length(m.year, m.month);
	return m;
}

/* To the next month that the month field allows. */
static void month_advance(struct month *m, unsigned allowed)
{
	unsigned later = allowed & ~((2u << m->month) - 1);

	m->year += later ? 0 : 1;
	m->month = __builtin_ctz(later ? later : allowed);
	m->first_day = civil_to_days(m->year, m->month, 1);
	m->length = month_length(m->year, m->month);
}

bool cron_next_day(const struct cron *cron, int64_t from, int64_t limit, int64_t *ret)
{
	int day_of_month;
	struct month m = month_of_day(from, &day_of_month);
	uint32_t not_before = ~UINT32_C(0) << day_of_month;

	if (!(cron->month >> m.month & 1)) {
		month_advance(&m, cron->month);
		not_before = ~UINT32_C(0);
	}
	while (m.first_day < limit) {
		uint32_t days = cron_days_of_month(cron, m.length, weekday_of(m.first_day)) & not_before;
		if (days) {
			int64_t day = m.first_day + __builtin_ctz(days) - 1;
			if (day >= limit)
				return false;
			*ret = day;
			return true;
		}
		month_advance(&m, cron->month);
		not_before = ~UINT32_C(0);
	}
	return false;
}

static int first_time_of_day(const struct cron *cron)
{
	return __builtin_ctz(cron->hour) * 3600 + __builtin_ctzll(cron->minute) * 60 + __builtin_ctzll(cron->second);
}

/* The first matching second of the day that is not before `from` (0-86399), or -1. */
static int next_time_of_day(const struct cron *cron, int from)
{
	int hour = from / 3600, minute = from / 60 % 60, second = from % 60;

	if (cron->hour >> hour & 1) {
		if (cron->minute >> minute & 1 && cron->second >> second)
			return from + __builtin_ctzll(cron->second >> second);
		uint64_t later_minutes = cron->minute >> minute >> 1;
		if (later_minutes)
			return hour * 3600 + (minute + 1 + __builtin_ctzll(later_minutes)) * 60 +
			       __builtin_ctzll(cron->second);
	}
	uint32_t later_hours = cron->hour >> hour >> 1;
	if (!later_hours)
		return -1;
	return (hour + 1 + __builtin_ctz(later_hours)) * 3600 + __builtin_ctzll(cron->minute) * 60 +
	       __builtin_ctzll(cron->second);
}

bool cron_next_local(const struct cron *cron, int64_t from, int64_t limit, int64_t *ret)
{
	int64_t from_day = floor_div(from, DAY), limit_day = floor_div(limit - 1, DAY) + 1, day;
	int time = -1;

	if (from >= limit || !cron_next_day(cron, from_day, limit_day, &day))
		return false;
	if (day == from_day) {
		time = next_time_of_day(cron, (int)(from - from_day * DAY));
		if (time < 0 && !cron_next_day(cron, from_day + 1, limit_day, &day))
			return false;
	}
	int64_t found = day * DAY + (time < 0 ? first_time_of_day(cron) : time);
	if (found >= limit)
		return false;
	*ret = found;
	return true;
}

static int64_t count_days(const struct cron *cron, int64_t from, int64_t limit)
{
	int day_of_month;
	struct month m = month_of_day(from, &day_of_month);
	int64_t count = 0;

	if (!(cron->month >> m.month & 1))
		month_advance(&m, cron->month);
	for (; m.first_day < limit; month_advance(&m, cron->month)) {
		uint32_t days = cron_days_of_month(cron, m.length, weekday_of(m.first_day));
		if (m.first_day < from)
			days &= ~UINT32_C(0) << (from - m.first_day + 1);
		if (m.first_day + m.length > limit)
			days &= (UINT32_C(1) << (limit - m.first_day + 1)) - 1;
		count += __builtin_popcount(days);
	}
	return count;
}

/* Matching seconds of a matching day before the second `limit` (0-86399). */
static int64_t count_before(const struct cron *cron, int limit)
{
	int hour = limit / 3600, minute = limit / 60 % 60, second = limit % 60;
	int64_t per_minute = __builtin_popcountll(cron->second);
	int64_t per_hour = per_minute * __builtin_popcountll(cron->minute);
	int64_t count = per_hour * __builtin_popcount(cron->hour & ((UINT32_C(1) << hour) - 1));

	if (!(cron->hour >> hour & 1))
		return count;
	count += per_minute * __builtin_popcountll(cron->minute & ((UINT64_C(1) << minute) - 1));
	if (!(cron->minute >> minute & 1))
		return count;
	return count + __builtin_popcountll(cron->second & ((UINT64_C(1) << second) - 1));
}

static int64_t count_in_day_before(const struct cron *cron, int64_t local)
{
	int64_t day = floor_div(local, DAY), unused;

	return cron_next_day(cron, day, day + 1, &unused) ? count_before(cron, (int)(local - day * DAY)) : 0;
}

int64_t cron_count_local(const struct cron *cron, int64_t from, int64_t limit)
{
	int64_t per_day = (int64_t)__builtin_popcountll(cron->second) * __builtin_popcountll(cron->minute) *
			  __builtin_popcount(cron->hour);

	if (from >= limit)
		return 0;
	/* Whole days from the day of `from` up to the day of `limit`, then the ends put right. */
	return per_day * count_days(cron, floor_div(from, DAY), floor_div(limit, DAY)) -
	       count_in_day_before(cron, from) + count_in_day_before(cron, limit);
}
