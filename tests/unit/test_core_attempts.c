/*
 * The attempts of one fire: how often, after which waits, for how long all together, and what is told of each, also when
 * the agent was killed in between. The rule of a single one is in test_retry.c.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

START_TEST(test_a_failing_target_is_tried_three_times)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 100 * SECOND);
	ck_assert_int_eq(count(EXECUTION_FAILED), 1);
	ck_assert_int_eq(last()->attempts, 3);
	ck_assert_str_eq(last()->reason, "the target answered 503 (3 attempts)");
}
END_TEST

START_TEST(test_the_attempt_count_survives_a_crash)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":5000,\"jitter\":\"none\"}}");
	world_run_for(&world, 62 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	world_crash(&world, SECOND);
	world_run_for(&world, 40 * SECOND);
	ck_assert_int_eq(last()->attempts, 3);
	ck_assert_int_eq(world.outside.sends, 3);
}
END_TEST

START_TEST(test_each_attempt_is_told_with_its_wait_and_the_armed_instant)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":2000,\"jitter\":\"none\",\"maxAttempts\":4}}");
	world_run_for(&world, 63 * SECOND);
	world.answer_status = 200;
	world_run_for(&world, 40 * SECOND);
	ck_assert_int_eq(last()->status, EXECUTION_SUCCESS);
	ck_assert_int_eq(last()->attempts, 3);
	int64_t armed_before_us = wall_diff_us(last()->scheduled_at, last()->armed_at);
	ck_assert_int_gt(armed_before_us, 0);
	ck_assert_int_le(armed_before_us, 500 * US_PER_MS);
	const struct attempt_log *log = last()->attempt_log;
	ck_assert_ptr_nonnull(log);
	ck_assert_int_eq(log->n, 3);
	for (int i = 0; i < 3; i++) {
		const struct attempt_entry *entry = &log->entries[i];
		ck_assert_int_eq(entry->number, i + 1);
		ck_assert_int_eq(entry->end, i < 2 ? ATTEMPT_END_STATUS : ATTEMPT_END_SUCCESS);
		ck_assert_int_eq(entry->http_status, i < 2 ? 503 : 200);
		ck_assert_int_eq(entry->wait_us, i < 2 ? 2 * SECOND << i : -1);
		ck_assert_int_ge(entry->duration_us, 0);
		if (i > 0) /* from the end of the one before */
			ck_assert_int_ge(entry->started_us, entry[-1].started_us + entry[-1].duration_us + entry[-1].wait_us);
	}
	ck_assert_int_eq(log->entries[0].started_us, wall_diff_us(last()->started_at, last()->scheduled_at));
}
END_TEST

START_TEST(test_one_attempt_that_settles_it_is_not_told_twice)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(last()->status, EXECUTION_SUCCESS);
	ck_assert_ptr_null(last()->attempt_log);
	ck_assert(wall_is_set(last()->armed_at));
}
END_TEST

START_TEST(test_after_a_kill_the_earlier_attempts_are_known_and_the_one_under_way_is_not_made_up)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":2000,\"jitter\":\"none\"}}");
	world_run_for(&world, 61 * SECOND);
	world.answer_ms = 20000;
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(world.outside.sends, 2);
	world.answer_status = 200;
	world.answer_ms = 5;
	world_crash(&world, SECOND);
	world_run_for(&world, 30 * SECOND);
	ck_assert_int_eq(last()->status, EXECUTION_SUCCESS);
	ck_assert_int_eq(last()->attempts, 2);
	ck_assert(!wall_is_set(last()->armed_at)); /* by the life before, which cannot be asked */
	const struct attempt_log *log = last()->attempt_log;
	ck_assert_ptr_nonnull(log);
	ck_assert_int_eq(log->n, 3);
	ck_assert_int_eq(log->omitted, 0);
	ck_assert_int_eq(log->entries[0].http_status, 503);
	ck_assert_int_eq(log->entries[0].wait_us, 2 * SECOND);
	ck_assert_int_eq(log->entries[1].number, 2);
	ck_assert_int_eq(log->entries[1].end, ATTEMPT_END_UNKNOWN);
	ck_assert(log->entries[1].started_us == ATTEMPT_TIME_UNKNOWN);
	ck_assert_int_eq(log->entries[1].duration_us, -1);
	ck_assert_int_eq(log->entries[2].number, 2);
	ck_assert_int_eq(log->entries[2].end, ATTEMPT_END_SUCCESS);
}
END_TEST

START_TEST(test_a_kill_during_the_backoff_leaves_no_doubt)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":9000,\"jitter\":\"none\"}}");
	world_run_for(&world, 61 * SECOND);
	world_crash(&world, SECOND);
	world.answer_status = 200;
	world_run_for(&world, 30 * SECOND);
	ck_assert_int_eq(last()->attempt_log->n, 2);
	ck_assert_int_eq(last()->attempt_log->entries[1].end, ATTEMPT_END_SUCCESS);
}
END_TEST

START_TEST(test_all_attempts_together_have_max_elapsed_also_over_a_crash)
{
	static const struct { int64_t down_ms; int attempts; const char *reason; } rows[] = {
		{ -1, 3, "the target answered 503 (3 attempts)" },
		{ 500, 3, "the target answered 503 (3 attempts)" },
		{ 2500, 3, "the target answered 503 (3 attempts)" },
		{ 60000, 2, "the attempts failed, and the time for more of them (retry.maxElapsedMs) was over when the agent was back" },
	};
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\",\"timeoutMs\":4000,"
				   "\"retry\":{\"initialBackoffMs\":1000,\"jitter\":\"none\",\"maxAttempts\":9,\"maxElapsedMs\":5000}}");
	world_run_for(&world, 59500 * US_PER_MS);
	int64_t timeouts[] = { 4000, 3995 };
	for (int i = 0; i < 2; i++) {
		world_run_for(&world, i == 0 ? US_PER_MS : 1005 * US_PER_MS);
		ck_assert_uint_eq(world.outside.flights->len, 1);
		ck_assert_int_eq(((struct flight *)world.outside.flights->pdata[0])->attempt->timeout_ms, timeouts[i]);
	}
	world_run_for(&world, 200 * US_PER_MS);
	if (rows[_i].down_ms >= 0)
		world_crash(&world, rows[_i].down_ms * US_PER_MS);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_FAILED), 1);
	ck_assert_int_eq(world.outside.sends, rows[_i].attempts);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		if (one->status == EXECUTION_FAILED)
			ck_assert_str_eq(one->reason, rows[_i].reason);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core_attempts");
	TCase *tests = tcase_create("attempts");
	tcase_add_checked_fixture(tests, core_world_set_up, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_a_failing_target_is_tried_three_times);
	tcase_add_test(tests, test_the_attempt_count_survives_a_crash);
	tcase_add_test(tests, test_each_attempt_is_told_with_its_wait_and_the_armed_instant);
	tcase_add_test(tests, test_one_attempt_that_settles_it_is_not_told_twice);
	tcase_add_test(tests, test_after_a_kill_the_earlier_attempts_are_known_and_the_one_under_way_is_not_made_up);
	tcase_add_test(tests, test_a_kill_during_the_backoff_leaves_no_doubt);
	tcase_add_loop_test(tests, test_all_attempts_together_have_max_elapsed_also_over_a_crash, 0, 4);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
