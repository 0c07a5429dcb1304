/*
 * What becomes durable, in order. One batch is being filled at any time; at the end of each event it is handed to the
 * store unless BATCHES_IN_FLIGHT are already there: then it waits and grows, so that under load one fsync serves many
 * fires without any timer.
 *
 * A batch with nothing urgent in it (decisions, intents of later instants) lingers for a few milliseconds: at a thousand
 * executions a second that is one fsync instead of five.
 *
 * A batch that the store could not apply is kept and handed over again, unchanged, with all later ones behind it, until
 * the store takes it; the batch number makes that harmless (store.h). Meanwhile the planner stands still and no attempt
 * starts, so what is kept in memory is bounded by what was already under way.
 */
#include "agent/core_internal.h"

struct core_batch *batch_current(struct core *core)
{
	if (core->filling == NULL) {
		struct core_batch *batch = g_new0(struct core_batch, 1);
		batch->store = store_batch_new(core->next_batch++);
		batch->planned = g_ptr_array_new();
		batch->retrying = g_ptr_array_new();
		batch->decided = g_ptr_array_new();
		batch->withdrawn = g_ptr_array_new();
		batch->changes = g_ptr_array_new();
		batch->held = g_ptr_array_new_with_free_func((GDestroyNotify)job_unref);
		batch->began = core->mono;
		batch->commands = g_array_new(FALSE, FALSE, sizeof(int64_t));
		g_queue_push_tail(&core->batches, batch);
		core->filling = batch;
	}
	core->filling->items++;
	return core->filling;
}

static bool may_linger(const struct core *core, const struct core_batch *batch)
{
	return batch == core->filling && !batch->urgent && !core->in_a_hurry && batch->items < BATCH_LINGER_ITEMS &&
	       mono_diff_us(core->mono, batch->began) < BATCH_LINGER_US;
}

struct mono batch_linger_wake(const struct core *core)
{
	bool waits = core->filling != NULL && !core->store_failed && core->submitted < BATCHES_IN_FLIGHT;
	return waits ? mono_add_us(core->filling->began, BATCH_LINGER_US) : (struct mono){ INT64_MAX };
}

void batch_seal(struct core *core)
{
	if (core->filling != NULL) {
		plan_note_reached(core);
		core->state.latest = core->latest;
		core->filling->store->state = core->state;
	}
	core->filling = NULL;
}

void batch_flush(struct core *core)
{
	if (core->store_failed)
		return;
	for (GList *link = core->batches.head; link != NULL; link = link->next) {
		struct core_batch *batch = link->data;
		if (batch->submitted)
			continue;
		if (core->submitted >= BATCHES_IN_FLIGHT || may_linger(core, batch))
			return;
		if (batch == core->filling) {
			core->state.clock_offset_us = recovery_clock_mark(core);
			batch_seal(core);
		}
		batch->submitted = true;
		core->submitted++;
		core->store.submit(core->store.context, batch->store);
	}
}

static void pin(struct fire *fire, GPtrArray *list)
{
	fire->pins++;
	g_ptr_array_add(list, fire);
}

/* During a stop in order nothing begins any more. */
static int attempts_on_disk(const struct core *core, const struct fire *fire)
{
	bool not_sent = core->in_a_hurry && fire->attempts == 0 && !fire->maybe_sent && fire->state != FIRE_RUNNING;
	return fire->to_skip ? INTENT_TO_SKIP : not_sent ? INTENT_NOT_SENT : fire->attempts;
}

void batch_add_intent(struct core *core, struct fire *fire)
{
	struct core_batch *batch = batch_current(core);
	struct intent intent = {
		.number = fire->intent_number,
		.id = fire->attempt.id,
		.job_id = fire->attempt.job->id,
		.scheduled_at = fire->attempt.scheduled_at,
		.not_before = WALL_NONE,
		.first_started_at = WALL_NONE,
		.attempts = attempts_on_disk(core, fire),
		.cause = fire->attempt.cause,
		.clock_epoch = fire->clock_epoch,
	};
	g_array_append_val(batch->store->intents, intent);
	batch->urgent |= wall_diff_us(fire->due, core->now) < 4 * BATCH_LINGER_US;
	pin(fire, batch->planned);
}

static void add_update(struct core *core, const struct fire *fire, struct wall not_before, const struct attempt_log *log)
{
	struct intent_update update = { fire->intent_number, attempts_on_disk(core, fire), not_before, fire->first_started_at,
					attempt_log_copy(log) };
	g_array_append_val(batch_current(core)->store->updates, update);
}

void batch_renew_update(struct core *core, const struct fire *fire, struct wall not_before)
{
	add_update(core, fire, not_before, NULL);
}

void batch_add_update(struct core *core, struct fire *fire, struct wall not_before)
{
	add_update(core, fire, not_before, fire->attempt_log);
	pin(fire, core->filling->retrying);
}

void batch_add_cancel(struct core *core, struct fire *fire)
{
	struct core_batch *batch = batch_current(core);
	g_array_append_val(batch->store->cancels, fire->intent_number);
	pin(fire, batch->withdrawn);
}

struct execution *batch_add_orphan_decision(struct core *core, int64_t intent_number)
{
	struct decision *decision = g_new0(struct decision, 1);
	decision->intent_number = intent_number;
	core->loose_records++;
	g_ptr_array_add(batch_current(core)->store->decisions, decision);
	return &decision->execution;
}

