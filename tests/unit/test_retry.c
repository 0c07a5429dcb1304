/* The rule of agent/retry.h, row by row. */
#include <check.h>
#include <string.h>

#include "agent/retry.h"
#include "tests/unit/suite.h"

static struct job *job_of(const char *text)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(text, 0, NULL);
	struct job *job = job_parse(json, "j", 1, false, &problem);
	ck_assert_msg(job != NULL, "%s: %s", problem.pointer, problem.detail);
	json_decref(json);
	return job;
}

#define JOB "\"schedule\":\"* * * * *\",\"api\":\"http://a.test/\""

static const struct {
	const char *definition;
	enum attempt_outcome outcome;
	int http_status, attempts;
	int64_t retry_after_ms, elapsed_ms;
	bool retry;
	int64_t delay_ms;
	enum execution_status status;
	const char *reason;
} rows[] = {
	{ "{" JOB "}", ATTEMPT_RESPONSE, 200, 1, -1, 0, false, 0, EXECUTION_SUCCESS, "" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 299, 3, -1, 0, false, 0, EXECUTION_SUCCESS, "" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 404, 1, -1, 0, false, 0, EXECUTION_FAILED, "the target answered 404" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 503, 1, -1, 0, true, 500, 0, "" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 429, 1, -1, 0, true, 500, 0, "" },
	{ "{" JOB "}", ATTEMPT_CONNECT, 0, 2, -1, 0, true, 1000, 0, "" },
	{ "{" JOB "}", ATTEMPT_TIMEOUT, 0, 3, -1, 0, false, 0, EXECUTION_TIMEOUT, "no answer within 30000 ms (3 attempts)" },
	{ "{" JOB "}", ATTEMPT_REFUSED, 0, 1, -1, 0, false, 0, EXECUTION_FAILED, "refused: words" },
	{ "{" JOB "}", ATTEMPT_RESOURCE, 0, 3, -1, 0, false, 0, EXECUTION_SKIPPED,
	  "resource: this host could not start the request: words (3 attempts)" },
	/* Retry-After wins when it is longer, and never shortens. */
	{ "{" JOB "}", ATTEMPT_RESPONSE, 503, 1, 7000, 0, true, 7000, 0, "" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 503, 1, 100, 0, true, 500, 0, "" },
	{ "{" JOB "}", ATTEMPT_RESPONSE, 503, 1, INT64_C(999999999), 0, true, RETRY_AFTER_MAX_MS, 0, "" },
	/* At most once: never again, whatever happened. */
	{ "{" JOB ",\"type\":\"ATMOST_ONCE\"}", ATTEMPT_CONNECT, 0, 1, -1, 0, false, 0, EXECUTION_FAILED,
	  "could not connect: words" },
	{ "{" JOB ",\"type\":\"ATMOST_ONCE\"}", ATTEMPT_BROKEN, 0, 1, -1, 0, false, 0, EXECUTION_FAILED,
	  "the connection broke after the request was sent, the target may have acted: words" },
	/* Policy of the job. */
	{ "{" JOB ",\"retry\":{\"retryOn\":[\"connect\"]}}", ATTEMPT_RESPONSE, 503, 1, -1, 0, false, 0, EXECUTION_FAILED,
	  "the target answered 503" },
	{ "{" JOB ",\"retry\":{\"jitter\":\"none\",\"multiplier\":3,\"maxAttempts\":9}}", ATTEMPT_CONNECT, 0, 3, -1, 0, true, 9000,
	  0, "" },
	{ "{" JOB ",\"retry\":{\"jitter\":\"none\",\"maxBackoffMs\":1500,\"maxAttempts\":9}}", ATTEMPT_CONNECT, 0, 8, -1, 0, true,
	  1500, 0, "" },
	{ "{" JOB ",\"retry\":{\"maxElapsedMs\":5000}}", ATTEMPT_CONNECT, 0, 1, -1, 4600, false, 0, EXECUTION_FAILED,
	  "could not connect: words" },
	{ "{" JOB ",\"success\":{\"statuses\":[\"404\"]}}", ATTEMPT_RESPONSE, 404, 1, -1, 0, false, 0, EXECUTION_SUCCESS, "" },
	{ "{" JOB ",\"success\":{\"statuses\":[\"200-299\"],\"bodyRegex\":\"^ok\"}}", ATTEMPT_RESPONSE, 200, 1, -1, 0, false, 0,
	  EXECUTION_SUCCESS, "" },
	{ "{" JOB ",\"success\":{\"statuses\":[\"200-299\"],\"bodyRegex\":\"^no\"}}", ATTEMPT_RESPONSE, 200, 1, -1, 0, false, 0,
	  EXECUTION_FAILED, "the response body does not match success.bodyRegex" },
};

START_TEST(test_what_follows_from_an_attempt)
{
	struct job *job = job_of(rows[_i].definition);
	struct attempt_result result = { .outcome = rows[_i].outcome, .http_status = rows[_i].http_status,
					 .retry_after_ms = rows[_i].retry_after_ms, .error = "words", .body = "ok\0x",
					 .body_size = 4 };
	struct retry_input input = { job, &result, rows[_i].attempts, rows[_i].elapsed_ms, 0.5, false, 30000 };
	struct retry_verdict verdict;
	retry_decide(&input, &verdict);
	ck_assert_int_eq(verdict.retry, rows[_i].retry);
	if (rows[_i].retry) {
		ck_assert_int_eq(verdict.delay_ms, rows[_i].delay_ms);
		ck_assert_int_eq(verdict.asked, rows[_i].delay_ms == MIN(rows[_i].retry_after_ms, RETRY_AFTER_MAX_MS));
	} else {
		ck_assert_int_eq(verdict.status, rows[_i].status);
		ck_assert_str_eq(verdict.reason, rows[_i].reason);
	}
	ck_assert_int_eq(verdict.end == ATTEMPT_END_SUCCESS, !rows[_i].retry && rows[_i].status == EXECUTION_SUCCESS);
	ck_assert_int_eq(verdict.end == ATTEMPT_END_BODY, strstr(rows[_i].reason, "bodyRegex") != NULL);
	ck_assert_int_eq(verdict.end == ATTEMPT_END_CONNECT, rows[_i].outcome == ATTEMPT_CONNECT);
	ck_assert_int_eq(verdict.end == ATTEMPT_END_TIMEOUT, rows[_i].outcome == ATTEMPT_TIMEOUT);
	job_unref(job);
}
END_TEST

START_TEST(test_a_lack_of_resources_is_no_skip_when_an_earlier_attempt_may_have_reached_the_target)
{
	struct job *job = job_of("{" JOB "}");
	struct attempt_result result = { .outcome = ATTEMPT_RESOURCE, .retry_after_ms = -1, .error = "words" };
	struct retry_input input = { job, &result, 3, 0, 0.5, true, 30000 };
	struct retry_verdict verdict;
	retry_decide(&input, &verdict);
	ck_assert_int_eq(verdict.status, EXECUTION_FAILED);
	ck_assert_str_eq(verdict.reason, "resource: this host could not start the request: words (3 attempts)");
	job_unref(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("retry");
	TCase *tests = tcase_create("rule");
	tcase_add_loop_test(tests, test_what_follows_from_an_attempt, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tests, test_a_lack_of_resources_is_no_skip_when_an_earlier_attempt_may_have_reached_the_target);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
