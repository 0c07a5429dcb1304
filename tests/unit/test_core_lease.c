/*
 * Jobs that must not run twice: the lease they run under, and the border at which another agent takes over.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

#define AT_MOST "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\"}"

/* Begins anew, as an agent whose jobs central may give to others. */
static void set_up_leased(void)
{
	core_world_set_up();
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

START_TEST(test_a_reload_of_the_zones_or_an_edit_while_a_lease_is_over_loses_no_instant)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 10 * SECOND);
	if (_i == 0) {
		tz_reload();
		core_reload_zones(world.core);
	} else {
		world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://b.test/\",\"type\":\"ATMOST_ONCE\"}");
	}
	world_run_for(&world, 5 * SECOND);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS) + count(EXECUTION_MISSED), 20);
	ck_assert_int_ge(count(EXECUTION_MISSED), 9);
}
END_TEST

START_TEST(test_a_crash_with_a_full_outbox_after_the_lease_came_back_loses_no_instant)
{
	world_set_job(&world, "a", AT_MOST);
	world_set_job(&world, "b", "{\"schedule\":\"* * * * * *\",\"api\":\"http://b.test/\"}");
	core_lease(world.core, wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 20 * SECOND);
	world.outbox_max = world.core->config.outbox_max_records = 1;
	world_run_for(&world, 3 * SECOND);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	world_run_for(&world, SECOND);
	world_crash(&world, SECOND);
	world_run_for(&world, SECOND);
	world.outbox_max = world.core->config.outbox_max_records = 1000000;
	core_heard(world.core, world.mono);
	world_run_for(&world, 30 * SECOND);
	int of_a = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		of_a += strcmp(one->job_id, "a") == 0 ? (int)one->count : 0;
	}
	ck_assert_int_eq(of_a, 56);
}
END_TEST

START_TEST(test_what_a_lease_lets_in_behind_others_that_wait_for_room_is_not_planned_again_after_a_crash)
{
	struct wall zero = { world.wall.us - world.wall.us % SECOND };
	world_set_job(&world, "a", AT_MOST);
	world_set_job(&world, "b", "{\"schedule\":\"* * * * * *\",\"api\":\"http://b.test/\"}");
	core_lease(world.core, wall_add_us(zero, 3200 * US_PER_MS));
	world_run_for(&world, wall_diff_us(wall_add_us(zero, 3100 * US_PER_MS), world.wall));
	world.outbox_max = world.core->config.outbox_max_records = 1;
	world_run_for(&world, 1400 * US_PER_MS);
	core_lease(world.core, wall_add_us(zero, 100 * SECOND));
	world_run_for(&world, 200 * US_PER_MS);
	world_crash(&world, 100 * US_PER_MS);
	world.outbox_max = world.core->config.outbox_max_records = 1000000;
	core_heard(world.core, world.mono);
	world_run_for(&world, 20 * SECOND);
	int at_four = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		at_four += strcmp(one->job_id, "a") == 0 && one->scheduled_at.us == wall_add_us(zero, 4 * SECOND).us;
	}
	ck_assert_int_eq(at_four, 1);
}
END_TEST

static void add_move(struct job_change *change, struct wall border, bool ended)
{
	struct job_move move = { "a", border, ended };
	change->moves = g_array_new(FALSE, FALSE, sizeof(struct job_move));
	g_array_append_val(change->moves, move);
	g_ptr_array_add(change->deletes, g_strdup("a"));
}

static void tell_gone(struct wall border, bool ended)
{
	struct job_change *change = job_change_new();
	change->jobs_revision = ++world.revision;
	add_move(change, border, ended);
	core_apply_jobs(world.core, change);
}

static void hand_over(struct wall border)
{
	tell_gone(border, false);
}

static void add_upsert_of(struct job_change *change, const char *definition, int64_t revision, struct wall since)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(definition, 0, NULL);
	struct stored_job *stored = stored_job_new(job_parse(json, "a", revision, false, &problem));
	json_decref(json);
	stored->since = since;
	g_ptr_array_add(change->upserts, stored);
}

static void add_upsert(struct job_change *change, const char *definition, struct wall since)
{
	add_upsert_of(change, definition, 1, since);
}

static void take_as(const char *definition, struct wall since)
{
	static int64_t revision = 0;
	struct job_change *change = job_change_new();
	change->jobs_revision = ++world.revision;
	add_upsert_of(change, definition, ++revision, since);
	core_apply_jobs(world.core, change);
}

