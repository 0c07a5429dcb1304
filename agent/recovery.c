/*
 * What the last life left, and clocks that were set (design.md section 4, cron.md section 5). Windows that nobody watched
 * are missed.c.
 *
 * A stop in order withdraws what is still to come. What came due, or is another agent's job by now, and was not tried yet keeps
 * its row with the mark INTENT_NOT_SENT: the next life knows that it was not sent, whatever its job's type.
 */
#include "agent/core_internal.h"

#include <string.h>

static bool is_fixed(const struct core_job *job)
{
	return schedule_is_fixed(job->job->timetable->schedule);
}

/* cron.md section 5: which durable instants bind this job after the clock was set back. */
struct wall recovery_plan_start(const struct core *core, const struct core_job *job)
{
	const struct store_state *state = &core->state;
	struct wall start = lease_binds(core, job) ? wall_min(state->planned_until, state->lease_until) : state->planned_until;
	bool since_counts = is_fixed(job) ? job->since_epoch >= state->restart_epoch : job->since_epoch == state->clock_epoch;
	if (since_counts)
		start = wall_max(start, job->since);
	if (is_fixed(job) && job->since_epoch < state->clock_epoch)
		start = wall_max(start, state->fixed_until);
	return start;
}

void recovery_check_clock(struct core *core)
{
	int64_t offset = core->now.us - core->mono.us, step = offset - core->clock_offset_us;
	core->clock_offset_us = offset;
	if (step < CLOCK_STEP_REPORT_US && step > -CLOCK_STEP_REPORT_US)
		return;
	core->stats.clock_steps++;
	batch_add_event(core, "clockStep", "the clock was set %s by %" G_GINT64_FORMAT " ms", step > 0 ? "forward" : "back",
			ABS(step) / US_PER_MS);
	if (step <= -CLOCK_STEP_BACK_US)
		recovery_step_back(core, -step);
}

/* What a fixed schedule decided before a step back stays decided, but only while it stays fixed. */
struct wall recovery_border(const struct core *core, const struct core_job *job, const struct schedule *next)
{
	if (!is_fixed(job) || !schedule_is_fixed(next))
		return core->latest;
	return wall_max(core->latest, job->since_epoch < core->state.clock_epoch ? core->state.fixed_until : job->since);
}

struct wall recovery_central_border(const struct core *core, const struct core_job *job)
{
	bool of_old_clock = job->since_epoch != core->state.clock_epoch || job->since.us <= core->state.fixed_until.us;
	return of_old_clock ? WALL_NONE : job->since;
}

int64_t recovery_clock_mark(const struct core *core)
{
	return wall_before(core->now, core->latest) ? CLOCK_DISTRUSTED : core->clock_offset_us;
}

void recovery_withdraw_future(struct core *core, struct core_job *job, struct wall border)
{
	struct fire *fire, *next;
	for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		if ((fire->state == FIRE_PLANNED || fire->state == FIRE_ARMED) && fire->attempt.cause == FIRE_SCHEDULE &&
		    fire->attempt.scheduled_at.us > border.us && fire->due.us > core->now.us)
			fire_withdraw(core, fire);
	}
}

/* The end of a backoff on disk is a time of the old clock (also that of one which is over): the next life would wait for it. */
static void renew_backoff(struct core *core, const struct fire *fire)
{
	bool waits = fire->state == FIRE_RETRYING || fire->state == FIRE_BACKOFF;
	if (fire->attempts == 0 || fire->state == FIRE_DECIDED)
		return;
	batch_renew_update(core, fire, waits ? wall_add_us(core->now, MAX(mono_diff_us(fire->wake, core->mono), 0)) : core->now);
}

/*
 * What was to run "now", or soon after, is not to wait until the clock gets there again; nor, when the schedule restarts,
 * what the last life may have been running.
 */
static void hurry_unscheduled(struct core *core, struct core_job *job, bool restarts)
{
	if (job->runs == NULL)
		return;
	job->runs->catch_up_next = WALL_NONE;
	for (struct fire *fire = TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = TAILQ_NEXT(fire, in_job)) {
		renew_backoff(core, fire);
		bool waits = fire->attempt.cause == FIRE_SCHEDULE && !(restarts && fire->maybe_sent);
		if (waits || fire->due.us <= core->now.us)
			continue;
		fire->due = core->now;
		if (fire->state == FIRE_ARMED)
			heap_set(&core->due, fire, fire->due.us);
	}
}

