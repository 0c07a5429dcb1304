/*
 * Jobs come, change and go. Each change is one batch: the rows, the intents it withdraws, and the intents of the new
 * definition up to planned_until, so that no crash can fall between old and new (design.md promise 9).
 *
 * The border is now, or the latest time seen while a small step back is waited out (recovery_border): instants up to it
 * belong to the old definition and are planned under it first; instants after it belong to the new one, also those whose
 * intents were written ahead already: these are withdrawn and planned anew.
 */
#include "agent/core_internal.h"

#include <string.h>

#define PAUSED "skipped: the job was paused before it could run"

struct core_job *core_job_new(const struct stored_job *stored)
{
	struct core_job *job = g_new0(struct core_job, 1);
	job->job = job_ref(stored->job);
	job->target_key = stored->target_key;
	job->since = stored->since;
	job->since_epoch = (uint32_t)stored->since_epoch;
	job->anchor = stored->anchor;
	job->next = WALL_NEVER;
	job->heap_index = -1;
	return job;
}

/* An @at in the past when it is first seen is a missed window of its own: its policy decides (cron.md section 1). */
static struct wall first_since(const struct core *core, const struct job *job)
{
	struct wall at;
	if (schedule_kind(job->timetable->schedule) == SCHEDULE_AT && schedule_next(job->timetable->schedule, core->now, WALL_NONE, &at) &&
	    at.us <= core->now.us)
		return wall_add_us(at, -1);
	return core->latest;
}

static struct wall milliseconds(struct wall t)
{
	return (struct wall){ t.us - t.us % US_PER_MS };
}

static void leave_out_away(struct core *core, struct core_job *job, const GArray *away)
{
	for (guint i = 0; away != NULL && i < away->len; i++) {
		const struct job_away *was = &g_array_index(away, struct job_away, i);
		if (strcmp(was->job_id, job->job->id) == 0)
			lease_was_away(core, job, was->after, was->until);
	}
}

/*
 * The row as it now stands, and the intents of all its instants up to planned_until, in the batch of the change. `away`: times
 * of central's that are not ours, of this job and others; NULL = none.
 */
static void take_over(struct core *core, struct core_job *job, struct stored_job *stored, struct wall since, const GArray *away)
{
	job->since = since;
	job->since_epoch = (uint32_t)core->state.clock_epoch;
	stored->since = since;
	stored->since_epoch = core->state.clock_epoch;
	stored->anchor = job->anchor;
	g_ptr_array_add(batch_current(core)->store->job_upserts, stored);
	core->state.jobs_digest ^= core_job_digest(job);
	core->active_jobs += job->job->active;
	plan_schedule(core, job, since);
	leave_out_away(core, job, away);
	plan_job_until(core, job, wall_max(core->state.planned_until, core->now));
}

/*
 * A restart tells by the jitter whether a fire was due. Under that of `next` what has begun, or does soon, could look as if it
 * were still to come; the mark of a later attempt says that it was not. An instant that is still ahead gets the new jitter.
 */
static void change_jitter(struct core *core, struct core_job *job, const struct core_job *next)
{
	if (job->runs == NULL)
		return;
	for (struct fire *fire = TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = TAILQ_NEXT(fire, in_job)) {
		bool is_over = fire->state == FIRE_DECIDED || fire->state == FIRE_WITHDRAWN;
		bool is_ahead = (fire->state == FIRE_PLANNED || fire->state == FIRE_ARMED) && fire->attempt.cause == FIRE_SCHEDULE &&
				wall_before(core->now, wall_min(fire->attempt.scheduled_at, fire->due));
		if (is_over)
			continue;
		if (fire->state == FIRE_RUNNING || fire->maybe_sent || (!is_ahead && fire->attempts == 0))
			batch_renew_update(core, fire, (struct wall){ 0 }); /* long ago by any clock, also one that is set back */
		else if (is_ahead && !fire->to_skip)
			fire->due = plan_due(core, next, fire->attempt.scheduled_at);
		if (fire->state == FIRE_ARMED)
			heap_set(&core->due, fire, fire->due.us);
	}
}

