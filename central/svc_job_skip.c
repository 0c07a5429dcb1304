#include "central/svc_job_skip.h"

#include "common/rfc3339.h"

#define SKIP_TRIES 3 /* while others edit the same job */

/* Why this instant cannot be skipped; NULL = it can. */
static const char *no_skip_reason(const struct job *job, struct wall t, struct wall now)
{
	const struct job_policy *policy = job->policy;
	struct wall next;
	if (schedule_kind(job->timetable->schedule) == SCHEDULE_EVERY)
		return "the agent counts the instants of @every from when it heard of the job; write one into skipAt yourself";
	if (!wall_before(now, t))
		return "is in the past";
	if ((wall_is_set(policy->start_at) && wall_before(t, policy->start_at)) ||
	    (wall_is_set(policy->end_at) && !wall_before(t, policy->end_at)) ||
	    !schedule_next(job->timetable->schedule, WALL_NONE, wall_add_us(t, -1), &next) || next.us != t.us)
		return "is not a due instant of this job";
	return NULL;
}

static bool is_skipped(const struct job *job, struct wall t)
{
	for (int i = 0; i < job->policy->n_skip_at; i++)
		if (job->policy->skip_at[i].us == t.us)
			return true;
	return false;
}

/* skipAt as it is and one more, as a merge patch. */
static json_t *skip_patch(const struct job *job, struct wall t)
{
	char time[RFC3339_SIZE];
	json_t *skips = json_array();
	for (int i = 0; i < job->policy->n_skip_at; i++)
		json_array_append_new(skips, json_string(rfc3339_print_ms(job->policy->skip_at[i], time)));
	json_array_append_new(skips, json_string(rfc3339_print_ms(t, time)));
	return json_pack("{s:o}", "skipAt", skips);
}

/* An edit of the revision that `seen` is, so that nobody's skip written meanwhile is lost. */
static enum job_outcome skip_seen(const struct job_request *request, const struct job_record *seen, struct wall t,
				  struct job_record *ret, struct job_failure *ret_failure)
{
	char etag[ETAG_SIZE];
	struct job_request edit = *request;
	edit.if_match = etag_print(seen->row.revision, etag);
	if (seen->job == NULL)
		return job_invalid(ret_failure, "", "the stored definition is no longer valid; edit the job first");
	const char *reason = no_skip_reason(seen->job, t, wall_now());
	if (reason != NULL)
		return job_invalid(ret_failure, "/scheduledAt", reason);
	if (!is_skipped(seen->job, t) && seen->job->policy->n_skip_at >= JOB_SKIPS_MAX)
		return JOB_FULL;
	json_t *patch = is_skipped(seen->job, t) ? json_object() : skip_patch(seen->job, t);
	enum job_outcome outcome = job_merge_as(&edit, "skip", patch, ret, ret_failure);
	json_decref(patch);
	return outcome;
}

enum job_outcome job_skip(const struct job_request *request, struct wall scheduled_at, struct job_record *ret,
			  struct job_failure *ret_failure)
{
	enum job_outcome outcome = JOB_STALE;
	for (int i = 0; i < SKIP_TRIES && outcome == JOB_STALE; i++) {
		struct job_record seen = { 0 };
		outcome = job_read(request, &seen, ret_failure);
		if (outcome != JOB_DONE)
			return outcome;
		bool wanted = request->if_match == NULL || etag_matches(request->if_match, seen.row.revision, false);
		outcome = wanted ? skip_seen(request, &seen, scheduled_at, ret, ret_failure) : JOB_STALE;
		job_record_clear(&seen);
		if (!wanted)
			break;
	}
	return outcome;
}
