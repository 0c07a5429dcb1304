/*
 * The core, policy by policy. Each test moves time, then reads the decisions that became durable.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

START_TEST(test_an_every_second_job_runs_every_second)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
	ck_assert_int_eq(last()->attempts, 1);
	ck_assert_int_eq(last()->lateness_us, 0);
	ck_assert_ptr_null(last()->reason);
}
END_TEST

START_TEST(test_forbid_skips_while_the_previous_run_goes_on_and_says_since_when)
{
	world.answer_ms = 2500;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"concurrency\":\"forbid\"}");
	world_run_for(&world, 9900 * US_PER_MS);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 6);
	ck_assert_int_eq(world.outside.sends, 4);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		if (one->status == EXECUTION_SKIPPED) {
			ck_assert_str_eq(one->reason, "skipped: previous run still going since 12:00:01");
			break;
		}
	}
}
END_TEST

START_TEST(test_queue_lets_runs_wait_in_order_and_bounds_them)
{
	world.answer_ms = 2500;
	world_set_job(&world, "a",
		      "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"concurrency\":\"queue\",\"queueMax\":2}");
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_gt(count(EXECUTION_SUCCESS), 6);
	ck_assert_int_gt(count(EXECUTION_SKIPPED), 6);
	ck_assert_str_eq(last()->status == EXECUTION_SKIPPED ? last()->reason : "skipped: 2 runs of this job wait already",
			 "skipped: 2 runs of this job wait already");
}
END_TEST

START_TEST(test_replace_cancels_the_running_one)
{
	world.answer_ms = 2500;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"concurrency\":\"replace\"}");
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 4);
	ck_assert_str_eq(last()->reason, "cancelled: a later run of this job took its place");
}
END_TEST

START_TEST(test_a_rate_limit_spaces_the_sends_and_loses_none)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"rateLimit\":{\"perSecond\":0.5}}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_le(world.outside.sends, 6);
	world_set_job(&world, "a", "{\"schedule\":\"@hourly\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
}
END_TEST

START_TEST(test_catch_up_all_makes_up_what_the_policy_allows_and_records_the_rest)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\",\"catchUp\":{\"maxCount\":4}}");
	world_run_for(&world, 12 * SECOND);
	world_crash(&world, 120 * SECOND);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1 + 4);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
}
END_TEST

START_TEST(test_catch_up_none_records_one_range)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\"}");
	world_run_for(&world, 12 * SECOND);
	world_crash(&world, 120 * SECOND);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	ck_assert_int_eq(last()->status, EXECUTION_MISSED);
	ck_assert_int_eq(last()->count, 12);
}
END_TEST

START_TEST(test_reasons_name_the_day_when_it_is_another_one)
{
	world_set_job(&world, "a", "{\"schedule\":\"@hourly\",\"api\":\"http://a.test/\",\"catchUp\":{\"policy\":\"latest\",\"maxAgeMs\":7200000}}");
	world_run_for(&world, SECOND);
	world_crash(&world, 48 * HOUR);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 47);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		if (one->status == EXECUTION_MISSED)
			ck_assert_str_eq(one->reason, "missed: nothing could run here between 2026-11-15 12:59:59 and 12:00:01 "
						      "(catch-up keeps 1 of 48)");
	}
}
END_TEST

START_TEST(test_catch_up_spacing_spreads_what_is_made_up)
{
	world_set_job(&world, "a", "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\",\"catchUp\":{\"spacingMs\":2000}}");
	world_run_for(&world, 12 * SECOND);
	world_crash(&world, 60 * SECOND);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_le(count(EXECUTION_SUCCESS), 1 + 3);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_ge(count(EXECUTION_SUCCESS), 1 + 6);
}
END_TEST

START_TEST(test_pause_and_resume_never_fire_retroactively)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 3 * SECOND);
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"active\":false}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 3);
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 2 * SECOND);
	ck_assert_int_eq(world.outside.sends, 5);
	ck_assert_int_eq(world.disk.outbox->len, 5);
}
END_TEST

START_TEST(test_a_pause_lets_nothing_begin_that_waits_and_spares_what_was_tried_or_ordered)
{
	static const char *const waiting[] = {
		"\"concurrency\":\"queue\"", "\"jitterMs\":3600000", "\"rateLimit\":{\"perSecond\":0.001}",
	};
	g_autofree char *job = g_strdup_printf("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",%s}", waiting[_i]);
	g_autofree char *paused = g_strdup_printf("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"active\":false,%s}", waiting[_i]);
	struct fire_id id;
	world.answer_ms = 60000;
	world_set_job(&world, "a", job);
	world_run_for(&world, 10 * SECOND);
	int64_t sends = world.outside.sends;
	world_set_job(&world, "a", paused);
	world_run_for(&world, 2 * HOUR);
	ck_assert_int_eq(world.outside.sends, sends);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), sends);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 10 - sends);
	ck_assert_int_eq(g_hash_table_size(world.disk.intents), 0);
	ck_assert(core_run_now(world.core, "a", &id));
	world_run_for(&world, HOUR);
	ck_assert_int_eq(world.outside.sends, sends + 1);
}
END_TEST

/* _i: it was under way then, or still waited for the old jitter. */
START_TEST(test_an_at_most_once_run_is_not_sent_again_when_its_jitter_grew_meanwhile)
{
	g_autofree char *job = g_strdup_printf("{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\","
					       "\"jitterMs\":%d}", _i * 20000);
	world.answer_ms = 60000;
	world_set_job(&world, "a", job);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1 - _i);
	world_set_job(&world, "a", "{\"schedule\":\"0 1 12 * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\",\"jitterMs\":3600000}");
	world_run_for(&world, 21 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	world_crash(&world, SECOND);
	world_run_for(&world, 2 * HOUR);
	ck_assert_int_eq(world.outside.sends, 1);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
}
END_TEST

