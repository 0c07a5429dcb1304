/*
 * The store as the core may rely on it, and no better: batches in order, each once by its number, answers late, failures
 * and uncertain commits by the dice. A crash keeps what was committed; of a commit under way the dice decide.
 */
#include <string.h>

#include "tests/sim/sim.h"

static void intent_free(gpointer data)
{
	struct intent *intent = data;
	g_free((char *)intent->job_id);
	g_free(intent->attempt_log);
	g_free(intent);
}

static void backlog_free(gpointer data)
{
	struct backlog *backlog = data;
	g_free((char *)backlog->job_id);
	g_free(backlog);
}

static void decision_free(gpointer data)
{
	struct decision *decision = data;
	execution_clear(&decision->execution);
	g_free(decision);
}

static void history_free(gpointer data)
{
	struct job_history *history = data;
	for (guint i = 0; i < history->versions->len; i++) {
		struct version *version = &g_array_index(history->versions, struct version, i);
		if (version->job != NULL)
			job_unref(version->job);
	}
	g_array_unref(history->versions);
	g_free(history->id);
	g_free(history);
}

static void stored_free(gpointer data)
{
	stored_job_free(data);
}

void disk_init(struct disk *disk, struct world *world)
{
	*disk = (struct disk){ .world = world };
	disk->state.planned_until = disk->state.fixed_until = disk->state.latest = WALL_NONE;
	disk->state.next_intent_number = 1;
	disk->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stored_free);
	disk->intents = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, intent_free);
	disk->backlogs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, backlog_free);
	disk->commands = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	disk->outbox = g_ptr_array_new_with_free_func(decision_free);
	disk->histories = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, history_free);
	g_queue_init(&disk->queue);
}

void disk_done(struct disk *disk)
{
	g_hash_table_unref(disk->jobs);
	g_hash_table_unref(disk->intents);
	g_hash_table_unref(disk->backlogs);
	g_hash_table_unref(disk->commands);
	g_ptr_array_unref(disk->outbox);
	g_hash_table_unref(disk->histories);
	g_queue_clear(&disk->queue);
}

int64_t disk_unsent(const struct disk *disk)
{
	return (int64_t)disk->outbox->len - disk->acked;
}

static void remember(struct disk *disk, const char *id, struct job *job, struct wall since, struct wall anchor)
{
	struct job_history *history = g_hash_table_lookup(disk->histories, id);
	if (history == NULL) {
		history = g_new0(struct job_history, 1);
		history->id = g_strdup(id);
		history->versions = g_array_new(FALSE, FALSE, sizeof(struct version));
		g_hash_table_insert(disk->histories, history->id, history);
	}
	struct version version = { job == NULL ? NULL : job_ref(job), since, anchor };
	g_array_append_val(history->versions, version);
}

static void apply_jobs(struct disk *disk, const struct store_batch *batch)
{
	for (guint i = 0; i < batch->job_deletes->len; i++) {
		const char *id = batch->job_deletes->pdata[i];
		GHashTableIter iter;
		gpointer backlog;
		const struct stored_job *gone = g_hash_table_lookup(disk->jobs, id);
		const struct version *passing = moves_passing(disk->world, id, batch->state.jobs_revision);
		if (passing != NULL)
			remember(disk, id, passing->job, passing->since, passing->anchor);
		if (passing != NULL || (gone != NULL && !gone->handed_over))
			remember(disk, id, NULL, moves_end(disk->world, id), WALL_NONE);
		g_hash_table_remove(disk->jobs, id);
		g_hash_table_iter_init(&iter, disk->backlogs);
		while (g_hash_table_iter_next(&iter, NULL, &backlog))
			if (strcmp(((struct backlog *)backlog)->job_id, id) == 0)
				g_hash_table_iter_remove(&iter);
	}
	for (guint i = 0; i < batch->job_upserts->len; i++) {
		const struct stored_job *stored = batch->job_upserts->pdata[i];
		struct stored_job *copy = g_memdup2(stored, sizeof(*stored));
		job_ref(copy->job);
		g_hash_table_replace(disk->jobs, g_strdup(stored->job->id), copy);
		if (!stored->handed_over)
			remember(disk, stored->job->id, stored->job, stored->since, stored->anchor);
	}
	for (guint i = 0; i < batch->job_marks->len; i++) {
		const struct job_mark *mark = &g_array_index(batch->job_marks, struct job_mark, i);
		struct stored_job *stored = g_hash_table_lookup(disk->jobs, mark->job_id);
		if (stored == NULL)
			continue;
		stored->since = mark->since;
		stored->since_epoch = mark->since_epoch;
		stored->anchor = mark->anchor;
	}
}

