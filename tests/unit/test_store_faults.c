/*
 * The store with real files that fail: a disk that refuses, a database that is corrupt, gone, or another process's.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/faulty_vfs.h"
#include "tests/unit/store_world.h"
#include "tests/unit/suite.h"

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

/* The failed fsync left the transaction in the log: its rows are there after all, and its numbers are used up. */
START_TEST(test_an_ack_that_finds_the_file_open_again_goes_on_with_the_counters_of_the_file)
{
	begin_life();
	start();
	struct store_batch *batches[4];
	for (int i = 1; i <= 3; i++) {
		batches[i] = new_batch((uint64_t)i);
		add_decision(batches[i], 0);
	}
	submit(batches[1]);
	ck_assert_int_eq(settle(1), STORE_OK);
	faulty_vfs.sync_in = 1;
	submit(batches[2]);
	ck_assert_int_eq(settle(2), STORE_UNCERTAIN);
	/* Once it is time to open the file again, nothing but acks come; the chores would do it after a second. */
	g_usleep(150000);
	store_sqlite_ack(world.store, store_sqlite_epoch(world.store), 1);
	struct store_unsent_message *message = unsent(10, 1 << 20);
	ck_assert_int_eq(message->acked_seq, 1);
	ck_assert_uint_eq(message->records->len, 1);
	message_free(&message->message);
	submit(batches[2]);
	ck_assert_int_eq(settle(2), STORE_OK);
	submit(batches[3]);
	ck_assert_int_eq(settle(3), STORE_OK);
	ck_assert_uint_eq(count_unsent(), 2);
	stop();
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
	g_autofree char *ballast = g_build_filename(world.folder, "ballast", NULL);
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
	for (int i = 0; i < 500 && !g_file_test(ballast, G_FILE_TEST_EXISTS); i++)
		g_usleep(100000);
	ck_assert(g_file_test(ballast, G_FILE_TEST_EXISTS));
	stop();
}
END_TEST

START_TEST(test_a_second_process_is_turned_away)
{
	begin_life();
	GError *error = NULL;
	char *none = NULL;
	ck_assert_ptr_null(store_sqlite_open(&world.config, &none, &error));
	ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_LOCKED));
	ck_assert_ptr_nonnull(strstr(error->message, "another belfry-agent"));
	g_error_free(error);
	end_life();
}
END_TEST

static void damage(off_t at, size_t size)
{
	g_autofree char *path = g_build_filename(world.folder, "agent.db", NULL);
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
	g_autoptr(GDir) dir = g_dir_open(world.folder, 0, NULL);
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
	int64_t epoch = store_sqlite_epoch(world.store);
	stop();
	damage(places[_i], 4096);
	begin_life();
	ck_assert_ptr_nonnull(world.lost);
	ck_assert_int_gt(store_sqlite_epoch(world.store), epoch);
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
	ck_assert_ptr_null(world.lost);
	int64_t epoch = store_sqlite_epoch(world.store);
	end_life();
	g_autofree char *path = g_build_filename(world.folder, "agent.db", NULL);
	g_unlink(path);
	begin_life();
	ck_assert_ptr_nonnull(world.lost);
	ck_assert_int_gt(store_sqlite_epoch(world.store), epoch);
	end_life();
}
END_TEST

START_TEST(test_a_database_deleted_under_way_ends_the_life)
{
	begin_life();
	start();
	g_autofree char *path = g_build_filename(world.folder, "agent.db", NULL);
	g_unlink(path);
	message_free(expect(STORE_LOST));
	struct store_batch *batch = new_batch(1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_FAILED);
	stop();
}
END_TEST

/* Where the first page of the table lies in the file, while no store has it open. */
static off_t place_of(const char *table)
{
	g_autofree char *path = g_build_filename(world.folder, "agent.db", NULL);
	sqlite3 *database;
	sqlite3_stmt *statement;
	ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_exec(database, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL); /* this disk has no shared memory */
	ck_assert_int_eq(sqlite3_prepare_v2(database,
					    "SELECT (rootpage - 1) * page_size FROM sqlite_schema, pragma_page_size WHERE name = ?",
					    -1, &statement, NULL), SQLITE_OK);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	off_t place = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return place;
}

/* "command": opening the file reads nothing there. */
START_TEST(test_a_database_that_turns_corrupt_under_way_ends_the_life)
{
	static const char *const tables[] = { "migration", "state", "command" };
	begin_life();
	start();
	struct store_batch *batch = new_batch(1);
	add_intent(batch, 1);
	submit(batch);
	ck_assert_int_eq(settle(1), STORE_OK);
	/* Only after a clean stop are all pages in the file and none in the log. */
	stop();
	off_t place = place_of(tables[_i]);
	begin_life();
	start();
	damage(place, 4096);
	/* The next I/O error makes the store look at the whole file. */
	batch = new_batch(2);
	add_intent(batch, 2);
	faulty_vfs.sync_in = 1;
	submit(batch);
	ck_assert_int_eq(settle(2), STORE_UNCERTAIN);
	submit(batch);
	message_free(expect(STORE_LOST));
	stop();
	world.config.check = true;
	begin_life();
	ck_assert_ptr_nonnull(world.lost);
	end_life();
}
END_TEST

int main(void)
{
	faulty_vfs_install();
	TCase *basics = tcase_create("store faults");
	tcase_add_checked_fixture(basics, world_setup, world_teardown);
	tcase_set_timeout(basics, 60);
	tcase_add_test(basics, test_a_failed_fsync_of_a_commit_is_uncertain_and_later_batches_wait_their_turn);
	tcase_add_test(basics, test_an_ack_that_finds_the_file_open_again_goes_on_with_the_counters_of_the_file);
	tcase_add_test(basics, test_a_disk_that_goes_on_failing_applies_nothing_until_it_works_again);
	tcase_add_test(basics, test_a_full_disk_gives_up_the_ballast_and_fails_certainly);
	tcase_add_test(basics, test_a_second_process_is_turned_away);
	tcase_add_loop_test(basics, test_a_corrupt_database_is_set_aside_and_the_loss_is_the_first_record, 0, 3);
	tcase_add_test(basics, test_a_missing_database_is_a_loss_unless_it_is_the_first_start);
	tcase_add_test(basics, test_a_database_deleted_under_way_ends_the_life);
	tcase_add_loop_test(basics, test_a_database_that_turns_corrupt_under_way_ends_the_life, 0, 3);
	Suite *suite = suite_create("store faults");
	suite_add_tcase(suite, basics);
	return suite_run(suite);
}
