/*
 * The footer of a TZif file: which offsets hold after the last transition of the table.
 *
 *   EST5EDT,M3.2.0,M11.1.0              std offset dst, start, end; default times 02:00, default dst offset +1 h
 *   <+1030>-10:30<+11>-11,M10.1.0,M4.1.0  quoted names; the sign is "west is positive"
 *   IST-1GMT0,M10.5.0,M3.5.0/1           "dst" less than standard
 *   <-02>2<-01>,M3.5.0/-1,M10.5.0/0      times from -167 h to 167 h
 *
 * The rule is unrolled into events (at, offset) which are sorted, so that no case of north and south, of rules that
 * cross the year's end, or of summer time all year needs a branch of its own. When two events meet in one instant the
 * start wins, being sorted last: "XXX3EDT4,0/0,J365/25" is how RFC 9636 writes summer time all year.
 */
#include "common/tz_internal.h"

#include <stdlib.h>

#include "common/rfc3339.h"

#define STANDARD_HOURS_MAX 24
#define RULE_HOURS_MAX 167
#define YEARS_BEFORE 2 /* events of the year before may come as late as a week into this one */
#define YEARS_UNROLLED 420
/* The sequence of events is steady this long after the first: then the period can begin. */
#define STEADY_AFTER (INT64_C(2) * 366 * 86400)
/* Events later than this are left out: the last of the unrolled years lacks what would follow. */
#define UNROLLED_SECONDS (TZ_PERIOD + INT64_C(12) * 366 * 86400)

enum date_kind { DATE_WEEKDAY, DATE_JULIAN_NO_LEAP, DATE_ZERO_BASED };

struct rule_date {
	enum date_kind kind;
	int month, week, weekday; /* DATE_WEEKDAY; week 5 = last */
	int day;		  /* the other two */
	int time;		  /* seconds after local midnight, may be negative */
};

struct rule {
	int standard_offset, dst_offset;
	bool has_dst;
	struct rule_date start, end;
};

struct event {
	int64_t at;
	int32_t offset;
	bool is_start;
};

static bool skip_name(const char **text)
{
	const char *at = *text;
	bool quoted = *at == '<';

	at += quoted;
	const char *begin = at;
	while (g_ascii_isalpha(*at) || (quoted && (g_ascii_isdigit(*at) || *at == '+' || *at == '-')))
		at++;
	if (at - begin < 3 || (quoted && *at != '>'))
		return false;
	*text = at + quoted;
	return true;
}

/* At most three digits. */
static bool read_number(const char **text, int max, int *ret)
{
	int value = 0, digits = 0;

	for (; g_ascii_isdigit(**text) && digits < 4; (*text)++, digits++)
		value = value * 10 + (**text - '0');
	if (digits == 0 || digits > 3 || value > max)
		return false;
	*ret = value;
	return true;
}

static bool read_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	(*text)++;
	return true;
}

/* [+-]hh[:mm[:ss]] as seconds. */
static bool read_hms(const char **text, int hours_max, int *ret)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (**text == '-' || **text == '+')
		(*text)++;
	if (!read_number(text, hours_max, &hours))
		return false;
	if (read_char(text, ':')) {
		if (!read_number(text, 59, &minutes))
			return false;
		if (read_char(text, ':') && !read_number(text, 59, &seconds))
			return false;
	}
	*ret = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool read_rule_date(const char **text, struct rule_date *ret)
{
	if (read_char(text, 'M')) {
		ret->kind = DATE_WEEKDAY;
		if (!read_number(text, 12, &ret->month) || !read_char(text, '.') || !read_number(text, 5, &ret->week) ||
		    !read_char(text, '.') || !read_number(text, 6, &ret->weekday) || ret->month < 1 || ret->week < 1)
			return false;
	} else if (read_char(text, 'J')) {
		ret->kind = DATE_JULIAN_NO_LEAP;
		if (!read_number(text, 365, &ret->day) || ret->day < 1)
			return false;
	} else {
		ret->kind = DATE_ZERO_BASED;
		if (!read_number(text, 365, &ret->day))
			return false;
	}
	ret->time = 2 * 3600;
	return !read_char(text, '/') || read_hms(text, RULE_HOURS_MAX, &ret->time);
}

