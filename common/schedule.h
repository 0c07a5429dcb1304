/*
 * A schedule: text + zone -> the instants at which a job is due. Owns the search for the next instant.
 * Does not own: the grammar of the fields (cron.h), zone files (tz.h).
 * The rules and their sources are shared/cron.md; one section number stands at each rule in schedule.c.
 *
 * A schedule is immutable after schedule_new() and may be shared by threads. All results are pure functions of
 * (schedule, anchor, after): nothing here reads a clock.
 */
#ifndef BELFRY_SCHEDULE_H
#define BELFRY_SCHEDULE_H

#include <glib.h>

#include "common/clock.h"

struct schedule;

#define SCHEDULE_TEXT_MAX 512 /* bytes of an expression */

#define SCHEDULE_ERROR (schedule_error_quark())
GQuark schedule_error_quark(void);
enum schedule_error { SCHEDULE_ERROR_EXPRESSION, SCHEDULE_ERROR_ZONE };

enum schedule_kind {
	SCHEDULE_CRON,
	SCHEDULE_EVERY, /* anchor + k * period, k >= 1 */
	SCHEDULE_AT,    /* once ever */
	SCHEDULE_REBOOT /* once per boot of the host; has no instants of its own */
};

/*
 * Parses. `zone` NULL means UTC. `seed` is the job id that H hashes (NULL counts as ""): FNV-1a 64 of "id NUL
 * field-index". On error returns NULL; the message names the field and the reason in one sentence without a final
 * newline ("minute: 61 is outside 0-59"), the code says whether expression or zone is at fault.
 * A schedule that can never be due ("0 0 30 2 *") is an error.
 */
struct schedule *schedule_new(const char *expression, const char *zone, const char *seed, GError **error);
struct schedule *schedule_ref(struct schedule *schedule);
void schedule_unref(struct schedule *schedule);

/* Does the text use H, so that two jobs with equal text have different instants (and cannot share the object)? */
bool schedule_text_uses_hash(const char *expression);

enum schedule_kind schedule_kind(const struct schedule *schedule);
/* cron.md section 4 rule 1: no '*' and no '/' in second, minute and hour. @at counts as fixed, @every as interval. */
bool schedule_is_fixed(const struct schedule *schedule);

/*
 * The least instant strictly after `after`. `anchor` is used by @every only. Returns false, *ret untouched, when
 * there is none (@at in the past, @reboot, nothing before the year 10000). Always whole seconds, except @at and
 * @every, which keep the fraction of their text or anchor. No allocation; median under 1 us, worst under 100 us.
 */
bool schedule_next(const struct schedule *schedule, struct wall anchor, struct wall after, struct wall *ret);

/*
 * How many instants lie in (after, until]. Counts by days, not by instants: a month of "every second" costs
 * microseconds, so that a missed window of any length is bounded work.
 */
int64_t schedule_count(const struct schedule *schedule, struct wall anchor, struct wall after, struct wall until);

/* The canonical text: parse(print(x)) is x. Caller frees. */
char *schedule_print(const struct schedule *schedule);

/* Notes a person should read, e.g. when one day field is "*" "/n" and the other restricted (cron.md section 2): NULL or
 * one sentence. Static text. */
const char *schedule_note(const struct schedule *schedule);

#endif
