/*
 * When a job is due, and what its policy makes up of a window: against a count of the instants one by one.
 */
#include <check.h>
#include <stdlib.h>

#include "common/job_due.h"
#include "tests/unit/job_samples.h"

#define SECOND US_PER_SECOND
static const struct wall zero = { INT64_C(1795435200) * SECOND };

static struct wall at(double seconds)
{
	return wall_add_us(zero, (int64_t)(seconds * (double)SECOND));
}

/* A window of 100 s of a job that is due each 10 s, the first at 10 s. */
static const struct {
	const char *definition;
	int due, made_up;
	double after; /* of the policy */
} rows[] = {
	{ "\"catchUp\":{\"policy\":\"all\"}", 10, 10, 0 },
	{ "\"catchUp\":{\"policy\":\"all\",\"maxCount\":3}", 10, 3, 70 },
	{ "\"catchUp\":{\"policy\":\"all\",\"maxCount\":0}", 10, 0, 100 },
	{ "\"catchUp\":{\"policy\":\"all\",\"maxAgeMs\":35000}", 10, 4, 60 },
	{ "\"catchUp\":{\"policy\":\"latest\"}", 10, 1, 90 },
	{ "\"catchUp\":{\"policy\":\"latest\",\"maxAgeMs\":0}", 10, 0, 100 },
	{ "\"catchUp\":{\"policy\":\"none\"}", 10, 0, 103 },
	{ "\"type\":\"ATMOST_ONCE\"", 10, 0, 103 },
	{ "\"startAt\":\"2026-11-23T12:00:30Z\"", 8, 8, 0 },
	{ "\"endAt\":\"2026-11-23T12:00:50Z\",\"catchUp\":{\"policy\":\"latest\"}", 4, 1, 30 },
	{ "\"startAt\":\"2027-01-01T00:00:00Z\",\"catchUp\":{\"policy\":\"latest\"}", 0, 0, 0 },
	{ "\"startAt\":\"2027-01-01T00:00:00Z\",\"catchUp\":{\"policy\":\"none\"}", 0, 0, 103 },
};

START_TEST(test_a_policy_makes_up_the_newest_instants_of_a_window)
{
	struct wall until = at(103), next = zero;
	g_autofree char *text = g_strdup_printf("{\"schedule\":\"*/10 * * * * *\",\"api\":\"http://h\",%s}", rows[_i].definition);
	struct job *job = job_of(text);
	int n = 0;
	while (job_next_due(job, zero, next, &next) && !wall_before(until, next))
		ck_assert_int_eq(job_nth_due(job, zero, zero, until, ++n).us, next.us);
	ck_assert_int_eq(n, rows[_i].due);
	ck_assert_int_eq(job_count_due(job, zero, zero, until), n);
	ck_assert_int_eq(job_count_made_up(job, zero, zero, until), rows[_i].made_up);
	struct wall after = job_made_up_after(job, zero, zero, until);
	ck_assert_int_eq(after.us, at(rows[_i].after).us);
	ck_assert_int_eq(job_count_due(job, zero, after, until), rows[_i].made_up);
	job_unref(job);
}
END_TEST

START_TEST(test_every_counts_from_its_anchor)
{
	struct job *job = job_of("{\"schedule\":\"@every 7s\",\"api\":\"http://h\",\"catchUp\":{\"policy\":\"latest\"}}");
	struct wall next;
	ck_assert(job_next_due(job, at(3), at(3), &next));
	ck_assert_int_eq(next.us, at(10).us);
	ck_assert_int_eq(job_made_up_after(job, at(3), zero, at(30)).us, at(17).us);
	job_unref(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job due");
	TCase *tests = tcase_create("job due");
	tcase_add_loop_test(tests, test_a_policy_makes_up_the_newest_instants_of_a_window, 0, (int)G_N_ELEMENTS(rows));
	tcase_add_test(tests, test_every_counts_from_its_anchor);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
