/*
 * Windows that nobody watched, of an agent with a central: they wait for its word, and what the word takes away is neither
 * run again nor called missed.
 */
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

#define JOB(more) "{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://a.test/\"" more "}"
#define ALL JOB("")
#define FOUR JOB(",\"catchUp\":{\"maxCount\":4}")
#define NONE JOB(",\"catchUp\":{\"policy\":\"none\"}")

static void set_up(void)
{
	core_world_set_up();
	world.leases = true;
	world_crash(&world, 0);
}

static void hear(void)
{
	core_heard(world.core, world.mono);
}

/* The job, 12 s of its life, then two minutes of absence; 00:10 ran, 00:20 to 02:10 are missed. */
static void be_away(const char *definition)
{
	world_set_job(&world, "a", definition);
	world_run_for(&world, 12 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	world_crash(&world, 120 * SECOND);
}

static int made_up(void)
{
	int n = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++)
		n += ((struct decision *)world.disk.outbox->pdata[i])->execution.cause == FIRE_CATCH_UP;
	return n;
}

static int refused;

static void note_done(void *context, bool ok)
{
	(void)context;
	refused += !ok;
}

static const char *target_key = "";

static void change_asked(struct mono asked, struct wall border, struct wall since, const char *definition)
{
	struct job_change *change = job_change_new();
	change->jobs_revision = ++world.revision;
	if (wall_is_set(border)) {
		struct job_move move = { "a", border, false };
		change->moves = g_array_new(FALSE, FALSE, sizeof(struct job_move));
		g_array_append_val(change->moves, move);
	}
	if (definition == NULL) {
		g_ptr_array_add(change->deletes, g_strdup("a"));
	} else {
		struct job_problem problem = { 0 };
		json_t *json = json_loads(definition, 0, NULL);
		struct stored_job *stored = stored_job_new(job_parse(json, "a", world.revision, false, &problem));
		json_decref(json);
		stored->since = since;
		stored->target_key = g_intern_string(target_key);
		g_ptr_array_add(change->upserts, stored);
	}
	change->asked = asked;
	change->done = note_done;
	core_apply_jobs(world.core, change);
	world.change_at = wall_is_set(border) ? border : world.core->latest;
}

static void change(struct wall border, struct wall since, const char *definition)
{
	change_asked((struct mono){ INT64_MAX }, border, since, definition);
}

START_TEST(test_what_was_missed_waits_for_central_and_what_is_due_does_not)
{
	be_away(FOUR);
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1 + 1);
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	hear();
	world_run_for(&world, SECOND);
	ck_assert_int_eq(made_up(), 4);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
}
END_TEST

START_TEST(test_what_is_made_up_is_as_late_as_it_is)
{
	be_away(FOUR);
	world_run_for(&world, SECOND);
	hear();
	world_run_for(&world, SECOND);
	ck_assert_int_eq(made_up(), 4);
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		if (one->cause == FIRE_CATCH_UP)
			ck_assert_int_eq(one->lateness_us, wall_diff_us(one->started_at, one->scheduled_at));
	}
}
END_TEST

START_TEST(test_word_of_before_the_absence_is_none)
{
	struct mono asked = world.mono;
	be_away(FOUR);
	core_heard(world.core, asked);
	world_run_for(&world, 5 * SECOND);
	ck_assert_int_eq(made_up() + count(EXECUTION_MISSED), 0);
}
END_TEST

START_TEST(test_without_word_the_newest_are_made_up_after_a_while_and_nothing_is_called_missed_until_there_is_some)
{
	be_away(FOUR);
	world_run_for(&world, 14 * SECOND);
	ck_assert_int_eq(made_up(), 0);
	world_run_for(&world, 2 * SECOND);
	ck_assert_int_eq(made_up(), 4);
	world_run_for(&world, HOUR);
	world_crash(&world, SECOND);
	world_run_for(&world, HOUR);
	ck_assert_int_eq(made_up(), 4);
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	hear();
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
	ck_assert_uint_eq(g_hash_table_size(world.disk.backlogs), 0);
}
END_TEST