static void take_since(struct wall since)
{
	take_as(AT_MOST, since);
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

START_TEST(test_a_crash_after_a_hand_over_runs_what_was_still_ours_and_forgets_the_job_then)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"jitterMs\":900}");
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 7 * SECOND));
	for (int i = 0; i < 3; i++) {
		world_run_for(&world, SECOND);
		world_crash(&world, 300 * US_PER_MS);
	}
	int64_t revision, count_of_jobs;
	uint64_t digest;
	core_job_set(world.core, &revision, &digest, &count_of_jobs);
	ck_assert(digest == 0 && count_of_jobs == 0);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 10);
	ck_assert_uint_eq(world.disk.outbox->len, 10);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 0);
	ck_assert_uint_eq(g_hash_table_size(world.core->ghosts), 0);
}
END_TEST

START_TEST(test_a_job_that_comes_back_before_its_last_run_keeps_its_row)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 4 * SECOND));
	world_run_for(&world, SECOND);
	take_since(wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 10 * SECOND);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 1);
	world_crash(&world, 0);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_ge(count(EXECUTION_SUCCESS), 7 + 9);
}
END_TEST

START_TEST(test_a_job_that_left_twice_keeps_its_row_until_both_have_run_what_was_ours)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 2 * SECOND));
	take_since(wall_add_us(world.wall, 3 * SECOND));
	hand_over(wall_add_us(world.wall, 7 * SECOND));
	world_run_for(&world, 3100 * US_PER_MS); /* the first stay has ended */
	ck_assert_uint_eq(g_hash_table_size(world.core->ghosts), 1);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 1);
	world_crash(&world, 0);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3 + 2 + 4);
	ck_assert_uint_eq(world.disk.outbox->len, 3 + 2 + 4);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 0);
}
END_TEST

/* _i: with a crash after it. */
START_TEST(test_of_a_job_that_comes_back_paused_nothing_begins_of_what_was_still_ours)
{
	world_set_job(&world, "a", "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}");
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 4 * SECOND));
	world_run_for(&world, SECOND);
	ck_assert_int_eq(world.outside.sends, 4);
	take_as("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"active\":false}", wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, 100 * US_PER_MS);
	if (_i == 1)
		world_crash(&world, 0);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(world.outside.sends, 4);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 3);
	ck_assert_ptr_nonnull(strstr(last()->reason, "paused"));
	ck_assert_uint_eq(g_hash_table_size(world.core->ghosts), 0);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 1);
}
END_TEST

/* _i: stopped for a moment, or for longer than what is still to come lasts: then the job's catchUp decides. */
START_TEST(test_what_was_handed_over_ahead_of_time_outlives_a_stop_in_order)
{
	static const char *const policies[] = { "none", "all", "none" };
	g_autofree char *job = g_strdup_printf("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\","
					       "\"catchUp\":{\"policy\":\"%s\"}}", policies[_i]);
	world_set_job(&world, "a", job);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 7 * SECOND));
	world_run_for(&world, 2 * SECOND);
	core_hurry(world.core);
	while (!g_queue_is_empty(&world.disk.queue))
		disk_answer(&world.disk, world.core);
	world_crash(&world, _i == 0 ? 700 * US_PER_MS : 20 * SECOND);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), _i == 2 ? 5 : 10);
	ck_assert_int_eq(count(EXECUTION_MISSED), _i == 2 ? 5 : 0);
	ck_assert_uint_eq(world.disk.outbox->len, 10);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 0);
}
END_TEST

/* _i: by an edit, by new zone files. After the crash the runs of both stays are one job's. */
START_TEST(test_what_is_due_before_a_border_still_ahead_is_neither_lost_nor_taken)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 10 * SECOND));
	world_run_for(&world, 3 * SECOND);
	hand_over(wall_add_us(world.wall, 3 * SECOND));
	take_since(wall_add_us(world.wall, 6 * SECOND));
	world_run_for(&world, 100 * US_PER_MS);
	world_crash(&world, 0);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	if (_i == 0) {
		take_as("{\"schedule\":\"* * * * * *\",\"api\":\"http://b.test/\",\"type\":\"ATMOST_ONCE\"}", WALL_NONE);
	} else {
		tz_reload();
		core_reload_zones(world.core);
	}
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3 + 3 + 4);
	ck_assert_int_eq(world.outside.sends, 3 + 3 + 4);
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

START_TEST(test_a_reload_of_the_zones_takes_nothing_of_what_is_another_agents_up_to_a_border_to_come)
{
	world_run_for(&world, SECOND);
	take_as("{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}", wall_add_us(world.wall, 5 * SECOND));
	world_run_for(&world, SECOND);
	tz_reload();
	core_reload_zones(world.core);
	world_run_for(&world, 3 * SECOND);
	ck_assert_uint_eq(world.disk.outbox->len, 0);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_ge(count(EXECUTION_SUCCESS), 3);
}
END_TEST

static void add_away(struct job_change *change, struct wall after, struct wall until)
{
	struct job_away away = { "a", after, until };
	if (change->away == NULL)
		change->away = g_array_new(FALSE, FALSE, sizeof(struct job_away));
	g_array_append_val(change->away, away);
}

