#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/job_samples.h"
#include "tests/unit/suite.h"

START_TEST(test_schedule_and_api_are_enough)
{
	struct job *job =
		job_of("{\"schedule\":\"31 10-15 1 * * MON-FRI\",\"api\":\"https://localhost:4444/foo?x=1\"}");
	const struct job_policy *p = job->policy;
	ck_assert_str_eq(job->id, "id-1");
	ck_assert_int_eq(job->revision, 7);
	ck_assert_str_eq(job->name, "localhost:4444/foo");
	ck_assert_str_eq(job->timetable->zone, "UTC");
	ck_assert_str_eq(job->method, "POST");
	ck_assert_ptr_null(job->body);
	ck_assert_int_eq(job->n_headers, 0);
	ck_assert_int_eq(job->target_mode, JOB_TARGET_ONE);
	ck_assert(job->active);
	ck_assert_int_eq(p->type, JOB_ATLEAST_ONCE);
	ck_assert_int_eq(p->timeout_ms, 30000);
	ck_assert_int_eq(p->connect_timeout_ms, 10000);
	ck_assert_int_eq(p->retry.max_attempts, 3);
	ck_assert_int_eq(p->retry.initial_backoff_ms, 1000);
	ck_assert_int_eq(p->retry.max_backoff_ms, 60000);
	ck_assert_double_eq(p->retry.multiplier, 2);
	ck_assert(p->retry.full_jitter);
	ck_assert_int_eq(p->retry.max_elapsed_ms, 0);
	ck_assert_uint_eq(p->retry.retry_on, 15);
	ck_assert_int_eq(p->concurrency, JOB_ALLOW);
	ck_assert_int_eq(p->max_concurrent, 0);
	ck_assert_int_eq(p->queue_max, 100);
	ck_assert_int_eq(p->rate_burst, 1);
	ck_assert_int_eq(p->catch_up, JOB_CATCH_UP_ALL);
	ck_assert_int_eq(p->catch_up_max_age_ms, 3600000);
	ck_assert_int_eq(p->catch_up_max_count, 1000);
	ck_assert(!wall_is_set(p->start_at) && !wall_is_set(p->end_at));
	ck_assert_int_eq(p->n_success, 1);
	ck_assert_int_eq(p->success[0].low, 200);
	ck_assert_int_eq(p->success[0].high, 299);
	job_unref(job);
}
END_TEST

START_TEST(test_defaults_follow_type_and_concurrency)
{
	struct job *job = job_of("{" OK_JOB ",\"type\":\"ATMOST_ONCE\",\"concurrency\":\"forbid\"}");
	ck_assert_int_eq(job->policy->retry.max_attempts, 1);
	ck_assert_int_eq(job->policy->catch_up, JOB_CATCH_UP_NONE);
	ck_assert_int_eq(job->policy->max_concurrent, 1);
	job_unref(job);
}
END_TEST

START_TEST(test_null_means_default_everywhere)
{
	struct job *plain = job_of("{" OK_JOB "}");
	json_t *full = job_to_json(plain, false), *value;
	const char *name;
	json_object_del(full, "jobId");
	json_object_del(full, "revision");
	json_object_foreach(full, name, value) if (strcmp(name, "schedule") != 0 && strcmp(name, "api") != 0)
		json_object_set_new(full, name, json_null());
	struct job_problem problem = { 0 };
	struct job *nulls = job_parse(full, "id-1", 7, false, &problem);
	ck_assert_msg(nulls != NULL, "%s %s", problem.pointer, problem.detail);
	json_t *a = job_to_json(plain, false), *b = job_to_json(nulls, false);
	ck_assert(json_equal(a, b));
	json_decref(a);
	json_decref(b);
	json_decref(full);
	job_unref(plain);
	job_unref(nulls);
}
END_TEST

