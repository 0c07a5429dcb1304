/*
 * Instants on the wall clock of a schedule's zone, with a remark where the clock changes nearby.
 */
#include "common/schedule_explain.h"

#include "common/schedule_internal.h"

const char *schedule_kind_sentence(const struct schedule *schedule)
{
	switch (schedule_kind(schedule)) {
	case SCHEDULE_CRON:
		return schedule_is_fixed(schedule)
			       ? "fixed time of day: due exactly once when the clock skips or repeats its hour"
			       : "interval: goes on evenly when the clock is put forward or back";
	case SCHEDULE_EVERY:
		return "elapsed time from the moment the job is first known";
	case SCHEDULE_AT:
		return "once";
	case SCHEDULE_REBOOT:
		break;
	}
	return "once each time the host boots";
}

static const char *clock_note(const struct schedule *schedule, const struct tz_segment *here, int64_t seconds)
{
	struct tz_segment next;

	tz_segment_at(schedule->tz, here->end, &next);
	if (here->begin == seconds && here->offset > here->previous_offset)
		return schedule_is_fixed(schedule)
			       ? "the clock has just been put forward: for all that fell into the gap"
			       : "the clock has just been put forward";
	if (here->offset < here->previous_offset && seconds < here->begin + here->previous_offset - here->offset)
		return "second pass of an hour the clock repeats";
	if (next.offset < here->offset && seconds >= here->end - (here->offset - next.offset))
		return "first pass of an hour the clock repeats";
	return NULL;
}

void schedule_local_at(const struct schedule *schedule, struct wall at, struct schedule_local *ret)
{
	struct tz_segment here;
	int64_t seconds = wall_floor_seconds(at);

	tz_segment_at(schedule->tz, seconds, &here);
	*ret = (struct schedule_local){ .seconds = seconds + here.offset,
					.offset = here.offset,
					.note = clock_note(schedule, &here, seconds) };
}

char *schedule_offset_print(int offset, char buffer[static SCHEDULE_OFFSET_SIZE])
{
	int minutes = ABS(offset) / 60;

	g_snprintf(buffer, SCHEDULE_OFFSET_SIZE, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60 % 100,
		   minutes % 60);
	return buffer;
}
