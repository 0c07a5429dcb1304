/*
 * What equal jobs share, and what that saves.
 */
#include <check.h>
#include <malloc.h>
#include <stdlib.h>

#include "tests/unit/job_samples.h"
#include "tests/unit/suite.h"

#define WITH_PATTERN "{" OK_JOB ",\"success\":{\"statuses\":[200,\"201\",\"300-399\"],\"bodyRegex\":\"^ok:\\\\d+$\"}}"

START_TEST(test_equal_policies_and_schedules_are_one_object)
{
	struct job *a = job_of("{" OK_JOB ",\"timeoutMs\":5}"), *b = job_of("{\"timeoutMs\":5," OK_JOB "}"),
		   *c = job_of("{" OK_JOB "}");
	ck_assert_ptr_eq(a->policy, b->policy);
	ck_assert_ptr_ne(a->policy, c->policy);
	ck_assert_ptr_eq(a->timetable->schedule, c->timetable->schedule);
	ck_assert_ptr_eq(a->timetable->text, c->timetable->text);
	struct job *kept = job_ref(a);
	job_unref(a);
	job_unref(b);
	ck_assert_int_eq(kept->policy->timeout_ms, 5);
	job_unref(kept);
	job_unref(c);
}
END_TEST

START_TEST(test_h_depends_on_the_job_and_is_not_shared)
{
	json_t *json = parse_text("{\"schedule\":\"H H H * *\",\"api\":\"http://h\"}");
	struct job_problem problem = { 0 };
	struct job *a = job_parse(json, "a", 1, false, &problem), *b = job_parse(json, "b", 1, false, &problem);
	ck_assert_ptr_ne(a->timetable->schedule, b->timetable->schedule);
	job_unref(a);
	job_unref(b);
	json_decref(json);
}
END_TEST

START_TEST(test_a_renewed_job_is_equal_but_for_its_schedule)
{
	struct job *job = job_of(WITH_PATTERN);
	struct job *same = job_renew(job);
	ck_assert_ptr_eq(same->timetable->schedule, job->timetable->schedule);
	job_forget_schedules();
	struct job *renewed = job_renew(job), *made_later = job_of(WITH_PATTERN);
	ck_assert_ptr_ne(renewed->timetable->schedule, job->timetable->schedule);
	ck_assert_ptr_eq(renewed->timetable->schedule, made_later->timetable->schedule);
	json_t *a = job_to_json(job, false), *b = job_to_json(renewed, false);
	ck_assert(json_equal(a, b));
	ck_assert(g_regex_match(renewed->body_regex, "ok:17", 0, NULL));
	json_decref(a);
	json_decref(b);
	job_unref(same);
	job_unref(job);
	ck_assert(g_regex_match(renewed->body_regex, "ok:17", 0, NULL));
	job_unref(renewed);
	job_unref(made_later);
}
END_TEST

static gpointer parse_often(gpointer data)
{
	json_t *json = data;
	for (int i = 0; i < 2000; i++) {
		struct job_problem problem = { 0 };
		struct job *job = job_parse(json, "id", 1, false, &problem);
		if (i % 100 == 0)
			job_forget_schedules();
		job_unref(job);
	}
	return NULL;
}

START_TEST(test_threads_share_safely)
{
	GThread *threads[4];
	json_t *json[4];
	for (int i = 0; i < 4; i++) {
		json[i] = parse_text("{" OK_JOB "}");
		threads[i] = g_thread_new("t", parse_often, json[i]);
	}
	for (int i = 0; i < 4; i++) {
		g_thread_join(threads[i]);
		json_decref(json[i]);
	}
}
END_TEST

/* Sanitizers count otherwise, so only a plain build measures. */
START_TEST(test_a_simple_job_takes_about_150_bytes)
{
#if !defined(__SANITIZE_ADDRESS__)
	struct job *job = job_of("{\"schedule\":\"*/5 * * * *\",\"api\":\"https://service.example.com/v1/jobs/run\"}");
	size_t bytes = malloc_usable_size(job) + sizeof(size_t);
	ck_assert_uint_le(bytes, 168);
	job_unref(job);
#endif
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job sharing");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_equal_policies_and_schedules_are_one_object);
	tcase_add_test(tests, test_h_depends_on_the_job_and_is_not_shared);
	tcase_add_test(tests, test_a_renewed_job_is_equal_but_for_its_schedule);
	tcase_add_test(tests, test_threads_share_safely);
	tcase_add_test(tests, test_a_simple_job_takes_about_150_bytes);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