static const char *const round_trips[] = {
	"{" OK_JOB "}",
	"{" OK_JOB
	",\"name\":\"Nightly \\u00fc \\\"x\\\"\",\"timezone\":\"Europe/Berlin\",\"method\":\"PATCH\",\"active\":false}",
	"{" OK_JOB
	",\"body\":\"text \\n \\\\ \\u0001\",\"headers\":{\"Accept\":\"*/*\",\"X-Tab\":\"a\\tb\",\"X-Empty\":\"\"}}",
	"{" OK_JOB ",\"body\":{\"b\":[1,2.5,null,true,{\"x\":\"\\u0000\"}],\"a\":0.1}}",
	"{" OK_JOB ",\"body\":[]}",
	"{" OK_JOB ",\"body\":false}",
	"{" OK_JOB ",\"body\":\"\"}",
	"{" OK_JOB ",\"body\":17}",
	"{" OK_JOB
	",\"retry\":{\"maxAttempts\":9,\"multiplier\":1.3,\"jitter\":\"none\",\"retryOn\":[\"5xx\",\"connect\"],"
	"\"maxElapsedMs\":5000}}",
	"{" OK_JOB ",\"retry\":{\"retryOn\":[]},\"rateLimit\":{\"perSecond\":0.1,\"burst\":5}}",
	"{" OK_JOB ",\"concurrency\":\"queue\",\"maxConcurrent\":4,\"queueMax\":7,\"catchUp\":{\"policy\":\"latest\","
		   "\"maxAgeMs\":1,"
	"\"maxCount\":2,\"spacingMs\":3},\"jitterMs\":77}",
	"{" OK_JOB ",\"startAt\":\"2026-01-01T00:00:00.123456+02:00\",\"endAt\":\"2027-01-01T00:00:00Z\"}",
	"{" OK_JOB ",\"startAt\":\"0001-01-01T00:00:00.999Z\",\"endAt\":\"1969-12-31T23:59:59.9999Z\"}",
	"{" OK_JOB ",\"success\":{\"statuses\":[200,\"201\",\"300-399\"],\"bodyRegex\":\"^ok:\\\\d+$\"}}",
	"{" OK_JOB ",\"target\":{\"mode\":\"agent\",\"agent\":\"host-1\"}}",
	"{" OK_JOB ",\"history\":{\"policy\":\"sample\",\"sampleN\":7}}",
	"{" OK_JOB ",\"history\":{\"policy\":\"failures\"}}",
	"{" OK_JOB ",\"target\":{\"mode\":\"count\",\"count\":3,\"selector\":\"env=prod,role in (web,api),!legacy\"}}",
	"{" OK_JOB ",\"failover\":{\"policy\":\"after\",\"afterMs\":5000}}",
	"{" OK_JOB ",\"failover\":{\"policy\":\"never\"}}",
	"{" OK_JOB ",\"target\":{\"mode\":\"all\"},\"type\":\"ATMOST_ONCE\",\"retry\":{\"maxAttempts\":1}}",
	"{\"schedule\":\"H H * * *\",\"api\":\"http://[::1]:8080/\"}",
	"{\"schedule\":\"@every 90s\",\"api\":\"HTTPS://Example.COM:65535/a%20b?c=d&e\"}",
	"{\"schedule\":\"@at 2030-01-01T00:00:00Z\",\"api\":\"http://127.0.0.1\"}",
	"{" OK_JOB
	",\"headers\":{\"X-Fire\":\"{{executionId}}\"},\"body\":{\"a\":{\"b\":\"{{ jobId }}-{{attempt}}\"}}}",
	"{\"schedule\":\"* * * * *\",\"api\":\"http://h/{{jobId}}/run?at={{scheduledTime}}\"}",
	"{\"schedule\":\"@reboot\",\"api\":\"http://x-1_y.example/(a)!$&'*+,;=:@-._~\"}",
	"{" OK_JOB ",\"skipAt\":[\"2030-01-01T00:00:00.000Z\",\"2030-01-02T00:00:00.000Z\"]}",
};

