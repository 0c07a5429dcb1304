/*
 * An outbox that reaches its maximum: nothing new starts, every instant is accounted for, and people are warned in time. And
 * the same for an agent that central refuses.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

static void set_up_small(void)
{
	core_world_set_up();
	world.outbox_max = 20;
	world.core->config.outbox_max_records = 20;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"catchUp\":{\"policy\":\"none\"}}");
}

static int accounted(void)
{
	return count(EXECUTION_SUCCESS) + count(EXECUTION_MISSED) + count(EXECUTION_INTERRUPTED) + count(EXECUTION_SKIPPED);
}

static void drain(void)
{
	world.disk.acked = world.disk.outbox->len;
	core_note_unsent(world.core, 0);
	core_tick(world.core);
}

START_TEST(test_a_full_outbox_starts_nothing_new_and_accounts_for_every_instant)
{
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(world.outside.sends, 20);
	ck_assert_int_eq(world.disk.outbox->len, 20);
	ck_assert(world.core->stats.outbox_full);
	drain();
	ck_assert(!world.core->stats.outbox_full);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(accounted(), 65);
	ck_assert_int_ge(count(EXECUTION_MISSED), 39);
	const struct execution *range = &((struct decision *)world.disk.outbox->pdata[20])->execution;
	ck_assert_int_eq(range->status, EXECUTION_MISSED);
	ck_assert_int_ge(range->count, 39);
	ck_assert_int_eq(strncmp(range->reason, "missed: outbox full", 19), 0);
}
END_TEST

START_TEST(test_a_full_outbox_is_full_until_a_tenth_is_free)
{
	world_run_for(&world, 60 * SECOND);
	world.disk.acked = 1;
	core_note_unsent(world.core, 19);
	core_tick(world.core);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 20);
	world.disk.acked = 2;
	core_note_unsent(world.core, 18);
	core_tick(world.core);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.disk.outbox->len, 22);
}
END_TEST

static bool nearly_full_with(int64_t unsent)
{
	struct core_stats stats;
	core_note_unsent(world.core, unsent);
	core_get_stats(world.core, &stats);
	return stats.outbox_nearly_full;
}

START_TEST(test_an_outbox_is_nearly_full_from_four_fifths_until_below_seven_tenths_and_again_after_that)
{
	world_run_for(&world, 60 * SECOND);
	ck_assert(nearly_full_with(20));
	ck_assert(nearly_full_with(14));
	ck_assert(!nearly_full_with(13));
	ck_assert(!nearly_full_with(15));
	ck_assert(nearly_full_with(16));
	world.core->config.outbox_max_records = 0;
	ck_assert(!nearly_full_with(16));
}
END_TEST

START_TEST(test_a_full_outbox_is_still_full_after_a_crash_and_loses_no_instant)
{
	world_run_for(&world, 60 * SECOND);
	world_crash(&world, 10 * SECOND);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 20);
	ck_assert_int_eq(world.disk.outbox->len, 20);
	drain();
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(accounted(), 85);
}
END_TEST

START_TEST(test_a_step_back_of_the_clock_while_the_outbox_is_full_loses_no_instant)
{
	world_run_for(&world, 4 * 60 * SECOND);
	ck_assert_int_eq(world.disk.outbox->len, 20);
	step_clock(-120 * SECOND);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(accounted(), 240);
	drain();
	/* An interval job goes on at once, in the new clock epoch. */
	world_run_for(&world, 9 * SECOND);
	ck_assert_int_eq(accounted(), 250);
}
END_TEST

START_TEST(test_a_refused_agent_starts_nothing_new_and_accounts_for_every_instant_once_it_is_accepted)
{
	world_run_for(&world, 10 * SECOND);
	core_stand_aside(world.core, true);
	world_run_for(&world, 5 * SECOND);
	/* The next instant may have been planned already. */
	int sends = (int)world.outside.sends;
	ck_assert_int_le(sends, 11);
	world_run_for(&world, 25 * SECOND);
	ck_assert_int_eq(world.outside.sends, sends);
	core_stand_aside(world.core, false);
	drain();
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(accounted(), 45);
	ck_assert_int_ge(count(EXECUTION_MISSED), 28);
	const struct execution *range = &((struct decision *)world.disk.outbox->pdata[sends])->execution;
	ck_assert_int_eq(range->status, EXECUTION_MISSED);
	ck_assert_msg(g_str_has_prefix(range->reason, "missed: central refused"), "%s", range->reason);
}
END_TEST

START_TEST(test_a_step_back_of_the_clock_while_the_agent_is_refused_loses_no_instant)
{
	world_run_for(&world, 10 * SECOND);
	core_stand_aside(world.core, true);
	world_run_for(&world, 170 * SECOND);
	step_clock(-120 * SECOND);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(accounted(), 180);
	core_stand_aside(world.core, false);
	drain();
	world_run_for(&world, 9 * SECOND);
	ck_assert_int_eq(accounted(), 190);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core outbox");
	TCase *tests = tcase_create("outbox");
	tcase_add_checked_fixture(tests, set_up_small, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_a_full_outbox_is_full_until_a_tenth_is_free);
	tcase_add_test(tests, test_a_full_outbox_starts_nothing_new_and_accounts_for_every_instant);
	tcase_add_test(tests, test_an_outbox_is_nearly_full_from_four_fifths_until_below_seven_tenths_and_again_after_that);
	tcase_add_test(tests, test_a_full_outbox_is_still_full_after_a_crash_and_loses_no_instant);
	tcase_add_test(tests, test_a_step_back_of_the_clock_while_the_outbox_is_full_loses_no_instant);
	tcase_add_test(tests, test_a_refused_agent_starts_nothing_new_and_accounts_for_every_instant_once_it_is_accepted);
	tcase_add_test(tests, test_a_step_back_of_the_clock_while_the_agent_is_refused_loses_no_instant);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