static void apply_intents(struct disk *disk, const struct store_batch *batch)
{
	for (guint i = 0; i < batch->cancels->len; i++) {
		const struct intent *gone = g_hash_table_lookup(disk->intents, &g_array_index(batch->cancels, int64_t, i));
		enum fire_cause cause = gone == NULL ? FIRE_SCHEDULE : gone->cause;
		if (gone != NULL)
			world_trace(disk->world, "cancel %s due %.6f", gone->job_id, world_at(disk->world, gone->scheduled_at));
		if (g_hash_table_remove(disk->intents, &g_array_index(batch->cancels, int64_t, i)))
			disk->world->tally.withdrawn++;
		if (gone != NULL && cause == FIRE_MANUAL)
			world_trouble(disk->world, "promise 1: a run on demand was withdrawn without a decision");
	}
	for (guint i = 0; i < batch->intents->len; i++) {
		struct intent *copy = g_memdup2(&g_array_index(batch->intents, struct intent, i), sizeof(*copy));
		copy->job_id = g_strdup(copy->job_id);
		world_trace(disk->world, "intent %s due %.6f %s", copy->job_id, world_at(disk->world, copy->scheduled_at),
			    fire_cause_name(copy->cause));
		g_hash_table_replace(disk->intents, g_memdup2(&copy->number, sizeof(int64_t)), copy);
	}
	for (guint i = 0; i < batch->updates->len; i++) {
		const struct intent_update *update = &g_array_index(batch->updates, struct intent_update, i);
		struct intent *intent = g_hash_table_lookup(disk->intents, &update->number);
		if (intent == NULL) {
			world_trouble(disk->world, "update of an intent that is not there");
			continue;
		}
		intent->attempts = update->attempts;
		intent->not_before = update->not_before;
		intent->first_started_at = update->first_started_at;
		if (update->attempt_log != NULL) {
			g_free(intent->attempt_log);
			intent->attempt_log = attempt_log_copy(update->attempt_log);
		}
	}
}

static void note_decision(struct disk *disk, const struct execution *execution)
{
	char text[FIRE_ID_TEXT_SIZE];
	fire_id_print(execution->id, text);
	if (g_str_has_prefix(execution->reason == NULL ? "" : execution->reason, "interrupted: the agent stopped") && !outside_knows(&disk->world->outside, execution->id) &&
	    g_hash_table_contains(disk->world->kept, text))
		world_trouble(disk->world, "promise 3: a run of %s was not sent before a stop in order, and is called interrupted: %s",
			      execution->job_id, execution->reason);
	struct job_history *history = g_hash_table_lookup(disk->histories, execution->job_id);
	if (history != NULL && execution->cause != FIRE_MANUAL)
		history->decided_at = disk->world->mono;
}

static void apply_decisions(struct disk *disk, const struct store_batch *batch)
{
	for (guint i = 0; i < batch->decisions->len; i++) {
		const struct decision *decision = batch->decisions->pdata[i];
		const struct execution *from = &decision->execution;
		struct decision *copy = g_memdup2(decision, sizeof(*decision));
		copy->execution.job_id = g_strdup(from->job_id);
		copy->execution.reason = g_strdup(from->reason);
		copy->execution.error = g_strdup(from->error);
		copy->execution.response_body = g_strdup(from->response_body);
		copy->execution.response_digest = g_strdup(from->response_digest);
		copy->execution.attempt_log = attempt_log_copy(from->attempt_log);
		g_ptr_array_add(disk->outbox, copy);
		note_decision(disk, from);
		world_trace(disk->world, "decided %s due %.6f..%.6f x%d %s: %s", from->job_id,
			    world_at(disk->world, from->scheduled_at), world_at(disk->world, from->last_scheduled_at),
			    (int)from->count, execution_status_name(from->status), from->reason);
		if (decision->intent_number != 0 && !g_hash_table_remove(disk->intents, &decision->intent_number))
			world_trouble(disk->world, "decision on an intent that is not there (%s)", from->reason);
	}
}

