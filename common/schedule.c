/*
 * From text and zone to instants. The search works on segments of constant offset (tz.h): inside one, local time is
 * UTC plus a number, and the fields are searched on local time (cron.h). What happens at the edges of segments is the
 * daylight saving rule of section 4:
 *
 *              local time
 *   gap        ... 01:59 | 03:00 ...     fixed schedules: what matches in 02:00-02:59 is due once, at the edge
 *   overlap    ... 01:59 | 01:00 ...     fixed schedules: 01:00-01:59 was due before the edge, not again
 *
 * Interval schedules take each segment as it is. Edges of more than three hours are corrections of the zone itself:
 * nothing is made up, nothing dropped.
 */
#include "common/schedule_internal.h"

/* Local time is less than this away from UTC in any zone (tz.h refuses others). */
#define WIDEST_OFFSET (26 * 3600)

G_DEFINE_QUARK(belfry - schedule - error, schedule_error)

enum schedule_kind schedule_kind(const struct schedule *schedule)
{
	return schedule->kind;
}

bool schedule_is_fixed(const struct schedule *schedule)
{
	switch (schedule->kind) {
	case SCHEDULE_CRON:
		return cron_is_fixed(&schedule->cron);
	case SCHEDULE_EVERY:
		return false;
	case SCHEDULE_AT:
	case SCHEDULE_REBOOT:
		break;
	}
	return true;
}

/* Rule 3: a fixed schedule with a match in the hour that does not exist is due at its edge. */
bool schedule_due_for_gap(const struct schedule *schedule, const struct tz_segment *segment)
{
	int64_t jump = (int64_t)segment->offset - segment->previous_offset, unused;

	return jump > 0 && jump <= DST_JUMP_MAX && cron_is_fixed(&schedule->cron) &&
	       cron_next_local(&schedule->cron, segment->begin + segment->previous_offset,
			       segment->begin + segment->offset, &unused);
}

/* Rule 4: where in local time a fixed schedule may begin in this segment. */
int64_t schedule_local_begin(const struct schedule *schedule, const struct tz_segment *segment, int64_t from)
{
	int64_t back = (int64_t)segment->previous_offset - segment->offset;

	if (back > 0 && back <= DST_JUMP_MAX && cron_is_fixed(&schedule->cron))
		return MAX(from + segment->offset, segment->begin + segment->previous_offset);
	return from + segment->offset;
}

/*
 * Where to go on after a segment in which nothing is due, knowing that no local time in [local_begin, local) matches.
 * Instants from the segment's end on show local times later than its end less the widest offset; when all of those up
 * to `local` are known not to match, the search jumps close to `local`, past all segments on the way to a leap day.
 */
static int64_t next_search_begin(const struct tz_segment *segment, int64_t local_begin, int64_t local)
{
	if (local_begin > segment->end - WIDEST_OFFSET)
		return segment->end;
	return MAX(segment->end, local - WIDEST_OFFSET);
}

/* The first due instant from `from` on, whole seconds. */
static bool next_cron(const struct schedule *schedule, int64_t from, int64_t *ret)
{
	from = MAX(from, FIRST_US / US_PER_SECOND);
	if (from > WALL_MAX_SECONDS)
		return false;
	/* Offsets, dates and weekdays repeat after 400 years: what was not found by then does not exist. */
	int64_t limit = MIN(MAX(from, tz_steady_from(schedule->tz)) + SCHEDULE_HORIZON, WALL_MAX_SECONDS + 1);

	while (from < limit) {
		struct tz_segment segment;
		tz_segment_at(schedule->tz, from, &segment);
		if (segment.begin == from && schedule_due_for_gap(schedule, &segment)) {
			*ret = from;
			return true;
		}
		int64_t local_begin = schedule_local_begin(schedule, &segment, from), local = limit + WIDEST_OFFSET;
		cron_next_local(&schedule->cron, local_begin, local, &local);
		if (local < MIN(segment.end, limit) + segment.offset) {
			*ret = local - segment.offset;
			return true;
		}
		from = next_search_begin(&segment, local_begin, local);
	}
	return false;
}

/* anchor + k * period with the least k >= 1 that is after `after`. Unsigned, so that no distance overflows. */
static bool next_every(int64_t period, int64_t anchor, int64_t after, int64_t *ret)
{
	uint64_t steps = after < anchor ? 1 : ((uint64_t)after - (uint64_t)anchor) / (uint64_t)period + 1;
	int64_t next;

	if (after >= LAST_US || anchor >= LAST_US)
		return false;
	next = (int64_t)((uint64_t)anchor + steps * (uint64_t)period);
	if (next > LAST_US)
		return false;
	*ret = next;
	return true;
}

bool schedule_next(const struct schedule *schedule, struct wall anchor, struct wall after, struct wall *ret)
{
	int64_t seconds;

	switch (schedule->kind) {
	case SCHEDULE_CRON:
		if (!next_cron(schedule, wall_floor_seconds(after) + 1, &seconds))
			return false;
		*ret = wall_from_seconds(seconds);
		return true;
	case SCHEDULE_EVERY:
		return next_every(schedule->period_us, wall_is_set(anchor) ? anchor.us : 0, after.us, &ret->us);
	case SCHEDULE_AT:
		if (!wall_before(after, schedule->at))
			return false;
		*ret = schedule->at;
		return true;
	case SCHEDULE_REBOOT:
		break;
	}
	return false;
}
