/*
 * When the next round with central begins, at the edges of chance.
 */
#include <check.h>

#include "agent/sync_pace.h"
#include "tests/unit/suite.h"

#define CERTAIN 0.999999999 /* chance is below 1 */

static struct sync_pace pace;
static struct mono now;

static void setup(void)
{
	pace = (struct sync_pace){ .backlog = 0 };
	now = (struct mono){ 5000 * US_PER_SECOND };
}

/* A round that takes this long. */
static void run_round(int64_t ms)
{
	sync_pace_begin(&pace, now);
	now = mono_add_us(now, ms * US_PER_MS);
}

static int64_t due_ms(bool hurry)
{
	return sync_pace_due(&pace, hurry, now) / US_PER_MS;
}

static int64_t pause_after_wish(int64_t wish_ms, double chance)
{
	run_round(10);
	sync_pace_succeeded(&pace, SYNC_LEFT_NOTHING, wish_ms, 0, chance, now);
	return due_ms(false);
}

static int64_t pause_after_failure(int64_t at_least_ms, double chance)
{
	run_round(10);
	sync_pace_failed(&pace, at_least_ms, chance, now);
	return due_ms(false);
}

static int64_t pause_with_backlog(int64_t took_ms, int64_t backlog)
{
	run_round(took_ms);
	sync_pace_succeeded(&pace, SYNC_LEFT_RECORDS, 10000, backlog, 0.5, now);
	return due_ms(false);
}

START_TEST(test_central_s_wish_is_taken_give_or_take_a_tenth_and_within_bounds)
{
	ck_assert_int_eq(pause_after_wish(10000, 0), 9000);
	ck_assert_int_eq(pause_after_wish(10000, 0.5), 10000);
	ck_assert_int_eq(pause_after_wish(10000, CERTAIN), 10999);
	ck_assert_int_eq(pause_after_wish(0, 0.5), SYNC_PACE_MIN_MS);
	ck_assert_int_eq(pause_after_wish(-7, 0.5), SYNC_PACE_MIN_MS);
	ck_assert_int_eq(pause_after_wish(INT64_MAX, 0.5), SYNC_PACE_MAX_MS);
}
END_TEST

START_TEST(test_parts_of_the_job_set_are_asked_for_without_a_pause)
{
	run_round(700);
	sync_pace_succeeded(&pace, SYNC_LEFT_JOBS, 10000, 50, 0.5, now);
	ck_assert_int_eq(due_ms(false), 0);
}
END_TEST

START_TEST(test_a_backlog_that_shrinks_rests_three_rounds_and_one_that_grows_does_not)
{
	ck_assert_int_eq(pause_with_backlog(100, 9000), 0);
	ck_assert_int_eq(pause_with_backlog(100, 8000), 300);
	ck_assert_int_eq(pause_with_backlog(5000, 7000), SYNC_BACKLOG_REST_MAX_MS);
	ck_assert_int_eq(pause_with_backlog(100, 7000), 0);
	ck_assert_int_eq(pause_with_backlog(100, 7001), 0);
}
END_TEST

START_TEST(test_failures_double_the_pause_up_to_half_a_minute)
{
	static const int64_t longest[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
		int64_t pause = pause_after_failure(-1, CERTAIN);
		ck_assert_int_ge(pause, longest[i] - 1);
		ck_assert_int_le(pause, longest[i]);
	}
	ck_assert_int_eq(pause_after_failure(0, 0), SYNC_BACKOFF_MAX_MS / 10);
}
END_TEST

START_TEST(test_a_good_round_makes_failures_forgotten)
{
	for (int i = 0; i < 4; i++)
		pause_after_failure(-1, CERTAIN);
	pause_after_wish(1000, 0.5);
	ck_assert_int_le(pause_after_failure(-1, CERTAIN), SYNC_BACKOFF_FIRST_MS);
}
END_TEST

START_TEST(test_a_pause_that_central_asks_for_is_kept_with_a_fifth_of_chance)
{
	ck_assert_int_eq(pause_after_failure(5000, 0), 5000);
	ck_assert_int_eq(pause_after_failure(5000, CERTAIN), 6000);
	ck_assert_int_eq(pause_after_failure(100, 0), 100);
	ck_assert_int_eq(pause_after_failure(INT64_MAX, 0), SYNC_PACE_MAX_MS);
}
END_TEST

START_TEST(test_a_failed_job_hurries_the_next_round_but_not_two_in_a_row)
{
	pause_after_wish(60000, 0.5);
	ck_assert_int_eq(due_ms(true), SYNC_HURRY_MS - 10);
	now = mono_add_us(now, SYNC_HURRY_MS * US_PER_MS);
	ck_assert_int_le(due_ms(true), 0);
	ck_assert_int_gt(due_ms(false), 0);
	/* It does not put off what is due sooner. */
	pause_after_wish(50, 0.5);
	ck_assert_int_eq(due_ms(true), 50);
}
END_TEST

START_TEST(test_a_failed_job_does_not_shorten_the_pause_after_a_failed_round)
{
	int64_t pause = pause_after_failure(5000, 0.5);
	ck_assert_int_eq(due_ms(true), pause);
}
END_TEST

START_TEST(test_a_round_at_once_leaves_the_backoff_as_it_is)
{
	pause_after_failure(-1, CERTAIN);
	sync_pace_at(&pace, 0, now);
	ck_assert_int_eq(due_ms(false), 0);
	ck_assert_int_gt(pause_after_failure(-1, CERTAIN), SYNC_BACKOFF_FIRST_MS);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sync_pace");
	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, test_central_s_wish_is_taken_give_or_take_a_tenth_and_within_bounds);
	tcase_add_test(tests, test_parts_of_the_job_set_are_asked_for_without_a_pause);
	tcase_add_test(tests, test_a_backlog_that_shrinks_rests_three_rounds_and_one_that_grows_does_not);
	tcase_add_test(tests, test_failures_double_the_pause_up_to_half_a_minute);
	tcase_add_test(tests, test_a_good_round_makes_failures_forgotten);
	tcase_add_test(tests, test_a_pause_that_central_asks_for_is_kept_with_a_fifth_of_chance);
	tcase_add_test(tests, test_a_failed_job_hurries_the_next_round_but_not_two_in_a_row);
	tcase_add_test(tests, test_a_failed_job_does_not_shorten_the_pause_after_a_failed_round);
	tcase_add_test(tests, test_a_round_at_once_leaves_the_backoff_as_it_is);
	Suite *suite = suite_create("sync_pace");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
