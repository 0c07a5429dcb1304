/*
 * What the last life left, windows nobody watched, and clocks that were set (shared rules: design.md section 4,
 * cron.md section 5).
 *
 * A missed window of a job is (after, until]. Its policy splits it in two: an older part that is recorded as one `missed`
 * range with its count, and a newer part that is made up. The newer part is a backlog row: a cursor that the pump moves on,
 * a few fires at a time, each step one batch with the intents and the cursor. So a window of any length costs bounded
 * work and memory, and a crash at any point neither loses nor doubles a fire.
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

/* The least instant x with plan_count(after, x) >= n, by bisection: the n-th due instant of the window. */
static struct wall nth_instant(const struct core_job *job, struct wall after, struct wall until, int64_t n)
{
	int64_t low = after.us, high = until.us;
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;
		if (plan_count(job, after, (struct wall){ middle }) >= n)
			high = middle;
		else
			low = middle;
	}
	return (struct wall){ high };
}

void recovery_record_missed(struct core *core, struct core_job *job, struct wall after, struct wall until, int64_t count,
	uint64_t clock_epoch, const char *reason)
{
	struct wall first;
	if (count <= 0 || !plan_next(core, job, after, &first))
		return;
	struct execution *execution = batch_add_decision(core, NULL);
	*execution = (struct execution){
		.id = fire_id_scheduled(job->job->id, first, job->target_key, clock_epoch),
		.job_id = g_strdup(job->job->id),
		.job_revision = job->job->revision,
		.cause = FIRE_SCHEDULE,
		.status = EXECUTION_MISSED,
		.scheduled_at = first,
		.last_scheduled_at = count == 1 ? first : nth_instant(job, after, until, count),
		.count = count,
		.started_at = WALL_NONE,
		.finished_at = core->now,
		.timing = { -1, -1, -1, -1, -1 },
		.reason = g_strdup(reason),
	};
	core->stats.decided[EXECUTION_MISSED] += count;
}

static void enter_backlog(struct core *core, struct core_job *job, const struct backlog *backlog)
{
	if (job->backlogs == NULL) {
		job->backlogs = g_new0(struct job_backlogs, 1);
		job->backlogs->job = job;
		job->backlogs->rows = g_array_new(FALSE, FALSE, sizeof(struct backlog));
		TAILQ_INSERT_TAIL(&core->backlog_ring, job->backlogs, in_ring);
		core->backlog_jobs++;
	}
	g_array_append_val(job->backlogs->rows, *backlog);
}

void recovery_forget_backlogs(struct core *core, struct core_job *job)
{
	if (job->backlogs == NULL)
		return;
	TAILQ_REMOVE(&core->backlog_ring, job->backlogs, in_ring);
	core->backlog_jobs--;
	g_array_unref(job->backlogs->rows);
	g_clear_pointer(&job->backlogs, g_free);
}

static guint backlog_count(const struct core_job *job)
{
	return job->backlogs == NULL ? 0 : job->backlogs->rows->len;
}

static struct backlog *backlog_at(const struct core_job *job, guint i)
{
	return &g_array_index(job->backlogs->rows, struct backlog, i);
}

static void backlog_over(struct core *core, struct core_job *job)
{
	g_array_remove_index(job->backlogs->rows, 0);
	if (backlog_count(job) == 0)
		recovery_forget_backlogs(core, job);
}

/* Gives up what is left of one backlog: its instants become one missed range, its row goes. */
static void abandon(struct core *core, struct core_job *job, struct backlog backlog, const char *reason)
{
	int64_t left = plan_count(job, backlog.cursor, backlog.until);
	recovery_record_missed(core, job, backlog.cursor, backlog.until, left, backlog.clock_epoch, reason);
	backlog.cursor = backlog.until;
	batch_add_backlog(core, job, &backlog);
}

void recovery_clip_backlogs(struct core *core, struct core_job *job, struct wall border, const char *reason)
{
	for (guint i = 0; i < backlog_count(job); i++) {
		struct backlog row = *backlog_at(job, i), gone = row;
		row.until = wall_min(row.until, border);
		recovery_record_missed(core, job, row.cursor, row.until, plan_count(job, row.cursor, row.until), row.clock_epoch, reason);
		gone.cursor = gone.until;
		batch_add_backlog(core, job, &gone);
	}
	recovery_forget_backlogs(core, job);
}