static bool same_instants(const struct job *a, const struct job *b)
{
	return strcmp(a->timetable->text, b->timetable->text) == 0 && strcmp(a->timetable->zone, b->timetable->zone) == 0 &&
	       a->policy->start_at.us == b->policy->start_at.us && a->policy->end_at.us == b->policy->end_at.us;
}

/*
 * The job left this agent and came back before this one heard of either, and central does not tell when it left (one of
 * before `away`). What its lease covered was its own, and from there to `since` another agent may have had it: must it not
 * run twice, that is dropped. A job that may run twice goes on as if nothing had been, or what was due before it left would
 * be lost. Told again of a gain that it knows, the agent is past that instant already. True when something changed.
 */
static bool came_back(struct core *core, struct core_job *job, const struct job *next, struct wall since)
{
	if (!wall_is_set(since) || !lease_binds_definition(core, next) || job->since_epoch != core->state.clock_epoch ||
	    !wall_before(job->since, since))
		return false;
	if (lease_binds(core, job))
		plan_job_until(core, job, since);
	job->since = since;
	if (!wall_before(since, job->next))
		plan_schedule(core, job, since);
	return true;
}

/*
 * Up to where central says that the new place begins, else all that is on hand, is decided under the former one: under the new
 * one another agent may have run it, or will.
 */
static void change_place(struct core *core, struct core_job *job, const struct stored_job *stored)
{
	if (strcmp(job->target_key, stored->target_key) == 0)
		return;
	missed_settle(core, job, wall_is_set(stored->since) ? stored->since : WALL_NEVER);
	core->state.jobs_digest ^= core_job_digest(job);
	job->target_key = stored->target_key;
	core->state.jobs_digest ^= core_job_digest(job);
	job->place_changed = true;
}

static void edit_job(struct core *core, struct core_job *job, struct stored_job *stored)
{
	bool same_schedule = strcmp(job->job->timetable->text, stored->job->timetable->text) == 0;
	bool same_jitter = job->job->policy->jitter_ms == stored->job->policy->jitter_ms;
	bool marked = job->next.us <= core->now.us;
	/* What is due beyond all that central said is not decided by the old definition, it may be another agent's: the new
	 * one rules from there. Central knew the edit before it said so: that is no past of the edit. */
	struct wall ours = lease_binds(core, job) ? wall_max(core->state.lease_until, core->word_until) : WALL_NEVER;
	struct wall border = wall_min(recovery_border(core, job, stored->job->timetable->schedule), ours);
	/* What is due before a border of central's that is still to come is of a former stay here: it is not the edit's either. */
	border = wall_max(border, recovery_central_border(core, job));
	plan_job_to(core, job, wall_min(core->latest, ours));
	recovery_withdraw_future(core, job, border);
	change_place(core, job, stored);
	job->place_changed = false;
	core->state.jobs_digest ^= core_job_digest(job);
	core->active_jobs -= job->job->active;
	if (!stored->job->active)
		missed_drop(core, job, "missed: the job was paused before these could be made up");
	else if (!same_instants(job->job, stored->job))
		missed_settle(core, job, WALL_NEVER);
	job_unref(job->job);
	job->job = job_ref(stored->job);
	if (!same_jitter)
		change_jitter(core, job, job);
	if (!same_schedule)
		job->anchor = milliseconds(core->now);
	core_job_end_retries(core, job);
	if (!stored->job->active)
		core_job_end_unbegun(core, job, PAUSED);
	take_over(core, job, stored, border, NULL);
	/* Marks are applied after upserts: one of the old definition must not have the last word. */
	if (marked)
		batch_add_mark(core, job);
}

static void upsert_job(struct core *core, struct stored_job *stored, const GArray *away, GPtrArray *added)
{
	struct core_job *job = job_table_get(core, stored->job->id);
	struct wall since = stored->since;
	if (job != NULL && !job->deleted) {
		if (job->job->revision == stored->job->revision && strcmp(job->target_key, stored->target_key) == 0 && !job->place_changed)
			stored_job_free(stored);
		else
			edit_job(core, job, stored);
		return;
	}
	job = core_job_new(stored);
	job->anchor = milliseconds(core->now);
	g_ptr_array_add(added, job);
	take_over(core, job, stored, wall_is_set(since) ? since : first_since(core, job->job), away);
}