void recovery_step_back(struct core *core, int64_t back_us)
{
	struct store_state *state = &core->state;
	bool correction = back_us >= CLOCK_CORRECTION_US;
	outbox_close_windows(core, wall_add_us(core->now, back_us));
	batch_seal(core); /* a batch cannot withdraw intents of its own: withdrawals are applied first */
	state->clock_epoch++;
	if (correction) {
		state->restart_epoch = state->clock_epoch;
		state->fixed_until = WALL_NONE;
	} else {
		state->fixed_until = wall_max(state->fixed_until, state->planned_until);
	}
	state->planned_until = core->latest = core->now;
	batch_current(core);
	for (guint i = 0; i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		bool restarts = correction || !is_fixed(job);
		hurry_unscheduled(core, job, restarts);
		if (!restarts)
			continue;
		recovery_withdraw_future(core, job, core->now);
		if (job->anchor.us > core->now.us)
			job->anchor = core->now;
		job->since = core->now;
		job->since_epoch = (uint32_t)state->clock_epoch;
		if (schedule_kind(job->job->timetable->schedule) == SCHEDULE_EVERY)
			batch_add_mark(core, job);
		plan_schedule(core, job, core->now);
	}
}

/* Which state can be said to be before the first attempt: see attempts_on_disk() in batch.c, which says it. */
static void keep_unsent(struct core *core, const struct core_job *job)
{
	const struct fire *fire;
	if (job->runs == NULL)
		return;
	TAILQ_FOREACH(fire, &job->runs->fires, in_job)
		if (fire_is_unbegun(fire))
			batch_renew_update(core, fire, WALL_NONE);
}

void recovery_unplan(struct core *core)
{
	GHashTableIter iter;
	gpointer ghost;
	batch_seal(core); /* a batch cannot withdraw intents of its own: withdrawals are applied first */
	for (guint i = 0; i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		recovery_withdraw_future(core, job, wall_max(core->latest, recovery_central_border(core, job)));
		keep_unsent(core, job);
	}
	g_hash_table_iter_init(&iter, core->ghosts);
	while (g_hash_table_iter_next(&iter, &ghost, NULL))
		keep_unsent(core, ghost);
	core->state.planned_until = wall_min(core->state.planned_until, core->latest);
	batch_current(core);
}

/* The job was deleted while this run was under way: nobody is left to ask, so what happened stays open. */
static void close_orphan(struct core *core, const struct intent *intent)
{
	struct execution *execution = batch_add_orphan_decision(core, intent->number);
	*execution = (struct execution){
		.id = intent->id,
		.job_id = g_strdup(intent->job_id),
		.cause = intent->cause,
		.status = EXECUTION_INTERRUPTED,
		.scheduled_at = intent->scheduled_at,
		.last_scheduled_at = intent->scheduled_at,
		.count = 1,
		.armed_at = WALL_NONE,
		.started_at = intent->first_started_at,
		.finished_at = core->now,
		.attempts = MAX(intent->attempts, 0),
		.attempt_log = attempts_recovered(core, intent),
		.timing = { -1, -1, -1, -1, -1 },
		.reason = g_strdup("interrupted: the agent stopped during this run, and its job was deleted"),
	};
	core->stats.decided[EXECUTION_INTERRUPTED]++;
}

/* Where the intent's own instant lies, by the clock of today. */
static struct wall resume_due(const struct core *core, const struct core_job *job, const struct intent *intent)
{
	/* When a schedule restarts after a step back, intents that were not due are withdrawn: what is left was under way. */
	bool begun = intent->clock_epoch < (is_fixed(job) ? core->state.restart_epoch : core->state.clock_epoch);
	if (intent->cause == FIRE_SCHEDULE && !begun)
		return plan_due(core, job, intent->scheduled_at);
	return wall_min(intent->scheduled_at, core->now);
}

static void resume_backoff(struct core *core, struct fire *fire, struct wall not_before, bool clock_trusted)
{
	int64_t wait_us = wall_diff_us(not_before, core->now);
	int64_t longest_us = fire->job->job->policy->retry.max_backoff_ms * US_PER_MS;
	if (clock_trusted)
		longest_us = MAX(longest_us, INT64_C(3600) * US_PER_SECOND);
	fire_resume_backoff(core, fire);
	fire->wake = mono_add_us(core->mono, CLAMP(wait_us, 0, longest_us));
	heap_set(&core->waits, fire, fire->wake.us);
	/* The life after this one may trust the clock again, and must not find a time of the old one. */
	if (wait_us > longest_us)
		batch_renew_update(core, fire, wall_add_us(core->now, longest_us));
}

