/*
 * The surface of the core: life cycle, the turn that ends every event, runs on demand, and what others may look at.
 */
#include "agent/core_internal.h"

#include <string.h>

void core_config_defaults(struct core_config *config)
{
	*config = (struct core_config){
		.agent_id = "",
		.boot_id = "",
		.horizon_ms = 500,
		.max_open_transfers = 256,
		.max_open_per_target = 64,
		.max_waiting_per_target = 10000,
		.max_fires = 200000,
		.plan_fires_per_tick = 20000,
		.outbox_max_records = 10000000,
		.target_rate_burst = 1,
	};
}

struct core *core_new(const struct core_config *config, struct core_clock clock, struct store store, struct runner runner)
{
	struct core *core = g_new0(struct core, 1);
	core->config = *config;
	core->agent_id = g_strdup(config->agent_id);
	core->boot_id = g_strdup(config->boot_id);
	core->clock = clock;
	core->store = store;
	core->runner = runner;
	core->random = config->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	core->jobs = g_ptr_array_new();
	core->ghosts = g_hash_table_new(NULL, NULL);
	core->stays = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	heap_init(&core->plan, offsetof(struct core_job, heap_index));
	heap_init(&core->unleased, offsetof(struct core_job, heap_index));
	heap_init(&core->due, offsetof(struct fire, heap_index));
	heap_init(&core->waits, offsetof(struct fire, heap_index));
	heap_init(&core->parked_jobs, offsetof(struct job_runs, heap_index));
	heap_init(&core->parked_targets, offsetof(struct target, heap_index));
	TAILQ_INIT(&core->backlog_ring);
	TAILQ_INIT(&core->unheard_ring);
	TAILQ_INIT(&core->spare);
	TAILQ_INIT(&core->ring);
	core->targets = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&core->batches);
	core->store_retry_us = STORE_RETRY_FIRST_US;
	core->done_commands = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	core->commands_under_way = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	core->cancels = g_ptr_array_new_with_free_func(g_free);
	core->stats.store_healthy = true;
	core->state.planned_until = core->state.fixed_until = core->state.lease_until = core->state.latest = WALL_NONE;
	core->latest = core->crowded_at = core->last_planned = core->outbox_opened_at = core->aside_until = WALL_NONE;
	core->asked_at = core->opened_at = (struct mono){ INT64_MIN };
	return core;
}

static void free_fires(struct fire_list *fires)
{
	struct fire *fire;
	while ((fire = TAILQ_FIRST(fires)) != NULL) {
		TAILQ_REMOVE(fires, fire, in_job);
		job_unref(fire->attempt.job);
		g_free(fire->attempt_log);
		g_free(fire);
	}
}

static void free_job(struct core *core, struct core_job *job)
{
	if (job->runs != NULL)
		free_fires(&job->runs->fires);
	g_free(job->runs);
	core_job_free(core, job);
}

static void drop_batch(gpointer data)
{
	struct core_batch *batch = data;
	for (guint i = 0; i < batch->changes->len; i++) {
		struct job_change *change = batch->changes->pdata[i];
		if (change->done != NULL)
			change->done(change->context, false);
		g_free(change);
	}
	batch_free(batch);
}

void core_free(struct core *core)
{
	if (core == NULL)
		return;
	for (guint i = 0; i < core->jobs->len; i++)
		free_job(core, core->jobs->pdata[i]);
	GList *ghosts = g_hash_table_get_keys(core->ghosts);
	for (GList *link = ghosts; link != NULL; link = link->next)
		free_job(core, link->data);
	g_list_free(ghosts);
	g_hash_table_unref(core->ghosts);
	g_hash_table_unref(core->stays);
	for (struct fire *fire; (fire = TAILQ_FIRST(&core->spare)) != NULL;) {
		TAILQ_REMOVE(&core->spare, fire, in_job);
		g_free(fire);
	}
	g_queue_clear_full(&core->batches, drop_batch);
	g_ptr_array_unref(core->jobs);
	admission_done(core);
	heap_done(&core->plan);
	heap_done(&core->unleased);
	heap_done(&core->due);
	heap_done(&core->waits);
	heap_done(&core->parked_jobs);
	heap_done(&core->parked_targets);
	g_hash_table_unref(core->done_commands);
	g_hash_table_unref(core->commands_under_way);
	g_ptr_array_unref(core->cancels);
	g_free(core->agent_id);
	g_free(core->boot_id);
	g_free(core);
}

