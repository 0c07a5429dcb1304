/*
 * The store with real files: order, results, what a restart finds, the outbox.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/faulty_vfs.h"
#include "tests/unit/store_world.h"
#include "tests/unit/suite.h"

static const struct attempt_entry one_attempt = { 1, 503, ATTEMPT_END_STATUS, true, -5, 7, 2000000 };

/* Something of every kind that a batch may hold. */
static struct store_batch *full_batch(uint64_t number, int64_t gone)
{
	struct store_batch *batch = new_batch(number);
	add_intent(batch, 11);
	add_intent(batch, 12);
	add_intent(batch, gone);
	struct intent_update update = { 12, 1, { 99 }, { 98 }, NULL }, renewed = { 12, 2, { 99 }, { 98 }, NULL };
	attempt_log_note(&update.attempt_log, &one_attempt);
	g_array_append_val(batch->updates, update);
	g_array_append_val(batch->updates, renewed); /* keeps the log */
	int64_t command = 77;
	g_array_append_val(batch->cancels, gone);
	g_array_append_val(batch->done_commands, command);
	struct backlog backlog = { "job", { 5 }, { 9 }, 4, BACKLOG_MISSED }, finished = { "job", { 9 }, { 9 }, 4, BACKLOG_MAKE_UP };
	g_array_append_val(batch->backlogs, backlog);
	backlog.until.us = 19;
	g_array_append_val(batch->backlogs, backlog);
	g_array_append_val(batch->backlogs, finished);
	batch->state.clock_epoch = UINT64_MAX;
	batch->state.clock_offset_us = -5;
	batch->state.jobs_digest = UINT64_C(0xfedcba9876543210);
	g_strlcpy(batch->state.boot_id, "boot", sizeof batch->state.boot_id);
	return batch;
}

static void check_state(const struct store_state *state)
{
	ck_assert_uint_eq(state->clock_epoch, UINT64_MAX);
	ck_assert_uint_eq(state->jobs_digest, UINT64_C(0xfedcba9876543210));
	ck_assert_int_eq(state->clock_offset_us, -5);
	ck_assert_str_eq(state->boot_id, "boot");
	ck_assert_int_eq(state->planned_until.us, 1001);
	ck_assert(!wall_is_set(state->fixed_until));
}

static void check_intents(const GArray *intents)
{
	ck_assert_uint_eq(intents->len, 2);
	const struct intent *first = &g_array_index(intents, struct intent, 0), *second = first + 1;
	ck_assert_int_eq(first->number, 11);
	ck_assert_str_eq(first->job_id, "job");
	ck_assert_int_eq(first->id.bytes[15], 11);
	ck_assert(!wall_is_set(first->not_before));
	ck_assert_int_eq(second->attempts, 2);
	ck_assert_int_eq(second->not_before.us, 99);
	ck_assert_int_eq(second->first_started_at.us, 98);
	ck_assert_ptr_null(first->attempt_log);
	ck_assert_ptr_nonnull(second->attempt_log);
	ck_assert_int_eq(second->attempt_log->n, 1);
	ck_assert(memcmp(&second->attempt_log->entries[0], &one_attempt, sizeof one_attempt) == 0);
}

START_TEST(test_a_new_store_is_empty)
{
	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 0);
	ck_assert_uint_eq(snapshot->jobs->len, 0);
	ck_assert(!wall_is_set(snapshot->state.planned_until));
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

START_TEST(test_a_restart_finds_what_was_written)
{
	int64_t gone = 13;
	begin_life();
	store_snapshot_free(load());
	start();
	submit(full_batch(1, gone));
	ck_assert_int_eq(settle(1), STORE_OK);
	/* Cancels come before intents (store.h): the one in the first batch found nothing yet. */
	struct store_batch *batch = new_batch(2);
	batch->state = ((struct store_batch *)world.batches->pdata[0])->state;
	g_array_append_val(batch->cancels, gone);
	submit(batch);
	ck_assert_int_eq(settle(2), STORE_OK);
	stop();

	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->last_batch, 2);
	check_state(&snapshot->state);
	check_intents(snapshot->intents);
	ck_assert_uint_eq(snapshot->backlogs->len, 1);
	ck_assert_int_eq(g_array_index(snapshot->backlogs, struct backlog, 0).until.us, 19);
	ck_assert_int_eq(g_array_index(snapshot->backlogs, struct backlog, 0).kind, BACKLOG_MISSED);
	ck_assert_uint_eq(snapshot->done_commands->len, 1);
	store_snapshot_free(snapshot);
	end_life();
}
END_TEST

