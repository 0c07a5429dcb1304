/*
 * Missed windows: instants of a job that came due while nobody here watched.
 *
 * Of a window (after, until] the job's policy makes two parts: an older one that is recorded as one `missed` range with its
 * count, and a newer one that is made up. The newer part is a row on disk: a cursor that the pump moves on, a few fires at a
 * time, each step one batch with the intents and the cursor. So a window of any length costs bounded work and memory, and
 * a crash at any point neither loses nor doubles a fire.
 *
 * With a central nobody here knows what happened meanwhile: another agent may have run the job, it may have been edited,
 * paused, deleted. A window that the planner finds therefore waits for central's word, and so does what an earlier life was
 * still making up. What the word takes away (job_change.c, lease.c) is then neither run again nor called missed. An answer
 * that was on its way meanwhile (the host was frozen) is no word of it: with an edit it would settle windows of which it
 * knows nothing, so its job set is not used (missed_outdates).
 *
 *     found --> OPEN --central was heard-----> older part recorded as missed; newer part MAKE_UP
 *                 |
 *                 +---- HEAR_PATIENCE_US ----> older part MISSED, recorded once central was heard; newer part MAKE_UP
 */
#include "agent/core_internal.h"

#define HEAR_PATIENCE_US (15 * US_PER_SECOND) /* longer than the pace of ten thousand agents */

static bool was_heard(const struct core *core)
{
	return !core->config.leases || core->asked_at.us > core->opened_at.us;
}

static bool waits_for_word(const struct core *core)
{
	return !was_heard(core) && core->mono.us < core->opened_at.us + HEAR_PATIENCE_US;
}

bool missed_outdates(struct core *core, struct mono asked)
{
	if (!core->config.leases || asked.us == INT64_MAX)
		return false;
	plan_tick(core); /* the answer may be looked at before the clock is */
	return asked.us <= core->opened_at.us && waits_for_word(core);
}

struct mono missed_wake(const struct core *core)
{
	if (core->backlog_jobs == 0 || !waits_for_word(core))
		return (struct mono){ INT64_MAX };
	return mono_add_us(core->opened_at, HEAR_PATIENCE_US);
}

static void leave_ring(struct job_backlogs *backlogs)
{
	if (backlogs->ring != NULL)
		TAILQ_REMOVE(backlogs->ring, backlogs, in_ring);
	backlogs->ring = NULL;
}

static void stand_in(struct job_backlogs *backlogs, struct backlog_ring *ring)
{
	leave_ring(backlogs);
	backlogs->ring = ring;
	TAILQ_INSERT_TAIL(ring, backlogs, in_ring);
}

void core_heard(struct core *core, struct mono asked)
{
	struct job_backlogs *backlogs;
	if (asked.us <= core->asked_at.us)
		return;
	core_read_clock(core);
	core->asked_at = asked;
	while (was_heard(core) && (backlogs = TAILQ_FIRST(&core->unheard_ring)) != NULL)
		stand_in(backlogs, &core->backlog_ring);
	core_turn(core);
}

void missed_record(struct core *core, struct core_job *job, struct wall after, struct wall until, int64_t count,
	uint64_t clock_epoch, const char *reason)
{
	struct wall first;
	if (count <= 0 || !plan_next(job, after, &first))
		return;
	struct execution *execution = batch_add_decision(core, NULL);
	*execution = (struct execution){
		.id = fire_id_scheduled(job->job->id, first, job->target_key, clock_epoch),
		.job_id = g_strdup(job->job->id),
		.job_revision = job->job->revision,
		.cause = FIRE_SCHEDULE,
		.status = EXECUTION_MISSED,
		.scheduled_at = first,
		.last_scheduled_at = count == 1 ? first : job_nth_due(job->job, job->anchor, after, until, count),
		.count = count,
		.armed_at = WALL_NONE,
		.started_at = WALL_NONE,
		.finished_at = core->now,
		.timing = { -1, -1, -1, -1, -1 },
		.reason = g_strdup(reason),
	};
	core->stats.decided[EXECUTION_MISSED] += count;
}

static guint backlog_count(const struct core_job *job)
{
	return job->backlogs == NULL ? 0 : job->backlogs->rows->len;
}

static struct backlog *backlog_at(const struct core_job *job, guint i)
{
	return &g_array_index(job->backlogs->rows, struct backlog, i);
}