START_TEST(test_json_and_job_round_trip_exactly)
{
	struct job *job = job_of(round_trips[_i]);
	json_t *full = job_to_json(job, false);
	struct job_problem problem = { 0 };
	struct job *back = job_parse(full, "id-1", 7, true, &problem);
	ck_assert_msg(back != NULL, "%s: %s", problem.pointer, problem.detail);
	json_t *again = job_to_json(back, false);
	ck_assert(json_equal(full, again));
	ck_assert_ptr_eq(job->policy, back->policy);
	ck_assert_ptr_eq(job->timetable->schedule, back->timetable->schedule);
	ck_assert_str_eq(job->name, back->name);
	ck_assert(g_strcmp0(job->body, back->body) == 0);
	json_t *brief = job_to_short_json(job);
	struct job *from_brief = job_parse(brief, "id-1", 7, true, &problem);
	ck_assert_msg(from_brief != NULL, "%s: %s", problem.pointer, problem.detail);
	json_t *full_again = job_to_json(from_brief, false);
	ck_assert(json_equal(full, full_again));
	ck_assert_uint_lt(json_object_size(brief), json_object_size(full));
	json_decref(full_again);
	json_decref(brief);
	job_unref(from_brief);
	/* What was given is in the full form, as it was given, but for what is written more exactly. */
	json_t *given = parse_text(round_trips[_i]);
	const json_t *body = json_object_get(given, "body");
	ck_assert(body == NULL || json_equal(body, json_object_get(full, "body")));
	ck_assert(json_equal(json_object_get(given, "api"), json_object_get(full, "api")));
	json_decref(given);
	json_decref(full);
	json_decref(again);
	job_unref(job);
	job_unref(back);
}
END_TEST

