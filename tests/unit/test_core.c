/*
 * The core, policy by policy, in the simulator's world with its clock and target set by hand. Each test moves time, then
 * reads the decisions that became durable.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core_internal.h"
#include "common/tz.h"
#include "tests/sim/sim.h"

#define SECOND US_PER_SECOND
#define HOUR (3600 * US_PER_SECOND)

static struct world world;

static void set_up(void)
{
	world_init(&world, &(struct scenario){ .seed = 7, .longest_down_ms = 1000 });
	/* Half past a whole second, noon: nothing is due at the very start. */
	world.wall = wall_from_seconds(INT64_C(1794744000));
	world.wall.us += 500 * US_PER_MS;
	world.began = world.wall;
	world.answer_ms = 5;
	world.answer_status = 200;
	world.quiet = true;
	world_start_core(&world);
}

static void tear_down(void)
{
	ck_assert_msg(world.trouble->len == 0, "%s", world.trouble->str);
	world_done(&world);
}

static int count(enum execution_status status)
{
	int n = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++)
		if (((struct decision *)world.disk.outbox->pdata[i])->execution.status == status)
			n += (int)((struct decision *)world.disk.outbox->pdata[i])->execution.count;
	return n;
}

static const struct execution *last(void)
{
	ck_assert_int_gt(world.disk.outbox->len, 0);
	return &((struct decision *)world.disk.outbox->pdata[world.disk.outbox->len - 1])->execution;
}

static void step_clock(int64_t us)
{
	world.wall.us += us;
	core_tick(world.core);
}

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

#define AT_MOST "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\"}"

/* Begins anew, as an agent whose jobs central may give to others. */
static void set_up_leased(void)
{
	set_up();
	world.leases = true;
	world_crash(&world, 0);
}

START_TEST(test_a_leased_job_runs_up_to_its_lease_and_what_came_due_after_it_is_a_missed_window)
{
	world_set_job(&world, "a", AT_MOST);
	world_run_for(&world, 3 * SECOND);
	ck_assert_int_eq(world.disk.outbox->len, 0);
	core_lease(world.core, wall_add_us(world.wall, 5 * SECOND));
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
	ck_assert_int_eq(count(EXECUTION_MISSED), 3);
	world_run_for(&world, 10 * SECOND);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 15);
	ck_assert_int_eq(count(EXECUTION_SUCCESS) + count(EXECUTION_MISSED), 43);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		if (one->status == EXECUTION_MISSED)
			ck_assert_ptr_nonnull(strstr(one->reason, "central was not heard"));
	}
}
END_TEST

START_TEST(test_a_crash_while_a_lease_is_over_loses_no_instant)
{
	world_set_job(&world, "a", AT_MOST);
	world_set_job(&world, "b", "{\"schedule\":\"* * * * * *\",\"api\":\"http://b.test/\"}");
	core_lease(world.core, wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 10 * SECOND);
	world_crash(&world, 2 * SECOND);
	world_run_for(&world, 3 * SECOND);
	int before = count(EXECUTION_SUCCESS);
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 10);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), before + 10);
}
END_TEST

static void hand_over(struct wall border)
{
	struct job_change *change = job_change_new();
	struct job_move move = { "a", border };
	change->jobs_revision = ++world.revision;
	change->moves = g_array_new(FALSE, FALSE, sizeof(struct job_move));
	g_array_append_val(change->moves, move);
	g_ptr_array_add(change->deletes, g_strdup("a"));
	core_apply_jobs(world.core, change);
}

static void take_since(struct wall since)
{
	struct job_problem problem = { 0 };
	struct job_change *change = job_change_new();
	json_t *json = json_loads(AT_MOST, 0, NULL);
	struct stored_job *stored = stored_job_new(job_parse(json, "a", 1, false, &problem));
	json_decref(json);
	stored->since = since;
	change->jobs_revision = ++world.revision;
	g_ptr_array_add(change->upserts, stored);
	core_apply_jobs(world.core, change);
}

START_TEST(test_a_hand_over_ahead_of_time_runs_up_to_the_border_and_not_beyond)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 7 * SECOND));
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
	ck_assert_uint_eq(world.disk.outbox->len, 10);
	ck_assert_int_eq(world.core->state.jobs_digest == 0, 1);
}
END_TEST

START_TEST(test_a_late_hand_over_drops_what_is_the_other_agents_without_a_decision)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 30 * SECOND);
	hand_over(wall_add_us(world.wall, -25 * SECOND));
	world_run_for(&world, 5 * SECOND);
	ck_assert_uint_eq(world.disk.outbox->len, 5);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
}
END_TEST

START_TEST(test_a_new_holder_decides_from_the_border_on)
{
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	take_since(wall_add_us(world.wall, -10 * SECOND));
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 10);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 5);
	hand_over(world.wall);
	take_since(wall_add_us(world.wall, 10 * SECOND));
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\",\"timeoutMs\":900}");
	world_run_for(&world, 15 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
}
END_TEST

START_TEST(test_states_of_a_fire_move_only_along_the_table)
{
	int moves = 0;
	for (int from = 0; from < FIRE_STATE_MAX_; from++) {
		ck_assert_str_ne(fire_state_name(from), "?");
		for (int to = 0; to < FIRE_STATE_MAX_; to++)
			moves += fire_may_move(from, to);
		ck_assert(!fire_may_move(FIRE_DECIDED, from));
		ck_assert(!fire_may_move(FIRE_WITHDRAWN, from));
		ck_assert(!fire_may_move(from, FIRE_PLANNED));
	}
	ck_assert(!fire_may_move(FIRE_PLANNED, FIRE_RUNNING));
	ck_assert(!fire_may_move(FIRE_RUNNING, FIRE_WITHDRAWN));
	ck_assert_int_eq(moves, 18);
}
END_TEST

