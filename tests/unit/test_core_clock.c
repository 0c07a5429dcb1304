/*
 * The core and clocks that are set: how far, and what follows (cron.md section 5); and what the last clock left behind
 * (backoffs, intents, edits), which must neither wait for the old time nor run twice. Each of these rules was once broken in a
 * world of the simulator (tests/LEDGER.md).
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

#define EACH_SECOND "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}"
#define FIXED "{\"schedule\":\"0,20,40 0-59 0-23 * * *\",\"api\":\"http://a.test/\"}"

/* Central takes nothing any more. */
static void fill_outbox(void)
{
	world.core->config.outbox_max_records = 100;
	core_note_unsent(world.core, 100);
}

/* Promise 1 by instants: none was decided twice in one clock epoch. */
static void check_each_once(void)
{
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		char *id = g_malloc(FIRE_ID_TEXT_SIZE);
		fire_id_print(((struct decision *)world.disk.outbox->pdata[i])->execution.id, id);
		ck_assert_msg(g_hash_table_add(ids, id), "two decisions with one id");
	}
}

START_TEST(test_a_clock_that_is_half_a_minute_back_is_waited_out)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 10 * SECOND);
	step_clock(-30 * SECOND);
	world_run_for(&world, 29 * SECOND);
	ck_assert_int_eq(world.outside.sends, 10);
	world_run_for(&world, 11 * SECOND);
	ck_assert_int_eq(world.outside.sends, 20);
}
END_TEST

START_TEST(test_after_two_hours_back_interval_jobs_go_on_and_fixed_ones_do_not_repeat)
{
	world_set_job(&world, "interval", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\"}");
	world_set_job(&world, "fixed", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://b.test/\"}");
	world_run_for(&world, 100 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10 + 1);
	step_clock(-2 * HOUR);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10 + 1 + 6);
	world_crash(&world, SECOND);
	world_run_for(&world, 2 * HOUR);
	ck_assert_int_ge(count(EXECUTION_SUCCESS), 10 + 1 + 6 + 720 - 1);
	int fixed = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++)
		fixed += strcmp(((struct decision *)world.disk.outbox->pdata[i])->execution.job_id, "fixed") == 0;
	ck_assert_int_eq(fixed, 1);
}
END_TEST

START_TEST(test_fixed_jobs_do_not_repeat_after_two_hours_back_without_a_restart_either)
{
	world_set_job(&world, "fixed", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://b.test/\"}");
	world_run_for(&world, 100 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	step_clock(-2 * HOUR);
	world_run_for(&world, 3 * HOUR);
	ck_assert_int_eq(world.outside.sends, 1);
}
END_TEST

START_TEST(test_after_four_hours_back_all_schedules_restart)
{
	world_set_job(&world, "fixed", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://b.test/\"}");
	world_run_for(&world, 100 * SECOND);
	step_clock(-4 * HOUR);
	world_run_for(&world, SECOND);
	world_crash(&world, SECOND);
	world_run_for(&world, 4 * HOUR);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 2);
}
END_TEST

START_TEST(test_a_clock_set_back_while_the_agent_was_down_is_noticed)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 100 * SECOND);
	world_crash(&world, -2 * HOUR);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10 + 6);
}
END_TEST

START_TEST(test_a_forward_jump_is_a_missed_window)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\"}");
	world_run_for(&world, 100 * SECOND);
	step_clock(HOUR);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 11);
	ck_assert_int_eq(count(EXECUTION_MISSED), 360);
}
END_TEST

START_TEST(test_a_backoff_that_outlives_a_step_back_and_a_crash_does_not_wait_for_the_old_time)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":5000,\"jitter\":\"none\"}}");
	world_run_for(&world, 61 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	step_clock(-HOUR / 2);
	world_run_for(&world, SECOND);
	world_crash(&world, 100 * US_PER_MS);
	world_run_for(&world, 8 * SECOND);
	ck_assert_int_eq(world.outside.sends, 2);
}
END_TEST