/* Of a job that fires each second; a missed range decides all seconds that it spans. */
static void expect_each_once_but(const int *others, int n, int from_s, int to_s, struct wall zero)
{
	for (int second = from_s; second <= to_s; second++) {
		bool is_others = false;
		int found = 0;
		for (int i = 0; i < n; i += 2)
			is_others |= second > others[i] && second <= others[i + 1];
		for (guint i = 0; i < world.disk.outbox->len; i++) {
			const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
			int64_t at = wall_add_us(zero, second * SECOND).us;
			found += one->scheduled_at.us <= at && at <= one->last_scheduled_at.us;
		}
		ck_assert_msg(found == !is_others, "second %d was decided %d times", second, found);
	}
}

/*
 * By its lease 10 s were its own, and 12 s by a lease of which it did not hear; then another one had the job twice, and it
 * had 20 to 22 in between. _i: it has it again, or it has left anew; it must run once, or may run twice.
 */
START_TEST(test_of_a_job_that_was_away_unheard_what_lies_around_is_decided_and_nothing_else)
{
	static const char *const definitions[] = {
		"{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"type\":\"ATMOST_ONCE\",\"catchUp\":{\"policy\":\"all\"}}",
		"{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\",\"catchUp\":{\"policy\":\"all\"}}",
	};
	static const int others[] = { 12, 20, 22, 35, 38, 1000 };
	const bool leaves = _i % 2;
	struct wall zero = { world.wall.us - world.wall.us % SECOND };
	world_set_job(&world, "a", definitions[_i / 2]);
	core_lease(world.core, wall_add_us(zero, 10 * SECOND));
	world_run_for(&world, 3 * SECOND + 500 * US_PER_MS);
	world_crash(&world, 32 * SECOND);
	for (int i = 0; i < 2; i++) { /* told again of what it knows */
		struct job_change *change = job_change_new();
		add_away(change, wall_add_us(zero, 12 * SECOND), wall_add_us(zero, 20 * SECOND));
		add_away(change, wall_add_us(zero, 22 * SECOND), wall_add_us(zero, 35 * SECOND));
		change->jobs_revision = ++world.revision;
		if (leaves) {
			add_move(change, wall_add_us(zero, 38 * SECOND), false);
		} else {
			add_upsert(change, definitions[_i / 2], wall_add_us(zero, 35 * SECOND));
		}
		core_apply_jobs(world.core, change);
		core_heard(world.core, world.mono);
		core_lease(world.core, wall_add_us(zero, 60 * SECOND));
		world_run_for(&world, 500 * US_PER_MS);
		world_crash(&world, 0);
		world_run_for(&world, 100 * US_PER_MS);
		core_heard(world.core, world.mono);
	}
	world_run_for(&world, 8 * SECOND);
	expect_each_once_but(others, leaves ? 6 : 4, 1, 43, zero);
}
END_TEST

/*
 * Another one had it up to 2 s and from 6 to 12 s, and has it from 15 s on; this one heard of nothing before 9 s. _i: it must
 * run once, or may run twice; so many batches of the change are durable before a crash, after which it is told again.
 */
START_TEST(test_of_a_job_that_came_and_went_unheard_its_own_is_decided_once_and_nothing_else)
{
	static const char *const definitions[] = { AT_MOST, "{\"schedule\":\"* * * * * *\",\"api\":\"http://a.test/\"}" };
	static const int others[] = { 0, 2, 6, 12, 15, 1000 };
	struct wall zero = { world.wall.us - world.wall.us % SECOND };
	world_run_for(&world, 9 * SECOND);
	const int64_t revision_told = world.revision + 1;
	for (int durable = _i / 2; world.disk.state.jobs_revision != revision_told; durable = 9) {
		struct job_change *change = job_change_new();
		add_upsert(change, definitions[_i % 2], wall_add_us(zero, 2 * SECOND));
		add_away(change, wall_add_us(zero, 6 * SECOND), wall_add_us(zero, 12 * SECOND));
		add_move(change, wall_add_us(zero, 15 * SECOND), false);
		change->jobs_revision = revision_told;
		core_apply_jobs(world.core, change);
		while (durable-- > 0 && !g_queue_is_empty(&world.disk.queue))
			disk_answer(&world.disk, world.core);
		if (durable < 4)
			world_crash(&world, 100 * US_PER_MS);
	}
	core_heard(world.core, world.mono);
	core_lease(world.core, wall_add_us(zero, 60 * SECOND));
	world_run_for(&world, 20 * SECOND);
	int64_t revision, count_of_jobs;
	uint64_t digest;
	core_job_set(world.core, &revision, &digest, &count_of_jobs);
	ck_assert(digest == 0 && count_of_jobs == 0);
	expect_each_once_but(others, 6, 1, 28, zero);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 0);
	ck_assert_uint_eq(g_hash_table_size(world.core->ghosts), 0);
}
END_TEST

