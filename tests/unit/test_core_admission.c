/*
 * Who may start: limits of a job, of a target, of the agent, and that nobody starves. The simulator's target refuses, on
 * each start, more than is allowed (tests/sim/sim_target.c); here it is about who waits, who is skipped, and in which turn.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

/* Every second for 20 s; each run takes 2.5 s. */
static const struct {
	const char *policy;
	int most, least_success, skipped, interrupted;
} concurrencies[] = {
	{ "\"concurrency\":\"allow\"", 3, 17, 0, 0 },
	{ "\"concurrency\":\"allow\",\"maxConcurrent\":2", 2, 14, 0, 0 },
	{ "\"concurrency\":\"forbid\"", 1, 6, 13, 0 },
	{ "\"concurrency\":\"forbid\",\"maxConcurrent\":2", 2, 12, 6, 0 },
	{ "\"concurrency\":\"queue\",\"queueMax\":1", 1, 7, 11, 0 },
	{ "\"concurrency\":\"queue\",\"queueMax\":100", 1, 7, 0, 0 },
	{ "\"concurrency\":\"replace\"", 1, 0, 0, 19 },
};

START_TEST(test_each_policy_of_concurrency_lets_so_many_run_and_does_with_the_rest_what_it_says)
{
	g_autofree char *definition = g_strdup_printf("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",%s}", concurrencies[_i].policy);
	guint most = 0;
	world.answer_ms = 2500;
	world_set_job(&world, "a", definition);
	for (int i = 0; i < 200; i++) {
		world_run_for(&world, 100 * US_PER_MS);
		most = MAX(most, world.outside.flights->len);
	}
	ck_assert_int_eq(most, concurrencies[_i].most);
	ck_assert_int_ge(count(EXECUTION_SUCCESS), concurrencies[_i].least_success);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), concurrencies[_i].skipped);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), concurrencies[_i].interrupted);
}
END_TEST

/* What ran at a crash takes its place again before what comes due. */
START_TEST(test_concurrency_holds_over_a_restart)
{
	world.answer_ms = 2500;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"concurrency\":\"forbid\"}");
	world_run_for(&world, 1250 * US_PER_MS);
	for (int i = 0; i < 30; i++) {
		world_crash(&world, 10 * US_PER_MS);
		world_run_for(&world, 90 * US_PER_MS);
		ck_assert_uint_eq(world.outside.flights->len, 1);
	}
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 0);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 3);
}
END_TEST

/* Every second for 20 s, and one fire in memory. Ended before the planner looks, before the instant, after it. */
static const struct { int answer_ms, success, skipped; } rooms[] = { { 600, 20, 0 }, { 950, 20, 0 }, { 1500, 10, 10 } };

START_TEST(test_a_fire_waits_for_room_in_memory_until_it_is_due)
{
	world.core->config.max_fires = 1;
	world.answer_ms = rooms[_i].answer_ms;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 20 * SECOND + 490 * US_PER_MS);
	world_set_job(&world, "a", NULL);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), rooms[_i].success);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), rooms[_i].skipped);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		ck_assert(!wall_before(one->finished_at, one->scheduled_at));
		ck_assert_int_le(one->lateness_us, 10 * US_PER_MS);
	}
}
END_TEST

START_TEST(test_of_an_instant_larger_than_the_memory_a_part_runs_and_the_rest_is_skipped_when_it_is_due)
{
	world.core->config.max_fires = 3;
	for (int i = 0; i < 5; i++) {
		const char id[2] = { (char)('a' + i), '\0' };
		world_set_job(&world, id, "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	}
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 30);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 20);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		ck_assert(!wall_before(one->finished_at, one->scheduled_at));
	}
}
END_TEST

static void run_now(const char *job)
{
	struct fire_id id;
	ck_assert(core_run_now(world.core, job, &id));
}

/* _i: the crowd is on the same host, or on another one and the agent has no more transfers. */
START_TEST(test_a_crowd_of_one_job_lets_others_have_their_turn)
{
	world.core->config.max_open_per_target = 2;
	world.core->config.max_open_transfers = 2;
	world.answer_ms = 2000;
	world_set_job(&world, "crowd", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_set_job(&world, "other", _i == 0 ? "{\"schedule\":\"@yearly\",\"api\":\"http://a.test/x\"}" : "{\"schedule\":\"@yearly\",\"api\":\"http://b.test/\"}");
	for (int i = 0; i < 300; i++)
		run_now("crowd");
	world_run_for(&world, 10 * SECOND);
	for (int i = 0; i < 3; i++) {
		run_now("other");
		world_run_for(&world, 4100 * US_PER_MS); /* a turn of the one that runs, and its own */
	}
	int of_other = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++)
		of_other += strcmp(((struct decision *)world.disk.outbox->pdata[i])->execution.job_id, "other") == 0;
	ck_assert_int_eq(of_other, 3);
}
END_TEST

START_TEST(test_a_target_has_a_rate_of_its_own_and_delays_no_other)
{
	world.core->config.target_rate_per_second = 1;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_set_job(&world, "b", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_set_job(&world, "c", "{\"schedule\":\"* * * * * *\",\"api\":\"http://c.test/\"}");
	world_run_for(&world, 20 * SECOND);
	int of[3] = { 0 };
	for (guint i = 0; i < world.disk.outbox->len; i++)
		of[((struct decision *)world.disk.outbox->pdata[i])->execution.job_id[0] - 'a']++;
	ck_assert_int_eq(of[2], 20);
	ck_assert_int_le(of[0] + of[1], 21);
	ck_assert_int_ge(of[0] + of[1], 19);
	ck_assert_int_le(ABS(of[0] - of[1]), 1);
}
END_TEST

START_TEST(test_jitter_is_the_same_for_each_fire_of_a_job_also_after_a_restart)
{
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\",\"jitterMs\":50000}");
	world_set_job(&world, "b", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\",\"jitterMs\":50000}");
	int64_t late[2] = { -1, -1 };
	world_run_for(&world, 300 * SECOND);
	world_crash(&world, SECOND);
	world_run_for(&world, 300 * SECOND);
	ck_assert_uint_ge(world.disk.outbox->len, 16);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		int64_t *of_job = &late[one->job_id[0] - 'a'], now = wall_diff_us(one->started_at, one->scheduled_at);
		ck_assert(*of_job == -1 || *of_job == now);
		*of_job = now;
	}
	ck_assert_int_ne(late[0], late[1]);
	ck_assert(late[0] >= 0 && late[0] <= 50 * SECOND && late[1] >= 0 && late[1] <= 50 * SECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core admission");
	TCase *tests = tcase_create("who may start");
	tcase_add_checked_fixture(tests, core_world_set_up, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, test_each_policy_of_concurrency_lets_so_many_run_and_does_with_the_rest_what_it_says, 0,
			    G_N_ELEMENTS(concurrencies));
	tcase_add_test(tests, test_concurrency_holds_over_a_restart);
	tcase_add_loop_test(tests, test_a_fire_waits_for_room_in_memory_until_it_is_due, 0, G_N_ELEMENTS(rooms));
	tcase_add_test(tests, test_of_an_instant_larger_than_the_memory_a_part_runs_and_the_rest_is_skipped_when_it_is_due);
	tcase_add_loop_test(tests, test_a_crowd_of_one_job_lets_others_have_their_turn, 0, 2);
	tcase_add_test(tests, test_a_target_has_a_rate_of_its_own_and_delays_no_other);
	tcase_add_test(tests, test_jitter_is_the_same_for_each_fire_of_a_job_also_after_a_restart);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