START_TEST(test_a_backoff_that_was_over_before_the_step_back_is_not_waited_out_again)
{
	world.answer_status = 503;
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\","
				   "\"retry\":{\"initialBackoffMs\":1000,\"jitter\":\"none\"}}");
	world_run_for(&world, 60 * SECOND);
	world.answer_ms = 20000;
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(world.outside.sends, 2);
	step_clock(-HOUR / 2);
	world_run_for(&world, SECOND);
	world_crash(&world, 100 * US_PER_MS);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(world.outside.sends, 3);
}
END_TEST

START_TEST(test_an_intent_that_was_not_durable_yet_at_a_step_back_is_withdrawn_all_the_same)
{
	GHashTableIter iter;
	gpointer intent;
	world_set_job(&world, "a", EACH_SECOND);
	world_run_for(&world, 251 * US_PER_MS);
	ck_assert_int_eq(g_hash_table_size(world.disk.intents), 0);
	ck_assert_int_eq(world.core->in_state[FIRE_PLANNED], 1);
	step_clock(-2 * HOUR);
	world_run_for(&world, 300 * US_PER_MS);
	g_hash_table_iter_init(&iter, world.disk.intents);
	while (g_hash_table_iter_next(&iter, NULL, &intent))
		ck_assert_int_eq(((struct intent *)intent)->clock_epoch, 1);
	ck_assert_int_eq(world.disk.state.clock_epoch, 1);
}
END_TEST

