/*
 * The store with real files: order, results, what a restart finds, and a disk that fails.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/store_sqlite.h"
#include "tests/unit/faulty_vfs.h"

static char *folder;
static struct store_config config;
static struct store_sqlite *store;
static struct queue *loop;
static GPtrArray *batches; /* submitted ones: the store may look at them until it answered */
static char *lost;

static void begin_life(void)
{
	GError *error = NULL;
	store = store_sqlite_open(&config, &lost, &error);
	ck_assert_msg(store != NULL, "%s", error != NULL ? error->message : "");
	loop = queue_new();
}

static void start(void)
{
	store_sqlite_start(store, loop, NULL);
}

static void end_life(void)
{
	store_sqlite_free(store);
	queue_free(loop);
	g_clear_pointer(&lost, g_free);
}

static void stop(void)
{
	store_sqlite_stop(store);
	end_life();
}

static void setup(void)
{
	faulty_vfs_reset();
	folder = g_dir_make_tmp("belfry-store-XXXXXX", NULL);
	config = (struct store_config){ .state_dir = folder, .history_rows = 10, .history_ms = STORE_HISTORY_MS };
	batches = g_ptr_array_new_with_free_func((GDestroyNotify)store_batch_free);
}

static void teardown(void)
{
	g_ptr_array_unref(batches);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_unlink(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

static struct store_batch *new_batch(uint64_t number)
{
	struct store_batch *batch = store_batch_new(number);
	batch->state.planned_until = (struct wall){ 1000 + (int64_t)number };
	batch->state.fixed_until = WALL_NONE;
	batch->state.next_intent_number = (int64_t)number + 1;
	g_ptr_array_add(batches, batch);
	return batch;
}

static void add_intent(struct store_batch *batch, int64_t number)
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

static void add_decision(struct store_batch *batch, int64_t intent_number)
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
		.started_at = { 7000500 },
		.finished_at = wall_now(),
		.attempts = 1,
		.http_status = 200,
		.timing = { -1, -1, -1, -1, 900 },
	};
	g_ptr_array_add(batch->decisions, decision);
}

static void submit(struct store_batch *batch)
{
	struct store facade = store_sqlite_interface(store);
	facade.submit(facade.context, batch);
}

/* The next message of that type; others are dropped. */
static struct message *expect(int type)
{
	static struct message *rest;
	for (int i = 0; i < 100; i++) {
		struct message *message = rest != NULL ? rest : queue_take_all(loop);
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
		queue_wait(loop, 100);
	}
	ck_abort_msg("no message of type %d came", type);
	return NULL;
}

static enum store_result settle(uint64_t number)
{
	struct store_batch_message *message = (struct store_batch_message *)expect(STORE_BATCH_DONE);
	enum store_result result = message->result;
	ck_assert_uint_eq(message->number, number);
	message_free(&message->message);
	return result;
}

static struct store_snapshot *load(void)
{
	GError *error = NULL;
	struct store_snapshot *snapshot = store_sqlite_load(store, &error);
	ck_assert_msg(snapshot != NULL, "%s", error != NULL ? error->message : "");
	return snapshot;
}

static struct store_unsent_message *unsent(int max_records, int64_t max_bytes)
{
	store_sqlite_unsent(store, max_records, max_bytes, loop);
	return (struct store_unsent_message *)expect(STORE_UNSENT_DONE);
}

static guint count_unsent(void)
{
	struct store_unsent_message *message = unsent(1000, 1 << 20);
	guint n = message->records->len;
	ck_assert(message->ok);
	message_free(&message->message);
	return n;
}