static const struct {
	const char *text, *pointer, *detail;
} mistakes[] = {
	{ "[]", "", "a job must be a JSON object, not an array" },
	{ "{}", "/schedule", "schedule: is required" },
	{ "{\"schedule\":\"* * * * *\"}", "/api", "api: is required" },
	{ "{\"schedule\":null,\"api\":\"http://h\"}", "/schedule", "schedule: is required" },
	{ "{\"schedule\":\"61 * * * *\",\"api\":\"http://h\"}", "/schedule", "schedule: minute: " },
	{ "{\"schedule\":\"* * * *\",\"api\":\"http://h\"}", "/schedule", "schedule: " },
	{ "{\"schedule\":\"0 0 30 2 *\",\"api\":\"http://h\"}", "/schedule", "schedule: " },
	{ "{\"schedule\":5,\"api\":\"http://h\"}", "/schedule", "schedule: must be a string, not a number" },
	{ "{\"schedule\":\"\",\"api\":\"http://h\"}", "/schedule", "schedule: must not be empty" },
	{ "{\"schedule\":\"* * * *\\n*\",\"api\":\"http://h\"}", "/schedule",
	  "schedule: must not contain control characters" },
	{ "{\"schedule\":\"@at 2026-02-30T00:00:00Z\",\"api\":\"http://h\"}", "/schedule", "schedule: " },
	{ "{" OK_JOB ",\"timezone\":\"Europe/Nowhere\"}", "/timezone", "timezone: " },
	{ "{" OK_JOB ",\"timezone\":\"/etc/passwd\"}", "/timezone", "timezone: " },
	{ "{" OK_JOB ",\"timezone\":\"../x\"}", "/timezone", "timezone: " },
	{ "{" OK_JOB ",\"timezone\":1}", "/timezone", "timezone: must be a string, not a number" },

	{ "{\"schedule\":\"* * * * *\",\"api\":\"ftp://h/x\"}", "/api",
	  "api: the URL must begin with http:// or https://; no other" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"file:///etc/passwd\"}", "/api", "api: the URL must begin with http" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"/foo\"}", "/api", "api: the URL must be a full URL" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"localhost:4444/foo\"}", "/api", "api: the URL must be a full URL" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http:///foo\"}", "/api", "api: the URL has no host" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://\"}", "/api", "api: the URL has no host" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://:80/\"}", "/api", "api: the URL " },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://u:p@h/\"}", "/api",
	  "api: the URL must not hold a user or password; put them into an Authorization header" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://u@h/\"}", "/api", "api: the URL must not hold a user" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h\\\\@evil/\"}", "/api", "api: the URL holds a character" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/a b\"}", "/api", "api: the URL holds a space" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/a\\r\\nX: y\"}", "/api",
	  "api: the URL holds a space or control" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/\\u0000\"}", "/api", "api: must not contain a NUL" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/\\u00fc\"}", "/api",
	  "api: the URL holds a character outside ASCII" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/#frag\"}", "/api", "api: the URL has a fragment" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h:99999/\"}", "/api", "api: the URL is not a valid URL" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h:0/\"}", "/api", "api: the URL names port 0" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h%41/\"}", "/api", "api: the URL has a % in its host" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h(x)/\"}", "/api", "api: the URL has a character in its host" },
	{ "{\"schedule\":\"* * * * *\",\"api\":7}", "/api", "api: must be a string, not a number" },

	{ "{" OK_JOB ",\"timeoutMS\":1}", "/timeoutMS", "timeoutMS: unknown field; did you mean \"timeoutMs\"?" },
	{ "{" OK_JOB ",\"shedule\":1}", "/shedule", "shedule: unknown field; did you mean \"schedule\"?" },
	{ "{" OK_JOB ",\"url\":1}", "/url", "url: unknown field; did you mean \"api\"?" },
	{ "{" OK_JOB ",\"frobnicate\":1}", "/frobnicate", "frobnicate: unknown field" },
	{ "{" OK_JOB ",\"a/b~c\":1}", "/a~1b~0c", "a/b~c: unknown field" },
	{ "{" OK_JOB ",\"x\\ny\":1}", "/x\ny", "x\\u000ay: unknown field" },
	{ "{" OK_JOB ",\"jobId\":\"x\"}", "/jobId", "jobId: is set by Belfry itself" },
	{ "{" OK_JOB ",\"retry\":{\"maxAttemps\":1}}", "/retry/maxAttemps",
	  "maxAttemps: unknown field; did you mean \"maxAttempts\"?" },
	{ "{" OK_JOB ",\"retry\":3}", "/retry", "retry: must be an object, not a number" },
	{ "{" OK_JOB ",\"retry\":{\"maxAttempts\":0}}", "/retry/maxAttempts", "maxAttempts: 0 is outside 1-100" },
	{ "{" OK_JOB ",\"retry\":{\"multiplier\":0.5}}", "/retry/multiplier", "multiplier: 0.5 is outside 1-10" },
	{ "{" OK_JOB ",\"retry\":{\"jitter\":\"half\"}}", "/retry/jitter", "jitter: \"half\" is none of full, none" },
	{ "{" OK_JOB ",\"retry\":{\"retryOn\":[\"5xx\",\"4xx\"]}}", "/retry/retryOn/1", "retryOn[1]: is none of" },
	{ "{" OK_JOB ",\"retry\":{\"retryOn\":\"5xx\"}}", "/retry/retryOn", "retryOn: must be an array" },
	{ "{" OK_JOB ",\"retry\":{\"initialBackoffMs\":120000}}", "/retry/initialBackoffMs",
	  "initialBackoffMs: is longer than maxBackoffMs (60000)" },
	{ "{" OK_JOB ",\"type\":\"ATMOST_ONCE\",\"retry\":{\"maxAttempts\":2}}", "/retry/maxAttempts",
	  "maxAttempts: a job of type ATMOST_ONCE is tried once only" },
	{ "{" OK_JOB ",\"type\":\"EXACTLY_ONCE\"}", "/type",
	  "type: \"EXACTLY_ONCE\" is none of ATLEAST_ONCE, ATMOST_ONCE" },
	{ "{" OK_JOB ",\"timeoutMs\":\"30s\"}", "/timeoutMs", "timeoutMs: must be a whole number, not a string" },
	{ "{" OK_JOB ",\"timeoutMs\":1.5}", "/timeoutMs", "timeoutMs: 1.5 is not a whole number" },
	{ "{" OK_JOB ",\"timeoutMs\":3600001}", "/timeoutMs", "timeoutMs: 3600001 is outside 1-3600000" },
	{ "{" OK_JOB ",\"timeoutMs\":-9223372036854775808}", "/timeoutMs", "timeoutMs: -9.2" },
	{ "{" OK_JOB ",\"timeoutMs\":1e300}", "/timeoutMs", "timeoutMs: 1e+300 is outside" },
	{ "{" OK_JOB ",\"active\":\"yes\"}", "/active", "active: must be true or false, not a string" },
	{ "{" OK_JOB ",\"method\":\"post\"}", "/method", "method: \"post\" is none of GET, HEAD, POST" },
	{ "{" OK_JOB ",\"method\":\"TRACE\"}", "/method", "method: \"TRACE\" is none of" },
	{ "{" OK_JOB ",\"name\":\"a\\nb\"}", "/name", "name: must not contain control characters" },
	{ "{" OK_JOB ",\"name\":\"\"}", "/name", "name: must not be empty" },
	{ "{" OK_JOB ",\"maxConcurrent\":0,\"concurrency\":\"forbid\"}", "/maxConcurrent",
	  "maxConcurrent: 0 (no limit) goes with" },
	{ "{" OK_JOB ",\"rateLimit\":{\"perSecond\":1e-300}}", "/rateLimit/perSecond", "perSecond: less than 0.0001" },
	{ "{" OK_JOB ",\"history\":{\"policy\":\"some\"}}", "/history/policy",
	  "policy: \"some\" is none of all, failures, sample" },
	{ "{" OK_JOB ",\"history\":{\"policy\":\"sample\",\"sampleN\":0}}", "/history/sampleN", "sampleN: 0 is outside 1-1000000" },
	{ "{" OK_JOB ",\"catchUp\":\"none\"}", "/catchUp", "catchUp: must be an object, not a string" },
	{ "{" OK_JOB ",\"startAt\":\"2026-02-30T00:00:00Z\"}", "/startAt",
	  "startAt: \"2026-02-30T00:00:00Z\" is not a date and time" },
	{ "{" OK_JOB ",\"startAt\":\"2026-02-01\"}", "/startAt", "startAt: \"2026-02-01\" is not a date and time" },
	{ "{" OK_JOB ",\"startAt\":1}", "/startAt", "startAt: must be a string" },
	{ "{" OK_JOB ",\"startAt\":\"2026-02-01T00:00:00Z\",\"endAt\":\"2026-02-01T01:00:00+01:00\"}", "/endAt",
	  "endAt: must be later than startAt" },
	{ "{" OK_JOB ",\"skipAt\":\"2030-01-01T00:00:00Z\"}", "/skipAt", "skipAt: must be an array of times" },
	{ "{" OK_JOB ",\"skipAt\":[\"2030-01-01T00:00:00Z\",\"2030-02-30T00:00:00Z\"]}", "/skipAt/1", "skipAt[1]: " },
	{ "{" OK_JOB ",\"skipAt\":[0,0,0,0,0,0,0,0,0]}", "/skipAt", "skipAt: has 9 times, at most 8" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[\"299-200\"]}}", "/success/statuses/0",
	  "statuses[0]: the range 299-200 is reversed; write 200-299" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[200,\"2xx\"]}}", "/success/statuses/1",
	  "statuses[1]: a status range is written" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[99]}}", "/success/statuses/0",
	  "statuses[0]: a status range is written" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[\"200-600\"]}}", "/success/statuses/0",
	  "statuses[0]: HTTP statuses lie in" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[\"200-299-300\"]}}", "/success/statuses/0",
	  "statuses[0]: a status range" },
	{ "{" OK_JOB ",\"success\":{\"statuses\":[]}}", "/success/statuses", "statuses: must be an array of 1 to 8" },
	{ "{" OK_JOB ",\"success\":{\"bodyRegex\":\"(\"}}", "/success/bodyRegex",
	  "bodyRegex: is not a regular expression: missing" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"agent\"}}", "/target/agent", "agent: is required with mode \"agent\"" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"all\",\"agent\":\"x\"}}", "/target/agent",
	  "agent: goes with mode \"agent\" only; with another, set it to null" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"count\"}}", "/target/count", "count: is required with mode \"count\"" },
	{ "{" OK_JOB ",\"target\":{\"count\":2}}", "/target/count", "count: goes with mode \"count\" only; with another, set it to null" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"count\",\"count\":0}}", "/target/count", "count: must be a whole number from 1 to 1000" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"count\",\"count\":1001}}", "/target/count", "count: must be a whole number from 1 to 1000" },
	{ "{" OK_JOB ",\"target\":{\"selector\":\"a in b\"}}", "/target/selector", "selector: is no selector like" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"agent\",\"agent\":\"x\",\"selector\":\"a\"}}", "/target/selector",
	  "selector: goes with modes" },
	{ "{" OK_JOB ",\"failover\":{\"policy\":\"maybe\"}}", "/failover/policy", "policy: \"maybe\" is none of after, never" },
	{ "{" OK_JOB ",\"failover\":{\"afterMs\":-1}}", "/failover/afterMs", "afterMs" },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"some\"}}", "/target/mode", "mode: \"some\" is none of one, all, agent, count" },

	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://{{jobId}}/\"}", "/api",
	  "api: \"{{\" may stand in path and query only" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/{{jobID}}\"}", "/api", "api: \"{{jobID}}\" is not known" },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/{jobId}\"}", "/api", "api: the URL holds a character" },
	{ "{" OK_JOB ",\"body\":\"{{a\\nb}}\"}", "/body", "body: \"{{a b}}\" is not known" },
	{ "{" OK_JOB ",\"body\":[\"{{x\"]}", "/body", "body: \"{{\" is not closed" },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"{{y}}\"}}", "/headers/X", "X: \"{{y}}\" is not known" },
	{ "{" OK_JOB ",\"headers\":[]}", "/headers", "headers: must be an object" },
	{ "{" OK_JOB ",\"headers\":{\"X\":1}}", "/headers/X", "X: must be a string, not a number" },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"a\\r\\nY: b\"}}", "/headers/X",
	  "X: the value of header X holds a line break" },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"a\\nb\"}}", "/headers/X", "X: the value of header X holds a line break" },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"a\\u0000b\"}}", "/headers/X", "X: must not contain a NUL" },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"a\\u0007b\"}}", "/headers/X",
	  "X: the value of header X holds a control character" },
	{ "{" OK_JOB ",\"headers\":{\"X\\r\\nY\":\"b\"}}", "/headers/X\r\nY",
	  "X\\u000d\\u000aY: \"X\\u000d\\u000aY\" is not a header name" },
	{ "{" OK_JOB ",\"headers\":{\"X Y\":\"b\"}}", "/headers/X Y", "X Y: \"X Y\" is not a header name" },
	{ "{" OK_JOB ",\"headers\":{\"X:\":\"b\"}}", "/headers/X:", "X:: \"X:\" is not a header name" },
	{ "{" OK_JOB ",\"headers\":{\"\":\"b\"}}", "/headers/", ": \"\" is not a header name" },
	{ "{" OK_JOB ",\"headers\":{\"a\":\"b\",\"A\":\"b\"}}", "/headers/A", "A: the header A is given twice" },
	{ "{" OK_JOB ",\"headers\":{\"content-length\":\"1\"}}", "/headers/content-length",
	  "content-length: the header content-length is set by the agent itself" },
	{ "{" OK_JOB ",\"headers\":{\"Host\":\"1\"}}", "/headers/Host", "Host: the header Host is set" },
	{ "{" OK_JOB ",\"headers\":{\"Transfer-Encoding\":\"1\"}}", "/headers/Transfer-Encoding",
	  "Transfer-Encoding: the header" },
	{ "{" OK_JOB ",\"headers\":{\"Connection\":\"1\"}}", "/headers/Connection", "Connection: the header" },
	{ "{" OK_JOB ",\"headers\":{\"idempotency-key\":\"1\"}}", "/headers/idempotency-key",
	  "idempotency-key: the header" },
	{ "{" OK_JOB ",\"headers\":{\"Traceparent\":\"1\"}}", "/headers/Traceparent", "Traceparent: the header" },
	{ "{" OK_JOB ",\"headers\":{\"Authorization\":\"********\"}}", "/headers/Authorization",
	  "Authorization: the value of header Authorization is the mask" },
};

