/*
 * A schedule in words: what it means as a sentence, how an instant reads on the wall clock of its zone, and what a change
 * of that clock has to do with it. Owns: these words. Does not own: when it is due (schedule.h). Pure, any thread; for people
 * only, no decision hangs on it.
 */
#ifndef BELFRY_SCHEDULE_EXPLAIN_H
#define BELFRY_SCHEDULE_EXPLAIN_H

#include "common/schedule.h"

/* "At 09:00 on Monday to Friday", "Every 5 minutes". Without the zone, without a full stop. Caller frees. */
char *schedule_sentence(const struct schedule *schedule);

/* How the schedule behaves when the clock is put forward or back. Static text. */
const char *schedule_kind_sentence(const struct schedule *schedule);

struct schedule_local {
	int64_t seconds; /* the wall clock of the zone as seconds since 1970 */
	int offset;      /* local = UTC + offset, seconds */
	const char *note; /* what a change of the clock has to do with the instant; NULL = nothing. Static text */
};
void schedule_local_at(const struct schedule *schedule, struct wall at, struct schedule_local *ret);

#define SCHEDULE_OFFSET_SIZE 16
/* "+02:00"; returns buffer. */
char *schedule_offset_print(int offset, char buffer[static SCHEDULE_OFFSET_SIZE]);

#endif