struct execution *batch_add_decision(struct core *core, struct fire *fire)
{
	struct execution *execution = batch_add_orphan_decision(core, fire == NULL ? 0 : fire->intent_number);
	if (fire != NULL) {
		core->loose_records--;
		pin(fire, core->filling->decided);
	}
	return execution;
}

void batch_add_done_command(struct core *core, int64_t id)
{
	struct core_batch *batch = batch_current(core);
	g_array_append_val(batch->commands, id);
	g_array_append_val(batch->store->done_commands, id);
}

void batch_add_mark(struct core *core, const struct core_job *job)
{
	struct core_batch *batch = batch_current(core);
	struct job_mark mark = { job->job->id, job->since, job->since_epoch, job->anchor };
	g_ptr_array_add(batch->held, job_ref(job->job));
	g_array_append_val(batch->store->job_marks, mark);
}

void batch_add_backlog(struct core *core, struct core_job *job, const struct backlog *backlog)
{
	struct core_batch *batch = batch_current(core);
	struct backlog row = *backlog;
	row.job_id = job->job->id;
	g_ptr_array_add(batch->held, job_ref(job->job));
	g_array_append_val(batch->store->backlogs, row);
}

void batch_add_event(struct core *core, const char *kind, const char *format, ...)
{
	struct agent_event *event = g_new0(struct agent_event, 1);
	va_list args;
	va_start(args, format);
	g_strlcpy(event->kind, kind, sizeof(event->kind));
	event->at = core->now;
	event->detail = g_strdup_vprintf(format, args);
	va_end(args);
	core->loose_records++;
	g_ptr_array_add(batch_current(core)->store->events, event);
}

void batch_free(struct core_batch *batch)
{
	store_batch_free(batch->store);
	g_ptr_array_unref(batch->planned);
	g_ptr_array_unref(batch->retrying);
	g_ptr_array_unref(batch->decided);
	g_ptr_array_unref(batch->withdrawn);
	g_ptr_array_unref(batch->changes);
	g_ptr_array_unref(batch->held);
	g_array_unref(batch->commands);
	g_free(batch);
}

static void fires_durable(struct core *core, GPtrArray *fires, void (*then)(struct core *, struct fire *))
{
	for (guint i = 0; i < fires->len; i++) {
		struct fire *fire = fires->pdata[i];
		then(core, fire);
		fire_unpin(core, fire);
	}
}

static void intent_durable(struct core *core, struct fire *fire)
{
	if (fire->state != FIRE_PLANNED)
		return;
	fire->armed_at = core->now;
	fire_arm(core, fire);
}

static void retry_durable(struct core *core, struct fire *fire)
{
	if (fire->state != FIRE_RETRYING)
		return;
	fire_set_state(core, fire, FIRE_BACKOFF);
	heap_set(&core->waits, fire, fire->wake.us);
}

static void nothing_more(struct core *core, struct fire *fire)
{
	(void)core;
	(void)fire;
}

static void batch_settled(struct core *core, struct core_batch *batch)
{
	core->loose_records -= (int64_t)batch->store->decisions->len - batch->decided->len + batch->store->events->len;
	fires_durable(core, batch->planned, intent_durable);
	fires_durable(core, batch->retrying, retry_durable);
	fires_durable(core, batch->withdrawn, nothing_more);
	fires_durable(core, batch->decided, nothing_more);
	for (guint i = 0; i < batch->commands->len; i++) {
		int64_t *id = g_memdup2(&g_array_index(batch->commands, int64_t, i), sizeof(int64_t));
		g_hash_table_remove(core->commands_under_way, id);
		g_hash_table_add(core->done_commands, id);
	}
	for (guint i = 0; i < batch->changes->len; i++) {
		struct job_change *change = batch->changes->pdata[i];
		if (change->done != NULL)
			change->done(change->context, true);
		g_free(change);
	}
	batch_free(batch);
}

void core_store_done(struct core *core, uint64_t batch_number, enum store_result result)
{
	core_read_clock(core);
	struct core_batch *batch = g_queue_peek_head(&core->batches);
	core->submitted--;
	if (result == STORE_OK) {
		g_assert(batch != NULL && batch->store->number == batch_number);
		g_queue_pop_head(&core->batches);
		batch_settled(core, batch);
		core->store_retry_us = STORE_RETRY_FIRST_US;
		if (core->stats.store_healthy == false && core->submitted == 0 && !core->store_failed) {
			core->stats.store_healthy = true;
			batch_add_event(core, "storeFailed", "the local database failed and works again; nothing was lost");
		}
	} else {
		if (!core->store_failed)
			core->stats.store_failures++;
		core->store_failed = true;
		core->stats.store_healthy = false;
	}
	/* All that was under way has to be answered before the first of them goes out again: order. */
	if (core->store_failed && core->submitted == 0) {
		for (GList *link = core->batches.head; link != NULL; link = link->next)
			((struct core_batch *)link->data)->submitted = false;
		core->store_retry_at = mono_add_us(core->mono, core->store_retry_us);
		core->store_retry_us = MIN(core->store_retry_us * 2, STORE_RETRY_LAST_US);
	}
	core_turn(core);
}
