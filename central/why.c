#include "central/why.h"

#include <string.h>

#include "central/late_rule.h"
#include "common/job_due.h"
#include "common/rfc3339.h"
#include "common/schedule_explain.h"

#define DAY_US (24 * 3600 * US_PER_SECOND)

/* The last due instant up to `at`, in some fifty looks at the schedule. */
static bool find_previous_due(const struct job *job, struct wall anchor, struct wall at, struct wall *ret)
{
	struct wall from = { 0 }, low, next;
	/* Far back, something is due at or before `at`, or nothing ever was. */
	if (!job_next_due(job, anchor, wall_min(from, anchor), &low) || wall_before(at, low))
		return false;
	struct wall high = at;
	while (wall_before(low, high)) {
		struct wall middle = wall_add_us(low, wall_diff_us(high, low) / 2);
		if (job_next_due(job, anchor, middle, &next) && !wall_before(at, next))
			low = next;
		else
			high = middle;
	}
	*ret = low;
	return true;
}

static void G_GNUC_PRINTF(4, 5)
	say(struct why_answer *answer, const char *kind, struct wall at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	struct why_sentence sentence = { kind, g_strdup_vprintf(format, arguments), at };
	va_end(arguments);
	g_array_append_val(answer->sentences, sentence);
}

/* The due instant that the question is about: within the minute around; WALL_NONE = none. */
static struct wall find_due(const struct why_facts *facts, const struct why_answer *answer)
{
	bool has_previous = wall_is_set(answer->previous) && wall_diff_us(facts->at, answer->previous) < WHY_AROUND_US;
	bool has_next = wall_is_set(answer->next) && wall_diff_us(answer->next, facts->at) < WHY_AROUND_US;
	if (has_previous && has_next)
		return wall_diff_us(facts->at, answer->previous) <= wall_diff_us(answer->next, facts->at) ? answer->previous
													  : answer->next;
	return has_previous ? answer->previous : has_next ? answer->next : WALL_NONE;
}

static void explain_revision(const struct why_facts *facts, struct why_answer *answer)
{
	if (facts->revision == 0) {
		say(answer, "notCreated", facts->created_at, "The job was created later.");
		return;
	}
	if (facts->deleted) {
		say(answer, "deleted", facts->revision_at, "The job was deleted by %s.", facts->author);
		return;
	}
	say(answer, "revision", facts->revision_at, "Revision %" G_GINT64_FORMAT " by %s was in force.", facts->revision,
	    facts->author);
	if (facts->job == NULL)
		say(answer, "invalid", facts->revision_at, "Its definition is no longer valid.");
	else if (!facts->job->active)
		say(answer, "paused", facts->revision_at, "The job was paused: nothing of its schedule runs.");
}

static void explain_clock(const struct why_facts *facts, struct why_answer *answer, struct wall due)
{
	const struct wall instants[] = { due, answer->previous, answer->next };
	for (size_t i = 0; i < G_N_ELEMENTS(instants); i++) {
		struct schedule_local local = { 0 };
		if (!wall_is_set(instants[i]) || ABS(wall_diff_us(instants[i], facts->at)) > DAY_US)
			continue;
		schedule_local_at(facts->job->timetable->schedule, instants[i], &local);
		if (local.note != NULL) {
			say(answer, "dst", instants[i], "DST: %s.", local.note);
			return;
		}
	}
}

static void explain_due(const struct why_facts *facts, struct why_answer *answer, struct wall due)
{
	const struct job_policy *policy = facts->job->policy;
	g_autofree char *words = schedule_sentence(facts->job->timetable->schedule);
	if (schedule_kind(facts->job->timetable->schedule) == SCHEDULE_REBOOT)
		say(answer, "reboot", WALL_NONE, "The job is due when its host starts, at no other time.");
	else if (wall_is_set(policy->start_at) && wall_before(facts->at, policy->start_at))
		say(answer, "notStarted", policy->start_at, "Its startAt had not come.");
	else if (wall_is_set(policy->end_at) && !wall_before(facts->at, policy->end_at))
		say(answer, "ended", policy->end_at, "Its endAt had passed.");
	else if (!wall_is_set(due))
		say(answer, "notDue", WALL_NONE, "The job was not due within a minute of this instant; its schedule: %s.", words);
	else if (wall_before(facts->now, due))
		say(answer, "future", due, "The job will be due then.");
	else
		say(answer, "due", due, "The job was due; its schedule: %s.", words);
	for (int i = 0; i < policy->n_skip_at; i++)
		if (wall_is_set(due) && policy->skip_at[i].us == due.us)
			say(answer, "skipped", due, "This instant is in skipAt: it is to be skipped.");
	explain_clock(facts, answer, due);
}