START_TEST(test_a_new_store_is_empty_and_a_restart_finds_what_was_written)
{
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 0);
	ck_assert_uint_eq(snapshot->jobs->len, 0);
	ck_assert(!wall_is_set(snapshot->state.planned_until));
	store_snapshot_free(snapshot);
	start();

	struct store_batch *batch = new_batch(1);
	add_intent(batch, 11);
	add_intent(batch, 12);
	add_intent(batch, 13);
	struct intent_update update = { 12, 2, { 99 }, { 98 } };
	g_array_append_val(batch->updates, update);
	int64_t gone = 13, command = 77;
	g_array_append_val(batch->cancels, gone);
	g_array_append_val(batch->done_commands, command);
	struct backlog backlog = { "job", { 5 }, { 9 }, 4 }, finished = { "job", { 9 }, { 9 }, 4 };
	g_array_append_val(batch->backlogs, backlog);
	backlog.until.us = 19;
	g_array_append_val(batch->backlogs, backlog);
	g_array_append_val(batch->backlogs, finished);
	batch->state.clock_epoch = UINT64_MAX;
	batch->state.clock_offset_us = -5;
	batch->state.jobs_digest = UINT64_C(0xfedcba9876543210);
	g_strlcpy(batch->state.boot_id, "boot", sizeof batch->state.boot_id);
	/* Cancels come before intents (store.h): this one takes effect in the next batch only. */
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	batch = new_batch(2);
	batch->state = ((struct store_batch *)batches->pdata[0])->state;
	g_array_append_val(batch->cancels, gone);
	submit(batch);
	ck_assert_int_eq(settle(2), STORE_OK);
	stop();

	begin_life();
	snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 2);
	ck_assert_uint_eq(snapshot->state.clock_epoch, UINT64_MAX);
	ck_assert_uint_eq(snapshot->state.jobs_digest, UINT64_C(0xfedcba9876543210));
	ck_assert_int_eq(snapshot->state.clock_offset_us, -5);
	ck_assert_str_eq(snapshot->state.boot_id, "boot");
	ck_assert_int_eq(snapshot->state.planned_until.us, 1001);
	ck_assert(!wall_is_set(snapshot->state.fixed_until));
	ck_assert_uint_eq(snapshot->intents->len, 2);
	const struct intent *first = &g_array_index(snapshot->intents, struct intent, 0), *second = first + 1;
	ck_assert_int_eq(first->number, 11);
	ck_assert_str_eq(first->job_id, "job");
	ck_assert_int_eq(first->id.bytes[15], 11);
	ck_assert(!wall_is_set(first->not_before));
	ck_assert_int_eq(second->attempts, 2);
	ck_assert_int_eq(second->not_before.us, 99);
	ck_assert_int_eq(second->first_started_at.us, 98);
	ck_assert_uint_eq(snapshot->backlogs->len, 1);
	ck_assert_int_eq(g_array_index(snapshot->backlogs, struct backlog, 0).until.us, 19);
	ck_assert_uint_eq(snapshot->done_commands->len, 1);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_jobs_come_back_sorted_and_a_deleted_job_does_not)
{
	static const char *const ids[] = { "b", "a", "c" };
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
		json_t *json = json_pack("{s:s, s:s}", "schedule", "* * * * *", "api", "http://localhost/foo");
		struct job_problem problem = { .pointer = NULL };
		struct stored_job *stored = stored_job_new(job_parse(json, ids[i], 40 + (int64_t)i, true, &problem));
		ck_assert_msg(stored->job != NULL, "%s", problem.detail);
		stored->since.us = 5;
		stored->anchor = WALL_NONE;
		stored->target_key = g_intern_static_string("key");
		g_ptr_array_add(batch->job_upserts, stored);
		json_decref(json);
	}
	submit(batch);
	batch = new_batch(2);
	g_ptr_array_add(batch->job_deletes, g_strdup("b"));
	struct job_mark mark = { "c", { 55 }, 6, { 66 } };
	g_array_append_val(batch->job_marks, mark);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	ck_assert_int_eq(settle(2), STORE_OK);
	stop();
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->jobs->len, 2);
	const struct stored_job *a = &g_array_index(snapshot->jobs, struct stored_job, 0), *c = a + 1;
	ck_assert_str_eq(a->job->id, "a");
	ck_assert_int_eq(a->job->revision, 41);
	ck_assert_str_eq(a->target_key, "key");
	ck_assert(!wall_is_set(a->anchor));
	ck_assert_str_eq(c->job->id, "c");
	ck_assert_int_eq(c->since.us, 55);
	ck_assert_uint_eq(c->since_epoch, 6);
	ck_assert_int_eq(c->anchor.us, 66);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_a_batch_that_comes_again_is_answered_ok_and_changes_nothing)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_intent(batch, 1);
	add_decision(batch, 1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	submit(batch);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	ck_assert_int_eq(settle(1), STORE_OK);
	ck_assert_uint_eq(count_unsent(), 1);
	stop();
}
END_TEST

