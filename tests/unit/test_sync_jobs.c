/*
 * The job set on its way from central: parts of a snapshot, and when the two sides differ.
 */
#include <check.h>

#include "agent/loop_messages.h"
#include "agent/sync_jobs.h"
#include "tests/unit/suite.h"

static struct sync_jobs jobs;
static struct sync_reply reply;

static void begin_reply(enum sync_jobs_mode mode, int64_t revision, bool more)
{
	sync_reply_clear(&reply);
	sync_reply_init(&reply);
	reply.jobs_mode = mode;
	reply.jobs_revision = revision;
	reply.jobs_more = more;
}

static void setup(void)
{
	sync_jobs_init(&jobs);
	sync_reply_init(&reply);
}

static void teardown(void)
{
	sync_jobs_done(&jobs);
	sync_reply_clear(&reply);
}

static void upsert(const char *id)
{
	struct job_problem problem = { .pointer = NULL };
	json_t *json = json_pack("{s:s, s:s}", "schedule", "* * * * *", "api", "http://localhost/foo");
	struct sync_upsert one = { .job = job_parse(json, id, 5, true, &problem), .target_key = "key" };
	ck_assert_ptr_nonnull(one.job);
	g_array_append_val(reply.upserts, one);
	json_decref(json);
}

static struct job_change *change_of(guint refused)
{
	return sync_jobs_change(&jobs, &reply, refused);
}

START_TEST(test_a_reply_without_jobs_is_no_change)
{
	begin_reply(SYNC_JOBS_NONE, 4, false);
	ck_assert_ptr_null(change_of(0));
}
END_TEST

START_TEST(test_a_delta_keeps_all_that_it_does_not_name)
{
	begin_reply(SYNC_JOBS_DELTA, 4, false);
	upsert("a");
	g_ptr_array_add(reply.deletes, g_strdup("b"));
	struct job_change *change = change_of(0);
	ck_assert_uint_eq(change->upserts->len, 1);
	ck_assert_str_eq(((struct stored_job *)change->upserts->pdata[0])->target_key, "key");
	ck_assert_uint_eq(change->deletes->len, 1);
	ck_assert_int_eq(change->jobs_revision, 4);
	ck_assert_ptr_null(change->keep_ids);
	loop_drop_change(change);
}
END_TEST

START_TEST(test_the_last_part_of_a_snapshot_drops_what_no_part_named)
{
	begin_reply(SYNC_JOBS_SNAPSHOT, 1000, true);
	upsert("a");
	upsert("b");
	struct job_change *change = change_of(0);
	ck_assert_ptr_null(change->keep_ids);
	loop_drop_change(change);

	begin_reply(SYNC_JOBS_DELTA, 2000, true);
	upsert("c");
	g_ptr_array_add(reply.deletes, g_strdup("b"));
	change = change_of(0);
	ck_assert_ptr_null(change->keep_ids);
	loop_drop_change(change);

	begin_reply(SYNC_JOBS_DELTA, 2500, false);
	upsert("d");
	change = change_of(0);
	ck_assert_ptr_nonnull(change->keep_ids);
	ck_assert_uint_eq(g_hash_table_size(change->keep_ids), 3);
	ck_assert(!g_hash_table_contains(change->keep_ids, "b"));
	loop_drop_change(change);

	/* Over: the next delta is only that. */
	begin_reply(SYNC_JOBS_DELTA, 2501, false);
	change = change_of(0);
	ck_assert_ptr_null(change->keep_ids);
	loop_drop_change(change);
}
END_TEST

START_TEST(test_a_new_snapshot_begins_anew)
{
	begin_reply(SYNC_JOBS_SNAPSHOT, 1000, true);
	upsert("a");
	loop_drop_change(change_of(0));
	begin_reply(SYNC_JOBS_SNAPSHOT, 1000, false);
	upsert("b");
	struct job_change *change = change_of(0);
	ck_assert_uint_eq(g_hash_table_size(change->keep_ids), 1);
	ck_assert(g_hash_table_contains(change->keep_ids, "b"));
	loop_drop_change(change);
}
END_TEST

START_TEST(test_a_difference_asks_for_a_snapshot_and_not_again_at_once)
{
	struct mono now = { 1000000 };
	begin_reply(SYNC_JOBS_NONE, 7, false);
	reply.jobs_digest = 1;
	ck_assert(!sync_jobs_check(&jobs, &reply, 7, 1, now));
	ck_assert(!sync_jobs_check(&jobs, &reply, 6, 2, now));
	ck_assert(sync_jobs_check(&jobs, &reply, 7, 2, now));
	ck_assert(jobs.want_snapshot);

	begin_reply(SYNC_JOBS_SNAPSHOT, 7, false);
	loop_drop_change(change_of(0));
	ck_assert(!jobs.want_snapshot);
	begin_reply(SYNC_JOBS_NONE, 7, false);
	reply.jobs_digest = 1;
	ck_assert(!sync_jobs_check(&jobs, &reply, 7, 2, mono_add_us(now, US_PER_SECOND)));
	ck_assert(sync_jobs_check(&jobs, &reply, 7, 2, mono_add_us(now, SYNC_SNAPSHOT_PAUSE_MS * US_PER_MS)));
}
END_TEST

START_TEST(test_jobs_that_were_left_out_are_no_reason_for_snapshots)
{
	begin_reply(SYNC_JOBS_DELTA, 7, false);
	loop_drop_change(change_of(1));
	begin_reply(SYNC_JOBS_NONE, 7, false);
	reply.jobs_digest = 1;
	ck_assert(!sync_jobs_check(&jobs, &reply, 7, 2, (struct mono){ 5 }));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sync_jobs");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_a_reply_without_jobs_is_no_change);
	tcase_add_test(tests, test_a_delta_keeps_all_that_it_does_not_name);
	tcase_add_test(tests, test_the_last_part_of_a_snapshot_drops_what_no_part_named);
	tcase_add_test(tests, test_a_new_snapshot_begins_anew);
	tcase_add_test(tests, test_a_difference_asks_for_a_snapshot_and_not_again_at_once);
	tcase_add_test(tests, test_jobs_that_were_left_out_are_no_reason_for_snapshots);
	Suite *suite = suite_create("sync_jobs");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