START_TEST(test_a_crash_while_it_waits_loses_and_doubles_nothing)
{
	be_away(FOUR);
	for (int i = 0; i < 5; i++) {
		world_run_for(&world, 3 * SECOND);
		world_crash(&world, SECOND);
	}
	world_run_for(&world, SECOND);
	hear();
	world_run_for(&world, 10 * SECOND);
	struct wall first = wall_from_seconds(world.began.us / SECOND / 10 * 10 + 10);
	int64_t due = (world.wall.us - first.us) / (10 * SECOND) + 1;
	ck_assert_int_eq(count(EXECUTION_SUCCESS) + count(EXECUTION_MISSED), due);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
}
END_TEST

START_TEST(test_what_another_agent_had_meanwhile_is_neither_run_again_nor_called_missed)
{
	be_away(NONE);
	struct wall border = wall_add_us(world.wall, -100 * SECOND);
	change(border, WALL_NONE, NULL);
	hear();
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
	ck_assert_int_eq(count(EXECUTION_MISSED), 2);
	ck_assert_int_eq(last()->last_scheduled_at.us / SECOND % 60, 30);
	ck_assert_uint_eq(g_hash_table_size(world.disk.backlogs), 0);
}
END_TEST

START_TEST(test_nothing_is_made_up_of_a_job_that_was_deleted_or_paused_meanwhile)
{
	be_away(ALL);
	change(WALL_NONE, WALL_NONE, _i == 0 ? NULL : JOB(",\"active\":false"));
	hear();
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(world.outside.sends, 1);
	ck_assert_int_eq(count(EXECUTION_MISSED), 12);
}
END_TEST

START_TEST(test_an_edited_job_is_made_up_by_its_old_schedule_and_no_instant_is_lost)
{
	be_away(FOUR);
	change(WALL_NONE, WALL_NONE, "{\"schedule\":\"@yearly\",\"api\":\"http://b.test/\"}");
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(made_up(), 4);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
}
END_TEST

/* Under the new one another agent may have run them, or will. */
START_TEST(test_what_a_job_missed_under_its_former_place_is_decided_under_that)
{
	be_away(FOUR);
	target_key = "2";
	change(WALL_NONE, WALL_NONE, FOUR);
	target_key = "";
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(made_up(), 4);
	ck_assert_int_eq(count(EXECUTION_MISSED), 8);
	int of_new = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		bool is_new = fire_id_equal(one->id, fire_id_scheduled("a", one->scheduled_at, "2", 0));
		ck_assert(is_new || fire_id_equal(one->id, fire_id_scheduled("a", one->scheduled_at, "", 0)));
		ck_assert(!is_new || one->cause == FIRE_SCHEDULE);
		of_new += is_new;
	}
	ck_assert_int_eq(of_new, 1);
}
END_TEST

START_TEST(test_what_lies_after_the_begin_of_a_new_place_is_decided_under_that)
{
	be_away(FOUR);
	target_key = "2";
	struct wall since = wall_add_us(world.wall, -57 * SECOND);
	change(WALL_NONE, since, FOUR);
	target_key = "";
	world_run_for(&world, SECOND);
	hear();
	world_run_for(&world, 20 * SECOND);
	int after = 0, before = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++) {
		const struct execution *one = &((struct decision *)world.disk.outbox->pdata[i])->execution;
		bool is_new = wall_before(since, one->scheduled_at);
		ck_assert(fire_id_equal(one->id, fire_id_scheduled("a", one->scheduled_at, is_new ? "2" : "", 0)));
		ck_assert(is_new || !wall_before(since, one->last_scheduled_at));
		if (one->cause == FIRE_CATCH_UP || one->status == EXECUTION_MISSED)
			*(is_new ? &after : &before) += (int)one->count;
	}
	ck_assert_int_eq(before, 6);
	ck_assert_int_eq(after, 6);
}
END_TEST

/* _i: by a new revision, or the same one. */
START_TEST(test_an_at_most_once_job_that_left_and_came_back_unheard_runs_nothing_that_another_agent_had)
{
	const char *once = JOB(",\"type\":\"ATMOST_ONCE\",\"catchUp\":{\"policy\":\"all\"}");
	world_set_job(&world, "a", once);
	core_lease(world.core, wall_add_us(world.wall, 35 * SECOND));
	world_run_for(&world, 12 * SECOND);
	world_crash(&world, 120 * SECOND);
	/* 00:20 and 00:30 were its own by its lease; of what follows the other one had all up to 01:50. */
	struct wall since = wall_add_us(world.wall, -20 * SECOND);
	for (int i = 0; i < 3; i++) {
		if (_i == 0)
			world.revision--;
		change(WALL_NONE, since, once);
		core_lease(world.core, wall_add_us(world.wall, 60 * SECOND));
		hear();
		world_run_for(&world, 2 * SECOND);
	}
	ck_assert_int_eq(made_up(), 2 + 2);
	world_crash(&world, 0);
	core_lease(world.core, wall_add_us(world.wall, 60 * SECOND));
	hear();
	world_run_for(&world, 10 * SECOND);
	ck_assert_int_eq(made_up() + count(EXECUTION_MISSED), 2 + 2);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1 + 4 + 1);
}
END_TEST