START_TEST(test_waiting_batches_share_one_commit)
{
	begin_life();
	start();
	faulty_vfs.syncs = 0;
	for (uint64_t n = 1; n <= 50; n++) {
		struct store_batch *batch = new_batch(n);
		add_intent(batch, (int64_t)n);
		submit(batch);
	}
	for (uint64_t n = 1; n <= 50; n++)
		ck_assert_int_eq(settle(n), STORE_OK);
	/* The first commit takes longer than the handing over of some others. */
	ck_assert_int_lt(faulty_vfs.syncs, 40);
	stop();
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->intents->len, 50);
	ck_assert_uint_eq(snapshot->last_batch, 50);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_what_is_queued_at_the_stop_is_committed)
{
	begin_life();
	start();
	for (uint64_t n = 1; n <= 20; n++) {
		struct store_batch *batch = new_batch(n);
		add_intent(batch, (int64_t)n);
		submit(batch);
	}
	stop();
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 20);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_a_failed_fsync_of_a_commit_is_uncertain_and_later_batches_wait_their_turn)
{
	begin_life();
	start();
	struct store_batch *one = new_batch(1), *two = new_batch(2), *three = new_batch(3);
	add_intent(one, 1);
	add_intent(two, 2);
	add_decision(two, 2);
	add_intent(three, 3);
	submit(one);
	ck_assert_int_eq(settle(1), STORE_OK);
	faulty_vfs.sync_in = 1;
	submit(two);
	ck_assert_int_eq(settle(2), STORE_UNCERTAIN);
	ck_assert_int_eq(faulty_vfs.hits, 1);
	/* Out of order: not before the failed one came again. */
	submit(three);
	ck_assert_int_eq(settle(3), STORE_FAILED);
	submit(two);
	submit(three);
	ck_assert_int_eq(settle(2), STORE_OK);
	ck_assert_int_eq(settle(3), STORE_OK);
	ck_assert_uint_eq(count_unsent(), 1);
	stop();
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 3);
	ck_assert_uint_eq(snapshot->intents->len, 2);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_a_disk_that_goes_on_failing_applies_nothing_until_it_works_again)
{
	begin_life();
	start();
	struct store_batch *one = new_batch(1);
	add_intent(one, 1);
	faulty_vfs.sync_in = 1;
	faulty_vfs.times = 4;
	submit(one);
	ck_assert_int_eq(settle(1), STORE_UNCERTAIN);
	int failed = 0;
	enum store_result result = STORE_FAILED;
	for (int i = 0; i < 200 && result != STORE_OK; i++) {
		g_usleep(10000);
		submit(one);
		result = settle(1);
		failed += result == STORE_FAILED;
	}
	ck_assert_int_eq(result, STORE_OK);
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(faulty_vfs.times, 1);
	stop();
}
END_TEST

START_TEST(test_a_full_disk_gives_up_the_ballast_and_fails_certainly)
{
	g_autofree char *ballast = g_build_filename(folder, "ballast", NULL);
	begin_life();
	ck_assert(g_file_test(ballast, G_FILE_TEST_EXISTS));
	start();
	struct store_batch *one = new_batch(1);
	add_intent(one, 1);
	faulty_vfs.write_in = 1;
	faulty_vfs.write_code = SQLITE_FULL;
	submit(one);
	ck_assert_int_eq(settle(1), STORE_FAILED);
	ck_assert(!g_file_test(ballast, G_FILE_TEST_EXISTS));
	submit(one);
	ck_assert_int_eq(settle(1), STORE_OK);
	/* There is room: the ballast comes back by itself. */
	for (int i = 0; i < 50 && !g_file_test(ballast, G_FILE_TEST_EXISTS); i++)
		g_usleep(100000);
	ck_assert(g_file_test(ballast, G_FILE_TEST_EXISTS));
	stop();
}
END_TEST