START_TEST(test_a_mistake_gets_pointer_and_sentence)
{
	struct job_problem problem = { 0 };
	json_t *json = parse_text(mistakes[_i].text);
	ck_assert_msg(job_parse(json, "", 0, false, &problem) == NULL, "accepted: %s", mistakes[_i].text);
	ck_assert_str_eq(problem.pointer, mistakes[_i].pointer);
	ck_assert_msg(g_str_has_prefix(problem.detail, mistakes[_i].detail), "%s instead of %s", problem.detail,
		      mistakes[_i].detail);
	job_problem_clear(&problem);
	json_decref(json);
}
END_TEST

/* A definition whose member is a text of so many bytes. */
static bool fits(const char *format, size_t size)
{
	struct job_problem problem = { 0 };
	g_autofree char *filler = g_strnfill(size, 'a');
	GString *text = g_string_new(format);
	g_string_replace(text, "$", filler, 0);
	json_t *json = parse_text(text->str);
	struct job *job = job_parse(json, "", 0, false, &problem);
	json_decref(json);
	g_string_free(text, TRUE);
	job_problem_clear(&problem);
	bool fitted = job != NULL;
	job_unref(job);
	return fitted;
}

static const struct {
	const char *format;
	size_t max;
} limits[] = {
	{ "{" OK_JOB ",\"name\":\"$\"}", JOB_NAME_MAX },
	{ "{\"schedule\":\"* * * * *\",\"api\":\"http://h/$\"}", JOB_URL_MAX - 9 },
	{ "{" OK_JOB ",\"headers\":{\"$\":\"x\"}}", JOB_HEADER_NAME_MAX },
	{ "{" OK_JOB ",\"headers\":{\"X\":\"$\"}}", JOB_HEADER_VALUE_MAX },
	{ "{" OK_JOB ",\"body\":\"$\"}", JOB_BODY_MAX },
	{ "{" OK_JOB ",\"body\":[\"$\"]}", JOB_BODY_MAX - 4 },
	{ "{" OK_JOB ",\"success\":{\"bodyRegex\":\"$\"}}", JOB_REGEX_MAX },
	{ "{" OK_JOB ",\"target\":{\"mode\":\"agent\",\"agent\":\"$\"}}", JOB_NAME_MAX },
};

