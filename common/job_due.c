#include "common/job_due.h"

bool job_next_due(const struct job *job, struct wall anchor, struct wall after, struct wall *ret)
{
	const struct job_policy *policy = job->policy;
	struct wall next;
	if (wall_is_set(policy->start_at))
		after = wall_max(after, wall_add_us(policy->start_at, -1));
	if (!schedule_next(job->timetable->schedule, anchor, after, &next))
		return false;
	if (wall_is_set(policy->end_at) && next.us >= policy->end_at.us)
		return false;
	*ret = next;
	return true;
}

int64_t job_count_due(const struct job *job, struct wall anchor, struct wall after, struct wall until)
{
	const struct job_policy *policy = job->policy;
	if (wall_is_set(policy->start_at))
		after = wall_max(after, wall_add_us(policy->start_at, -1));
	if (wall_is_set(policy->end_at))
		until = wall_min(until, wall_add_us(policy->end_at, -1));
	return until.us <= after.us ? 0 : schedule_count(job->timetable->schedule, anchor, after, until);
}

/* The least instant by which n are due, by bisection. */
struct wall job_nth_due(const struct job *job, struct wall anchor, struct wall after, struct wall until, int64_t n)
{
	int64_t low = after.us, high = until.us;
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;
		if (job_count_due(job, anchor, after, (struct wall){ middle }) >= n)
			high = middle;
		else
			low = middle;
	}
	return (struct wall){ high };
}

int64_t job_count_made_up(const struct job *job, struct wall anchor, struct wall after, struct wall until)
{
	const struct job_policy *policy = job->policy;
	struct wall oldest = wall_max(after, wall_add_ms(until, -policy->catch_up_max_age_ms));
	switch (policy->catch_up) {
	case JOB_CATCH_UP_ALL:
		return MIN(job_count_due(job, anchor, oldest, until), policy->catch_up_max_count);
	case JOB_CATCH_UP_LATEST:
		return MIN(job_count_due(job, anchor, oldest, until), 1);
	case JOB_CATCH_UP_NONE:
		break;
	}
	return 0;
}

struct wall job_made_up_after(const struct job *job, struct wall anchor, struct wall after, struct wall until)
{
	if (job->policy->catch_up == JOB_CATCH_UP_NONE)
		return until;
	int64_t left = job_count_due(job, anchor, after, until) - job_count_made_up(job, anchor, after, until);
	return left == 0 ? after : job_nth_due(job, anchor, after, until, left);
}