static bool has_kind(const struct core_job *job, enum backlog_kind kind)
{
	for (guint i = 0; i < backlog_count(job); i++)
		if (backlog_at(job, i)->kind == kind)
			return true;
	return false;
}

/* Jobs for which nothing but central's word is missing stand apart, or the pump would look at them in vain. */
static void choose_ring(struct core *core, struct core_job *job)
{
	bool only_missed = !has_kind(job, BACKLOG_OPEN) && !has_kind(job, BACKLOG_MAKE_UP);
	stand_in(job->backlogs, only_missed && !was_heard(core) ? &core->unheard_ring : &core->backlog_ring);
}

static void append_row(struct core *core, struct core_job *job, const struct backlog *backlog)
{
	if (job->backlogs == NULL) {
		job->backlogs = g_new0(struct job_backlogs, 1);
		job->backlogs->job = job;
		job->backlogs->rows = g_array_new(FALSE, FALSE, sizeof(struct backlog));
		core->backlog_jobs++;
	}
	g_array_append_val(job->backlogs->rows, *backlog);
}

void missed_enter(struct core *core, struct core_job *job, const struct backlog *backlog)
{
	append_row(core, job, backlog);
	choose_ring(core, job);
}

void missed_forget(struct core *core, struct core_job *job)
{
	if (job->backlogs == NULL)
		return;
	leave_ring(job->backlogs);
	core->backlog_jobs--;
	g_array_unref(job->backlogs->rows);
	g_clear_pointer(&job->backlogs, g_free);
}

static void remove_row(struct core *core, struct core_job *job, guint i)
{
	g_array_remove_index(job->backlogs->rows, i);
	if (backlog_count(job) == 0)
		missed_forget(core, job);
}

static void delete_on_disk(struct core *core, struct core_job *job, struct backlog row)
{
	row.cursor = row.until;
	batch_add_backlog(core, job, &row);
}

/* Gives up what is left of one window up to `border`: its instants become one missed range, its row goes. */
static void abandon(struct core *core, struct core_job *job, const struct backlog *row, struct wall border, const char *reason)
{
	struct wall until = wall_min(row->until, border);
	missed_record(core, job, row->cursor, until, plan_count(job, row->cursor, until), row->clock_epoch, reason);
	delete_on_disk(core, job, *row);
}

void missed_clip(struct core *core, struct core_job *job, struct wall border, const char *reason)
{
	for (guint i = 0; i < backlog_count(job); i++)
		abandon(core, job, backlog_at(job, i), border, reason);
	missed_forget(core, job);
}

void missed_drop(struct core *core, struct core_job *job, const char *reason)
{
	missed_clip(core, job, WALL_NEVER, reason);
}

/* The part of the window before keeps its kind in a row of its own, since a row is named by its end; the part after keeps the row. */
static void leave_out_of_row(struct core *core, struct core_job *job, struct backlog row, struct wall after, struct wall until)
{
	struct backlog before = row;
	before.until = wall_min(row.until, after);
	if (wall_before(before.cursor, before.until)) {
		append_row(core, job, &before);
		batch_add_backlog(core, job, &before);
	}
	row.cursor = wall_max(row.cursor, until);
	if (wall_before(row.cursor, row.until)) {
		append_row(core, job, &row);
		batch_add_backlog(core, job, &row);
	} else if (before.until.us != row.until.us) {
		delete_on_disk(core, job, row);
	}
}

void missed_leave_out(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	if (job->backlogs == NULL || !wall_before(after, until))
		return;
	g_autoptr(GArray) rows = g_steal_pointer(&job->backlogs->rows);
	job->backlogs->rows = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	for (guint i = 0; i < rows->len; i++)
		leave_out_of_row(core, job, g_array_index(rows, struct backlog, i), after, until);
	if (backlog_count(job) == 0)
		missed_forget(core, job);
	else
		choose_ring(core, job);
}

static const char *why_missed(const struct core *core, const struct core_job *job, struct wall after)
{
	if (outbox_caused(core, wall_add_us(after, 1)))
		return "missed: outbox full, nothing was started";
	if (wall_is_set(core->aside_until) && !wall_before(core->aside_until, wall_add_us(after, 1)))
		return "missed: central refused this agent, nothing was started";
	if (job->lease_lapsed)
		return "missed: central was not heard, so this must not run here,";
	return "missed: nothing could run here";
}

static void add_row(struct core *core, struct core_job *job, const struct backlog *row)
{
	if (backlog_count(job) >= BACKLOGS_PER_JOB) {
		abandon(core, job, backlog_at(job, 0), WALL_NEVER, "missed: too many outages before this one could be made up");
		remove_row(core, job, 0);
	}
	append_row(core, job, row);
	batch_add_backlog(core, job, row);
}