START_TEST(test_what_the_last_life_may_have_sent_is_never_called_skipped)
{
	static const char *const policies[] = { "\"forbid\"", "\"queue\",\"queueMax\":1", "\"replace\"" };
	g_autofree char *two = g_strdup_printf("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"maxConcurrent\":3,"
					       "\"concurrency\":%s}", policies[_i]);
	g_autofree char *one = g_strdup_printf("{\"schedule\":\"@yearly\",\"api\":\"http://a.test/\",\"concurrency\":%s}", policies[_i]);
	world.answer_ms = 60000;
	world_set_job(&world, "a", two);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(world.outside.sends, 3);
	world_set_job(&world, "a", one);
	world_run_for(&world, 100 * US_PER_MS);
	world_crash(&world, 0);
	world_run_for(&world, HOUR);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 0);
	ck_assert_int_eq(count(EXECUTION_SUCCESS) + count(EXECUTION_INTERRUPTED), 3);
}
END_TEST

START_TEST(test_start_and_end_bound_the_due_instants)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"startAt\":\"2026-11-15T12:00:05Z\","
				   "\"endAt\":\"2026-11-15T12:00:08Z\"}");
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(world.outside.sends, 3);
}
END_TEST

START_TEST(test_an_instant_named_in_skip_at_is_skipped_and_recorded)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\","
				   "\"skipAt\":[\"2026-11-15T12:00:03Z\",\"2026-11-15T12:00:05Z\"]}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 8);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 2);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 8);
}
END_TEST

START_TEST(test_an_edit_takes_a_skip_back_until_the_instant_and_a_crash_does_not)
{
	const char *skips = "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\","
			    "\"skipAt\":[\"2026-11-15T12:00:02Z\",\"2026-11-15T12:00:04Z\"]}";
	world_set_job(&world, "a", skips);
	world_run_for(&world, 1400 * US_PER_MS);
	ck_assert_int_eq(g_hash_table_size(world.disk.intents), 1);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 0);
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 2);
	world_set_job(&world, "a", skips);
	world_run_for(&world, SECOND);
	world_crash(&world, 100 * US_PER_MS);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 1);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 0);
}
END_TEST

START_TEST(test_no_fire_of_a_deleted_job_starts)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	/* The intent of the next second is durable already. */
	world_run_for(&world, 2400 * US_PER_MS);
	world_set_job(&world, "a", NULL);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(world.outside.sends, 2);
	ck_assert_int_eq(g_hash_table_size(world.disk.intents), 0);
}
END_TEST

START_TEST(test_run_now_has_its_own_identity_and_eats_no_slot)
{
	struct fire_id first, second;
	world_set_job(&world, "a", "{\"schedule\":\"0 * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, SECOND);
	ck_assert(core_run_now(world.core, "a", &first));
	ck_assert(core_run_now(world.core, "a", &second));
	ck_assert(!core_run_now(world.core, "b", &second));
	ck_assert(!fire_id_equal(first, second));
	world_run_for(&world, 70 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
}
END_TEST

START_TEST(test_a_command_is_applied_once_however_often_it_comes)
{
	struct sync_command command = { .id = 12, .type = SYNC_COMMAND_RUN, .job_id = "a" };
	int64_t ids[4];
	world_set_job(&world, "a", "{\"schedule\":\"@hourly\",\"api\":\"http://a.test/\"}");
	core_command(world.core, &command);
	core_command(world.core, &command);
	world_run_for(&world, SECOND);
	core_command(world.core, &command);
	world_crash(&world, SECOND);
	core_command(world.core, &command);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 1);
	ck_assert_int_eq(ids[0], 12);
	core_commands_known(world.core, ids, 1);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 0);
}
END_TEST