void recovery_drop_backlogs(struct core *core, struct core_job *job, const char *reason)
{
	for (guint i = 0; i < backlog_count(job); i++)
		abandon(core, job, *backlog_at(job, i), reason);
	recovery_forget_backlogs(core, job);
}

/* How many of the newest instants of the window the policy makes up. */
static int64_t made_up(const struct core_job *job, struct wall after, struct wall until)
{
	const struct job_policy *policy = job->job->policy;
	struct wall oldest = wall_max(after, wall_add_ms(until, -policy->catch_up_max_age_ms));
	switch (policy->catch_up) {
	case JOB_CATCH_UP_ALL:
		return MIN(plan_count(job, oldest, until), policy->catch_up_max_count);
	case JOB_CATCH_UP_LATEST:
		return MIN(plan_count(job, oldest, until), 1);
	case JOB_CATCH_UP_NONE:
		break;
	}
	return 0;
}

static const char *why_missed(const struct core *core, const struct core_job *job, struct wall after)
{
	if (outbox_caused(core, wall_add_us(after, 1)))
		return "missed: outbox full, nothing was started";
	if (job->lease_lapsed)
		return "missed: central was not heard, so this must not run here,";
	return "missed: nothing could run here";
}

void recovery_window(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	int64_t due = plan_count(job, after, until);
	if (due == 0)
		return;
	int64_t made = made_up(job, after, until), missed = due - made;
	struct wall cut = missed == 0 ? after : nth_instant(job, after, until, missed);
	char reason[EXECUTION_REASON_MAX], from[16], to[16];
	g_snprintf(reason, sizeof(reason), "%s between %s and %s (catch-up keeps %" G_GINT64_FORMAT
		   " of %" G_GINT64_FORMAT ")", why_missed(core, job, after), fire_clock_text(after, from), fire_clock_text(until, to), made, due);
	job->lease_lapsed = false;
	recovery_record_missed(core, job, after, cut, missed, core->state.clock_epoch, reason);
	if (made == 0)
		return;
	struct backlog backlog = { job->job->id, cut, until, core->state.clock_epoch };
	if (backlog_count(job) >= BACKLOGS_PER_JOB) {
		abandon(core, job, *backlog_at(job, 0), "missed: too many outages before this one could be made up");
		backlog_over(core, job);
	}
	enter_backlog(core, job, &backlog);
	batch_add_backlog(core, job, &backlog);
}

/* A job that runs one at a time is made up one at a time, or its own policy would skip what is being made up. */
static int room_of(const struct core *core, const struct core_job *job)
{
	const struct job_runs *runs = job->runs;
	if (job->job->policy->max_concurrent > 0)
		return runs == NULL || runs->begun + runs->held_count + runs->catch_up_live == 0 ? 1 : 0;
	int room = CATCH_UP_FIRES_PER_JOB - (runs == NULL ? 0 : runs->catch_up_live);
	return MIN(room, CATCH_UP_FIRES - core->catch_up_live);
}

static void make_up(struct core *core, struct core_job *job, struct backlog *backlog, struct wall instant)
{
	struct fire_id id = fire_id_scheduled(job->job->id, instant, job->target_key, backlog->clock_epoch);
	struct wall due = core->now;
	int64_t spacing_ms = job->job->policy->catch_up_spacing_ms;
	if (spacing_ms > 0) {
		struct job_runs *runs = fire_runs(core, job);
		due = wall_max(due, runs->catch_up_next);
		runs->catch_up_next = wall_add_ms(due, spacing_ms);
	}
	if (plan_is_skipped(job, instant))
		plan_skip(core, job, instant, id, FIRE_CATCH_UP, PLAN_SKIP_REASON);
	else
		batch_add_intent(core, plan_fire(core, job, id, instant, due, FIRE_CATCH_UP, backlog->clock_epoch));
	backlog->cursor = instant;
}

static bool pump_job(struct core *core, struct core_job *job)
{
	struct backlog *backlog = backlog_at(job, 0);
	struct wall instant;
	int room = room_of(core, job);
	if (room <= 0)
		return false;
	bool found = true;
	while (room-- > 0 && (found = plan_next(core, job, backlog->cursor, &instant) && instant.us <= backlog->until.us))
		make_up(core, job, backlog, instant);
	if (found && (!plan_next(core, job, backlog->cursor, &instant) || instant.us > backlog->until.us))
		found = false;
	if (!found)
		backlog->cursor = backlog->until;
	batch_add_backlog(core, job, backlog);
	if (!found)
		backlog_over(core, job);
	return true;
}

