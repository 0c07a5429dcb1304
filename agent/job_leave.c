/*
 * A job leaves: it is deleted, paused elsewhere, or another agent's. It goes from the table at once; while some of its fires are
 * not decided it stays as a ghost, which nothing plans any more.
 *
 *   deleted          what came due is decided now, what is under way ends; its row goes with the change
 *   handed over      what is due up to the border is still ours and runs (lease.c); its row stays, marked as handed over, until
 *                    that is decided, since a crash must find the definition. It may come back and leave again meanwhile:
 *                    core->stays counts the ghosts of one job, and the row stays for the last of them
 *   handed over and  the same, and what has not begun is skipped; central may say so later too (core.h, struct job_move)
 *   ended
 */
#include "agent/core_internal.h"

#include <string.h>

#define ENDED "skipped: the job was paused or deleted before it could run"

static int count_stays(const struct core *core, const char *id)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(core->stays, id));
}

static void set_stays(struct core *core, const char *id, int n)
{
	if (n > 0)
		g_hash_table_replace(core->stays, g_strdup(id), GINT_TO_POINTER(n));
	else
		g_hash_table_remove(core->stays, id);
}

void core_job_stays(struct core *core, const struct core_job *job)
{
	set_stays(core, job->job->id, count_stays(core, job->job->id) + 1);
}

/* The row is another's when the job came back, or left once more with something still to run. */
void core_job_ended(struct core *core, const struct core_job *job)
{
	const char *id = job->job->id;
	if (!job->handed_over)
		return;
	set_stays(core, id, count_stays(core, id) - 1);
	if (count_stays(core, id) == 0 && job_table_get(core, id) == NULL)
		g_ptr_array_add(batch_current(core)->store->job_deletes, g_strdup(id));
}

void core_job_free(struct core *core, struct core_job *job)
{
	lease_remove(core, job);
	g_hash_table_remove(core->ghosts, job);
	missed_forget(core, job);
	job_unref(job->job);
	g_free(job);
}

uint64_t core_job_digest(const struct core_job *job)
{
	return wire_job_digest(job->job->id, job->job->revision, job->target_key);
}

/* What waits for another attempt that it may no longer have. */
void core_job_end_retries(struct core *core, struct core_job *job)
{
	struct fire *fire, *next;
	for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		bool settled = fire->state == FIRE_RUNNING || fire->state == FIRE_DECIDED || fire->state == FIRE_WITHDRAWN;
		if (settled || fire_no_retry_reason(fire) == NULL)
			continue;
		if (fire->maybe_sent)
			fire_decide(core, fire, EXECUTION_INTERRUPTED, "interrupted: the agent stopped during this run, and "
				    "then its job was deleted or became ATMOST_ONCE", NULL);
		else if (fire->attempts > 0)
			fire_decide(core, fire, EXECUTION_FAILED, fire_no_retry_reason(fire), NULL);
	}
}

static void end_fires(struct core *core, struct core_job *job)
{
	struct fire *fire, *next;
	core_job_end_retries(core, job);
	for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		if (fire->state == FIRE_RUNNING || fire->state == FIRE_DECIDED || fire->state == FIRE_WITHDRAWN)
			continue;
		fire_decide(core, fire, EXECUTION_SKIPPED, "skipped: the job was deleted before it could run", NULL);
	}
}

/* What has not begun does not begin. What was tried goes on, and a run on demand is not of the schedule. */
void core_job_end_unbegun(struct core *core, struct core_job *job, const char *reason)
{
	struct fire *fire, *next;
	for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		if (fire_is_unbegun(fire) && fire->attempt.cause != FIRE_MANUAL)
			fire_decide(core, fire, EXECUTION_SKIPPED, reason, NULL);
	}
}

static void let_go(struct core *core, struct core_job *job)
{
	job->deleted = true;
	plan_schedule(core, job, core->now);
	g_ptr_array_add(batch_current(core)->store->job_deletes, g_strdup(job->job->id));
}

