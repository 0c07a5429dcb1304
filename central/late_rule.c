#include "central/late_rule.h"

#include "common/rfc3339.h"

int64_t late_work_ms(const struct job *job)
{
	const struct job_retry *retry = &job->policy->retry;
	double pause = (double)retry->initial_backoff_ms, total = 0;
	for (int i = 0; i < retry->max_attempts && total < (double)LATE_WORK_MAX_MS; i++) {
		total += (double)job->policy->timeout_ms;
		if (i > 0) {
			total += MIN(pause, (double)retry->max_backoff_ms);
			pause *= retry->multiplier;
		}
	}
	if (retry->max_elapsed_ms > 0)
		total = MIN(total, (double)(retry->max_elapsed_ms + job->policy->timeout_ms));
	return MIN((int64_t)total, LATE_WORK_MAX_MS) + job->policy->jitter_ms;
}

struct wall late_anchor(const struct job *job, struct wall created_at, struct wall decided_until)
{
	struct wall zero = { 0 }, first;
	if (schedule_kind(job->timetable->schedule) != SCHEDULE_EVERY || !wall_is_set(decided_until) ||
	    !schedule_next(job->timetable->schedule, zero, zero, &first))
		return created_at;
	/* Far enough back for any window, a multiple of the period before an instant that is known. */
	int64_t periods = decided_until.us / first.us;
	return periods > 0 ? wall_add_us(decided_until, -periods * first.us) : created_at;
}

static char *offline_sentence(const struct late_facts *facts)
{
	char since[RFC3339_SIZE];
	if (!wall_is_set(facts->last_seen_at))
		return g_strdup_printf("agent %s has never been heard of", facts->debtor_name);
	return g_strdup_printf("agent %s has been silent since %s", facts->debtor_name,
			       rfc3339_print_ms(facts->last_seen_at, since));
}

enum late_verdict late_judge(const struct job *job, const struct late_facts *facts, struct wall now, char **ret_reason)
{
	struct wall due = wall_add_ms(facts->due_at, job->policy->jitter_ms + LATE_GRACE_MS);
	bool decided = facts->per_agent ? facts->holders > 0 && !facts->has_debtor
					: !wall_before(facts->decided_until, facts->due_at);
	if (decided)
		return LATE_DECIDED;
	if (wall_before(now, due))
		return LATE_WAIT;
	if (facts->holders == 0) {
		*ret_reason = g_strdup("no agent holds the job");
		return LATE_OVERDUE;
	}
	if (!facts->has_debtor)
		return LATE_MOVED;
	if (!wall_is_set(facts->last_seen_at) || wall_diff_us(now, facts->last_seen_at) > facts->offline_ms * US_PER_MS) {
		*ret_reason = offline_sentence(facts);
		return LATE_OVERDUE;
	}
	bool idle = facts->running == 0 && facts->outbox_depth == 0;
	if (idle && !wall_before(facts->last_seen_at, due)) {
		*ret_reason = g_strdup_printf("agent %s is online and idle, but did not report it", facts->debtor_name);
		return LATE_OVERDUE;
	}
	if (wall_before(now, wall_add_ms(due, late_work_ms(job))))
		return LATE_WAIT;
	*ret_reason = facts->outbox_depth > 0
			      ? g_strdup_printf("agent %s still has %" G_GINT64_FORMAT " records to send",
						facts->debtor_name, facts->outbox_depth)
			      : g_strdup_printf("it takes longer on agent %s than its timeouts and retries allow",
						facts->debtor_name);
	return LATE_OVERDUE;
}