/*
 * Backlogs are counted with the job's schedule: before that changes, what is left becomes fires now (bounded by the
 * policy's maxCount), or, for a job that runs one at a time and would skip them all, a missed range.
 */
void recovery_settle_backlogs(struct core *core, struct core_job *job)
{
	struct wall instant;
	for (guint i = 0; i < backlog_count(job) && job->job->policy->max_concurrent == 0; i++) {
		struct backlog *backlog = backlog_at(job, i);
		while (core->fires < core->config.max_fires && plan_next(core, job, backlog->cursor, &instant) &&
		       instant.us <= backlog->until.us)
			make_up(core, job, backlog, instant);
	}
	recovery_drop_backlogs(core, job, "missed: the schedule was edited before these could be made up");
}

void recovery_pump(struct core *core)
{
	core->more_to_pump = false;
	if (!core->stats.store_healthy || core->stats.outbox_full || core->more_to_plan)
		return;
	for (int i = 0; i < CATCH_UP_JOBS_PER_TICK && core->catch_up_live < CATCH_UP_FIRES; i++) {
		struct job_backlogs *backlogs = TAILQ_FIRST(&core->backlog_ring);
		if (backlogs == NULL)
			break;
		TAILQ_REMOVE(&core->backlog_ring, backlogs, in_ring);
		TAILQ_INSERT_TAIL(&core->backlog_ring, backlogs, in_ring);
		core->more_to_pump |= pump_job(core, backlogs->job);
	}
	core->more_to_pump &= core->backlog_jobs > 0;
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
		.started_at = intent->first_started_at,
		.finished_at = core->now,
		.attempts = MAX(intent->attempts, 0),
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

static void resume_intent(struct core *core, const struct intent *intent, bool clock_trusted)
{
	struct core_job *job = job_table_get(core, intent->job_id);
	if (job == NULL) {
		close_orphan(core, intent);
		return;
	}
	bool manual = intent->cause == FIRE_MANUAL;
	int64_t number = core->state.next_intent_number;
	struct wall due = resume_due(core, job, intent);
	struct fire *fire = plan_fire(core, job, intent->id, intent->scheduled_at, due, intent->cause, intent->clock_epoch);
	core->state.next_intent_number = number;
	fire->intent_number = intent->number;
	if (intent->attempts == INTENT_TO_SKIP) {
		fire->to_skip = true;
		fire_arm(core, fire);
		return;
	}
	fire->attempts = intent->attempts;
	fire->first_started_at = intent->first_started_at;
	fire->first_started_mono = core->mono;
	/* By an earlier epoch's clock an instant ahead of now may have been due. */
	bool ahead = !manual && clock_trusted && due.us > core->now.us && intent->clock_epoch == core->state.clock_epoch;
	fire->maybe_sent = !ahead;
	if (job->job->policy->type == JOB_ATMOST_ONCE && !ahead) {
		fire_set_state(core, fire, FIRE_ARMED);
		fire_decide(core, fire, EXECUTION_INTERRUPTED,
			    "interrupted: the agent stopped while this run may have been under way", NULL);
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

/* The latest time that the last life is known to have seen: by what it planned, and by the jobs it was given. */
static struct wall last_seen(const struct core *core, int64_t ahead_us)
{
	const struct store_state *state = &core->state;
	struct wall seen = wall_is_set(state->planned_until) ? wall_add_us(state->planned_until, -ahead_us) : WALL_NONE;
	for (guint i = 0; i < core->jobs->len; i++) {
		const struct core_job *job = core->jobs->pdata[i];
		if (job->since_epoch == state->clock_epoch)
			seen = wall_max(seen, job->since);
	}
	return seen;
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
		backlog.job_id = NULL;
		if (job != NULL)
			enter_backlog(core, job, &backlog);
	}
	for (guint i = 0; i < snapshot->intents->len; i++)
		resume_intent(core, &g_array_index(snapshot->intents, struct intent, i), clock_trusted);
	struct wall seen = last_seen(core, ahead_us);
	if (wall_is_set(seen) && wall_diff_us(seen, core->now) >= CLOCK_STEP_BACK_US) {
		batch_add_event(core, "clockStep", "the clock was set back while the agent was down");
		recovery_step_back(core, wall_diff_us(seen, core->now));
	} else if (!clock_trusted) {
		core->latest = wall_max(core->latest, wall_max(planned_until, seen));
	}
	plan_reboot_jobs(core);
}