START_TEST(test_unsent_records_are_counted_cut_by_rows_and_bytes_and_acked_only_forward)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	for (int i = 0; i < 30; i++)
		add_decision(batch, 0);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	struct store_unsent_message *message = unsent(10, 1 << 20);
	ck_assert_uint_eq(message->records->len, 10);
	ck_assert_int_eq(message->first_seq, 1);
	ck_assert_int_eq(message->depth, 30);
	ck_assert(message->more);
	ck_assert(wall_is_set(message->oldest_at));
	int64_t epoch = message->epoch;
	message_free(&message->message);
	message = unsent(10, 1);
	ck_assert_uint_eq(message->records->len, 1);
	message_free(&message->message);

	store_sqlite_ack(store, epoch, 20);
	store_sqlite_ack(store, epoch, 7);
	store_sqlite_ack(store, epoch, 31);
	store_sqlite_ack(store, epoch - 1, 25);
	message = unsent(100, 1 << 20);
	ck_assert_int_eq(message->acked_seq, 20);
	ck_assert_int_eq(message->first_seq, 21);
	ck_assert_uint_eq(message->records->len, 10);
	ck_assert(!message->more);
	message_free(&message->message);
	stop();

	/* Acked rows beyond the cap of 10 are gone, unacked ones are all there. */
	begin_life();
	start();
	ck_assert_uint_eq(count_unsent(), 10);
	store_sqlite_ack(store, store_sqlite_epoch(store), 30);
	struct store_stats_message *stats;
	do
		stats = (struct store_stats_message *)expect(STORE_STATS);
	while (stats->stats.acked_seq != 30);
	ck_assert_int_eq(stats->stats.first_seq, 21);
	ck_assert_int_eq(stats->stats.next_seq, 31);
	message_free(&stats->message);
	stop();
}
END_TEST

static void count_records(void *context, GPtrArray *records, const int64_t *seqs)
{
	*(guint *)context = records->len;
	ck_assert_int_gt(seqs[0], seqs[records->len - 1]);
}

START_TEST(test_recent_records_leave_out_events_and_come_newest_first)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	for (int i = 0; i < 5; i++)
		add_decision(batch, 0);
	struct agent_event *event = g_new0(struct agent_event, 1);
	*event = (struct agent_event){ .kind = "clockStep", .at = { 1 }, .detail = g_strdup("the clock was set") };
	g_ptr_array_add(batch->events, event);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	guint n = 0;
	store_sqlite_recent(store, 100, INT64_MAX, count_records, &n);
	struct store_recent_message *recent = (struct store_recent_message *)expect(STORE_RECENT_DONE);
	recent->done(recent->context, recent->records, (const int64_t *)(void *)recent->seqs->data);
	message_free(&recent->message);
	ck_assert_uint_eq(n, 5);
	ck_assert_uint_eq(count_unsent(), 6);
	stop();
}
END_TEST

START_TEST(test_standalone_history_is_pruned_without_acks)
{
	config.keep_all = true;
	begin_life();
	start();
	for (uint64_t n = 1; n <= 10; n++) {
		struct store_batch *batch = new_batch(n);
		for (int i = 0; i < 200; i++)
			add_decision(batch, 0);
		submit(batch);
		ck_assert_int_eq(settle(n), STORE_OK);
	}
	/* A cap of 10 rows, and the hysteresis of 256. */
	ck_assert_uint_le(count_unsent(), 10 + 256 + 200);
	stop();
}
END_TEST

START_TEST(test_a_second_process_is_turned_away)
{
	begin_life();
	GError *error = NULL;
	char *none = NULL;
	ck_assert_ptr_null(store_sqlite_open(&config, &none, &error));
	ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_LOCKED));
	ck_assert_ptr_nonnull(strstr(error->message, "another belfry-agent"));
	g_error_free(error);
	end_life();
}
END_TEST

static void damage(off_t at, size_t size)
{
	g_autofree char *path = g_build_filename(folder, "agent.db", NULL);
	g_autofree char *rubbish = g_malloc(size);
	memset(rubbish, 0xa5, size);
	int fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, rubbish, size, at), (ssize_t)size);
	close(fd);
}

static guint count_quarantined(void)
{
	guint n = 0;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
		n += strstr(name, ".bad-") != NULL;
	return n;
}

START_TEST(test_a_corrupt_database_is_set_aside_and_the_loss_is_the_first_record)
{
	static const off_t places[] = { 0, 4096, 100 };
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_intent(batch, 1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	int64_t epoch = store_sqlite_epoch(store);
	stop();
	damage(places[_i], 4096);
	begin_life();
	ck_assert_ptr_nonnull(lost);
	ck_assert_int_gt(store_sqlite_epoch(store), epoch);
	ck_assert_uint_ge(count_quarantined(), 1);
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 0);
	ck_assert_uint_eq(snapshot->intents->len, 0);
	store_snapshot_free(snapshot);
	start();
	struct store_unsent_message *message = unsent(10, 1 << 20);
	ck_assert_uint_eq(message->records->len, 1);
	ck_assert_int_eq(message->first_seq, 1);
	ck_assert_ptr_nonnull(strstr(message->records->pdata[0], "databaseLost"));
	message_free(&message->message);
	stop();
}
END_TEST

