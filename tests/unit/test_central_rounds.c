/* central/rounds.h: when a round is run, and that a stop waits for the round and not for the pause. */
#include <check.h>

#include <glib.h>

#include "central/rounds.h"
#include "tests/unit/suite.h"

#define HOURS_MS 10000000 /* a pause that no test lives through */

static gint begun, ended;
static gboolean saw_the_end;

static void note(struct rounds *rounds, void *context)
{
	(void)rounds;
	(void)context;
	g_atomic_int_inc(&begun);
	g_atomic_int_inc(&ended);
}

/* Goes on until it is told that the end has come. */
static void linger(struct rounds *rounds, void *context)
{
	(void)context;
	g_atomic_int_inc(&begun);
	while (!rounds_are_ending(rounds))
		g_thread_yield();
	saw_the_end = TRUE;
	g_atomic_int_inc(&ended);
}

static void wait_for_begun(int n)
{
	while (g_atomic_int_get(&begun) < n)
		g_thread_yield();
}

static void setup(void)
{
	begun = ended = 0;
	saw_the_end = FALSE;
}

START_TEST(test_the_first_round_comes_at_once_and_a_stop_does_not_wait_for_the_pause)
{
	int ready = 1;
	struct rounds *rounds = rounds_start("test", HOURS_MS, &ready, note, NULL);
	wait_for_begun(1);
	rounds_stop(rounds);
	ck_assert_int_eq(ended, 1);
}
END_TEST

START_TEST(test_rounds_follow_each_other_after_the_pause)
{
	int ready = 1;
	struct rounds *rounds = rounds_start("test", 1, &ready, note, NULL);
	wait_for_begun(5);
	rounds_stop(rounds);
	ck_assert_int_ge(ended, 5);
}
END_TEST

START_TEST(test_no_round_is_run_before_the_process_is_ready)
{
	int ready = 0;
	gint64 began = g_get_monotonic_time();
	struct rounds *rounds = rounds_start("test", 1, &ready, note, NULL);
	while (g_get_monotonic_time() < began + 20000)
		g_thread_yield();
	ck_assert_int_eq(g_atomic_int_get(&begun), 0);
	g_atomic_int_set(&ready, 1);
	wait_for_begun(1);
	rounds_stop(rounds);
}
END_TEST

START_TEST(test_a_stop_waits_for_the_round_under_way_which_can_see_it)
{
	int ready = 1;
	struct rounds *rounds = rounds_start("test", HOURS_MS, &ready, linger, NULL);
	wait_for_begun(1);
	rounds_stop(rounds);
	ck_assert(saw_the_end);
	ck_assert_int_eq(ended, 1);
	rounds_stop(NULL);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("rounds");
	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, test_the_first_round_comes_at_once_and_a_stop_does_not_wait_for_the_pause);
	tcase_add_test(tests, test_rounds_follow_each_other_after_the_pause);
	tcase_add_test(tests, test_no_round_is_run_before_the_process_is_ready);
	tcase_add_test(tests, test_a_stop_waits_for_the_round_under_way_which_can_see_it);
	Suite *suite = suite_create("rounds");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