START_TEST(test_an_at_least_once_job_that_left_and_came_back_unheard_loses_nothing)
{
	be_away(ALL);
	change(WALL_NONE, wall_add_us(world.wall, 5 * SECOND), ALL);
	hear();
	world_run_for(&world, 20 * SECOND);
	ck_assert_int_eq(made_up(), 12);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1 + 12 + 2);
}
END_TEST

START_TEST(test_a_standstill_is_an_absence_too_and_fresh_word_is_none_to_wait_for)
{
	world_set_job(&world, "a", NONE);
	world_run_for(&world, 12 * SECOND);
	hear();
	world_move_to(&world, mono_add_us(world.mono, 60 * SECOND));
	core_tick(world.core);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	hear();
	world_run_for(&world, 100 * US_PER_MS);
	ck_assert_int_eq(count(EXECUTION_MISSED), 6);
	step_clock(HOUR);
	world_run_for(&world, 100 * US_PER_MS);
	ck_assert_int_eq(count(EXECUTION_MISSED), 366);
}
END_TEST

START_TEST(test_an_answer_that_is_older_than_an_absence_edits_nothing_and_calls_nothing_missed)
{
	static const char *const edited = "{\"schedule\":\"@yearly\",\"api\":\"http://b.test/\"}";
	world_set_job(&world, "a", NONE);
	world_run_for(&world, 12 * SECOND);
	struct mono asked = world.mono;
	world_move_to(&world, mono_add_us(world.mono, 60 * SECOND));
	refused = 0;
	change_asked(asked, WALL_NONE, WALL_NONE, edited);
	ck_assert_int_eq(refused, 1);
	world_run_for(&world, SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 0);
	change_asked(world.mono, WALL_NONE, WALL_NONE, edited);
	ck_assert_int_eq(refused, 1);
	world_run_for(&world, 60 * SECOND);
	ck_assert_int_eq(count(EXECUTION_MISSED), 6);
	ck_assert_int_eq(count(EXECUTION_SUCCESS), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core missed");
	TCase *tests = tcase_create("with a central");
	tcase_add_checked_fixture(tests, set_up, core_world_tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_what_was_missed_waits_for_central_and_what_is_due_does_not);
	tcase_add_test(tests, test_what_is_made_up_is_as_late_as_it_is);
	tcase_add_test(tests, test_word_of_before_the_absence_is_none);
	tcase_add_test(tests, test_without_word_the_newest_are_made_up_after_a_while_and_nothing_is_called_missed_until_there_is_some);
	tcase_add_test(tests, test_a_crash_while_it_waits_loses_and_doubles_nothing);
	tcase_add_test(tests, test_what_another_agent_had_meanwhile_is_neither_run_again_nor_called_missed);
	tcase_add_loop_test(tests, test_nothing_is_made_up_of_a_job_that_was_deleted_or_paused_meanwhile, 0, 2);
	tcase_add_test(tests, test_an_edited_job_is_made_up_by_its_old_schedule_and_no_instant_is_lost);
	tcase_add_test(tests, test_what_a_job_missed_under_its_former_place_is_decided_under_that);
	tcase_add_test(tests, test_what_lies_after_the_begin_of_a_new_place_is_decided_under_that);
	tcase_add_loop_test(tests, test_an_at_most_once_job_that_left_and_came_back_unheard_runs_nothing_that_another_agent_had, 0, 2);
	tcase_add_test(tests, test_an_at_least_once_job_that_left_and_came_back_unheard_loses_nothing);
	tcase_add_test(tests, test_a_standstill_is_an_absence_too_and_fresh_word_is_none_to_wait_for);
	tcase_add_test(tests, test_an_answer_that_is_older_than_an_absence_edits_nothing_and_calls_nothing_missed);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