static void leave_out_known(struct core *core, const struct job_change *change)
{
	for (guint i = 0; change->away != NULL && i < change->away->len; i++) {
		const struct job_away *away = &g_array_index(change->away, struct job_away, i);
		struct core_job *job = job_table_get(core, away->job_id);
		if (job != NULL && !job->deleted)
			lease_was_away(core, job, away->after, away->until);
	}
}

/* Before the lease grows: what it covered is what was ours. */
static void take_back(struct core *core, const GPtrArray *upserts)
{
	for (guint i = 0; i < upserts->len; i++) {
		const struct stored_job *stored = upserts->pdata[i];
		struct core_job *job = wall_is_set(stored->since) ? job_table_get(core, stored->job->id) : NULL;
		if (job == NULL || job->deleted || !came_back(core, job, stored->job, stored->since))
			continue;
		change_place(core, job, stored);
		batch_add_mark(core, job);
	}
}

static gint by_job_id(gconstpointer a, gconstpointer b)
{
	const struct stored_job *const *one = a, *const *other = b;
	return strcmp((*one)->job->id, (*other)->job->id);
}

/*
 * What a job still had to do here when it left is its own also after it came back, and a pause lets none of it begin. From now
 * on a restart sees it as the new row's.
 */
static void end_unbegun_ghosts(struct core *core)
{
	GHashTableIter iter;
	gpointer ghost;
	g_hash_table_iter_init(&iter, core->ghosts);
	while (g_hash_table_iter_next(&iter, &ghost, NULL)) {
		const struct job *left = ((struct core_job *)ghost)->job;
		const struct core_job *job = job_table_get(core, left->id);
		if (job == NULL || job->deleted)
			continue;
		if (!job->job->active)
			core_job_end_unbegun(core, ghost, PAUSED);
		if (job->job->policy->jitter_ms != left->policy->jitter_ms)
			change_jitter(core, ghost, job);
	}
}

static void upsert_jobs(struct core *core, GPtrArray *upserts, const GArray *away)
{
	g_autoptr(GPtrArray) added = g_ptr_array_new();
	g_ptr_array_sort(upserts, by_job_id);
	for (guint i = 0; i < upserts->len; i++) {
		struct stored_job *stored = upserts->pdata[i];
		bool again = i + 1 < upserts->len && by_job_id(&upserts->pdata[i], &upserts->pdata[i + 1]) == 0;
		if (again)
			stored_job_free(stored);
		else
			upsert_job(core, stored, away, added);
	}
	job_table_merge(core, added);
	end_unbegun_ghosts(core);
}

/* Takes out of the upserts what came and went unheard. One that is known after all only has to go. */
static GPtrArray *take_passing(const struct core *core, struct job_change *change)
{
	GPtrArray *passing = g_ptr_array_new();
	g_autoptr(GHashTable) moved = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; change->moves != NULL && i < change->moves->len; i++)
		g_hash_table_add(moved, (gpointer)g_array_index(change->moves, struct job_move, i).job_id);
	for (guint i = change->upserts->len; g_hash_table_size(moved) > 0 && i-- > 0;) {
		struct stored_job *stored = change->upserts->pdata[i];
		if (!g_hash_table_contains(moved, stored->job->id))
			continue;
		g_ptr_array_remove_index(change->upserts, i);
		if (job_table_get(core, stored->job->id) == NULL)
			g_ptr_array_add(passing, stored);
		else
			stored_job_free(stored);
	}
	return passing;
}

/* All in the batch that carries the revision: told again after a crash, it would be decided again. */
static void pass(struct core *core, struct stored_job *stored, struct wall border, const GArray *away)
{
	struct core_job *job = core_job_new(stored);
	job->since_epoch = (uint32_t)core->state.clock_epoch;
	job->anchor = milliseconds(core->now);
	core->state.jobs_digest ^= core_job_digest(job);
	core->active_jobs += job->job->active;
	plan_schedule(core, job, job->since);
	leave_out_away(core, job, away);
	core_job_move(core, job, border);
	core_job_become_ghost(core, job);
	stored_job_free(stored);
}