START_TEST(test_limits_hold_to_the_byte)
{
	ck_assert_msg(fits(limits[_i].format, limits[_i].max), "%s", limits[_i].format);
	ck_assert_msg(!fits(limits[_i].format, limits[_i].max + 1), "%s", limits[_i].format);
}
END_TEST

START_TEST(test_headers_and_depth_are_bounded)
{
	for (int n = JOB_HEADERS_MAX; n <= JOB_HEADERS_MAX + 1; n++) {
		json_t *json = parse_text("{" OK_JOB "}"), *headers = json_object();
		for (int i = 0; i < n; i++) {
			char name[16];
			g_snprintf(name, sizeof name, "X-%d", i);
			json_object_set_new(headers, name, json_string("v"));
		}
		json_object_set_new(json, "headers", headers);
		struct job_problem problem = { 0 };
		struct job *job = job_parse(json, "", 0, false, &problem);
		ck_assert(n <= JOB_HEADERS_MAX ? job != NULL && job->n_headers == n
					       : strcmp(problem.pointer, "/headers") == 0);
		job_unref(job);
		job_problem_clear(&problem);
		json_decref(json);
	}
	for (int depth = JOB_JSON_DEPTH_MAX - 1; depth <= 2000; depth += 500) {
		json_t *json = parse_text("{" OK_JOB "}"), *body = json_integer(1);
		for (int i = 1; i < depth; i++)
			body = json_pack("[o]", body);
		json_object_set_new(json, "body", body);
		struct job_problem problem = { 0 };
		struct job *job = job_parse(json, "", 0, false, &problem);
		ck_assert(depth < JOB_JSON_DEPTH_MAX ? job != NULL : strcmp(problem.pointer, "/body") == 0);
		job_unref(job);
		job_problem_clear(&problem);
		json_decref(json);
	}
}
END_TEST