static void add_job(struct store_batch *batch, const char *id, int64_t revision)
{
	json_t *json = json_pack("{s:s, s:s}", "schedule", "* * * * *", "api", "http://localhost/foo");
	struct job_problem problem = { .pointer = NULL };
	struct stored_job *stored = stored_job_new(job_parse(json, id, revision, true, &problem));
	ck_assert_msg(stored->job != NULL, "%s", problem.detail);
	stored->since.us = 5;
	stored->anchor = WALL_NONE;
	stored->target_key = g_intern_static_string("key");
	g_ptr_array_add(batch->job_upserts, stored);
	json_decref(json);
}

START_TEST(test_jobs_come_back_sorted_and_a_deleted_job_does_not)
{
	static const char *const ids[] = { "b", "a", "c" };
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
		add_job(batch, ids[i], 40 + (int64_t)i);
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

/* While no store has the file open. */
static void change_database(const char *sql)
{
	g_autofree char *path = g_build_filename(world.folder, "agent.db", NULL);
	sqlite3 *database;
	ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL); /* this disk has no shared memory */
	ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}

/* More than are parsed where they are read, and than the chunks on their way hold (store_load_jobs.c). */
#define MANY_JOBS 45000

START_TEST(test_many_jobs_come_back_sorted_without_those_that_cannot_be_read)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	for (int i = MANY_JOBS - 1; i >= 0; i--) {
		char id[16];
		snprintf(id, sizeof id, "job-%05d", i);
		add_job(batch, id, i);
	}
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	stop();
	change_database("UPDATE job SET definition = '{' WHERE substr(id, -4) = '1007'");

	begin_life();
	struct store_snapshot *snapshot = load();
	ck_assert_uint_eq(snapshot->jobs->len, MANY_JOBS - MANY_JOBS / 10000 - 1);
	guint at = 0;
	for (int i = 0; i < MANY_JOBS; i++) {
		if (i % 10000 == 1007)
			continue;
		const struct stored_job *stored = &g_array_index(snapshot->jobs, struct stored_job, at++);
		ck_assert_int_eq(atoi(stored->job->id + 4), i);
		ck_assert_int_eq(stored->job->revision, i);
		ck_assert_int_eq(stored->since.us, 5);
		ck_assert_str_eq(stored->target_key, "key");
	}
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

	store_sqlite_ack(world.store, epoch, 20);
	store_sqlite_ack(world.store, epoch, 7);
	store_sqlite_ack(world.store, epoch, 31);
	store_sqlite_ack(world.store, epoch - 1, 25);
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
	store_sqlite_ack(world.store, store_sqlite_epoch(world.store), 30);
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
	store_sqlite_recent(world.store, 100, INT64_MAX, count_records, &n);
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
	world.config.keep_all = true;
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

START_TEST(test_a_replaced_record_keeps_its_number)
{
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_decision(batch, 0);
	add_decision(batch, 0);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	store_sqlite_replace(world.store, 2, "{\"event\":\"storeFailed\"}");
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
	tcase_add_checked_fixture(basics, world_setup, world_teardown);
	tcase_set_timeout(basics, 60);
	tcase_add_test(basics, test_a_new_store_is_empty);
	tcase_add_test(basics, test_a_restart_finds_what_was_written);
	tcase_add_test(basics, test_jobs_come_back_sorted_and_a_deleted_job_does_not);
	tcase_add_test(basics, test_many_jobs_come_back_sorted_without_those_that_cannot_be_read);
	tcase_add_test(basics, test_a_batch_that_comes_again_is_answered_ok_and_changes_nothing);
	tcase_add_test(basics, test_waiting_batches_share_one_commit);
	tcase_add_test(basics, test_what_is_queued_at_the_stop_is_committed);
	tcase_add_test(basics, test_unsent_records_are_counted_cut_by_rows_and_bytes_and_acked_only_forward);
	tcase_add_test(basics, test_recent_records_leave_out_events_and_come_newest_first);
	tcase_add_test(basics, test_standalone_history_is_pruned_without_acks);
	tcase_add_test(basics, test_a_replaced_record_keeps_its_number);
	Suite *suite = suite_create("store");
	suite_add_tcase(suite, basics);
	return suite_run(suite);
}