/* ": nothing could run here": reasons begin with the status that the sentence has named already. */
static char *because(enum execution_status status, const char *reason)
{
	g_autofree char *begin = g_strconcat(execution_status_name(status), ": ", NULL);
	if (reason == NULL)
		return g_strdup("");
	return g_strconcat(": ", g_str_has_prefix(reason, begin) ? reason + strlen(begin) : reason, NULL);
}

/* An execution of another instant decides nothing about this one. */
static void explain_nearest(const struct execution *nearest, struct why_answer *answer, bool decides)
{
	g_autofree char *words = because(nearest->status, nearest->reason);
	say(answer, "decided", nearest->scheduled_at, "%s ended as %s%s.",
	    decides ? "It" : "The nearest execution, of another instant,", execution_status_name(nearest->status), words);
}

static void explain_outcome(const struct why_facts *facts, struct why_answer *answer, struct wall due)
{
	const struct execution *nearest = facts->nearest;
	bool is_late = wall_is_set(facts->late_since) && !wall_before(facts->at, facts->late_due_at);
	bool in_range = wall_is_set(facts->missed_from);
	bool decides = nearest != NULL && nearest->scheduled_at.us == (wall_is_set(due) ? due : facts->at).us;
	if (nearest != NULL && !(in_range && nearest->scheduled_at.us == facts->missed_from.us))
		explain_nearest(nearest, answer, decides);
	if (in_range) {
		g_autofree char *words = because(EXECUTION_MISSED, facts->missed_reason);
		say(answer, "missed", facts->missed_from, "It lies in a range of %" G_GINT64_FORMAT " missed fires%s.",
		    facts->missed, words);
	}
	if (is_late)
		say(answer, "late", facts->late_due_at, "Its decision is overdue: %s.", facts->late_reason);
	if (decides || wall_is_set(facts->missed_from) || facts->job == NULL || !facts->job->active ||
	    !wall_is_set(due) || wall_before(facts->now, due))
		return;
	if (wall_before(due, facts->kept_from))
		say(answer, "notKept", due, "Not all executions of that time are kept any more: it may have run.");
	else if (facts->job->policy->history != JOB_HISTORY_ALL && !is_late)
		say(answer, "thinned", due, "By its history policy not each good execution is kept: it may have run.");
	else
		say(answer, "undecided", due, "No decision about it has arrived.");
}

static void explain_holders(const struct why_facts *facts, struct why_answer *answer)
{
	bool is_held = false;
	for (int i = 0; i < facts->n_holders; i++) {
		const struct why_holder *holder = &facts->holders[i];
		char time[RFC3339_SIZE];
		if (wall_is_set(holder->until))
			say(answer, "heldThen", holder->since, "%s held the job then, until %s; its state now: %s.", holder->name,
			    rfc3339_print_ms(holder->until, time), holder->state);
		else
			say(answer, "holder", holder->since, "%s holds the job as it is now; its state now: %s.", holder->name,
			    holder->state);
		is_held = is_held || !wall_is_set(holder->until);
		if (!wall_is_set(holder->offline_from))
			continue;
		if (wall_is_set(holder->offline_to))
			say(answer, "offline", holder->offline_from, "%s was not heard until %s.", holder->name,
			    rfc3339_print_ms(holder->offline_to, time));
		else
			say(answer, "offline", holder->offline_from, "%s has not been heard since.", holder->name);
	}
	if (!is_held)
		say(answer, "unassigned", WALL_NONE, "No agent holds the job now.");
}

static void clear_sentence(struct why_sentence *sentence)
{
	g_free(sentence->text);
}

void why_explain(const struct why_facts *facts, struct why_answer *ret)
{
	struct wall due = WALL_NONE;
	*ret = (struct why_answer){ g_array_new(FALSE, FALSE, sizeof(struct why_sentence)), WALL_NONE, WALL_NONE };
	g_array_set_clear_func(ret->sentences, (GDestroyNotify)clear_sentence);
	explain_revision(facts, ret);
	if (facts->job != NULL) {
		struct wall anchor = late_anchor(facts->job, facts->created_at, facts->decided_until);
		find_previous_due(facts->job, anchor, facts->at, &ret->previous);
		job_next_due(facts->job, anchor, facts->at, &ret->next);
		due = find_due(facts, ret);
		explain_due(facts, ret, due);
	}
	explain_outcome(facts, ret, due);
	if (facts->revision != 0 && !facts->deleted)
		explain_holders(facts, ret);
}

void why_answer_clear(struct why_answer *answer)
{
	g_array_unref(answer->sentences);
}