static void pass_all(struct core *core, GPtrArray *passing, const struct job_change *change)
{
	for (guint i = 0; i < passing->len; i++) {
		struct stored_job *stored = passing->pdata[i];
		guint n = 0;
		while (strcmp(g_array_index(change->moves, struct job_move, n).job_id, stored->job->id) != 0)
			n++;
		pass(core, stored, g_array_index(change->moves, struct job_move, n).border, change->away);
	}
}

struct job_change *job_change_new(void)
{
	struct job_change *change = g_new0(struct job_change, 1);
	change->upserts = g_ptr_array_new();
	change->deletes = g_ptr_array_new_with_free_func(g_free);
	change->lease_until = change->word_until = WALL_NONE;
	change->asked.us = INT64_MAX;
	return change;
}

static void free_parts(struct job_change *change)
{
	g_clear_pointer(&change->upserts, g_ptr_array_unref);
	g_clear_pointer(&change->deletes, g_ptr_array_unref);
	g_clear_pointer(&change->keep_ids, g_hash_table_unref);
	g_clear_pointer(&change->moves, g_array_unref);
	g_clear_pointer(&change->away, g_array_unref);
}

/* An old schedule counts its windows before an edit, and that would decide what only newer word can tell. */
static void refuse(struct job_change *change)
{
	for (guint i = 0; i < change->upserts->len; i++)
		stored_job_free(change->upserts->pdata[i]);
	free_parts(change);
	if (change->done != NULL)
		change->done(change->context, false);
	g_free(change);
}

void core_apply_jobs(struct core *core, struct job_change *change)
{
	core_read_clock(core);
	if (missed_outdates(core, change->asked)) {
		refuse(change);
		core_turn(core);
		return;
	}
	g_autoptr(GPtrArray) passing = take_passing(core, change);
	batch_seal(core); /* a batch cannot withdraw intents of its own: withdrawals are applied first */
	leave_out_known(core, change);
	batch_seal(core);
	core_jobs_leave(core, change);
	core->word_until = change->word_until;
	take_back(core, change->upserts);
	if (wall_is_set(change->lease_until))
		lease_extend(core, change->lease_until);
	batch_seal(core); /* what the lease planned an edit may withdraw */
	upsert_jobs(core, change->upserts, change->away);
	pass_all(core, passing, change);
	core->state.jobs_revision = change->jobs_revision;
	struct core_batch *batch = batch_current(core);
	batch->urgent = true;
	g_ptr_array_add(batch->changes, change);
	free_parts(change);
	core_turn(core);
}

/* What came due beyond the lease is still to be dealt with, when there is one. */
static struct wall unplanned_from(const struct core *core, const struct core_job *job, struct wall border)
{
	struct wall end = lease_end(core, job);
	if (!wall_before(end, border))
		return border;
	return job->since_epoch == core->state.clock_epoch ? wall_max(end, job->since) : end;
}

void core_reload_zones(struct core *core)
{
	core_read_clock(core);
	job_forget_schedules();
	batch_seal(core); /* as above: what is withdrawn must be in an earlier batch */
	for (guint i = 0; i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		struct wall border = wall_max(recovery_border(core, job, job->job->timetable->schedule), recovery_central_border(core, job));
		plan_job_until(core, job, core->latest);
		recovery_withdraw_future(core, job, border);
		missed_settle(core, job, WALL_NEVER);
		struct job *old = job->job;
		job->job = job_renew(old);
		job_unref(old);
		plan_schedule(core, job, unplanned_from(core, job, border));
		plan_job_until(core, job, wall_max(core->state.planned_until, core->now));
	}
	core_turn(core);
}

void core_job_set(const struct core *core, int64_t *ret_revision, uint64_t *ret_digest, int64_t *ret_count)
{
	*ret_revision = core->state.jobs_revision;
	*ret_digest = core->state.jobs_digest;
	*ret_count = core->jobs->len;
}
