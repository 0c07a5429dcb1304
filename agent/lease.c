/*
 * Leases and hand-overs: how a job that another agent may have runs once (central/assign.h has the whole table).
 *
 * A job of type ATMOST_ONCE that central gave to this agent, and could give to another one, is planned up to
 * state.lease_until only. Both are due instants, so the clocks of the two agents need not agree: what is due after the lease
 * is nobody's here, whenever it is. Such a job waits in a heap of its own (core.unleased), out of the planner's sight.
 *
 *   the lease is extended            it is planned on; what came due meanwhile is a missed window: its catch-up policy decides
 *   it is handed over at border B    what is due up to B is still ours, planned now, and runs as if nothing had happened; what
 *                                    is due after B is dropped without a decision: that is the other agent's
 *                                    The job's row stays on disk until the last of these is decided
 *   it left at B, came back at S,    what is due up to B is still ours, what is due in (B, S] is dropped as above, and what is
 *   and we heard of neither          due after S is ours again. Central tells each such time (core.h, struct job_away)
 *   the agent restarts               the durable lease_until says up to where it was planned
 *
 * A batch carries the lease of its moment, so that no intent is ever ahead of the lease beside it.
 */
#include "agent/core_internal.h"

/* Longest time that a hand-over plans ahead: more than any lease. */
#define HAND_OVER_AHEAD_US (600 * US_PER_SECOND)

bool lease_binds_definition(const struct core *core, const struct job *job)
{
	return core->config.leases && job->policy->type == JOB_ATMOST_ONCE && job->target_mode != JOB_TARGET_ALL;
}

bool lease_binds(const struct core *core, const struct core_job *job)
{
	return lease_binds_definition(core, job->job);
}

struct wall lease_end(const struct core *core, const struct core_job *job)
{
	return lease_binds(core, job) ? core->state.lease_until : WALL_NEVER;
}

void lease_remove(struct core *core, struct core_job *job)
{
	heap_remove(job->unleased ? &core->unleased : &core->plan, job);
	job->unleased = false;
}

void lease_place(struct core *core, struct core_job *job)
{
	lease_remove(core, job);
	if (job->next.us == INT64_MAX)
		return;
	job->unleased = job->next.us > lease_end(core, job).us;
	heap_set(job->unleased ? &core->unleased : &core->plan, job, job->next.us);
}

void lease_extend(struct core *core, struct wall until)
{
	core->state.lease_until = wall_max(core->state.lease_until, until);
	while (heap_top_key(&core->unleased) <= core->state.lease_until.us) {
		struct core_job *job = heap_top(&core->unleased);
		job->lease_lapsed = job->next.us <= core->now.us - MISFIRE_GRACE_US;
		lease_place(core, job);
		/* In the batch that carries the new lease: planned_until went on without this job, and a crash must not skip it. */
		plan_job_until(core, job, wall_max(core->state.planned_until, core->now));
	}
}

void core_lease(struct core *core, struct wall until)
{
	core_read_clock(core);
	lease_extend(core, until);
	core_turn(core);
}

/* In (after, until]. */
static void drop_planned(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	struct fire *fire, *next;
	for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		if ((fire->state == FIRE_PLANNED || fire->state == FIRE_ARMED) && fire->attempt.cause != FIRE_MANUAL &&
		    fire->attempt.scheduled_at.us > after.us && fire->attempt.scheduled_at.us <= until.us)
			fire_withdraw(core, fire);
	}
}

static void plan_ours(struct core *core, struct core_job *job, struct wall border)
{
	plan_job_to(core, job, wall_min(border, wall_add_us(core->now, HAND_OVER_AHEAD_US)));
}

void lease_hand_over(struct core *core, struct core_job *job, struct wall border)
{
	plan_ours(core, job, border);
	drop_planned(core, job, border, WALL_NEVER);
	missed_clip(core, job, border, "missed: the job was given to another agent before these could be made up");
	job->handed_over = true;
}

/*
 * Told again of what it knows, the agent is past that already, and nothing changes. The mark is for a restart, since this
 * planned ahead of planned_until, and for an edit, whose instants may begin before `until`.
 */
void lease_was_away(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	bool is_past = wall_before(until, job->next);
	bool is_marked = job->since_epoch == core->state.clock_epoch ? !wall_before(job->since, until) : is_past;
	plan_ours(core, job, after);
	drop_planned(core, job, after, until);
	missed_leave_out(core, job, after, until);
	if (is_marked)
		return;
	job->since = until;
	job->since_epoch = (uint32_t)core->state.clock_epoch;
	if (!is_past)
		plan_schedule(core, job, until);
	batch_add_mark(core, job);
}