void core_read_clock(struct core *core)
{
	core->now = core->clock.wall(core->clock.context);
	core->mono = core->clock.mono(core->clock.context);
	if (core->started)
		recovery_check_clock(core);
	core->latest = wall_max(core->latest, core->now);
}

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
double core_random(struct core *core)
{
	uint64_t z = (core->random += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

void core_start(struct core *core, const struct store_snapshot *snapshot)
{
	core_read_clock(core);
	core->clock_offset_us = core->now.us - core->mono.us;
	core->started = true;
	core->started_at = core->opened_at = core->mono;
	core->state = snapshot->state;
	core->state.jobs_digest = 0;
	core->next_batch = snapshot->last_batch + 1;
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct stored_job *stored = &g_array_index(snapshot->jobs, struct stored_job, i);
		if (stored->handed_over)
			continue; /* recovery.c */
		struct core_job *job = core_job_new(stored);
		g_ptr_array_add(core->jobs, job);
		core->active_jobs += job->job->active;
		core->state.jobs_digest ^= wire_job_digest(job->job->id, job->job->revision, job->target_key);
	}
	for (guint i = 0; i < snapshot->done_commands->len; i++)
		g_hash_table_add(core->done_commands,
				 g_memdup2(&g_array_index(snapshot->done_commands, int64_t, i), sizeof(int64_t)));
	recovery_start(core, snapshot);
	core_turn(core);
}

static void retry_store(struct core *core)
{
	if (core->store_failed && core->submitted == 0 && core->mono.us >= core->store_retry_at.us)
		core->store_failed = false;
}

static void release_due(struct core *core)
{
	while (heap_top_key(&core->waits) <= core->mono.us) {
		struct fire *fire = heap_top(&core->waits);
		heap_remove(&core->waits, fire);
		fire_begin(core, fire);
	}
	while (heap_top_key(&core->due) <= core->now.us) {
		struct fire *fire = heap_top(&core->due);
		heap_remove(&core->due, fire);
		fire_due(core, fire);
	}
}

void core_turn(struct core *core)
{
	retry_store(core);
	release_due(core);
	admission_unpark(core);
	admission_run(core);
	plan_tick(core);
	missed_pump(core);
	batch_flush(core);
}

void core_tick(struct core *core)
{
	core_read_clock(core);
	core_turn(core);
}

void core_stand_aside(struct core *core, bool aside)
{
	if (core->stats.aside == aside)
		return;
	core_read_clock(core);
	core->stats.aside = aside;
	if (!aside)
		core->aside_until = core->now;
	core_turn(core);
}

void core_hurry(struct core *core)
{
	core_read_clock(core);
	core->in_a_hurry = true;
	recovery_unplan(core);
	batch_flush(core);
}

void core_next_wake(const struct core *core, struct wall *ret_wall, struct mono *ret_mono)
{
	int64_t wall = heap_top_key(&core->due), mono = heap_top_key(&core->waits);
	if (core->stats.store_healthy && !core->stats.outbox_full && !core->stats.aside)
		wall = MIN(wall, plan_lead_wake(core).us);
	mono = MIN(mono, batch_linger_wake(core).us);
	mono = MIN(mono, missed_wake(core).us);
	mono = MIN(mono, heap_top_key(&core->parked_jobs));
	mono = MIN(mono, heap_top_key(&core->parked_targets));
	if (core->store_failed && core->submitted == 0)
		mono = MIN(mono, core->store_retry_at.us);
	if (core->more_to_plan || core->more_to_pump)
		mono = core->mono.us;
	ret_wall->us = wall;
	ret_mono->us = mono;
}

static void run_on_demand(struct core *core, struct core_job *job, struct fire_id id, int64_t order)
{
	struct fire *fire = plan_fire(core, job, id, core->now, core->now, FIRE_MANUAL, core->state.clock_epoch);
	fire->order = order;
	batch_add_intent(core, fire);
}

bool core_run_now(struct core *core, const char *job_id, struct fire_id *ret_id)
{
	char key[64];
	core_read_clock(core);
	struct core_job *job = job_table_get(core, job_id);
	if (job == NULL)
		return false;
	g_snprintf(key, sizeof(key), "run %.40s %" G_GINT64_FORMAT, core->agent_id, core->state.next_intent_number);
	*ret_id = fire_id_scheduled(job_id, core->now, key, core->state.clock_epoch);
	run_on_demand(core, job, *ret_id, 0);
	core_turn(core);
	return true;
}

/* The job went to another agent, or was deleted, before the order came: who gave it is told, since nobody else will. */
static void decline_order(struct core *core, const char *job_id, struct fire_id id)
{
	struct execution *execution = batch_add_orphan_decision(core, 0);
	*execution = (struct execution){
		.id = id,
		.job_id = g_strdup(job_id),
		.cause = FIRE_MANUAL,
		.status = EXECUTION_SKIPPED,
		.scheduled_at = core->now,
		.last_scheduled_at = core->now,
		.count = 1,
		.armed_at = WALL_NONE,
		.started_at = WALL_NONE,
		.finished_at = core->now,
		.timing = { -1, -1, -1, -1, -1 },
		.reason = g_strdup("skipped: this agent did not hold the job any more when the order to run it came"),
	};
	core->stats.decided[EXECUTION_SKIPPED]++;
}

static void run_by_order(struct core *core, const struct sync_command *command)
{
	char key[32];
	struct core_job *job = job_table_get(core, command->job_id);
	batch_add_done_command(core, command->id);
	g_snprintf(key, sizeof(key), "command %" G_GINT64_FORMAT, command->id);
	struct fire_id id = fire_id_scheduled(command->job_id, (struct wall){ 0 }, key, 0);
	if (job != NULL)
		run_on_demand(core, job, id, command->id);
	else
		decline_order(core, command->job_id, id);
}

void core_command(struct core *core, const struct sync_command *command)
{
	core_read_clock(core);
	if (g_hash_table_contains(core->done_commands, &command->id) ||
	    g_hash_table_contains(core->commands_under_way, &command->id))
		return;
	g_hash_table_add(core->commands_under_way, g_memdup2(&command->id, sizeof(command->id)));
	if (command->type == SYNC_COMMAND_CANCEL)
		cancel_order(core, command);
	else
		run_by_order(core, command);
	core_turn(core);
}

int core_done_commands(const struct core *core, int64_t *ret_ids, int max)
{
	GHashTableIter iter;
	gpointer id;
	int n = 0;
	g_hash_table_iter_init(&iter, core->done_commands);
	while (n < max && g_hash_table_iter_next(&iter, &id, NULL))
		ret_ids[n++] = *(int64_t *)id;
	return n;
}

void core_commands_known(struct core *core, const int64_t *ids, int n)
{
	core_read_clock(core);
	for (int i = 0; i < n; i++)
		if (g_hash_table_remove(core->done_commands, &ids[i]))
			g_array_append_val(batch_current(core)->store->known_commands, ids[i]);
	core_turn(core);
}
