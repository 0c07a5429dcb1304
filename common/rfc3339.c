#include "common/rfc3339.h"

#include <string.h>

#define MIN_SECONDS INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define SECONDS_PER_DAY INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097) /* 400 years: the calendar repeats, weekdays included */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Both directions count years from 1 March, so that the leap day is the last of its year and the months before a given
 * one have a closed form: March is month 0, and (153 * m + 2) / 5 days lie before month m.
 */
int64_t civil_to_days(int64_t year, int month, int day)
{
	int64_t march_year = month > 2 ? year : year - 1;
	int march_month = month > 2 ? month - 3 : month + 9;
	int64_t era = floor_div(march_year, 400);
	int64_t year_of_era = march_year - era * 400;
	int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - 719468; /* days from 0000-03-01 to 1970-01-01 */
}

void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	int64_t from_zero = days + 719468;
	int64_t era = floor_div(from_zero, DAYS_PER_ERA);
	unsigned day_of_era = (unsigned)(from_zero - era * DAYS_PER_ERA);
	/* Take out the leap days of 4, 100 and 400 years: what is left divides by 365. */
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;

	*ret_day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	*ret_month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	*ret_year = era * 400 + year_of_era + (march_month >= 10);
}

/* Exactly `width` digits, at *text; moves on. */
static bool read_digits(const char **text, int width, int *ret)
{
	int value = 0;
	for (int i = 0; i < width; i++) {
		char c = (*text)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text += width;
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

static bool read_date(const char **text, int64_t *ret_days)
{
	int year, month, day, month_back, day_back;
	int64_t year_back;

	if (!read_digits(text, 4, &year) || !read_char(text, '-') || !read_digits(text, 2, &month) ||
	    !read_char(text, '-') || !read_digits(text, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	/* 30 February comes back as another day. */
	*ret_days = civil_to_days(year, month, day);
	civil_from_days(*ret_days, &year_back, &month_back, &day_back);
	return day_back == day;
}

static bool read_time(const char **text, int *ret_second_of_day)
{
	int hour, minute, second;

	if (!read_digits(text, 2, &hour) || !read_char(text, ':') || !read_digits(text, 2, &minute) ||
	    !read_char(text, ':') || !read_digits(text, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*ret_second_of_day = hour * 3600 + minute * 60 + second;
	return true;
}

static bool read_fraction(const char **text, int *ret_us)
{
	int us = 0, digits = 0;

	*ret_us = 0;
	if (!read_char(text, '.'))
		return true;
	for (; **text >= '0' && **text <= '9'; (*text)++, digits++)
		us = digits < 6 ? us * 10 + (**text - '0') : us;
	if (digits == 0)
		return false;
	for (; digits < 6; digits++)
		us *= 10;
	*ret_us = us;
	return true;
}

static bool read_offset(const char **text, int *ret_seconds)
{
	int hour, minute, sign = **text == '-' ? -1 : 1;

	*ret_seconds = 0;
	if (read_char(text, 'Z') || read_char(text, 'z'))
		return true;
	if (!read_char(text, '+') && !read_char(text, '-'))
		return false;
	if (!read_digits(text, 2, &hour) || !read_char(text, ':') || !read_digits(text, 2, &minute))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*ret_seconds = sign * (hour * 3600 + minute * 60);
	return true;
}

bool rfc3339_parse(const char *text, struct wall *ret)
{
	int64_t days;
	int second_of_day, us, offset;

	if (!read_date(&text, &days) || !(read_char(&text, 'T') || read_char(&text, 't')) ||
	    !read_time(&text, &second_of_day) || !read_fraction(&text, &us) || !read_offset(&text, &offset) || *text)
		return false;

	int64_t seconds = days * SECONDS_PER_DAY + second_of_day - offset;
	if (seconds < MIN_SECONDS || seconds > WALL_MAX_SECONDS)
		return false; /* the offset moved it out of the years that can be printed */
	*ret = (struct wall){ seconds * US_PER_SECOND + us };
	return true;
}

static char *write_digits(char *at, int width, int value)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + width;
}

/* Writes "2026-11-23T12:00:00" and returns where it ends. Instants without a four-digit year become the nearest one. */
static char *write_seconds(struct wall t, char *at)
{
	int64_t seconds = wall_floor_seconds(t), year;
	int month, day;

	seconds = seconds < MIN_SECONDS ? MIN_SECONDS : seconds > WALL_MAX_SECONDS ? WALL_MAX_SECONDS : seconds;
	int64_t days = floor_div(seconds, SECONDS_PER_DAY);
	int second_of_day = (int)(seconds - days * SECONDS_PER_DAY);
	civil_from_days(days, &year, &month, &day);

	at = write_digits(at, 4, (int)year);
	*at++ = '-';
	at = write_digits(at, 2, month);
	*at++ = '-';
	at = write_digits(at, 2, day);
	*at++ = 'T';
	at = write_digits(at, 2, second_of_day / 3600);
	*at++ = ':';
	at = write_digits(at, 2, second_of_day / 60 % 60);
	*at++ = ':';
	return write_digits(at, 2, second_of_day % 60);
}

char *rfc3339_print_seconds(struct wall t, char buffer[static RFC3339_SIZE])
{
	char *at = write_seconds(t, buffer);

	memcpy(at, "Z", 2);
	return buffer;
}

char *rfc3339_print_ms(struct wall t, char buffer[static RFC3339_SIZE])
{
	char *at = write_seconds(t, buffer);
	int64_t us = t.us % US_PER_SECOND;

	*at++ = '.';
	at = write_digits(at, 3, (int)((us < 0 ? us + US_PER_SECOND : us) / US_PER_MS));
	memcpy(at, "Z", 2);
	return buffer;
}
