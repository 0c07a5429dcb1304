/*
 * The order "cancel": what of a job began before the order was given ends as interrupted, and gets no further attempt.
 *
 *     central     order given                             heard that it is done
 *     agent       ......|....... heard: cancel() ... the attempt ends: decision and "done" in one batch
 *
 * "Done" stands in the batch of the last decision, and in none before: a crash in between brings the order again, and it
 * finds the intents that the last life left over. Nothing of an order itself is kept on disk.
 *
 * Began before: of this life's fires that is told by the monotonic clock, which no step of the clock touches. Of the last
 * life's nothing is known but the instant: an order given in this life means them all, an older one those due by then. What was
 * ordered to run before counts as begun before, though it was heard of in between: the numbers of orders tell.
 */
#include "agent/core_internal.h"

struct cancel {
	int64_t id;
	char job_id[JOB_ID_MAX + 1];
	bool one;
	struct fire_id execution_id;
	struct mono at;
	struct wall at_wall;
	char reason[EXECUTION_REASON_MAX];
};

static bool hits(const struct core *core, const struct cancel *cancel, const struct fire *fire)
{
	if (strcmp(fire->job->job->id, cancel->job_id) != 0 ||
	    (cancel->one && !fire_id_equal(fire->attempt.id, cancel->execution_id)))
		return false;
	if (fire->maybe_sent)
		return cancel->at.us >= core->started_at.us || fire->attempt.scheduled_at.us <= cancel->at_wall.us;
	bool ordered_before = fire->order != 0 && fire->order < cancel->id;
	if (fire->tried)
		return ordered_before || fire->tried_at.us <= cancel->at.us;
	/* Waits for its turn: it is not running, and ends only when it is meant by name, or by its order. */
	return (cancel->one || ordered_before) && (fire->state == FIRE_READY || fire->state == FIRE_HELD);
}

/* The job by that id, and what went on under it here after it was moved away or deleted. */
static GPtrArray *jobs_of(const struct core *core, const char *job_id)
{
	GPtrArray *jobs = g_ptr_array_new();
	struct core_job *job = job_table_get(core, job_id);
	GHashTableIter iter;
	gpointer ghost;
	if (job != NULL)
		g_ptr_array_add(jobs, job);
	g_hash_table_iter_init(&iter, core->ghosts);
	while (g_hash_table_iter_next(&iter, &ghost, NULL))
		if (ghost != job && strcmp(((struct core_job *)ghost)->job->id, job_id) == 0)
			g_ptr_array_add(jobs, ghost);
	return jobs;
}

static void end_fire(struct core *core, const struct cancel *cancel, struct fire *fire)
{
	if (fire->state == FIRE_RUNNING) {
		bool asked = fire->cancelled || fire->replaced;
		fire->cancelled = true;
		if (!asked)
			core->runner.cancel(core->runner.context, &fire->attempt);
	} else {
		bool tried = fire->tried || fire->maybe_sent;
		fire_decide(core, fire, tried ? EXECUTION_INTERRUPTED : EXECUTION_SKIPPED, cancel->reason, NULL);
	}
}

static bool is_over(const struct fire *fire)
{
	return fire->state == FIRE_DECIDED || fire->state == FIRE_WITHDRAWN;
}

/* An intent that is on its way to disk cannot be taken back: its fire is ended when it is due. */
static void end_fires(struct core *core, const struct cancel *cancel)
{
	g_autoptr(GPtrArray) jobs = jobs_of(core, cancel->job_id);
	for (guint i = 0; i < jobs->len; i++) {
		struct core_job *job = jobs->pdata[i];
		struct fire *fire, *next;
		if (!cancel->one)
			job->cancelled_to = MAX(job->cancelled_to, cancel->id);
		for (fire = job->runs == NULL ? NULL : TAILQ_FIRST(&job->runs->fires); fire != NULL; fire = next) {
			next = TAILQ_NEXT(fire, in_job);
			if (!is_over(fire) && hits(core, cancel, fire))
				end_fire(core, cancel, fire);
		}
	}
}

static bool has_ended(const struct core *core, const struct cancel *cancel)
{
	g_autoptr(GPtrArray) jobs = jobs_of(core, cancel->job_id);
	for (guint i = 0; i < jobs->len; i++) {
		const struct core_job *job = jobs->pdata[i];
		const struct fire *fire;
		if (job->runs == NULL)
			continue;
		TAILQ_FOREACH(fire, &job->runs->fires, in_job)
			if (!is_over(fire) && fire->cancelled && hits(core, cancel, fire))
				return false;
	}
	return true;
}

void cancel_settle(struct core *core)
{
	for (guint i = core->cancels->len; i-- > 0;) {
		const struct cancel *cancel = core->cancels->pdata[i];
		if (!has_ended(core, cancel))
			continue;
		batch_add_done_command(core, cancel->id);
		g_ptr_array_remove_index(core->cancels, i);
	}
}

const char *cancel_reason(const struct core *core, const struct fire *fire)
{
	for (guint i = 0; i < core->cancels->len; i++) {
		const struct cancel *cancel = core->cancels->pdata[i];
		if (hits(core, cancel, fire))
			return cancel->reason;
	}
	return "cancelled";
}

void cancel_order(struct core *core, const struct sync_command *command)
{
	int64_t age_us = MIN(command->age_ms, CANCEL_AGE_MAX_MS) * US_PER_MS;
	struct cancel *cancel = g_new0(struct cancel, 1);
	cancel->id = command->id;
	cancel->one = command->one;
	cancel->execution_id = command->execution_id;
	cancel->at = mono_add_us(core->mono, -age_us);
	cancel->at_wall = wall_add_us(core->now, -age_us);
	g_strlcpy(cancel->job_id, command->job_id, sizeof(cancel->job_id));
	g_snprintf(cancel->reason, sizeof(cancel->reason), "cancelled by %s", command->author);
	g_ptr_array_add(core->cancels, cancel);
	end_fires(core, cancel);
	cancel_settle(core);
}
