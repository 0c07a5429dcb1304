/*
 * Counting by the same segments and rules as the search in schedule.c; inside a segment the days are counted and
 * multiplied (cron_count_local), so that the cost grows with the months of the window and not with its fires.
 */
#include "common/schedule_internal.h"

/* Due instants in [from, limit), whole seconds. */
static int64_t count_cron(const struct schedule *schedule, int64_t from, int64_t limit)
{
	const struct cron *cron = &schedule->cron;
	int64_t count = 0;

	while (from < limit) {
		struct tz_segment segment;
		tz_segment_at(schedule->tz, from, &segment);

		int64_t end = MIN(segment.end, limit);
		int64_t local_begin = schedule_local_begin(schedule, &segment, from);
		count += cron_count_local(cron, local_begin, end + segment.offset);
		if (segment.begin == from && schedule_due_for_gap(schedule, &segment) &&
		    !cron_count_local(cron, local_begin, local_begin + 1))
			count++; /* a match at the edge itself is the same fire */
		from = end;
	}
	return count;
}

/* How many k >= 1 have anchor + k * period <= until. */
static int64_t steps_until(int64_t period, int64_t anchor, int64_t until)
{
	return until <= anchor ? 0 : (int64_t)(((uint64_t)until - (uint64_t)anchor) / (uint64_t)period);
}

int64_t schedule_count(const struct schedule *schedule, struct wall anchor, struct wall after, struct wall until)
{
	struct wall first_end = { MAX(after.us, FIRST_US - 1) }, last = { MIN(until.us, LAST_US) };

	if (!wall_before(first_end, last))
		return 0;
	switch (schedule->kind) {
	case SCHEDULE_CRON:
		return count_cron(schedule, wall_floor_seconds(first_end) + 1, wall_floor_seconds(last) + 1);
	case SCHEDULE_EVERY: {
		int64_t from = wall_is_set(anchor) ? anchor.us : 0;
		return steps_until(schedule->period_us, from, last.us) -
		       steps_until(schedule->period_us, from, first_end.us);
	}
	case SCHEDULE_AT:
		return wall_before(first_end, schedule->at) && !wall_before(last, schedule->at);
	case SCHEDULE_REBOOT:
		break;
	}
	return 0;
}
