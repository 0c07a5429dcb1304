/*
 * What agent/store.h hands around: making and freeing batches and snapshots.
 */
#include "agent/store.h"

static void decision_free(void *data)
{
	struct decision *decision = data;
	execution_clear(&decision->execution);
	g_free(decision);
}

static void event_free(void *data)
{
	struct agent_event *event = data;
	g_free(event->detail);
	g_free(event);
}

static void update_clear(void *data)
{
	g_free(((struct intent_update *)data)->attempt_log);
}

static void intent_clear(void *data)
{
	g_free(((struct intent *)data)->attempt_log);
}

static void stored_job_destroy(void *data)
{
	stored_job_free(data);
}

struct store_batch *store_batch_new(uint64_t number)
{
	struct store_batch *batch = g_new0(struct store_batch, 1);
	batch->number = number;
	batch->intents = g_array_new(FALSE, FALSE, sizeof(struct intent));
	batch->updates = g_array_new(FALSE, FALSE, sizeof(struct intent_update));
	g_array_set_clear_func(batch->updates, update_clear);
	batch->cancels = g_array_new(FALSE, FALSE, sizeof(int64_t));
	batch->decisions = g_ptr_array_new_with_free_func(decision_free);
	batch->job_upserts = g_ptr_array_new_with_free_func(stored_job_destroy);
	batch->job_deletes = g_ptr_array_new_with_free_func(g_free);
	batch->job_marks = g_array_new(FALSE, FALSE, sizeof(struct job_mark));
	batch->backlogs = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	batch->events = g_ptr_array_new_with_free_func(event_free);
	batch->done_commands = g_array_new(FALSE, FALSE, sizeof(int64_t));
	batch->known_commands = g_array_new(FALSE, FALSE, sizeof(int64_t));
	return batch;
}

void store_batch_free(struct store_batch *batch)
{
	if (batch == NULL)
		return;
	g_array_unref(batch->intents);
	g_array_unref(batch->updates);
	g_array_unref(batch->cancels);
	g_ptr_array_unref(batch->decisions);
	g_ptr_array_unref(batch->job_upserts);
	g_ptr_array_unref(batch->job_deletes);
	g_array_unref(batch->job_marks);
	g_array_unref(batch->backlogs);
	g_ptr_array_unref(batch->events);
	g_array_unref(batch->done_commands);
	g_array_unref(batch->known_commands);
	g_free(batch);
}

static void stored_job_clear(void *data)
{
	job_unref(((struct stored_job *)data)->job);
}

struct store_snapshot *store_snapshot_new(void)
{
	struct store_snapshot *snapshot = g_new0(struct store_snapshot, 1);
	snapshot->state.planned_until = WALL_NONE;
	snapshot->state.fixed_until = WALL_NONE;
	snapshot->state.lease_until = snapshot->state.latest = WALL_NONE;
	snapshot->state.next_intent_number = 1;
	snapshot->jobs = g_array_new(FALSE, FALSE, sizeof(struct stored_job));
	g_array_set_clear_func(snapshot->jobs, stored_job_clear);
	snapshot->intents = g_array_new(FALSE, FALSE, sizeof(struct intent));
	g_array_set_clear_func(snapshot->intents, intent_clear);
	snapshot->backlogs = g_array_new(FALSE, FALSE, sizeof(struct backlog));
	snapshot->done_commands = g_array_new(FALSE, FALSE, sizeof(int64_t));
	return snapshot;
}

void store_snapshot_free(struct store_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	g_array_unref(snapshot->jobs);
	g_array_unref(snapshot->intents);
	g_array_unref(snapshot->backlogs);
	g_array_unref(snapshot->done_commands);
	g_free(snapshot);
}

struct stored_job *stored_job_new(struct job *job)
{
	struct stored_job *stored = g_new0(struct stored_job, 1);
	*stored = (struct stored_job){ .job = job, .target_key = g_intern_static_string(""), .since = WALL_NONE, .anchor = WALL_NONE };
	return stored;
}

void stored_job_free(struct stored_job *stored)
{
	if (stored == NULL)
		return;
	job_unref(stored->job);
	g_free(stored);
}