/* A crash must find the definition by which what is still ours runs. Deletions of a batch are applied before. */
static void keep_row(struct core *core, const struct core_job *job)
{
	struct stored_job *stored = stored_job_new(job_ref(job->job));
	stored->target_key = job->target_key;
	stored->since = job->since;
	stored->since_epoch = job->since_epoch;
	stored->anchor = job->anchor;
	stored->handed_over = true;
	g_ptr_array_add(batch_current(core)->store->job_upserts, stored);
}

void core_job_move(struct core *core, struct core_job *job, struct wall border)
{
	core->state.jobs_digest ^= core_job_digest(job);
	core->active_jobs -= job->job->active;
	lease_hand_over(core, job, border);
	let_go(core, job);
	if (count_stays(core, job->job->id) > 0 || (job->runs != NULL && job->runs->live > 0))
		keep_row(core, job);
	if (job->runs != NULL)
		core_job_stays(core, job);
}

static void delete_job(struct core *core, struct core_job *job)
{
	static const char *const reason = "missed: the job was deleted before these could run";
	if (job->deleted)
		return;
	/* Not at a border of central's that is still to come: what is planned before it does not come due any more. */
	struct wall border = wall_is_set(recovery_central_border(core, job)) ? core->latest
									     : recovery_border(core, job, job->job->timetable->schedule);
	core->state.jobs_digest ^= core_job_digest(job);
	core->active_jobs -= job->job->active;
	if (job->next.us <= core->latest.us) {
		struct wall after = wall_add_us(job->next, -1);
		missed_record(core, job, after, core->latest, plan_count(job, after, core->latest),
				       core->state.clock_epoch, reason);
	}
	missed_drop(core, job, reason);
	recovery_withdraw_future(core, job, border);
	let_go(core, job);
	end_fires(core, job);
}

static void end_moved(struct core *core, const GArray *moves)
{
	GHashTableIter iter;
	gpointer ghost;
	for (guint i = 0; moves != NULL && i < moves->len; i++) {
		const struct job_move *move = &g_array_index(moves, struct job_move, i);
		g_hash_table_iter_init(&iter, core->ghosts);
		while (move->ended && g_hash_table_iter_next(&iter, &ghost, NULL))
			if (strcmp(((struct core_job *)ghost)->job->id, move->job_id) == 0)
				core_job_end_unbegun(core, ghost, ENDED);
	}
}

void core_job_become_ghost(struct core *core, struct core_job *job)
{
	g_hash_table_add(core->ghosts, job);
	if (job->runs == NULL)
		core_job_free(core, job);
	else
		fire_runs_left(core, job);
}

void core_jobs_leave(struct core *core, const struct job_change *change)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	for (guint i = 0; change->moves != NULL && i < change->moves->len; i++) {
		const struct job_move *move = &g_array_index(change->moves, struct job_move, i);
		struct core_job *job = job_table_get(core, move->job_id);
		if (job == NULL || job->deleted)
			continue;
		g_ptr_array_add(gone, job);
		core_job_move(core, job, move->border);
	}
	for (guint i = 0; i < change->deletes->len; i++) {
		struct core_job *job = job_table_get(core, change->deletes->pdata[i]);
		if (job != NULL && !job->deleted)
			g_ptr_array_add(gone, job);
		if (job != NULL)
			delete_job(core, job);
	}
	for (guint i = 0; change->keep_ids != NULL && i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		if (job->deleted || g_hash_table_contains(change->keep_ids, job->job->id))
			continue;
		g_ptr_array_add(gone, job);
		delete_job(core, job);
	}
	if (gone->len > 0)
		job_table_drop_deleted(core);
	for (guint i = 0; i < gone->len; i++)
		core_job_become_ghost(core, gone->pdata[i]);
	end_moved(core, change->moves);
}