/* Since its first attempt, as far as the clock can tell. */
static int64_t elapsed_us(const struct core *core, const struct intent *intent)
{
	return wall_is_set(intent->first_started_at) ? MAX(wall_diff_us(core->now, intent->first_started_at), 0) : 0;
}

/* Jobs that were handed over, by id: they are in no table. Borrowed ids. */
static GHashTable *handed_over_jobs(struct core *core, const struct store_snapshot *snapshot)
{
	GHashTable *jobs = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct stored_job *stored = &g_array_index(snapshot->jobs, struct stored_job, i);
		if (!stored->handed_over)
			continue;
		struct core_job *job = core_job_new(stored);
		job->deleted = job->handed_over = true;
		g_hash_table_add(core->ghosts, job);
		core_job_stays(core, job);
		g_hash_table_insert(jobs, job->job->id, job);
	}
	return jobs;
}

static void end_idle(gpointer id, gpointer data, gpointer context)
{
	struct core_job *job = data;
	(void)id;
	if (job->runs != NULL)
		return;
	core_job_ended(context, job);
	core_job_free(context, job);
}

/* A fire with the identity and the row that it had. */
static struct fire *resume_fire(struct core *core, struct core_job *job, const struct intent *intent, struct wall due)
{
	int64_t number = core->state.next_intent_number;
	struct fire *fire = plan_fire(core, job, intent->id, intent->scheduled_at, due, intent->cause, intent->clock_epoch);
	core->state.next_intent_number = number;
	fire->intent_number = intent->number;
	return fire;
}

/*
 * It came due while the agent was stopped, and its job does not make that up. Not said where another agent may have run it
 * meanwhile, nor of what came due before the stop (it waited for its turn), nor by a schedule that no more has it.
 */
static bool was_missed(const struct core *core, const struct core_job *job, const struct intent *intent, struct wall due)
{
	struct wall instant;
	bool ours = !core->config.leases || lease_binds(core, job) || job->handed_over;
	bool while_stopped = wall_before(core->state.latest, due) && due.us <= core->now.us - MISFIRE_GRACE_US;
	return intent->cause == FIRE_SCHEDULE && while_stopped && ours &&
	       plan_next(job, wall_add_us(intent->scheduled_at, -1), &instant) && instant.us == intent->scheduled_at.us &&
	       !missed_is_wanted(core, job, intent->scheduled_at);
}

/*
 * The last life was stopped in order before it tried this, so it is planned anew: before its first byte leaves, the row is
 * durable without its mark, or the life after this one would take it for unsent once more.
 */
static void resume_unsent(struct core *core, struct core_job *job, const struct intent *intent)
{
	struct wall due = intent->cause == FIRE_CATCH_UP ? missed_next_due(core, job) : resume_due(core, job, intent);
	struct fire *fire = resume_fire(core, job, intent, due);
	if (was_missed(core, job, intent, due))
		fire_decide(core, fire, EXECUTION_MISSED, "missed: the agent was stopped when this came due, and the job's catchUp "
			    "does not make it up", NULL);
	else
		batch_add_intent(core, fire);
}