/* The window's policy is asked; `told`: what is too old may be called missed at once. */
static void split(struct core *core, struct core_job *job, struct wall after, struct wall until, uint64_t clock_epoch, bool told)
{
	int64_t due = plan_count(job, after, until);
	int64_t made = job_count_made_up(job->job, job->anchor, after, until), missed = due - made;
	struct wall cut = missed == 0 ? after : job_nth_due(job->job, job->anchor, after, until, missed);
	char reason[EXECUTION_REASON_MAX], from[FIRE_CLOCK_SIZE], to[FIRE_CLOCK_SIZE];
	g_snprintf(reason, sizeof(reason), "%s between %s and %s (catch-up keeps %" G_GINT64_FORMAT
		   " of %" G_GINT64_FORMAT ")", why_missed(core, job, after), fire_clock_text(core, after, from), fire_clock_text(core, until, to), made, due);
	job->lease_lapsed = false;
	struct backlog older = { NULL, after, cut, clock_epoch, BACKLOG_MISSED }, newer = { NULL, cut, until, clock_epoch, BACKLOG_MAKE_UP };
	if (told)
		missed_record(core, job, after, cut, missed, clock_epoch, reason);
	else if (missed > 0)
		add_row(core, job, &older);
	if (made > 0)
		add_row(core, job, &newer);
}

void missed_window(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	if (plan_count(job, after, until) == 0)
		return;
	split(core, job, after, until, core->state.clock_epoch, true);
	if (job->backlogs != NULL)
		choose_ring(core, job);
}

/* Word that is no older than what counts as late is fresh: who was away for longer has not been told anything since. */
static bool is_fresh(const struct core *core)
{
	return !core->config.leases || core->asked_at.us > core->mono.us - MISFIRE_GRACE_US;
}

void missed_found(struct core *core, struct core_job *job, struct wall after, struct wall until)
{
	/* What a lease covers is nobody else's, whatever happened (lease.c). */
	if (is_fresh(core) || lease_binds(core, job)) {
		missed_window(core, job, after, until);
		return;
	}
	struct backlog row = { NULL, after, until, core->state.clock_epoch, BACKLOG_OPEN };
	if (plan_count(job, after, until) == 0)
		return;
	core->opened_at = core->mono;
	add_row(core, job, &row);
	choose_ring(core, job);
}

