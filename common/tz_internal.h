/*
 * What the files of the zone reader share: tz.c (cache, lookup), tz_parse.c (TZif bytes), tz_rule.c (footer).
 * Owns: struct tz. Not for others.
 */
#ifndef BELFRY_TZ_INTERNAL_H
#define BELFRY_TZ_INTERNAL_H

#include "common/tz.h"

/* 400 years: dates, weekdays and therefore the footer's rules repeat. */
#define TZ_PERIOD (INT64_C(146097) * 86400)
/* RFC 9636 advises -25 h .. +26 h for readers; a wider offset is no zone on this planet. */
#define TZ_OFFSET_LIMIT 93600
/* RFC 9636 section 3.2: no transition before -2^59. The same bound upwards keeps sums in range. */
#define TZ_TIME_LIMIT (INT64_C(1) << 59)

/* From `begin` on, local = UTC + offset. */
struct tz_change {
	int64_t begin;
	int32_t offset;
};

/*
 * A zone is one sorted array of changes. The footer's rule is unrolled into it for one period of 400 years, so that a
 * lookup is one binary search however far the future: instants past the end are moved back by whole periods.
 *
 *   changes[0]      the first offset, begin = INT64_MIN
 *   changes[cycle]  first change of the part that repeats
 *   changes[n - 1]  changes[cycle] one period later
 * cycle is 0 when nothing repeats: the last offset stays for ever.
 */
struct tz {
	int refs; /* atomic */
	int n, cycle;
	struct tz_change *changes;
};

/* Adds a change later than all before; one that changes nothing is dropped, so that segments are maximal. */
void tz_changes_add(GArray *changes, int64_t begin, int32_t offset);

/*
 * Reads a footer (a POSIX TZ string with the extensions of RFC 9636 section 3.3.1) and adds what follows from it after
 * the instant `from`. *ret_cycle as in struct tz. False when the text is not a rule.
 */
bool tz_rule_unroll(const char *footer, int64_t from, GArray *changes, int *ret_cycle);

/* Where the zone files are: TZDIR from the environment, or the system's. */
const char *tz_directory(void);

#endif
