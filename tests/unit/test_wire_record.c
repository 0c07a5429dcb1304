/*
 * The lines of the outbox: executions with their single attempts, and events; written by the agent, read with suspicion.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire.h"
#include "tests/unit/suite.h"

#define RECORD                                                                                                   \
	"{\"executionId\":\"0f8fad5b-d9cb-8fff-a165-70867728950e\",\"jobId\":\"a\",\"jobRevision\":3,\"cause\":" \
	"\"schedule\","                                                                                          \
	"\"scheduledAt\":\"2026-11-23T12:00:00.000Z\",\"startedAt\":\"2026-11-23T12:00:00.001Z\","               \
	"\"finishedAt\":\"2026-11-23T12:00:00.100Z\",\"durationMs\":98.765,\"latenessMs\":1.234,\"status\":"     \
	"\"success\","                                                                                           \
	"\"attempts\":1,\"httpStatus\":200}"

#define ATTEMPT "{\"number\":4,\"outcome\":\"status\""

static struct execution a_full_record(void)
{
	return (struct execution){
		.id = fire_id_random(),
		.job_id = (char *)"job.1",
		.job_revision = INT64_C(1) << 50,
		.cause = FIRE_CATCH_UP,
		.status = EXECUTION_FAILED,
		.scheduled_at = { INT64_C(1795435200000000) },
		.last_scheduled_at = { INT64_C(1795435200000000) },
		.count = 1,
		.armed_at = { INT64_C(1795435199502000) },
		.started_at = { INT64_C(1795435200001000) },
		.finished_at = { INT64_C(1795435201234000) },
		.duration_us = 1232999,
		.lateness_us = -1001,
		.attempts = 3,
		.http_status = 503,
		.reason = (char *)"gave up \"after\" 3\n",
		.error = (char *)"\x01\x1f\\ \xc3\xbc \xf0\x9f\x94\x94",
		.response_body = (char *)"{\"ok\":false}\t\r",
		.timing = { 0, 1, 1000, 999999, 1232999 },
		.response_digest = (char *)"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};
}

static struct execution a_missed_range(void)
{
	return (struct execution){
		.id = fire_id_random(),
		.job_id = (char *)"x",
		.cause = FIRE_SCHEDULE,
		.status = EXECUTION_MISSED,
		.scheduled_at = { 0 },
		.last_scheduled_at = { INT64_C(86400000000) },
		.count = 86401,
		.armed_at = WALL_NONE,
		.started_at = WALL_NONE,
		.finished_at = { INT64_C(86400000000) },
		.reason = (char *)"downtime",
		.timing = { -1, -1, -1, -1, -1 },
	};
}

static void assert_same(const struct execution *a, const struct execution *b)
{
	ck_assert(fire_id_equal(a->id, b->id));
	ck_assert_str_eq(a->job_id, b->job_id);
	ck_assert_int_eq(a->job_revision, b->job_revision);
	ck_assert_int_eq(a->cause, b->cause);
	ck_assert_int_eq(a->status, b->status);
	ck_assert_int_eq(a->scheduled_at.us, b->scheduled_at.us);
	ck_assert_int_eq(a->last_scheduled_at.us, b->last_scheduled_at.us);
	ck_assert_int_eq(a->count, b->count);
	ck_assert_int_eq(a->started_at.us, b->started_at.us);
	ck_assert_int_eq(a->finished_at.us, b->finished_at.us);
	ck_assert_int_eq(a->duration_us, b->duration_us);
	ck_assert_int_eq(a->lateness_us, b->lateness_us);
	ck_assert_int_eq(a->attempts, b->attempts);
	ck_assert_int_eq(a->http_status, b->http_status);
	ck_assert(g_strcmp0(a->reason, b->reason) == 0);
	ck_assert(g_strcmp0(a->error, b->error) == 0);
	ck_assert(g_strcmp0(a->response_body, b->response_body) == 0);
	ck_assert(g_strcmp0(a->response_digest, b->response_digest) == 0);
	ck_assert(memcmp(&a->timing, &b->timing, sizeof a->timing) == 0);
	ck_assert_int_eq(a->armed_at.us, b->armed_at.us);
	ck_assert((a->attempt_log == NULL) == (b->attempt_log == NULL));
	if (a->attempt_log == NULL)
		return;
	ck_assert_int_eq(a->attempt_log->omitted, b->attempt_log->omitted);
	ck_assert_int_eq(a->attempt_log->n, b->attempt_log->n);
	ck_assert(memcmp(a->attempt_log->entries, b->attempt_log->entries,
			 (size_t)a->attempt_log->n * sizeof(struct attempt_entry)) == 0);
}

static void assert_round_trip(const struct execution *record)
{
	g_autoptr(GString) text = g_string_new(NULL), again = g_string_new(NULL);
	wire_append_execution(text, record);
	ck_assert_ptr_null(strchr(text->str, '\n'));
	json_t *json = json_loads(text->str, 0, NULL);
	ck_assert_msg(json != NULL, "%s", text->str);
	struct execution back;
	g_autoptr(GError) error = NULL;
	ck_assert_msg(wire_parse_execution(json, &back, &error), "%s: %s", error ? error->message : "", text->str);
	assert_same(record, &back);
	wire_append_execution(again, &back);
	ck_assert_str_eq(text->str, again->str);
	execution_clear(&back);
	json_decref(json);
}

START_TEST(test_records_round_trip)
{
	struct execution full = a_full_record(), missed = a_missed_range(), skipped = a_missed_range();
	skipped.status = EXECUTION_SKIPPED;
	skipped.count = 1;
	skipped.last_scheduled_at = skipped.scheduled_at;
	assert_round_trip(&full);
	assert_round_trip(&missed);
	assert_round_trip(&skipped);
	full.timing.tls_us = -1;
	full.response_body = (char *)"";
	full.duration_us = full.lateness_us = 0;
	assert_round_trip(&full);
}
END_TEST

START_TEST(test_single_attempts_round_trip_with_the_first_and_the_last_when_there_are_more)
{
	struct execution record = a_full_record();
	for (int number = 1; number <= 40; number++) {
		struct attempt_entry entry = { number, 500, ATTEMPT_END_STATUS, number % 2 == 0, -7 + number * 1001, 999, 1234567 };
		if (number == 7)
			entry = (struct attempt_entry){ 7, 0, ATTEMPT_END_UNKNOWN, false, ATTEMPT_TIME_UNKNOWN, -1, -1 };
		attempt_log_note(&record.attempt_log, &entry);
		if (number == 7) {
			entry = (struct attempt_entry){ 7, 0, ATTEMPT_END_BROKEN, false, 5, 0, 0 };
			attempt_log_note(&record.attempt_log, &entry);
		}
		assert_round_trip(&record);
	}
	const struct attempt_log *log = record.attempt_log;
	ck_assert_int_eq(log->n, ATTEMPT_LOG_MAX);
	ck_assert_int_eq(log->omitted, 40 - (ATTEMPT_LOG_MAX - 1));
	ck_assert_int_eq(log->entries[0].number, 1);
	ck_assert_int_eq(log->entries[ATTEMPT_LOG_FIRST - 1].number, 7);
	ck_assert_int_eq(log->entries[ATTEMPT_LOG_FIRST].number, 33);
	ck_assert_int_eq(log->entries[ATTEMPT_LOG_MAX - 1].number, 40);
	g_free(record.attempt_log);
}
END_TEST

START_TEST(test_attempts_that_nobody_told_of_are_counted)
{
	struct attempt_log *log = NULL;
	struct attempt_entry third = { 3, 0, ATTEMPT_END_UNKNOWN, false, ATTEMPT_TIME_UNKNOWN, -1, -1 };
	attempt_log_note(&log, &third);
	ck_assert_int_eq(log->omitted, 2);
	third.end = ATTEMPT_END_SUCCESS;
	attempt_log_note(&log, &third);
	ck_assert_int_eq(log->omitted, 2);
	ck_assert_int_eq(log->n, 2);
	g_free(log);
}
END_TEST

START_TEST(test_each_end_of_an_attempt_has_a_name_of_its_own)
{
	for (int end = ATTEMPT_END_SUCCESS; end < ATTEMPT_END_MAX_; end++) {
		enum attempt_end back;
		ck_assert(attempt_end_parse(attempt_end_name(end), &back));
		ck_assert_int_eq(back, end);
	}
	ck_assert(!attempt_end_parse("", &(enum attempt_end){ 0 }));
}
END_TEST

START_TEST(test_whatever_text_a_record_has_it_stays_within_limits_and_valid)
{
	char noise[10000];
	unsigned seed = 1;
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof noise - 1; i++) {
			seed = seed * 1103515245 + 12345;
			unsigned any = seed >> 24;
			noise[i] = round % 3 == 0 ? "\xf0\x9f\x94\x94\xc3\xbcx"[i % 7]
						  : (char)(round % 3 == 1 ? 0x80 | any : 1 + any % 255);
		}
		noise[(seed >> 16) % sizeof noise] = '\0';
		noise[sizeof noise - 1] = '\0';
		struct execution record = a_full_record(), back;
		record.reason = record.error = record.response_body = noise;
		g_autoptr(GString) text = g_string_new(NULL);
		wire_append_execution(text, &record);
		json_t *json = json_loads(text->str, 0, NULL);
		ck_assert_ptr_nonnull(json);
		g_autoptr(GError) error = NULL;
		ck_assert_msg(wire_parse_execution(json, &back, &error), "%s", error ? error->message : "");
		execution_clear(&back);
		json_decref(json);
	}
}
END_TEST

static const struct {
	const char *member, *value, *sentence;
} poisons[] = {
	{ "executionId", NULL, "executionId: is missing" },
	{ "executionId", "\"x\"", "executionId: is not a UUID" },
	{ "executionId", "7", "executionId: must be a string" },
	{ "jobId", NULL, "jobId: is missing" },
	{ "jobId", "\"\"", "jobId: is too short" },
	{ "jobId", "\"a b\"", "jobId: may hold letters" },
	{ "jobId", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
	  "jobId: is 65 bytes long, at most 64" },
	{ "jobId", "[]", "jobId: must be a string" },
	{ "jobRevision", NULL, "jobRevision: is missing" },
	{ "jobRevision", "-1", "jobRevision: -1 is outside 0 to" },
	{ "jobRevision", "1.5", "jobRevision: must be a whole number" },
	{ "cause", "\"because\"", "cause: is no known cause" },
	{ "status", NULL, "status: is missing" },
	{ "status", "\"running\"", "status: is no known status" },
	{ "scheduledAt", NULL, "scheduledAt: is missing" },
	{ "scheduledAt", "\"yesterday\"", "scheduledAt: is not an RFC 3339 time" },
	{ "scheduledAt", "1795435200", "scheduledAt: must be a string" },
	{ "startedAt", "\"2026-13-01T00:00:00Z\"", "startedAt: is not an RFC 3339 time" },
	{ "finishedAt", NULL, "finishedAt: is missing" },
	{ "durationMs", "\"1\"", "durationMs: must be a number" },
	{ "durationMs", "-1", "durationMs: must not be negative" },
	{ "durationMs", "1e300", "durationMs: is out of range" },
	{ "latenessMs", "{}", "latenessMs: must be a number" },
	{ "attempts", "-1", "attempts: -1 is outside 0 to 1000000" },
	{ "attempts", "99999999999", "attempts: 99999999999 is outside" },
	{ "httpStatus", "1000", "httpStatus: 1000 is outside 0 to 999" },
	{ "reason", "5", "reason: must be a string" },
	{ "error", "\"\\u0000\"", "error: must not contain a NUL" },
	{ "responseBody", "false", "responseBody: must be a string" },
	{ "responseDigest", "\"abc\"", "responseDigest: must be 64" },
	{ "count", "0", "count: 0 is outside" },
	{ "count", "2", "count: only a missed record" },
	{ "lastScheduledAt", "\"2026-11-23T12:00:01.000Z\"", "lastScheduledAt: differs" },
	{ "lastScheduledAt", "\"2026-11-23T11:00:01.000Z\"", "lastScheduledAt: lies before" },
	{ "timing", "[]", "timing: must be an object" },
	{ "timing", "{\"dnsMs\":\"1\"}", "dnsMs: must be a number" },
	{ "timing", "{\"totalMs\":-5}", "totalMs: must not be negative" },
	{ "armedAt", "17", "armedAt: must be a string" },
	{ "armedAt", "\"soon\"", "armedAt: is not an RFC 3339 time" },
	{ "attemptLog", "[]", "attemptLog: must be an object" },
	{ "attemptLog", "{}", "attemptLog: list: names no attempt" },
	{ "attemptLog", "{\"list\":{}}", "attemptLog: list: must be an array" },
	{ "attemptLog", "{\"list\":[1]}", "attemptLog: list: an attempt must be a JSON object" },
	{ "attemptLog", "{\"list\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
	  "attemptLog: list: has 17 entries, at most 16 are allowed" },
	{ "attemptLog", "{\"omitted\":-1,\"list\":[" ATTEMPT "}]}", "attemptLog: omitted: -1 is outside" },
	{ "attemptLog", "{\"list\":[{\"number\":0,\"outcome\":\"status\"}]}", "attemptLog: number: 0 is outside" },
	{ "attemptLog", "{\"list\":[{\"number\":1,\"outcome\":\"luck\"}]}", "attemptLog: outcome: is no known end" },
	{ "attemptLog", "{\"list\":[{\"number\":1}]}", "attemptLog: outcome: is missing" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"httpStatus\":1000}]}", "attemptLog: httpStatus: 1000 is outside" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"startedAfterMs\":\"1\"}]}", "attemptLog: startedAfterMs: must be a number" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"durationMs\":-3}]}", "attemptLog: durationMs: must not be negative" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"waitMs\":-3}]}", "attemptLog: waitMs: must not be negative" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"waitMs\":3}]}", "attemptLog: waitCause: is missing" },
	{ "attemptLog", "{\"list\":[" ATTEMPT ",\"waitMs\":3,\"waitCause\":\"sleep\"}]}", "attemptLog: waitCause: is neither" },
	{ "attemptLog", "{\"list\":[" ATTEMPT "},{\"number\":3,\"outcome\":\"body\"}]}", "attemptLog: number: is less than" },
};

START_TEST(test_a_poison_record_gets_a_sentence)
{
	json_t *json = json_loads(RECORD, 0, NULL);
	if (poisons[_i].value == NULL)
		json_object_del(json, poisons[_i].member);
	else
		json_object_set_new(json, poisons[_i].member,
				    json_loads(poisons[_i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
	struct execution record;
	g_autoptr(GError) error = NULL;
	ck_assert_msg(!wire_parse_execution(json, &record, &error), "accepted: %s %s", poisons[_i].member,
		      poisons[_i].value);
	ck_assert_msg(g_str_has_prefix(error->message, poisons[_i].sentence), "%s instead of %s", error->message,
		      poisons[_i].sentence);
	json_decref(json);
}
END_TEST

START_TEST(test_a_sound_record_and_unknown_members_are_taken)
{
	json_t *json = json_loads(RECORD, 0, NULL);
	json_object_set_new(json, "fromTheFuture", json_true());
	struct execution record;
	ck_assert(wire_parse_execution(json, &record, NULL));
	ck_assert_int_eq(record.duration_us, 98765);
	ck_assert_int_eq(record.lateness_us, 1234);
	ck_assert_int_eq(record.timing.total_us, -1);
	ck_assert(!wall_is_set(record.armed_at)); /* an agent of before tells neither */
	ck_assert_ptr_null(record.attempt_log);
	execution_clear(&record);
	json_decref(json);
	for (int i = 0; i < 3; i++) {
		json_t *odd = json_loads(((const char *[]){ "null", "[]", "\"x\"" })[i], JSON_DECODE_ANY, NULL);
		ck_assert(!wire_parse_execution(odd, &record, NULL));
		json_decref(odd);
	}
}
END_TEST