START_TEST(test_an_order_for_a_job_that_is_gone_is_told_as_skipped)
{
	struct sync_command command = { .id = 13, .type = SYNC_COMMAND_RUN, .job_id = "gone" };
	int64_t ids[4];
	core_command(world.core, &command);
	core_command(world.core, &command);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 1);
	ck_assert_str_eq(last()->job_id, "gone");
	ck_assert_int_eq(last()->cause, FIRE_MANUAL);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 1);
}
END_TEST

START_TEST(test_a_cancel_ends_what_began_before_it_and_nothing_later)
{
	struct sync_command early = { .id = 20, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .age_ms = 60000, .author = "ann" };
	struct sync_command cancel = { .id = 21, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .age_ms = 100, .author = "ann" };
	struct sync_command nothing = { .id = 22, .type = SYNC_COMMAND_CANCEL, .job_id = "b", .author = "ann" };
	struct fire_id id;
	int64_t ids[4];
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\",\"api\":\"http://a.test/\"}");
	world.answer_ms = 600000;
	ck_assert(core_run_now(world.core, "a", &id));
	world_run_for(&world, 5 * SECOND);
	core_command(world.core, &early);
	core_command(world.core, &nothing);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 0);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 2);
	core_command(world.core, &cancel);
	core_command(world.core, &cancel);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 3);
}
END_TEST

/* Central may have handed out the order to run just before the cancel, and the agent hears of it just after. */
START_TEST(test_a_cancel_ends_what_was_ordered_before_it_though_it_began_later)
{
	struct sync_command run = { .id = 30, .type = SYNC_COMMAND_RUN, .job_id = "a" };
	struct sync_command cancel = { .id = 31, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .age_ms = 8000, .author = "ann" };
	struct sync_command again = { .id = 32, .type = SYNC_COMMAND_RUN, .job_id = "a" };
	struct sync_command late = { .id = 29, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .age_ms = 8000, .author = "ann" };
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\",\"api\":\"http://a.test/\"}");
	world.answer_ms = 600000;
	core_command(world.core, &run);
	world_run_for(&world, 5 * SECOND);
	core_command(world.core, &late);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 0);
	core_command(world.core, &again);
	core_command(world.core, &cancel);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 0);
}
END_TEST

START_TEST(test_a_run_and_its_cancel_that_come_together_begin_nothing)
{
	struct sync_command run = { .id = 30, .type = SYNC_COMMAND_RUN, .job_id = "a" };
	struct sync_command cancel = { .id = 31, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .author = "ann" };
	struct sync_command again = { .id = 32, .type = SYNC_COMMAND_RUN, .job_id = "a" };
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\",\"api\":\"http://a.test/\"}");
	core_command(world.core, &run);
	core_command(world.core, &cancel);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 0);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 1);
	core_command(world.core, &again);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
}
END_TEST

START_TEST(test_a_cancel_ends_a_retry_and_what_a_crash_left_over)
{
	struct sync_command cancel = { .id = 23, .type = SYNC_COMMAND_CANCEL, .job_id = "a", .age_ms = 1, .author = "ann" };
	struct fire_id id;
	int64_t ids[4];
	world_set_job(&world, "a", "{\"schedule\":\"@yearly\",\"api\":\"http://a.test/\",\"type\":\"ATLEAST_ONCE\"}");
	world.answer_ms = 600000;
	ck_assert(core_run_now(world.core, "a", &id));
	world_run_for(&world, 5 * SECOND);
	core_command(world.core, &cancel);
	world_crash(&world, SECOND);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 0);
	core_command(world.core, &cancel);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 1);
	ck_assert_int_eq(core_done_commands(world.core, ids, 4), 1);
}
END_TEST