START_TEST(test_a_missing_database_is_a_loss_unless_it_is_the_first_start)
{
	begin_life();
	ck_assert_ptr_null(lost);
	int64_t epoch = store_sqlite_epoch(store);
	end_life();
	g_autofree char *path = g_build_filename(folder, "agent.db", NULL);
	g_unlink(path);
	begin_life();
	ck_assert_ptr_nonnull(lost);
	ck_assert_int_gt(store_sqlite_epoch(store), epoch);
	end_life();
}
END_TEST

START_TEST(test_a_database_deleted_under_way_ends_the_life)
{
	begin_life();
	start();
	g_autofree char *path = g_build_filename(folder, "agent.db", NULL);
	g_unlink(path);
	message_free(expect(STORE_LOST));
	struct store_batch *batch = new_batch(1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_FAILED);
	stop();
}
END_TEST

START_TEST(test_a_database_that_turns_corrupt_under_way_ends_the_life)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_intent(batch, 1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	/* Only after a clean stop are all pages in the file and none in the log. */
	stop();
	begin_life();
	start();
	damage(4096, 8192);
	/* The next I/O error makes the store look at the whole file. */
	batch = new_batch(2);
	add_intent(batch, 2);
	faulty_vfs.sync_in = 1;
	submit(batch);
	ck_assert_int_eq(settle(2), STORE_UNCERTAIN);
	submit(batch);
	message_free(expect(STORE_LOST));
	stop();
	config.check = true;
	begin_life();
	ck_assert_ptr_nonnull(lost);
	end_life();
}
END_TEST

START_TEST(test_a_replaced_record_keeps_its_number)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_decision(batch, 0);
	add_decision(batch, 0);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	store_sqlite_replace(store, 2, "{\"event\":\"storeFailed\"}");
	struct store_unsent_message *message = unsent(10, 1 << 20);
	ck_assert_uint_eq(message->records->len, 2);
	ck_assert_str_eq(message->records->pdata[1], "{\"event\":\"storeFailed\"}");
	message_free(&message->message);
	stop();
}
END_TEST

int main(void)
{
	faulty_vfs_install();
	TCase *basics = tcase_create("store");
	tcase_add_checked_fixture(basics, setup, teardown);
	tcase_set_timeout(basics, 60);
	tcase_add_test(basics, test_a_new_store_is_empty_and_a_restart_finds_what_was_written);
	tcase_add_test(basics, test_jobs_come_back_sorted_and_a_deleted_job_does_not);
	tcase_add_test(basics, test_a_batch_that_comes_again_is_answered_ok_and_changes_nothing);
	tcase_add_test(basics, test_waiting_batches_share_one_commit);
	tcase_add_test(basics, test_what_is_queued_at_the_stop_is_committed);
	tcase_add_test(basics, test_a_failed_fsync_of_a_commit_is_uncertain_and_later_batches_wait_their_turn);
	tcase_add_test(basics, test_a_disk_that_goes_on_failing_applies_nothing_until_it_works_again);
	tcase_add_test(basics, test_a_full_disk_gives_up_the_ballast_and_fails_certainly);
	tcase_add_test(basics, test_unsent_records_are_counted_cut_by_rows_and_bytes_and_acked_only_forward);
	tcase_add_test(basics, test_recent_records_leave_out_events_and_come_newest_first);
	tcase_add_test(basics, test_standalone_history_is_pruned_without_acks);
	tcase_add_test(basics, test_a_second_process_is_turned_away);
	tcase_add_loop_test(basics, test_a_corrupt_database_is_set_aside_and_the_loss_is_the_first_record, 0, 3);
	tcase_add_test(basics, test_a_missing_database_is_a_loss_unless_it_is_the_first_start);
	tcase_add_test(basics, test_a_database_deleted_under_way_ends_the_life);
	tcase_add_test(basics, test_a_database_that_turns_corrupt_under_way_ends_the_life);
	tcase_add_test(basics, test_a_replaced_record_keeps_its_number);
	Suite *suite = suite_create("store");
	suite_add_tcase(suite, basics);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