struct item { int64_t key; int index; };

START_TEST(test_the_heap_gives_the_least_whatever_was_moved_or_removed)
{
	struct dice dice = { (uint64_t)_i };
	struct item items[200];
	struct heap heap;
	heap_init(&heap, offsetof(struct item, index));
	for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
		items[i] = (struct item){ .index = -1 };
	for (int round = 0; round < 2000; round++) {
		struct item *item = &items[dice_below(&dice, G_N_ELEMENTS(items))];
		if (dice_chance(&dice, 700)) {
			item->key = dice_below(&dice, 1000);
			heap_set(&heap, item, item->key);
		} else {
			heap_remove(&heap, item);
		}
		int64_t least = INT64_MAX;
		for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
			if (items[i].index >= 0)
				least = MIN(least, items[i].key);
		ck_assert_int_eq(heap_top_key(&heap), least);
	}
	heap_done(&heap);
}
END_TEST

static void set_up_small(void)
{
	set_up();
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

int main(void)
{
	Suite *suite = suite_create("core");
	TCase *policies = tcase_create("policies");
	tcase_add_checked_fixture(policies, set_up, tear_down);
	tcase_set_timeout(policies, 60);
	tcase_add_test(policies, test_an_every_second_job_runs_every_second);
	tcase_add_test(policies, test_forbid_skips_while_the_previous_run_goes_on_and_says_since_when);
	tcase_add_test(policies, test_queue_lets_runs_wait_in_order_and_bounds_them);
	tcase_add_test(policies, test_replace_cancels_the_running_one);
	tcase_add_test(policies, test_a_rate_limit_spaces_the_sends_and_loses_none);
	tcase_add_test(policies, test_a_failing_target_is_tried_three_times);
	tcase_add_test(policies, test_the_attempt_count_survives_a_crash);
	tcase_add_test(policies, test_catch_up_all_makes_up_what_the_policy_allows_and_records_the_rest);
	tcase_add_test(policies, test_catch_up_none_records_one_range);
	tcase_add_test(policies, test_catch_up_spacing_spreads_what_is_made_up);
	tcase_add_test(policies, test_pause_and_resume_never_fire_retroactively);
	tcase_add_test(policies, test_start_and_end_bound_the_due_instants);
	tcase_add_test(policies, test_an_instant_named_in_skip_at_is_skipped_and_recorded);
	tcase_add_test(policies, test_an_edit_takes_a_skip_back_until_the_instant_and_a_crash_does_not);
	tcase_add_test(policies, test_no_fire_of_a_deleted_job_starts);
	tcase_add_test(policies, test_run_now_has_its_own_identity_and_eats_no_slot);
	tcase_add_test(policies, test_a_command_is_applied_once_however_often_it_comes);
	tcase_add_test(policies, test_a_cancel_ends_what_began_before_it_and_nothing_later);
	tcase_add_test(policies, test_a_cancel_ends_a_retry_and_what_a_crash_left_over);
	tcase_add_test(policies, test_an_at_in_the_recent_past_is_made_up_and_never_again);
	tcase_add_test(policies, test_a_hanging_target_delays_no_other);
	tcase_add_test(policies, test_a_clock_that_is_half_a_minute_back_is_waited_out);
	tcase_add_test(policies, test_after_two_hours_back_interval_jobs_go_on_and_fixed_ones_do_not_repeat);
	tcase_add_test(policies, test_fixed_jobs_do_not_repeat_after_two_hours_back_without_a_restart_either);
	tcase_add_test(policies, test_after_four_hours_back_all_schedules_restart);
	tcase_add_test(policies, test_a_clock_set_back_while_the_agent_was_down_is_noticed);
	tcase_add_test(policies, test_a_forward_jump_is_a_missed_window);
	tcase_add_test(policies, test_a_reload_of_the_zones_loses_and_doubles_nothing);
	tcase_add_test(policies, test_reboot_jobs_run_once_per_boot);
	suite_add_tcase(suite, policies);
	TCase *parts = tcase_create("parts");
	tcase_add_test(parts, test_states_of_a_fire_move_only_along_the_table);
	tcase_add_loop_test(parts, test_the_heap_gives_the_least_whatever_was_moved_or_removed, 0, 20);
	TCase *leased = tcase_create("leased");
	tcase_add_checked_fixture(leased, set_up_leased, tear_down);
	tcase_add_test(leased, test_a_leased_job_runs_up_to_its_lease_and_what_came_due_after_it_is_a_missed_window);
	tcase_add_test(leased, test_a_crash_while_a_lease_is_over_loses_no_instant);
	tcase_add_test(leased, test_a_hand_over_ahead_of_time_runs_up_to_the_border_and_not_beyond);
	tcase_add_test(leased, test_a_late_hand_over_drops_what_is_the_other_agents_without_a_decision);
	tcase_add_test(leased, test_a_new_holder_decides_from_the_border_on);
	TCase *outbox = tcase_create("outbox");
	tcase_add_checked_fixture(outbox, set_up_small, tear_down);
	tcase_add_test(outbox, test_a_full_outbox_is_full_until_a_tenth_is_free);
	tcase_add_test(outbox, test_a_full_outbox_starts_nothing_new_and_accounts_for_every_instant);
	tcase_add_test(outbox, test_an_outbox_is_nearly_full_from_four_fifths_until_below_seven_tenths_and_again_after_that);
	tcase_add_test(outbox, test_a_full_outbox_is_still_full_after_a_crash_and_loses_no_instant);
	tcase_add_test(outbox, test_a_step_back_of_the_clock_while_the_outbox_is_full_loses_no_instant);
	suite_add_tcase(suite, outbox);
	suite_add_tcase(suite, leased);
	suite_add_tcase(suite, parts);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