static void resume_intent(struct core *core, const struct intent *intent, GHashTable *handed_over, bool clock_trusted)
{
	struct core_job *job = job_table_get(core, intent->job_id);
	if (job == NULL)
		job = g_hash_table_lookup(handed_over, intent->job_id);
	if (job == NULL) {
		close_orphan(core, intent);
		return;
	}
	if (intent->attempts == INTENT_NOT_SENT) {
		resume_unsent(core, job, intent);
		return;
	}
	bool manual = intent->cause == FIRE_MANUAL;
	struct wall due = resume_due(core, job, intent);
	struct fire *fire = resume_fire(core, job, intent, due);
	if (intent->attempts == INTENT_TO_SKIP) {
		fire->to_skip = true;
		fire_arm(core, fire);
		return;
	}
	fire->attempts = intent->attempts;
	fire->first_started_at = intent->first_started_at;
	fire->first_started_mono = mono_add_us(core->mono, -elapsed_us(core, intent));
	/* By an earlier epoch's clock, or another jitter (job_change.c), an instant ahead of now may have been due. */
	bool ahead = !manual && clock_trusted && due.us > core->now.us && intent->clock_epoch == core->state.clock_epoch &&
		     !wall_is_set(intent->not_before);
	fire->maybe_sent = !ahead;
	fire->attempt_log = ahead ? NULL : attempts_recovered(core, intent);
	if (job->job->policy->type == JOB_ATMOST_ONCE && !ahead) {
		fire_set_state(core, fire, FIRE_ARMED);
		fire_decide(core, fire, EXECUTION_INTERRUPTED,
			    "interrupted: the agent stopped while this run may have been under way", NULL);
		return;
	}
	int64_t limit_us = job->job->policy->retry.max_elapsed_ms * US_PER_MS;
	if (fire->attempts > 0 && limit_us > 0 && elapsed_us(core, intent) > limit_us) {
		fire_set_state(core, fire, FIRE_ARMED);
		fire_decide(core, fire, EXECUTION_FAILED, "the attempts failed, and the time for more of them (retry.maxElapsedMs) was "
			    "over when the agent was back", NULL);
		return;
	}
	if (wall_is_set(intent->not_before)) {
		resume_backoff(core, fire, intent->not_before, clock_trusted);
		return;
	}
	fire_arm(core, fire);
}

/* Once per boot of the host, not per start of the agent. */
static void plan_reboot_jobs(struct core *core)
{
	if (strcmp(core->state.boot_id, core->boot_id) == 0)
		return;
	bool first_life = core->state.boot_id[0] == '\0';
	g_strlcpy(core->state.boot_id, core->boot_id, sizeof(core->state.boot_id));
	batch_current(core);
	for (guint i = 0; !first_life && i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		if (!job->job->active || schedule_kind(job->job->timetable->schedule) != SCHEDULE_REBOOT)
			continue;
		struct wall at = core->config.booted_at;
		struct fire_id id = fire_id_scheduled(job->job->id, at, job->target_key, core->state.clock_epoch);
		batch_add_intent(core, plan_fire(core, job, id, at, at, FIRE_SCHEDULE, core->state.clock_epoch));
	}
}

/* The latest time that the last life is known to have seen; by what it planned where no batch tells. */
static struct wall last_seen(const struct store_state *state, int64_t ahead_us)
{
	struct wall planned = wall_is_set(state->planned_until) ? wall_add_us(state->planned_until, -ahead_us) : WALL_NONE;
	return wall_max(planned, state->latest);
}

void recovery_start(struct core *core, const struct store_snapshot *snapshot)
{
	bool distrusted = snapshot->state.clock_offset_us == CLOCK_DISTRUSTED;
	int64_t offset_change = distrusted ? 0 : core->clock_offset_us - snapshot->state.clock_offset_us;
	bool clock_trusted = !distrusted && strcmp(snapshot->state.boot_id, core->boot_id) == 0 && ABS(offset_change) < CLOCK_TRUST_US;
	struct wall planned_until = snapshot->state.planned_until;
	int64_t ahead_us = core->config.horizon_ms * US_PER_MS;
	for (guint i = 0; i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		plan_schedule(core, job, recovery_plan_start(core, job));
	}
	for (guint i = 0; i < snapshot->backlogs->len; i++) {
		struct backlog backlog = g_array_index(snapshot->backlogs, struct backlog, i);
		struct core_job *job = job_table_get(core, backlog.job_id);
		if (job != NULL)
			missed_enter(core, job, &backlog);
	}
	g_autoptr(GHashTable) handed_over = handed_over_jobs(core, snapshot);
	for (guint i = 0; i < snapshot->intents->len; i++)
		resume_intent(core, &g_array_index(snapshot->intents, struct intent, i), handed_over, clock_trusted);
	g_hash_table_foreach(handed_over, end_idle, core);
	struct wall seen = last_seen(&core->state, ahead_us);
	if (wall_is_set(seen) && wall_diff_us(seen, core->now) >= CLOCK_STEP_BACK_US) {
		core->latest = seen; /* until the step is durable: a crash before that must find it again */
		batch_add_event(core, "clockStep", "the clock was set back while the agent was down");
		recovery_step_back(core, wall_diff_us(seen, core->now));
	} else if (!clock_trusted) {
		core->latest = wall_max(core->latest, wall_max(planned_until, seen));
	}
	plan_reboot_jobs(core);
}