START_TEST(test_read_only_members_are_ignored_only_where_allowed)
{
	json_t *json = parse_text("{" OK_JOB ",\"jobId\":\"zzz\",\"revision\":4,\"createdAt\":\"x\",\"updatedAt\":5}");
	struct job_problem problem = { 0 };
	struct job *job = job_parse(json, "id-2", 5, true, &problem);
	ck_assert_ptr_nonnull(job);
	ck_assert_str_eq(job->id, "id-2");
	ck_assert_ptr_null(job_parse(json, "id-2", 5, false, &problem));
	ck_assert_str_eq(problem.pointer, "/jobId");
	job_problem_clear(&problem);
	job_unref(job);
	json_decref(json);
}
END_TEST

START_TEST(test_secrets_are_masked_and_restored)
{
	struct job *job = job_of(
		"{" OK_JOB ",\"headers\":{\"Authorization\":\"Bearer abc\",\"X-Api-Key\":\"k\",\"Accept\":\"a/b\"}}");
	json_t *shown = job_to_json(job, true);
	char *text = json_dumps(shown, 0);
	ck_assert_ptr_null(strstr(text, "abc"));
	ck_assert_ptr_nonnull(strstr(text, "a/b"));
	free(text);
	/* Names of headers compare without letter case. */
	json_t *headers = json_object_get(shown, "headers");
	json_object_del(headers, "X-Api-Key");
	json_object_set_new(headers, "x-api-key", json_string(JOB_SECRET_MASK));
	json_object_set_new(headers, "X-Secret", json_string(JOB_SECRET_MASK));
	json_object_set_new(headers, "Accept", json_string(JOB_SECRET_MASK));
	job_json_restore_secrets(shown, job);
	ck_assert_str_eq(json_string_value(json_object_get(headers, "Authorization")), "Bearer abc");
	ck_assert_str_eq(json_string_value(json_object_get(headers, "x-api-key")), "k");
	ck_assert_str_eq(json_string_value(json_object_get(headers, "X-Secret")), JOB_SECRET_MASK);
	ck_assert_str_eq(json_string_value(json_object_get(headers, "Accept")), JOB_SECRET_MASK);
	json_decref(shown);

	static const char *const odd[] = { "{}", "{\"headers\":null}", "{\"headers\":[1]}",
					   "{\"headers\":{\"Authorization\":7}}", "[]" };
	for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
		json_t *json = parse_text(odd[i]);
		job_json_restore_secrets(json, job);
		json_decref(json);
	}
	job_unref(job);
	ck_assert(job_header_is_secret("COOKIE"));
	ck_assert(job_header_is_secret("X-Auth-Token"));
	ck_assert(job_header_is_secret("my-Password-2"));
	ck_assert(!job_header_is_secret("Accept"));
	ck_assert(!job_header_is_secret("Cookie-Policy"));
}
END_TEST

