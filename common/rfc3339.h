/*
 * RFC 3339 text <-> instants. Owns nothing; pure functions, any thread.
 */
#ifndef BELFRY_RFC3339_H
#define BELFRY_RFC3339_H

#include "common/clock.h"

/* Room for "9999-12-31T23:59:59.999999Z" and the final NUL. */
#define RFC3339_SIZE 32

/*
 * Reads a full RFC 3339 date-time: 'T' and 'Z' in either case, offset or Z required, optional fraction (digits past
 * microseconds are cut). Second 60, impossible dates, years outside 0001-9999 and trailing text are refused.
 * Returns false and leaves *ret alone when the text is not one.
 */
bool rfc3339_parse(const char *text, struct wall *ret);

/* Writes "2026-11-23T12:00:00Z" (fraction cut); returns buffer. */
char *rfc3339_print_seconds(struct wall t, char buffer[static RFC3339_SIZE]);

/* Writes "2026-11-23T12:00:00.000Z" (rounded down to ms), the API's form; returns buffer. */
char *rfc3339_print_ms(struct wall t, char buffer[static RFC3339_SIZE]);

/* Civil date arithmetic on the proleptic Gregorian calendar; days count from 1970-01-01. */
int64_t civil_to_days(int64_t year, int month /* 1-12 */, int day /* 1-31 */);
void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

#endif