START_TEST(test_an_at_in_the_recent_past_is_made_up_and_never_again)
{
	world_set_job(&world, "a", "{\"schedule\":\"@at 2026-11-15T11:50:00Z\",\"api\":\"http://a.test/\"}");
	world_set_job(&world, "old", "{\"schedule\":\"@at 2026-11-14T11:50:00Z\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 2 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	ck_assert_int_eq(count(EXECUTION_MISSED), 1);
	world_crash(&world, SECOND);
	world_set_job(&world, "a", "{\"schedule\":\"@at 2026-11-15T11:50:00Z\",\"api\":\"http://a.test/other\"}");
	world_run_for(&world, 2 * SECOND);
	ck_assert_int_eq(world.disk.outbox->len, 2);
}
END_TEST

START_TEST(test_a_hanging_target_delays_no_other)
{
	world_set_job(&world, "slow", "{\"schedule\":\"* * * * * *\",\"api\":\"http://slow.test/\"}");
	world.answer_ms = 600000;
	world_run_for(&world, 300 * SECOND);
	world.answer_ms = 5;
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
	ck_assert_int_eq(last()->lateness_us, 0);
	struct core_stats stats;
	core_get_stats(world.core, &stats);
	ck_assert_int_eq(stats.running, world.core->config.max_open_per_target);
	ck_assert_int_gt(stats.waiting, 200);
}
END_TEST

START_TEST(test_a_reload_of_the_zones_loses_and_doubles_nothing)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"timezone\":\"Europe/Berlin\"}");
	for (int i = 0; i < 20; i++) {
		world_run_for(&world, 470 * US_PER_MS);
		tz_reload();
		core_reload_zones(world.core);
	}
	world_run_for(&world, 600 * US_PER_MS);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
	ck_assert_int_eq(world.outside.sends, 10);
}
END_TEST

START_TEST(test_reboot_jobs_run_once_per_boot)
{
	world_set_job(&world, "a", "{\"schedule\":\"@reboot\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 10 * SECOND);
	world_crash(&world, SECOND);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(world.outside.sends, 0);
	g_strlcpy(world.disk.state.boot_id, "an earlier boot", sizeof(world.disk.state.boot_id));
	for (int i = 0; i < 3; i++) {
		world_crash(&world, SECOND);
		world_run_for(&world, 10 * SECOND);
	}
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core");
	TCase *tests = tcase_create("policies");
	tcase_add_checked_fixture(tests, core_world_set_up, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_an_every_second_job_runs_every_second);
	tcase_add_test(tests, test_forbid_skips_while_the_previous_run_goes_on_and_says_since_when);
	tcase_add_test(tests, test_queue_lets_runs_wait_in_order_and_bounds_them);
	tcase_add_test(tests, test_replace_cancels_the_running_one);
	tcase_add_test(tests, test_a_rate_limit_spaces_the_sends_and_loses_none);
	tcase_add_test(tests, test_catch_up_all_makes_up_what_the_policy_allows_and_records_the_rest);
	tcase_add_test(tests, test_catch_up_none_records_one_range);
	tcase_add_test(tests, test_reasons_name_the_day_when_it_is_another_one);
	tcase_add_test(tests, test_catch_up_spacing_spreads_what_is_made_up);
	tcase_add_test(tests, test_pause_and_resume_never_fire_retroactively);
	tcase_add_loop_test(tests, test_a_pause_lets_nothing_begin_that_waits_and_spares_what_was_tried_or_ordered, 0, 3);
	tcase_add_loop_test(tests, test_an_at_most_once_run_is_not_sent_again_when_its_jitter_grew_meanwhile, 0, 2);
	tcase_add_loop_test(tests, test_what_the_last_life_may_have_sent_is_never_called_skipped, 0, 3);
	tcase_add_test(tests, test_start_and_end_bound_the_due_instants);
	tcase_add_test(tests, test_an_instant_named_in_skip_at_is_skipped_and_recorded);
	tcase_add_test(tests, test_an_edit_takes_a_skip_back_until_the_instant_and_a_crash_does_not);
	tcase_add_test(tests, test_no_fire_of_a_deleted_job_starts);
	tcase_add_test(tests, test_run_now_has_its_own_identity_and_eats_no_slot);
	tcase_add_test(tests, test_an_order_for_a_job_that_is_gone_is_told_as_skipped);
	tcase_add_test(tests, test_a_command_is_applied_once_however_often_it_comes);
	tcase_add_test(tests, test_a_cancel_ends_what_began_before_it_and_nothing_later);
	tcase_add_test(tests, test_a_cancel_ends_what_was_ordered_before_it_though_it_began_later);
	tcase_add_test(tests, test_a_run_and_its_cancel_that_come_together_begin_nothing);
	tcase_add_test(tests, test_a_cancel_ends_a_retry_and_what_a_crash_left_over);
	tcase_add_test(tests, test_an_at_in_the_recent_past_is_made_up_and_never_again);
	tcase_add_test(tests, test_a_hanging_target_delays_no_other);
	tcase_add_test(tests, test_a_reload_of_the_zones_loses_and_doubles_nothing);
	tcase_add_test(tests, test_reboot_jobs_run_once_per_boot);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
