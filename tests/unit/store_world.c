#include "tests/unit/store_world.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tests/unit/faulty_vfs.h"
#include "tests/unit/folder.h"

struct store_world world;

void begin_life(void)
{
	GError *error = NULL;
	world.store = store_sqlite_open(&world.config, &world.lost, &error);
	ck_assert_msg(world.store != NULL, "%s", error != NULL ? error->message : "");
	world.loop = queue_new();
}

void start(void)
{
	store_sqlite_start(world.store, world.loop, NULL);
}

void end_life(void)
{
	store_sqlite_free(world.store);
	queue_free(world.loop);
	g_clear_pointer(&world.lost, g_free);
}

void stop(void)
{
	store_sqlite_stop(world.store);
	end_life();
}

void world_setup(void)
{
	faulty_vfs_reset();
	world.folder = g_dir_make_tmp("belfry-store-XXXXXX", NULL);
	world.config = (struct store_config){ .state_dir = world.folder, .history_rows = 10, .history_ms = STORE_HISTORY_MS };
	world.batches = g_ptr_array_new_with_free_func((GDestroyNotify)store_batch_free);
}

void world_teardown(void)
{
	g_ptr_array_unref(world.batches);
	folder_remove(world.folder);
}

struct store_batch *new_batch(uint64_t number)
{
	struct store_batch *batch = store_batch_new(number);
	batch->state.planned_until = (struct wall){ 1000 + (int64_t)number };
	batch->state.fixed_until = batch->state.latest = WALL_NONE;
	batch->state.next_intent_number = (int64_t)number + 1;
	g_ptr_array_add(world.batches, batch);
	return batch;
}

void add_intent(struct store_batch *batch, int64_t number)
{
	struct intent intent = {
		.number = number,
		.job_id = "job",
		.scheduled_at = { 7000000 + number },
		.not_before = WALL_NONE,
		.first_started_at = WALL_NONE,
		.cause = FIRE_SCHEDULE,
		.clock_epoch = 3,
	};
	memset(intent.id.bytes, (int)number, sizeof intent.id.bytes);
	g_array_append_val(batch->intents, intent);
}

void add_decision(struct store_batch *batch, int64_t intent_number)
{
	struct decision *decision = g_new0(struct decision, 1);
	decision->intent_number = intent_number;
	decision->execution = (struct execution){
		.job_id = g_strdup("job"),
		.cause = FIRE_SCHEDULE,
		.status = EXECUTION_SUCCESS,
		.scheduled_at = { 7000000 },
		.last_scheduled_at = { 7000000 },
		.count = 1,
		.armed_at = { 6900000 },
		.started_at = { 7000500 },
		.finished_at = wall_now(),
		.attempts = 1,
		.http_status = 200,
		.timing = { -1, -1, -1, -1, 900 },
	};
	g_ptr_array_add(batch->decisions, decision);
}

void submit(struct store_batch *batch)
{
	struct store facade = store_sqlite_interface(world.store);
	facade.submit(facade.context, batch);
}

struct message *expect(int type)
{
	static struct message *rest;
	for (int i = 0; i < 100; i++) {
		struct message *message = rest != NULL ? rest : queue_take_all(world.loop);
		rest = NULL;
		while (message != NULL) {
			struct message *next = message->next;
			if (message->type == type) {
				rest = next;
				return message;
			}
			message_free(message);
			message = next;
		}
		queue_wait(world.loop, 100);
	}
	ck_abort_msg("no message of type %d came", type);
	return NULL;
}

enum store_result settle(uint64_t number)
{
	struct store_batch_message *message = (struct store_batch_message *)expect(STORE_BATCH_DONE);
	enum store_result result = message->result;
	ck_assert_uint_eq(message->number, number);
	message_free(&message->message);
	return result;
}

struct store_snapshot *load(void)
{
	GError *error = NULL;
	struct store_snapshot *snapshot = store_sqlite_load(world.store, &error);
	ck_assert_msg(snapshot != NULL, "%s", error != NULL ? error->message : "");
	return snapshot;
}

struct store_unsent_message *unsent(int max_records, int64_t max_bytes)
{
	store_sqlite_unsent(world.store, max_records, max_bytes, world.loop);
	return (struct store_unsent_message *)expect(STORE_UNSENT_DONE);
}

guint count_unsent(void)
{
	struct store_unsent_message *message = unsent(1000, 1 << 20);
	guint n = message->records->len;
	ck_assert(message->ok);
	message_free(&message->message);
	return n;
}
