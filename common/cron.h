/*
 * Cron fields as sets of bits: read, print, match. Owns the grammar of the fields (sections 1, 2 and 6 of the cron
 * rules) and the search on local time. Does not own: zones, "@every" and its kin (schedule.h).
 *
 * Local time is seconds since 1970-01-01T00:00:00 on the wall clock of the job's zone, proleptic Gregorian calendar.
 * A struct cron is a plain value: copy it, compare it with memcmp (cron_parse leaves no padding unset). Pure functions.
 * The files: cron.c (parse), cron_print.c, cron_match.c.
 */
#ifndef BELFRY_CRON_H
#define BELFRY_CRON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum cron_field { CRON_SECOND, CRON_MINUTE, CRON_HOUR, CRON_DOM, CRON_MONTH, CRON_DOW, CRON_FIELDS_ };

/* Bit v of a set means value v. */
struct cron {
	uint64_t second, minute;
	uint64_t dow_nth;      /* bit (n - 1) * 7 + d: the n-th weekday d, "d#n" */
	uint32_t hour;
	uint32_t dom;
	uint32_t last;         /* bit n: the last day minus n, "L-n"; bit 0 is "L" */
	uint32_t nearest;      /* bit n: the weekday nearest to day n, "nW" */
	uint32_t last_nearest; /* bit n: the weekday nearest to the last day minus n, "L-nW"; bit 0 is "LW" */
	uint16_t month;
	uint8_t dow;           /* 0 = Sunday */
	uint8_t dow_last;      /* bit d: the last weekday d, "dL" */
	uint8_t stepped;       /* bits of second, minute, hour (enum cron_field): the text has a '*' or a '/' */
	uint8_t starred;       /* bits of dom, dow: the text begins with '*' or is "?" */
	uint8_t unused[6];
};

/*
 * Reads five or six fields. `seed` is what H hashes: FNV-1a 64 over its bytes, a NUL and the ASCII digit of the field
 * ('0' second ... '5' day of week), modulo the size of the range. The result holds the hashed values.
 * Errors are SCHEDULE_ERROR_EXPRESSION (schedule.h), one sentence that names the field; dates that never occur are one.
 */
bool cron_parse(const char *text, const char *seed, struct cron *ret, GError **error);

/* The canonical text, with numbers for names; five fields when the second is a plain 0. Caller frees. */
char *cron_print(const struct cron *cron);

/* Neither second nor minute nor hour has a '*' or a '/' in its text. */
static inline bool cron_is_fixed(const struct cron *cron)
{
	return cron->stepped == 0;
}

/* The days of a month that match, bit d = day d. `first_weekday`: of day 1, 0 = Sunday. */
uint32_t cron_days_of_month(const struct cron *cron, int length, int first_weekday);

/* The first matching day in [from, limit), days since 1970-01-01. */
bool cron_next_day(const struct cron *cron, int64_t from, int64_t limit, int64_t *ret);

/* The first matching local second in [from, limit). */
bool cron_next_local(const struct cron *cron, int64_t from, int64_t limit, int64_t *ret);

/* How many matching local seconds lie in [from, limit). Costs by months, not by matches. */
int64_t cron_count_local(const struct cron *cron, int64_t from, int64_t limit);

#endif