/* Asks the policy about windows that are open, and records what is missed, as far as `told` allows. False: nothing to do. */
static bool settle_rows(struct core *core, struct core_job *job, bool told)
{
	if (!has_kind(job, BACKLOG_OPEN) && !(told && has_kind(job, BACKLOG_MISSED)))
		return false;
	g_autoptr(GArray) rows = g_steal_pointer(&job->backlogs->rows);
	job->backlogs->rows = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	for (guint i = 0; i < rows->len; i++) {
		const struct backlog *row = &g_array_index(rows, struct backlog, i);
		if (row->kind == BACKLOG_OPEN) {
			delete_on_disk(core, job, *row);
			split(core, job, row->cursor, row->until, row->clock_epoch, told);
		} else if (row->kind == BACKLOG_MISSED && told) {
			abandon(core, job, row, WALL_NEVER, "missed: nothing could run here, and this was too old to be made up");
		} else {
			append_row(core, job, row);
		}
	}
	if (backlog_count(job) == 0)
		missed_forget(core, job);
	else
		choose_ring(core, job);
	return true;
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

struct wall missed_next_due(struct core *core, struct core_job *job)
{
	int64_t spacing_ms = job->job->policy->catch_up_spacing_ms;
	if (spacing_ms == 0)
		return core->now;
	struct job_runs *runs = fire_runs(core, job);
	struct wall due = wall_max(core->now, runs->catch_up_next);
	runs->catch_up_next = wall_add_ms(due, spacing_ms);
	return due;
}

bool missed_is_wanted(const struct core *core, const struct core_job *job, struct wall instant)
{
	const struct job_policy *policy = job->job->policy;
	struct wall next;
	if (policy->catch_up == JOB_CATCH_UP_NONE || !wall_before(wall_add_ms(core->now, -policy->catch_up_max_age_ms), instant))
		return false;
	return policy->catch_up == JOB_CATCH_UP_ALL || !plan_next(job, instant, &next) || wall_before(core->now, next);
}

static void make_up(struct core *core, struct core_job *job, struct backlog *backlog, struct wall instant)
{
	struct fire_id id = fire_id_scheduled(job->job->id, instant, job->target_key, backlog->clock_epoch);
	struct wall due = missed_next_due(core, job);
	if (plan_is_skipped(job, instant))
		plan_skip(core, job, instant, id, FIRE_CATCH_UP, PLAN_SKIP_REASON);
	else
		batch_add_intent(core, plan_fire(core, job, id, instant, due, FIRE_CATCH_UP, backlog->clock_epoch));
	backlog->cursor = instant;
}

/* The oldest window of the job that is being made up, a few fires further. */
static bool pump_row(struct core *core, struct core_job *job)
{
	struct wall instant;
	guint i = 0;
	while (i < backlog_count(job) && backlog_at(job, i)->kind != BACKLOG_MAKE_UP)
		i++;
	int room = room_of(core, job);
	if (i == backlog_count(job) || room <= 0)
		return false;
	struct backlog *backlog = backlog_at(job, i);
	bool found = true;
	while (room-- > 0 && (found = plan_next(job, backlog->cursor, &instant) && instant.us <= backlog->until.us))
		make_up(core, job, backlog, instant);
	if (found && (!plan_next(job, backlog->cursor, &instant) || instant.us > backlog->until.us))
		found = false;
	if (!found)
		backlog->cursor = backlog->until;
	batch_add_backlog(core, job, backlog);
	if (!found)
		remove_row(core, job, i);
	return true;
}

static bool pump_job(struct core *core, struct core_job *job)
{
	bool settled = settle_rows(core, job, was_heard(core));
	bool pumped = pump_row(core, job);
	if (pumped && job->backlogs != NULL)
		choose_ring(core, job);
	return settled || pumped;
}

/* Takes what lies after `border` out of memory; on disk it stays. struct backlog, caller unrefs. */
static GArray *take_later(struct core *core, struct core_job *job, struct wall border)
{
	GArray *later = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	if (job->backlogs == NULL || !wall_before(border, WALL_NEVER))
		return later;
	g_autoptr(GArray) rows = g_steal_pointer(&job->backlogs->rows);
	job->backlogs->rows = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	for (guint i = 0; i < rows->len; i++)
		leave_out_of_row(core, job, g_array_index(rows, struct backlog, i), border, border);
	for (guint i = 0; i < backlog_count(job); i++) {
		if (!wall_before(border, backlog_at(job, i)->until))
			continue;
		g_array_append_val(later, *backlog_at(job, i));
		g_array_remove_index(job->backlogs->rows, i--);
	}
	if (backlog_count(job) == 0)
		missed_forget(core, job);
	return later;
}

/*
 * Windows are counted with the job's schedule, and their fires known by its place: before one of these changes, what is left
 * becomes fires now (bounded by the policy's maxCount), or, for a job that runs one at a time and would skip them all, a missed
 * range.
 */
void missed_settle(struct core *core, struct core_job *job, struct wall border)
{
	struct wall instant;
	g_autoptr(GArray) later = take_later(core, job, border);
	settle_rows(core, job, true);
	for (guint i = 0; i < backlog_count(job) && job->job->policy->max_concurrent == 0; i++) {
		struct backlog *backlog = backlog_at(job, i);
		while (core->fires < core->config.max_fires && plan_next(job, backlog->cursor, &instant) &&
		       instant.us <= backlog->until.us)
			make_up(core, job, backlog, instant);
	}
	missed_drop(core, job, "missed: the schedule, or its place, changed before these could be made up");
	for (guint i = 0; i < later->len; i++)
		missed_enter(core, job, &g_array_index(later, struct backlog, i));
}

void missed_pump(struct core *core)
{
	core->more_to_pump = false;
	if (!core->stats.store_healthy || core->stats.outbox_full || core->stats.aside || core->more_to_plan || waits_for_word(core))
		return;
	for (int i = 0; i < CATCH_UP_JOBS_PER_TICK && core->catch_up_live < CATCH_UP_FIRES; i++) {
		struct job_backlogs *backlogs = TAILQ_FIRST(&core->backlog_ring);
		if (backlogs == NULL)
			break;
		stand_in(backlogs, &core->backlog_ring);
		core->more_to_pump |= pump_job(core, backlogs->job);
	}
	core->more_to_pump &= !TAILQ_EMPTY(&core->backlog_ring);
}