START_TEST(test_an_at_most_once_run_under_way_at_a_step_back_is_interrupted_by_a_crash_and_not_sent_again)
{
	world.answer_ms = 5000;
	world_set_job(&world, "a", "{\"schedule\":\"0,10 * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\"}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	step_clock(-90 * SECOND);
	world_run_for(&world, SECOND);
	world_crash(&world, 100 * US_PER_MS);
	world_run_for(&world, 2 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
	world_run_for(&world, 120 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
}
END_TEST

START_TEST(test_an_edit_after_a_standstill_is_remembered_when_the_clock_goes_back_half_a_minute_and_the_agent_crashes)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/5 * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, SECOND);
	world_move_to(&world, mono_add_us(world.mono, 22 * SECOND));
	world_set_job(&world, "a", FIXED);
	world_run_for(&world, SECOND);
	step_clock(-23 * SECOND);
	world_run_for(&world, 100 * US_PER_MS);
	world_crash(&world, 100 * US_PER_MS);
	world_set_job(&world, "a", EACH_SECOND);
	world_run_for(&world, 40 * SECOND);
	check_each_once();
	ck_assert_int_gt(count(EXECUTION_SUCCESS), 15);
}
END_TEST

START_TEST(test_a_fixed_job_made_after_a_step_back_goes_on_after_a_crash)
{
	world_set_job(&world, "old", "{\"schedule\":\"0 3 * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 3 * SECOND);
	step_clock(-2 * HOUR);
	world_set_job(&world, "new", FIXED);
	world_run_for(&world, 5 * SECOND);
	world_crash(&world, 100 * US_PER_MS);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
}
END_TEST

START_TEST(test_a_fixed_job_that_becomes_an_interval_after_a_step_back_runs_no_instant_twice)
{
	world_set_job(&world, "old", "{\"schedule\":\"0 3 * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 3 * SECOND);
	step_clock(-2 * HOUR);
	world_set_job(&world, "new", FIXED);
	world_run_for(&world, 16400 * US_PER_MS);
	ck_assert_int_eq(g_hash_table_size(world.disk.intents), 1);
	world_set_job(&world, "new", EACH_SECOND);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	check_each_once();
}
END_TEST

START_TEST(test_a_fixed_job_that_becomes_an_interval_after_a_step_back_does_not_wait_for_the_old_time)
{
	world_set_job(&world, "a", FIXED);
	world_run_for(&world, 3 * SECOND);
	step_clock(-2 * HOUR);
	world_set_job(&world, "a", "{\"schedule\":\"10,30,50 0-59 0-23 * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 0);
	world_set_job(&world, "a", EACH_SECOND);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
}
END_TEST

START_TEST(test_an_edit_while_the_clock_is_behind_does_not_forget_what_a_full_outbox_kept_from_planning)
{
	world_set_job(&world, "a", EACH_SECOND);
	world_run_for(&world, 3 * SECOND);
	fill_outbox();
	world_run_for(&world, 7 * SECOND);
	core_tick(world.core);
	step_clock(-20 * SECOND);
	world_set_job(&world, "a", "{\"schedule\":\"0 0 0 1 1 *\",\"api\":\"http://a.test/\"}");
	core_note_unsent(world.core, 0);
	world_run_for(&world, 30 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
	check_each_once();
}
END_TEST

START_TEST(test_a_job_deleted_while_the_clock_is_behind_leaves_a_record_of_what_a_full_outbox_kept_from_planning)
{
	world_set_job(&world, "a", EACH_SECOND);
	world_run_for(&world, 3 * SECOND);
	fill_outbox();
	world_run_for(&world, 7 * SECOND);
	core_tick(world.core);
	step_clock(-20 * SECOND);
	world_set_job(&world, "a", NULL);
	world_run_for(&world, 30 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_int_eq(count(EXECUTION_MISSED), 7);
}
END_TEST

START_TEST(test_a_run_that_a_change_of_the_jitter_marked_does_not_wait_for_the_old_time)
{
	world.answer_ms = 60000;
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 60 * SECOND);
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\",\"jitterMs\":1000}");
	world_run_for(&world, SECOND);
	step_clock(-HOUR / 2);
	world_run_for(&world, SECOND);
	world.answer_ms = 5;
	world_crash(&world, SECOND);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core and clock");
	TCase *steps = tcase_create("steps back");
	tcase_add_checked_fixture(steps, core_world_set_up, core_world_tear_down);
	tcase_set_timeout(steps, 60);
	tcase_add_test(steps, test_a_clock_that_is_half_a_minute_back_is_waited_out);
	tcase_add_test(steps, test_after_two_hours_back_interval_jobs_go_on_and_fixed_ones_do_not_repeat);
	tcase_add_test(steps, test_fixed_jobs_do_not_repeat_after_two_hours_back_without_a_restart_either);
	tcase_add_test(steps, test_after_four_hours_back_all_schedules_restart);
	tcase_add_test(steps, test_a_clock_set_back_while_the_agent_was_down_is_noticed);
	tcase_add_test(steps, test_a_forward_jump_is_a_missed_window);
	tcase_add_test(steps, test_a_backoff_that_outlives_a_step_back_and_a_crash_does_not_wait_for_the_old_time);
	tcase_add_test(steps, test_a_run_that_a_change_of_the_jitter_marked_does_not_wait_for_the_old_time);
	tcase_add_test(steps, test_a_backoff_that_was_over_before_the_step_back_is_not_waited_out_again);
	tcase_add_test(steps, test_an_intent_that_was_not_durable_yet_at_a_step_back_is_withdrawn_all_the_same);
	tcase_add_test(steps, test_an_at_most_once_run_under_way_at_a_step_back_is_interrupted_by_a_crash_and_not_sent_again);
	tcase_add_test(steps, test_an_edit_after_a_standstill_is_remembered_when_the_clock_goes_back_half_a_minute_and_the_agent_crashes);
	tcase_add_test(steps, test_a_fixed_job_made_after_a_step_back_goes_on_after_a_crash);
	tcase_add_test(steps, test_a_fixed_job_that_becomes_an_interval_after_a_step_back_runs_no_instant_twice);
	tcase_add_test(steps, test_a_fixed_job_that_becomes_an_interval_after_a_step_back_does_not_wait_for_the_old_time);
	tcase_add_test(steps, test_an_edit_while_the_clock_is_behind_does_not_forget_what_a_full_outbox_kept_from_planning);
	tcase_add_test(steps, test_a_job_deleted_while_the_clock_is_behind_leaves_a_record_of_what_a_full_outbox_kept_from_planning);
	suite_add_tcase(suite, steps);
	return suite_run(suite);
}
