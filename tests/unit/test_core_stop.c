/*
 * A stop in order (SIGTERM): what waited and was certainly not sent is not called interrupted. The next life goes on with it,
 * or catchUp decides where it came due meanwhile; and no at-most-once run is sent twice (the simulator's target would say so).
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

#define AT_MOST "\"type\":\"ATMOST_ONCE\",\"api\":\"http://a.test/\""

static void stop_for(int64_t down_us)
{
	int64_t sends = world.outside.sends;
	core_hurry(world.core);
	while (world.outside.flights->len > 0)
		outside_land(&world.outside, world.core);
	while (!g_queue_is_empty(&world.disk.queue))
		disk_answer(&world.disk, world.core);
	ck_assert_int_eq(world.outside.sends, sends); /* nothing begins any more */
	world_crash(&world, down_us);
}

/* Due each full minute, 20.5 s late by its jitter (of this id), and stopped at 12:01:02.5 for so long. */
static const struct { const char *catch_up; int down_s, then_s, success, missed; } jitters[] = {
	{ "\"policy\":\"none\"", 2, 30, 1, 0 },
	{ "\"policy\":\"none\"", 50, 5, 0, 1 },
	{ "\"policy\":\"latest\"", 2, 30, 1, 0 },
	{ "\"policy\":\"latest\"", 50, 5, 1, 0 },
	{ "\"policy\":\"latest\"", 200, 5, 1, 3 },
	{ "\"policy\":\"all\"", 50, 5, 1, 0 },
	{ "\"policy\":\"all\"", 200, 5, 4, 0 },
	{ "\"policy\":\"all\",\"maxAgeMs\":40000", 50, 5, 0, 1 },
};

START_TEST(test_what_waits_for_its_jitter_runs_after_the_stop_or_catch_up_decides)
{
	g_autofree char *job = g_strdup_printf("{\"schedule\":\"0 * * * * *\"," AT_MOST ",\"jitterMs\":40000,\"catchUp\":{%s}}",
					       jitters[_i].catch_up);
	world_set_job(&world, "e", job);
	world_run_for(&world, 62 * SECOND);
	ck_assert_int_eq(world.outside.sends, 0);
	stop_for(jitters[_i].down_s * SECOND);
	world_run_for(&world, jitters[_i].then_s * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), jitters[_i].success);
	ck_assert_int_eq(count(EXECUTION_MISSED), jitters[_i].missed);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 0);
}
END_TEST

/* Due from 12:00:01 to :05, stopped at 12:00:03.5 when one of three has run at most. */
static const struct { const char *policy; int64_t down_us; int success, missed; } turns[] = {
	{ "\"concurrency\":\"queue\",\"queueMax\":100", 100 * US_PER_MS, 5, 0 },
	{ "\"concurrency\":\"queue\",\"queueMax\":100", 10 * SECOND, 3, 2 },
	{ "\"rateLimit\":{\"perSecond\":0.2,\"burst\":1}", 100 * US_PER_MS, 5, 0 },
	{ "\"rateLimit\":{\"perSecond\":0.2,\"burst\":1}", 10 * SECOND, 3, 2 },
	{ "\"concurrency\":\"allow\"", 100 * US_PER_MS, 5, 0 }, /* the target takes one at a time */
	{ "\"concurrency\":\"allow\"", HOUR, 3, 2 },
};

START_TEST(test_what_waits_for_its_turn_has_it_after_the_stop)
{
	g_autofree char *job = g_strdup_printf("{\"schedule\":\"1-5 0 12 * * *\"," AT_MOST ",%s,\"catchUp\":{\"policy\":\"none\"}}", turns[_i].policy);
	world.answer_ms = 60000;
	world.core->config.max_open_per_target = 1;
	world_set_job(&world, "a", job);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	world.answer_ms = 5;
	stop_for(turns[_i].down_us);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), turns[_i].success);
	ck_assert_int_eq(count(EXECUTION_MISSED), turns[_i].missed);
	ck_assert_uint_eq(world.disk.outbox->len, turns[_i].success + MIN(turns[_i].missed, 1));
}
END_TEST

START_TEST(test_a_run_by_hand_that_waits_for_its_turn_has_it_after_the_stop)
{
	struct fire_id id;
	world.answer_ms = 60000;
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\"," AT_MOST ",\"concurrency\":\"queue\"}");
	for (int i = 0; i < 3; i++)
		ck_assert(core_run_now(world.core, "a", &id));
	world_run_for(&world, SECOND);
	world.answer_ms = 5;
	stop_for(HOUR);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_uint_eq(world.disk.outbox->len, 3);
}
END_TEST

/* What is done by hand or by central while the agent stops is not lost either. */
START_TEST(test_a_run_that_is_ordered_during_the_stop_begins_after_it)
{
	struct fire_id id;
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\"," AT_MOST "}");
	world_run_for(&world, SECOND);
	core_hurry(world.core);
	ck_assert(core_run_now(world.core, "a", &id));
	stop_for(SECOND);
	ck_assert_int_eq(world.outside.sends, 0);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	ck_assert_uint_eq(world.disk.outbox->len, 1);
}
END_TEST

START_TEST(test_what_is_made_up_keeps_its_spacing_over_the_stop)
{
	struct wall before = WALL_NONE;
	world_set_job(&world, "a", "{\"schedule\":\"1-5 0 12 * * *\"," AT_MOST ",\"catchUp\":{\"policy\":\"all\",\"spacingMs\":2000}}");
	world_run_for(&world, 100 * US_PER_MS);
	world_crash(&world, 6 * SECOND);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	stop_for(3 * SECOND);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
	ck_assert_uint_eq(world.disk.outbox->len, 5);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		ck_assert(!wall_is_set(before) || wall_diff_us(one->started_at, before) >= 2 * SECOND - 10 * US_PER_MS);
		before = one->started_at;
	}
}
END_TEST

/* _i: the crash comes before the restart has written anything, before the run, during it. */
START_TEST(test_a_crash_after_the_stop_sends_nothing_twice)
{
	static const struct { int64_t after_us; int success, interrupted; } crashes[] = { { 0, 1, 0 }, { 5 * SECOND, 1, 0 }, { 17 * SECOND, 0, 1 } };
	world_set_job(&world, "e", "{\"schedule\":\"0 1 12 * * *\"," AT_MOST ",\"jitterMs\":40000}");
	world_run_for(&world, 62 * SECOND);
	stop_for(2 * SECOND);
	world.answer_ms = 60000;
	world_run_for(&world, crashes[_i].after_us);
	ck_assert_int_eq(world.outside.sends, crashes[_i].interrupted);
	world_crash(&world, 0);
	world_run_for(&world, 200 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), crashes[_i].success);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), crashes[_i].interrupted);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core stop");
	TCase *tests = tcase_create("a stop in order");
	tcase_add_checked_fixture(tests, core_world_set_up, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, test_what_waits_for_its_jitter_runs_after_the_stop_or_catch_up_decides, 0, G_N_ELEMENTS(jitters));
	tcase_add_loop_test(tests, test_what_waits_for_its_turn_has_it_after_the_stop, 0, G_N_ELEMENTS(turns));
	tcase_add_test(tests, test_a_run_by_hand_that_waits_for_its_turn_has_it_after_the_stop);
	tcase_add_test(tests, test_a_run_that_is_ordered_during_the_stop_begins_after_it);
	tcase_add_test(tests, test_what_is_made_up_keeps_its_spacing_over_the_stop);
	tcase_add_loop_test(tests, test_a_crash_after_the_stop_sends_nothing_twice, 0, 3);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
