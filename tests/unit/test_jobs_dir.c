/*
 * The standalone folder: what a reading of it changes, and what people are told.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/jobs_dir.h"
#include "agent/loop_messages.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define GOOD "{\"schedule\":\"* * * * *\",\"api\":\"http://localhost/foo\"}"
#define OTHER "{\"schedule\":\"*/5 * * * *\",\"api\":\"http://localhost/foo\"}"

static char *folder;
static struct jobs_dir *dir;
static GHashTable *held;    /* id -> revision: what the agent has */
static GPtrArray *problems;
static guint changed;

static void setup(void)
{
	folder = g_dir_make_tmp("belfry-jobs-XXXXXX", NULL);
	dir = jobs_dir_new(folder, NULL);
	ck_assert_ptr_nonnull(dir);
	held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	problems = g_ptr_array_new_with_free_func(g_free);
}

static void teardown(void)
{
	jobs_dir_free(dir);
	g_hash_table_unref(held);
	g_ptr_array_unref(problems);
	folder_remove(folder);
}

static void put(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static void take_away(const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	ck_assert_int_eq(g_unlink(path), 0);
}

static int64_t revision_of(void *context, const char *id)
{
	(void)context;
	const int64_t *revision = g_hash_table_lookup(held, id);
	return revision == NULL ? -1 : *revision;
}

/* Reads the folder and takes over what it says, as the core would. */
static struct job_change *read_folder(void)
{
	g_ptr_array_set_size(problems, 0);
	struct job_change *change = jobs_dir_read(dir, revision_of, NULL, problems, &changed);
	ck_assert_ptr_nonnull(change);
	for (guint i = 0; i < change->upserts->len; i++) {
		const struct stored_job *stored = change->upserts->pdata[i];
		g_hash_table_insert(held, g_strdup(stored->job->id),
				    g_memdup2(&stored->job->revision, sizeof stored->job->revision));
	}
	return change;
}

START_TEST(test_each_file_is_a_job_and_a_second_reading_changes_nothing)
{
	put("one.json", GOOD);
	put("two.json", GOOD);
	put("notes.txt", "not a job");
	put(".hidden.json", "not a job");
	struct job_change *change = read_folder();
	ck_assert_uint_eq(changed, 2);
	ck_assert_uint_eq(problems->len, 0);
	ck_assert_uint_eq(g_hash_table_size(change->keep_ids), 2);
	ck_assert_int_gt(revision_of(NULL, "one"), 0);
	loop_drop_change(change);
	change = read_folder();
	ck_assert_uint_eq(changed, 0);
	ck_assert_uint_eq(g_hash_table_size(change->keep_ids), 2);
	loop_drop_change(change);
}
END_TEST

START_TEST(test_an_edit_changes_the_revision_and_a_restart_does_not)
{
	put("one.json", GOOD);
	loop_drop_change(read_folder());
	int64_t before = revision_of(NULL, "one");
	jobs_dir_free(dir);
	dir = jobs_dir_new(folder, NULL);
	loop_drop_change(read_folder());
	ck_assert_uint_eq(changed, 0);
	put("one.json", OTHER);
	loop_drop_change(read_folder());
	ck_assert_uint_eq(changed, 1);
	ck_assert_int_ne(revision_of(NULL, "one"), before);
}
END_TEST

START_TEST(test_a_bad_file_is_told_once_and_its_last_good_version_stays)
{
	put("one.json", GOOD);
	loop_drop_change(read_folder());
	put("one.json", "{\"schedule\":\"61 * * * *\",\"api\":\"http://localhost/foo\"}");
	struct job_change *change = read_folder();
	ck_assert_uint_eq(changed, 0);
	ck_assert_uint_eq(problems->len, 1);
	ck_assert_msg(g_str_has_prefix(problems->pdata[0], "one.json: /schedule: "), "%s", (char *)problems->pdata[0]);
	ck_assert(g_hash_table_contains(change->keep_ids, "one"));
	loop_drop_change(change);
	loop_drop_change(read_folder());
	ck_assert_uint_eq(problems->len, 0);
	/* The good version again: nothing differs from what is in force. */
	put("one.json", GOOD);
	loop_drop_change(read_folder());
	ck_assert_uint_eq(changed, 0);
}
END_TEST

START_TEST(test_a_file_that_is_gone_is_not_kept)
{
	put("one.json", GOOD);
	put("two.json", GOOD);
	loop_drop_change(read_folder());
	take_away("one.json");
	struct job_change *change = read_folder();
	ck_assert_uint_eq(g_hash_table_size(change->keep_ids), 1);
	ck_assert(g_hash_table_contains(change->keep_ids, "two"));
	loop_drop_change(change);
}
END_TEST

START_TEST(test_broken_text_strange_names_and_giants_are_told_in_one_sentence_each)
{
	g_autofree char *giant = g_strnfill(JOB_JSON_MAX + 1, ' ');
	put("broken.json", "{\n \"schedule\": \n");
	put("a b.json", GOOD);
	put("giant.json", giant);
	put("twice.json", "{\"schedule\":\"* * * * *\",\"schedule\":\"* * * * *\",\"api\":\"http://localhost/\"}");
	struct job_change *change = read_folder();
	ck_assert_uint_eq(changed, 0);
	ck_assert_uint_eq(problems->len, 4);
	for (guint i = 0; i < problems->len; i++) {
		const char *text = problems->pdata[i];
		ck_assert_msg(strstr(text, ".json: ") != NULL && strchr(text, '\n') == NULL, "%s", text);
	}
	loop_drop_change(change);
	loop_drop_change(read_folder());
	ck_assert_uint_eq(problems->len, 0);
}
END_TEST

START_TEST(test_a_change_in_the_folder_makes_the_descriptor_readable)
{
	struct pollfd fd = { .fd = jobs_dir_fd(dir), .events = POLLIN };
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	put("one.json", GOOD);
	ck_assert_int_eq(poll(&fd, 1, 1000), 1);
	jobs_dir_drain(dir);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	take_away("one.json");
	ck_assert_int_eq(poll(&fd, 1, 1000), 1);
}
END_TEST

START_TEST(test_a_folder_that_cannot_be_read_changes_nothing)
{
	put("one.json", GOOD);
	loop_drop_change(read_folder());
	take_away("one.json");
	ck_assert_int_eq(g_rmdir(folder), 0);
	ck_assert_ptr_null(jobs_dir_read(dir, revision_of, NULL, problems, &changed));
	ck_assert_uint_eq(problems->len, 1);
	ck_assert_int_eq(g_mkdir(folder, 0700), 0);
	/* The new folder under the name is watched too. */
	jobs_dir_drain(dir);
	struct pollfd fd = { .fd = jobs_dir_fd(dir), .events = POLLIN };
	put("one.json", GOOD);
	ck_assert_int_eq(poll(&fd, 1, 1000), 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("jobs_dir");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_each_file_is_a_job_and_a_second_reading_changes_nothing);
	tcase_add_test(tests, test_an_edit_changes_the_revision_and_a_restart_does_not);
	tcase_add_test(tests, test_a_bad_file_is_told_once_and_its_last_good_version_stays);
	tcase_add_test(tests, test_a_file_that_is_gone_is_not_kept);
	tcase_add_test(tests, test_broken_text_strange_names_and_giants_are_told_in_one_sentence_each);
	tcase_add_test(tests, test_a_change_in_the_folder_makes_the_descriptor_readable);
	tcase_add_test(tests, test_a_folder_that_cannot_be_read_changes_nothing);
	Suite *suite = suite_create("jobs_dir");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