START_TEST(test_a_regular_expression_cannot_hang)
{
	struct job *job = job_of("{" OK_JOB ",\"success\":{\"bodyRegex\":\"(*LIMIT_MATCH=4000000000)^(a+)+$\"}}");
	g_autofree char *text = g_strnfill(4000, 'a');
	text[3999] = 'b';
	clock_t start = clock(); /* of the processor: the machine may be busy */
	ck_assert(!g_regex_match(job->body_regex, text, 0, NULL));
	ck_assert_int_lt(clock() - start, CLOCKS_PER_SEC);
	job_unref(job);
}
END_TEST

START_TEST(test_ids_of_jobs)
{
	static const char *const good[] = { "a", "0f8fad5b-d9cb-469f-a165-70867728950e", "my.job_1-x", "..." };
	static const char *const bad[] = { "",	  ".",
					   "..",  "a b",
					   "a/b", "\xc3\xbc",
					   "a\n", "0123456789012345678901234567890123456789012345678901234567890123x" };
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		ck_assert_msg(job_id_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		ck_assert_msg(!job_id_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_schedule_and_api_are_enough);
	tcase_add_test(tests, test_defaults_follow_type_and_concurrency);
	tcase_add_test(tests, test_null_means_default_everywhere);
	tcase_add_loop_test(tests, test_json_and_job_round_trip_exactly, 0, G_N_ELEMENTS(round_trips));
	tcase_add_loop_test(tests, test_a_mistake_gets_pointer_and_sentence, 0, G_N_ELEMENTS(mistakes));
	tcase_add_loop_test(tests, test_limits_hold_to_the_byte, 0, G_N_ELEMENTS(limits));
	tcase_add_test(tests, test_headers_and_depth_are_bounded);
	tcase_add_test(tests, test_read_only_members_are_ignored_only_where_allowed);
	tcase_add_test(tests, test_secrets_are_masked_and_restored);
	tcase_add_test(tests, test_a_regular_expression_cannot_hang);
	tcase_add_test(tests, test_ids_of_jobs);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