/* _i: central says so with the move, or later; a restart lies in between. */
START_TEST(test_of_a_job_that_was_paused_after_it_left_nothing_begins_any_more)
{
	struct wall zero = { world.wall.us - world.wall.us % SECOND };
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(zero, 10 * SECOND));
	world_run_for(&world, 3 * SECOND + 500 * US_PER_MS - world.wall.us % SECOND);
	if (_i > 0)
		hand_over(wall_add_us(zero, 10 * SECOND));
	if (_i == 2) {
		world_run_for(&world, 100 * US_PER_MS);
		world_crash(&world, 0);
	}
	tell_gone(wall_add_us(zero, 10 * SECOND), true);
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 3);
	ck_assert_int_eq(count(EXECUTION_SKIPPED), 7);
	ck_assert_uint_eq(world.disk.outbox->len, 10);
	ck_assert_uint_eq(g_hash_table_size(world.disk.jobs), 0);
}
END_TEST

START_TEST(test_what_comes_due_after_a_stop_in_order_was_not_interrupted)
{
	world_set_job(&world, "a", AT_MOST);
	core_lease(world.core, wall_add_us(world.wall, 100 * SECOND));
	world_run_for(&world, 2 * SECOND + (SECOND - world.wall.us % SECOND) - 200 * US_PER_MS);
	ck_assert_uint_ge(g_hash_table_size(world.disk.intents), 1);
	core_hurry(world.core);
	while (!g_queue_is_empty(&world.disk.queue))
		disk_answer(&world.disk, world.core);
	ck_assert_uint_eq(g_hash_table_size(world.disk.intents), 0);
	world_crash(&world, 5 * SECOND);
	world_run_for(&world, 2 * SECOND + 500 * US_PER_MS);
	ck_assert_int_eq(count(EXECUTION_INTERRUPTED), 0);
	ck_assert_int_eq(count(EXECUTION_SUCCESS) + count(EXECUTION_MISSED), 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core lease");
	TCase *tests = tcase_create("leased");
	tcase_add_checked_fixture(tests, set_up_leased, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_a_leased_job_runs_up_to_its_lease_and_what_came_due_after_it_is_a_missed_window);
	tcase_add_test(tests, test_a_crash_while_a_lease_is_over_loses_no_instant);
	tcase_add_test(tests, test_a_crash_with_a_full_outbox_after_the_lease_came_back_loses_no_instant);
	tcase_add_loop_test(tests, test_a_reload_of_the_zones_or_an_edit_while_a_lease_is_over_loses_no_instant, 0, 2);
	tcase_add_test(tests, test_what_a_lease_lets_in_behind_others_that_wait_for_room_is_not_planned_again_after_a_crash);
	tcase_add_test(tests, test_a_hand_over_ahead_of_time_runs_up_to_the_border_and_not_beyond);
	tcase_add_test(tests, test_a_crash_after_a_hand_over_runs_what_was_still_ours_and_forgets_the_job_then);
	tcase_add_test(tests, test_a_job_that_comes_back_before_its_last_run_keeps_its_row);
	tcase_add_test(tests, test_a_job_that_left_twice_keeps_its_row_until_both_have_run_what_was_ours);
	tcase_add_loop_test(tests, test_of_a_job_that_comes_back_paused_nothing_begins_of_what_was_still_ours, 0, 2);
	tcase_add_loop_test(tests, test_what_was_handed_over_ahead_of_time_outlives_a_stop_in_order, 0, 3);
	tcase_add_loop_test(tests, test_what_is_due_before_a_border_still_ahead_is_neither_lost_nor_taken, 0, 2);
	tcase_add_test(tests, test_a_late_hand_over_drops_what_is_the_other_agents_without_a_decision);
	tcase_add_test(tests, test_a_new_holder_decides_from_the_border_on);
	tcase_add_test(tests, test_a_reload_of_the_zones_takes_nothing_of_what_is_another_agents_up_to_a_border_to_come);
	tcase_add_loop_test(tests, test_of_a_job_that_was_away_unheard_what_lies_around_is_decided_and_nothing_else, 0, 4);
	tcase_add_loop_test(tests, test_of_a_job_that_came_and_went_unheard_its_own_is_decided_once_and_nothing_else, 0, 8);
	tcase_add_loop_test(tests, test_of_a_job_that_was_paused_after_it_left_nothing_begins_any_more, 0, 3);
	tcase_add_test(tests, test_what_comes_due_after_a_stop_in_order_was_not_interrupted);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