static bool read_rule(const char *text, struct rule *ret)
{
	int west;

	*ret = (struct rule){ 0 };
	if (!skip_name(&text) || !read_hms(&text, STANDARD_HOURS_MAX, &west))
		return false;
	ret->standard_offset = -west;
	if (!*text)
		return true;

	ret->has_dst = true;
	ret->dst_offset = ret->standard_offset + 3600;
	if (!skip_name(&text))
		return false;
	if (*text != ',') {
		if (!read_hms(&text, STANDARD_HOURS_MAX, &west))
			return false;
		ret->dst_offset = -west;
	}
	return read_char(&text, ',') && read_rule_date(&text, &ret->start) && read_char(&text, ',') &&
	       read_rule_date(&text, &ret->end) && !*text;
}

/* Day of the rule in that year, counted from 1970-01-01. */
static int64_t rule_day(const struct rule_date *date, int64_t year)
{
	int64_t new_year = civil_to_days(year, 1, 1);

	switch (date->kind) {
	case DATE_JULIAN_NO_LEAP: {
		bool leap = civil_to_days(year + 1, 1, 1) - new_year == 366;
		return new_year + date->day - 1 + (leap && date->day >= 60);
	}
	case DATE_ZERO_BASED:
		return new_year + date->day;
	case DATE_WEEKDAY:
		break;
	}
	int64_t first = civil_to_days(year, date->month, 1);
	int64_t next_month =
		date->month == 12 ? civil_to_days(year + 1, 1, 1) : civil_to_days(year, date->month + 1, 1);
	int first_weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
	int64_t day = first + (date->weekday - first_weekday + 7) % 7 + (date->week - 1) * 7;
	return day < next_month ? day : day - 7;
}

static int compare_events(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (int)a->is_start - (int)b->is_start;
}

static GArray *rule_events(const struct rule *rule, int64_t from)
{
	GArray *events = g_array_sized_new(FALSE, FALSE, sizeof(struct event), YEARS_UNROLLED * 2);
	int64_t first_year;
	int month, day;

	civil_from_days(from / 86400, &first_year, &month, &day);
	first_year -= YEARS_BEFORE;
	for (int64_t year = first_year; year < first_year + YEARS_UNROLLED; year++) {
		struct event start = { rule_day(&rule->start, year) * 86400 + rule->start.time - rule->standard_offset,
				       rule->dst_offset, true };
		struct event end = { rule_day(&rule->end, year) * 86400 + rule->end.time - rule->dst_offset,
				     rule->standard_offset, false };
		g_array_append_val(events, start);
		g_array_append_val(events, end);
	}
	qsort(events->data, events->len, sizeof(struct event), compare_events);
	return events;
}

/* Finds the first steady change whose twin one period later is there too, and cuts what follows the twin. */
static int close_cycle(GArray *changes, int64_t from)
{
	guint cycle = 1;

	while (cycle < changes->len && g_array_index(changes, struct tz_change, cycle).begin < from + STEADY_AFTER)
		cycle++;
	if (cycle >= changes->len)
		return 0;
	int64_t twin = g_array_index(changes, struct tz_change, cycle).begin + TZ_PERIOD;
	for (guint i = cycle + 1; i < changes->len; i++) {
		if (g_array_index(changes, struct tz_change, i).begin == twin) {
			g_array_set_size(changes, i + 1);
			return (int)cycle;
		}
	}
	return 0;
}

bool tz_rule_unroll(const char *footer, int64_t from, GArray *changes, int *ret_cycle)
{
	struct rule rule;

	*ret_cycle = 0;
	if (!read_rule(footer, &rule))
		return false;
	if (!rule.has_dst) {
		tz_changes_add(changes, from, rule.standard_offset);
		return true;
	}

	g_autoptr(GArray) events = rule_events(&rule, from);
	int32_t offset_at_from = rule.standard_offset;
	guint i = 0;
	for (; i < events->len && g_array_index(events, struct event, i).at <= from; i++)
		offset_at_from = g_array_index(events, struct event, i).offset;
	tz_changes_add(changes, from, offset_at_from);
	for (; i < events->len; i++) {
		const struct event *event = &g_array_index(events, struct event, i);
		if (event->at > from + UNROLLED_SECONDS)
			break;
		if (event[1].at != event->at) /* the later of two in one instant wins; there is one more, see above */
			tz_changes_add(changes, event->at, event->offset);
	}
	*ret_cycle = close_cycle(changes, from);
	return true;
}
