/*
 * What the files of the schedule share: schedule.c (next), schedule_count.c (how many), schedule_text.c (parse, print).
 * Owns: struct schedule. Not for others.
 */
#ifndef BELFRY_SCHEDULE_INTERNAL_H
#define BELFRY_SCHEDULE_INTERNAL_H

#include "common/cron.h"
#include "common/schedule.h"
#include "common/tz.h"

/* Changes of offset up to this are daylight saving; more is a correction (section 4). */
#define DST_JUMP_MAX (3 * 3600)
/* 400 years and a week. */
#define SCHEDULE_HORIZON ((INT64_C(146097) + 7) * 86400)
/* The first microsecond a search looks at, 0001-01-01T00:00:00Z, and the last an instant may have. */
#define FIRST_US (INT64_C(-62135596800) * US_PER_SECOND)
#define LAST_US (WALL_MAX_SECONDS * US_PER_SECOND + US_PER_SECOND - 1)

struct schedule {
	int refs; /* atomic */
	enum schedule_kind kind;
	struct tz *tz;
	union {
		struct cron cron;
		int64_t period_us;
		struct wall at;
	};
};

/* Both for SCHEDULE_CRON; `segment` is one of schedule->tz. */
bool schedule_due_for_gap(const struct schedule *schedule, const struct tz_segment *segment);
int64_t schedule_local_begin(const struct schedule *schedule, const struct tz_segment *segment, int64_t from);

#endif