static void apply_backlogs(struct disk *disk, const struct store_batch *batch)
{
	for (guint i = 0; i < batch->backlogs->len; i++) {
		const struct backlog *backlog = &g_array_index(batch->backlogs, struct backlog, i);
		char *key = g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT, backlog->job_id, backlog->until.us,
					    backlog->clock_epoch);
		world_trace(disk->world, "backlog %s %.6f..%.6f", backlog->job_id, world_at(disk->world, backlog->cursor),
			    world_at(disk->world, backlog->until));
		if (backlog->cursor.us >= backlog->until.us) {
			g_hash_table_remove(disk->backlogs, key);
			g_free(key);
			continue;
		}
		struct backlog *copy = g_memdup2(backlog, sizeof(*backlog));
		copy->job_id = g_strdup(backlog->job_id);
		g_hash_table_replace(disk->backlogs, key, copy);
	}
}

/* Promise 1 for orders: what is told to be done has its intent in the same batch. */
static void apply_commands(struct disk *disk, const struct store_batch *batch)
{
	for (guint i = 0; i < batch->done_commands->len; i++) {
		int64_t id = g_array_index(batch->done_commands, int64_t, i);
		const char *job_id = disk->world->central == NULL ? NULL : central_job_of(disk->world, id);
		g_hash_table_add(disk->commands, g_memdup2(&id, sizeof(id)));
		disk->world->tally.orders_done++;
		const struct stored_job *stored = job_id == NULL ? NULL : g_hash_table_lookup(disk->jobs, job_id);
		if (stored == NULL || stored->handed_over)
			continue;
		char key[32];
		g_snprintf(key, sizeof(key), "command %" G_GINT64_FORMAT, id);
		if (!disk_has_intent(disk, fire_id_scheduled(job_id, (struct wall){ 0 }, key, 0)))
			world_trouble(disk->world, "promise 1: an order is done and its run of %s is not durable", job_id);
	}
	for (guint i = 0; i < batch->known_commands->len; i++)
		g_hash_table_remove(disk->commands, &g_array_index(batch->known_commands, int64_t, i));
}

static void apply(struct disk *disk, const struct store_batch *batch)
{
	if (batch->number <= disk->last_batch)
		return;
	if (batch->number != disk->last_batch + 1)
		world_trouble(disk->world, "batch %" G_GUINT64_FORMAT " after %" G_GUINT64_FORMAT, batch->number, disk->last_batch);
	apply_jobs(disk, batch);
	apply_intents(disk, batch);
	apply_commands(disk, batch);
	apply_decisions(disk, batch);
	apply_backlogs(disk, batch);
	disk->state = batch->state;
	disk->last_batch = batch->number;
	disk->batches++;
}

static void schedule_answer(struct disk *disk)
{
	struct world *world = disk->world;
	int64_t us = 200 + dice_below(&world->dice, 4000);
	if (!world->quiet && dice_chance(&world->dice, 3))
		us += dice_below(&world->dice, 800 * US_PER_MS);
	disk->busy_until = mono_add_us(world->mono, us);
}

static void submit(void *context, const struct store_batch *batch)
{
	struct disk *disk = context;
	if (g_queue_is_empty(&disk->queue))
		schedule_answer(disk);
	g_queue_push_tail(&disk->queue, (gpointer)batch);
}

struct store disk_store(struct disk *disk)
{
	return (struct store){ disk, submit };
}

static enum store_result fate(struct disk *disk, const struct store_batch *batch)
{
	struct world *world = disk->world;
	if (disk->broken)
		return STORE_FAILED;
	if (world->quiet || !dice_chance(&world->dice, world->scenario.store_faults_per_mille)) {
		apply(disk, batch);
		return STORE_OK;
	}
	disk->broken = true;
	world_trace(world, "the store fails at batch %d", (int)batch->number);
	world->tally.store_failures++;
	if (dice_chance(&world->dice, 500))
		return STORE_FAILED;
	if (dice_chance(&world->dice, 500)) {
		apply(disk, batch);
		world->tally.uncertain_applied++;
	} else {
		world->tally.uncertain_lost++;
	}
	return STORE_UNCERTAIN;
}