START_TEST(test_events_round_trip)
{
	struct agent_event event = { "clockStep", { INT64_C(1795435200123000) }, (char *)"back by 3 s" }, back;
	g_autoptr(GString) text = g_string_new(NULL);
	wire_append_event(text, &event);
	ck_assert_str_eq(text->str,
			 "{\"event\":\"clockStep\",\"at\":\"2026-11-23T12:00:00.123Z\",\"detail\":\"back by 3 s\"}");
	json_t *json = json_loads(text->str, 0, NULL);
	ck_assert(wire_record_is_event(json));
	ck_assert(wire_parse_event(json, &back, NULL));
	ck_assert_str_eq(back.kind, "clockStep");
	ck_assert_int_eq(back.at.us, event.at.us);
	ck_assert_str_eq(back.detail, event.detail);
	g_free(back.detail);
	json_object_set_new(json, "event", json_string("a b"));
	ck_assert(!wire_parse_event(json, &back, NULL));
	json_object_set_new(json, "event", json_integer(1));
	ck_assert(!wire_parse_event(json, &back, NULL));
	json_decref(json);
	json = json_loads(RECORD, 0, NULL);
	ck_assert(!wire_record_is_event(json));
	json_decref(json);
}
END_TEST

START_TEST(test_a_record_is_written_in_about_a_microsecond)
{
#if !defined(__SANITIZE_ADDRESS__)
	struct execution record = a_full_record();
	record.reason = record.error = NULL;
	g_autoptr(GString) text = g_string_sized_new(1024);
	gint64 best = G_MAXINT64;
	for (int round = 0; round < 20; round++) {
		gint64 start = g_get_monotonic_time();
		for (int i = 0; i < 10000; i++) {
			g_string_truncate(text, 0);
			wire_append_execution(text, &record);
		}
		best = MIN(best, g_get_monotonic_time() - start);
	}
	printf("a record of %zu bytes takes %.2f us\n", text->len, (double)best / 10000);
	ck_assert_int_lt(best, 10000 * 5); /* generous: the machine may be busy; about 0.5 us on a quiet one */
#endif
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire_record");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_records_round_trip);
	tcase_add_test(tests, test_single_attempts_round_trip_with_the_first_and_the_last_when_there_are_more);
	tcase_add_test(tests, test_attempts_that_nobody_told_of_are_counted);
	tcase_add_test(tests, test_each_end_of_an_attempt_has_a_name_of_its_own);
	tcase_add_test(tests, test_whatever_text_a_record_has_it_stays_within_limits_and_valid);
	tcase_add_loop_test(tests, test_a_poison_record_gets_a_sentence, 0, G_N_ELEMENTS(poisons));
	tcase_add_test(tests, test_a_sound_record_and_unknown_members_are_taken);
	tcase_add_test(tests, test_events_round_trip);
	tcase_add_test(tests, test_a_record_is_written_in_about_a_microsecond);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