void disk_answer(struct disk *disk, struct core *core)
{
	const struct store_batch *batch = g_queue_pop_head(&disk->queue);
	uint64_t number = batch->number;
	enum store_result result = fate(disk, batch);
	if (g_queue_is_empty(&disk->queue))
		disk->broken = false;
	else
		schedule_answer(disk);
	core_note_unsent(core, disk_unsent(disk));
	core_store_done(core, number, result);
}

void disk_crash(struct disk *disk)
{
	struct world *world = disk->world;
	if (!g_queue_is_empty(&disk->queue)) {
		world->tally.crashes_in_commit++;
		if (!disk->broken && dice_chance(&world->dice, 500))
			apply(disk, g_queue_peek_head(&disk->queue));
	}
	if (g_hash_table_size(disk->intents) > 0)
		world->tally.crashes_with_intents++;
	g_queue_clear(&disk->queue);
	disk->broken = false;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	const struct intent *one = a, *other = b;
	return (one->number > other->number) - (one->number < other->number);
}

static gint by_until(gconstpointer a, gconstpointer b)
{
	const struct backlog *one = a, *other = b;
	return (one->until.us > other->until.us) - (one->until.us < other->until.us);
}

static gint by_id(gconstpointer a, gconstpointer b)
{
	const struct stored_job *one = a, *other = b;
	return strcmp(one->job->id, other->job->id);
}

struct store_snapshot *disk_snapshot(const struct disk *disk)
{
	struct store_snapshot *snapshot = store_snapshot_new();
	GHashTableIter iter;
	gpointer value, key;
	snapshot->state = disk->state;
	snapshot->last_batch = disk->last_batch;
	g_hash_table_iter_init(&iter, disk->jobs);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct stored_job copy = *(struct stored_job *)value;
		job_ref(copy.job);
		g_array_append_val(snapshot->jobs, copy);
	}
	g_array_sort(snapshot->jobs, by_id);
	g_hash_table_iter_init(&iter, disk->intents);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct intent intent = *(struct intent *)value;
		intent.job_id = g_intern_string(intent.job_id);
		intent.attempt_log = attempt_log_copy(intent.attempt_log);
		g_array_append_val(snapshot->intents, intent);
	}
	g_array_sort(snapshot->intents, by_number);
	g_hash_table_iter_init(&iter, disk->backlogs);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct backlog backlog = *(struct backlog *)value;
		backlog.job_id = g_intern_string(backlog.job_id);
		g_array_append_val(snapshot->backlogs, backlog);
	}
	g_array_sort(snapshot->backlogs, by_until);
	g_hash_table_iter_init(&iter, disk->commands);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_array_append_vals(snapshot->done_commands, key, 1);
	return snapshot;
}

/* Of what an earlier life left after a crash nobody knows; what had an attempt that could not connect was tried. */
void disk_note_kept(struct disk *disk)
{
	g_autoptr(GHashTable) before = g_steal_pointer(&disk->world->kept);
	GHashTableIter iter;
	gpointer value;
	disk->world->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_iter_init(&iter, disk->intents);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct intent *intent = value;
		bool untried = intent->attempts == 0 || intent->attempts == INTENT_NOT_SENT;
		char text[FIRE_ID_TEXT_SIZE];
		fire_id_print(intent->id, text);
		bool ours = intent->number >= disk->world->first_intent || g_hash_table_contains(before, text);
		if (!untried || !ours || outside_knows(&disk->world->outside, intent->id))
			continue;
		disk->world->tally.kept++;
		g_hash_table_add(disk->world->kept, g_strdup(text));
	}
}

bool disk_has_intent(const struct disk *disk, struct fire_id id)
{
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, disk->intents);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (fire_id_equal(((struct intent *)value)->id, id))
			return true;
	return false;
}
