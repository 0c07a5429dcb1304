/* agent/runner_http.h: what a request looks like on the wire, how each end is judged, what a response may cost. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "tests/unit/runner_world.h"
#include "tests/unit/suite.h"

#define API "\"api\":\"http://127.0.0.1:PORT/x\""
#define ID "\r\nIdempotency-Key: "

static void check_has(const struct world *world, const char *text)
{
	ck_assert_msg(strstr(world->received->str, text) != NULL, "no \"%s\" in:\n%s", text, world->received->str);
}

static void check_has_not(const struct world *world, const char *text)
{
	ck_assert_msg(strcasestr(world->received->str, text) == NULL, "\"%s\" in:\n%s", text, world->received->str);
}

static struct world *world;

static void set_up(void)
{
	world = world_new(NULL, NULL);
}

/* Every promise on the wire holds on a helper's thread as well. */
static void set_up_helper(void)
{
	world = world_new_with_helpers(1, true);
}

static void tear_down(void)
{
	world_free(world);
}

START_TEST(test_the_default_request_tells_job_times_and_identity)
{
	struct ended *ended = world_call(world, "{" API "}");
	char id[FIRE_ID_TEXT_SIZE], text[256];
	fire_id_print(ended->attempt.id, id);
	ck_assert(g_str_has_prefix(world->received->str, "POST /x HTTP/1.1\r\n"));
	check_has(world, "\r\nContent-Type: application/json\r\n");
	check_has(world, "\r\nUser-Agent: belfry/" PACKAGE_VERSION "\r\n");
	g_snprintf(text, sizeof text, ID "%s\r\n", id);
	check_has(world, text);
	g_snprintf(text, sizeof text, "{\"jobId\":\"job-1\",\"scheduledTime\":\"2023-11-14T22:13:20.000Z\",\"executionTime\":\"20");
	check_has(world, text);
	g_snprintf(text, sizeof text, "Z\",\"executionId\":\"%s\",\"attempt\":1}", id);
	ck_assert(g_str_has_suffix(world->received->str, text));
	ck_assert(g_regex_match_simple("\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n", world->received->str, 0, 0));
	check_has_not(world, "\r\nExpect:");
	check_has_not(world, "\r\nAccept-Encoding:");
	ended_free(ended);
}
END_TEST

START_TEST(test_the_result_tells_status_body_digest_and_times)
{
	struct ended *ended = world_call(world, "{" API "}");
	const struct attempt_result *result = &ended->result;
	ck_assert_int_eq(result->outcome, ATTEMPT_RESPONSE);
	ck_assert_int_eq(result->http_status, 200);
	ck_assert_int_eq(result->body_size, 2);
	ck_assert_mem_eq(result->body, "ok", 2);
	ck_assert_str_eq(result->body_digest, "2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df");
	ck_assert_ptr_null(result->error);
	ck_assert_int_eq(result->retry_after_ms, -1);
	ck_assert_int_ge(result->duration_us, 1);
	ck_assert_int_ge(result->timing.connect_us, 0);
	ck_assert_int_ge(result->timing.first_byte_us, 0);
	ck_assert_int_eq(result->timing.tls_us, -1);
	ck_assert_int_eq(result->timing.total_us, result->duration_us);
	ck_assert(!wall_before(result->finished_at, result->started_at));
	ended_free(ended);
}
END_TEST

static const struct {
	const char *definition;
	const char *has, *has_not; /* NULL = nothing */
} requests[] = {
	{ API ",\"method\":\"GET\"", "GET /x HTTP/1.1\r\n", "Content-" },
	{ API ",\"method\":\"HEAD\"", "HEAD /x HTTP/1.1\r\n", "Content-" },
	{ API ",\"method\":\"HEAD\",\"body\":\"b\"", "HEAD /x HTTP/1.1\r\n", "Content-" },
	{ API ",\"method\":\"DELETE\"", "DELETE /x HTTP/1.1\r\n", "Content-" },
	{ API ",\"method\":\"OPTIONS\"", "OPTIONS /x HTTP/1.1\r\n", "Content-" },
	{ API ",\"method\":\"PUT\"", "PUT /x HTTP/1.1\r\n", NULL },
	{ API ",\"method\":\"PATCH\"", "\"attempt\":1}", NULL },
	{ API ",\"method\":\"DELETE\",\"body\":\"b\"", "Content-Length: 1\r\n", NULL },
	{ API ",\"method\":\"GET\",\"body\":{\"a\":1}", "\r\n\r\n{\"a\":1}", NULL },
	{ API ",\"body\":\"\"", "Content-Length: 0\r\n", NULL },
	{ API ",\"body\":\"plain text\"", "\r\n\r\nplain text", NULL },
	{ API ",\"headers\":{\"content-type\":\"text/plain\"}", "\r\ncontent-type: text/plain\r\n", "application/json" },
	{ API ",\"headers\":{\"X-Empty\":\"\"}", "\r\nX-Empty:\r\n", NULL },
	{ API ",\"headers\":{\"User-Agent\":\"me\"}", "\r\nUser-Agent: me\r\n", "belfry" },
	{ API ",\"headers\":{\"Authorization\":\"Bearer t\"}", "\r\nAuthorization: Bearer t\r\n", NULL },
	{ API ",\"headers\":{\"X-Job\":\"{{jobId}}/{{attempt}}/{{cause}}/{{agentId}}\"}", "\r\nX-Job: job-1/1/schedule/agent-1\r\n", NULL },
	{ API ",\"body\":\"at {{scheduledTime}}\"", "\r\n\r\nat 2023-11-14T22:13:20.000Z", NULL },
	{ API ",\"name\":\"a \\\"b\\\"\",\"body\":{\"name\":\"{{jobName}}\"}", "\r\n\r\n{\"name\":\"a \\\"b\\\"\"}", NULL },
	{ "\"api\":\"http://127.0.0.1:PORT/a?b=c&d=%20e\",\"method\":\"GET\"", "GET /a?b=c&d=%20e HTTP/1.1\r\n", NULL },
	{ "\"api\":\"http://127.0.0.1:PORT\",\"method\":\"GET\"", "GET / HTTP/1.1\r\n", NULL },
};

START_TEST(test_a_definition_is_told_on_the_wire)
{
	g_autofree char *definition = g_strdup_printf("{%s}", requests[_i].definition);
	world->answer = strstr(definition, "HEAD") != NULL ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" : world->answer;
	struct ended *ended = world_call(world, definition);
	ck_assert_msg(ended->result.outcome == ATTEMPT_RESPONSE, "%s", ended->result.error);
	check_has(world, requests[_i].has);
	if (requests[_i].has_not != NULL)
		check_has_not(world, requests[_i].has_not);
	ended_free(ended);
}
END_TEST

/* Every transfer forgets the job it served before: nothing of one job is sent to another. */
START_TEST(test_transfers_leak_nothing_from_one_job_to_the_next)
{
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
			g_autofree char *definition = g_strdup_printf("{%s}", requests[i].definition);
			if (strstr(definition, "HEAD") != NULL)
				continue;
			struct ended *ended = world_call(world, definition);
			check_has(world, requests[i].has);
			if (requests[i].has_not != NULL)
				check_has_not(world, requests[i].has_not);
			ended_free(ended);
		}
	}
	/* More jobs than transfers are kept. */
	ck_assert_int_eq(world->connections, 1);
}
END_TEST

START_TEST(test_a_job_that_fires_again_uses_its_connection_and_a_new_key)
{
	struct job *job = world_job(world, "{" API "}");
	struct ended *first = world_start(world, job);
	world_wait(world);
	struct ended *second = world_start(world, job);
	world_wait(world);
	char id[FIRE_ID_TEXT_SIZE];
	check_has(world, fire_id_print(second->attempt.id, id));
	check_has_not(world, fire_id_print(first->attempt.id, id));
	ck_assert_int_eq(world->connections, 1);
	ck_assert_int_eq(world->requests, 2);
	ck_assert_int_eq(second->result.timing.dns_us, 0);
	ended_free(first);
	ended_free(second);
	job_unref(job);
}
END_TEST

static const struct {
	const char *definition, *answer;
	bool closes;
	enum attempt_outcome outcome;
	int http_status;
	int64_t retry_after_ms;
	const char *error; /* a part of it; NULL = none */
} ends[] = {
	{ API, "HTTP/1.1 204 No Content\r\n\r\n", false, ATTEMPT_RESPONSE, 204, -1, NULL },
	{ API, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 500, -1, NULL },
	{ API, "HTTP/1.1 503 Oh\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 503, 7000, NULL },
	{ API, "HTTP/1.1 429 Oh\r\nretry-after: 99999999999\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 429, 86400000, NULL },
	{ API, "HTTP/1.1 503 Oh\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 503, -1, NULL },
	{ API, "HTTP/1.1 503 Oh\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 503, -1, NULL },
	{ API, "HTTP/1.1 503 Oh\r\nRetry-After: Mon, 01 Jan 2001 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 503,
	  -1, NULL },
	{ API, "HTTP/1.1 503 Oh\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 503,
	  86400000, NULL },
	{ API, "HTTP/1.0 200 OK\r\n\r\nuntil the end", true, ATTEMPT_RESPONSE, 200, -1, NULL },
	{ API, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 201, -1, NULL },
	{ API, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n", false, ATTEMPT_RESPONSE, 200, -1,
	  NULL },
	{ API, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true, ATTEMPT_BROKEN, 200, -1, "remaining" },
	{ API, "HTTP/1.1 200 OK\r\nContent-Le", true, ATTEMPT_BROKEN, 200, -1, "within the response headers" },
	{ API, "HTTP/1.1 100 Continue\r\n\r\n", true, ATTEMPT_BROKEN, 100, -1, "" },
	{ API, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", true, ATTEMPT_BROKEN, 200, -1, "" },
	{ API, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", true, ATTEMPT_BROKEN, 200, -1, "" },
	{ API, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx", true, ATTEMPT_BROKEN, 200, -1, "transfer coding" },
	{ API, "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\nxx", true, ATTEMPT_BROKEN, 200, -1, "transfer coding" },
	{ API, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", true, ATTEMPT_BROKEN, 200, -1, "" },
	{ API, "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_RESPONSE, 200, -1, NULL },
	{ API, "HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n", false, ATTEMPT_BROKEN, 200, -1, "continuation" },
	{ API, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxxx", true, ATTEMPT_BROKEN, 101, -1, "" },
	{ API, "no HTTP at all\r\n\r\n", true, ATTEMPT_BROKEN, 0, -1, "" },
	{ API, "SSH-2.0-OpenSSH_9.2\r\n", true, ATTEMPT_BROKEN, 0, -1, "" },
	{ API, "\r\n\r\n\r\n", true, ATTEMPT_BROKEN, 0, -1, "" },
	{ API ",\"timeoutMs\":200", NULL, false, ATTEMPT_TIMEOUT, 0, -1, "timed out" },
	{ API ",\"timeoutMs\":2000", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, ATTEMPT_TIMEOUT, 200, -1, "timed out" },
	{ "\"api\":\"https://127.0.0.1:PORT/\",\"timeoutMs\":300", NULL, false, ATTEMPT_CONNECT, 0, -1, "" },
	{ "\"api\":\"http://127.0.0.1:1/\"", NULL, false, ATTEMPT_CONNECT, 0, -1, "connect" },
	{ "\"api\":\"http://[::1]:1/\"", NULL, false, ATTEMPT_CONNECT, 0, -1, "connect" },
	{ "\"api\":\"http://0.0.0.0:PORT/\"", NULL, false, ATTEMPT_REFUSED, 0, -1, "this host" },
};

START_TEST(test_each_end_is_judged_by_whether_the_target_may_have_acted)
{
	g_autofree char *definition = g_strdup_printf("{%s}", ends[_i].definition);
	world->answer = ends[_i].answer;
	world->closes = ends[_i].closes;
	struct ended *ended = world_call(world, definition);
	const struct attempt_result *result = &ended->result;
	ck_assert_msg(result->outcome == ends[_i].outcome, "row %d: outcome %d, %s", _i, result->outcome, result->error);
	ck_assert_int_eq(result->http_status, ends[_i].http_status);
	ck_assert_int_eq(result->retry_after_ms, ends[_i].retry_after_ms);
	if (ends[_i].error == NULL)
		ck_assert_ptr_null(result->error);
	else
		ck_assert_msg(result->error != NULL && strcasestr(result->error, ends[_i].error) != NULL, "row %d: %s", _i, result->error);
	ended_free(ended);
}
END_TEST

START_TEST(test_an_endless_body_is_cut_and_its_status_counts)
{
	g_autofree char *answer = g_strnfill(200000, 'x');
	memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", 19);
	world->answer = answer;
	world->floods = true;
	struct ended *ended = world_call(world, "{" API "}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
	ck_assert_int_eq(ended->result.http_status, 200);
	ck_assert_int_eq(ended->result.body_size, RESPONSE_BODY_MAX);
	ck_assert_ptr_nonnull(ended->result.body_digest);
	ck_assert_str_eq(ended->result.error, "the response body is too large");
	ended_free(ended);
}
END_TEST

START_TEST(test_a_body_of_exactly_the_limit_is_whole)
{
	g_autoptr(GString) answer = g_string_new(NULL);
	g_string_printf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", RESPONSE_READ_MAX);
	g_autofree char *body = g_strnfill(RESPONSE_READ_MAX, 0);
	g_string_append_len(answer, body, RESPONSE_READ_MAX);
	world->answer = answer->str;
	world->answer_size = answer->len;
	struct ended *ended = world_call(world, "{" API "}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
	ck_assert_ptr_null(ended->result.error);
	ck_assert_int_eq(ended->result.body[RESPONSE_BODY_MAX - 1], '\0');
	/* SHA-256 of 1 MiB of zeros. */
	ck_assert_str_eq(ended->result.body_digest, "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58");
	ended_free(ended);
}
END_TEST

START_TEST(test_endless_headers_are_cut)
{
	static const char *const heads[] = { "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" };
	g_autoptr(GString) answer = g_string_new("HTTP/1.1 200 OK\r\n");
	if (_i == 1)
		g_string_truncate(answer, 0);
	while (answer->len < 100000)
		g_string_append(answer, heads[_i] + (_i == 0 ? 17 : 0));
	world->answer = answer->str;
	world->floods = true;
	struct ended *ended = world_call(world, "{" API "}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_BROKEN);
	ck_assert_str_eq(ended->result.error, "the response headers are too large");
	ended_free(ended);
}
END_TEST

/* The second response makes an old libcurl write to what the first has freed, were it not stopped. */
START_TEST(test_a_continuation_line_never_reaches_the_headers_of_the_response_before)
{
	struct job *job = world_job(world, "{" API "}");
	for (int i = 0; i < 4; i++) {
		world->answer = i % 2 == 0 ? "HTTP/1.1 200 OK\r\nX: abc\r\nContent-Length: 0\r\n\r\n" :
			i == 1	   ? "HTTP/1.1 200 OK\r\n\tcontinued: y\r\nContent-Length: 0\r\n\r\n" :
					     "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\n continued: y\r\nContent-Length: 0\r\n\r\n";
		struct ended *ended = world_start(world, job);
		world_wait(world);
		ck_assert_int_eq(ended->result.outcome, i % 2 == 0 ? ATTEMPT_RESPONSE : ATTEMPT_BROKEN);
		ended_free(ended);
	}
	job_unref(job);
}
END_TEST

START_TEST(test_endless_trailers_are_cut)
{
	g_autoptr(GString) answer = g_string_new("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n");
	while (answer->len < 200000)
		g_string_append(answer, "X-Trailer: 0123456789012345678901234567890123456789\r\n");
	world->answer = answer->str;
	struct ended *ended = world_call(world, "{" API "}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_BROKEN);
	ck_assert_str_eq(ended->result.error, "the response headers are too large");
	ended_free(ended);
}
END_TEST

START_TEST(test_a_lost_connection_is_tried_anew_for_atleast_once)
{
	struct job *job = world_job(world, "{" API "}");
	world->cuts_later = true;
	for (int i = 0; i < 2; i++) {
		struct ended *ended = world_start(world, job);
		world_wait(world);
		ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
		ended_free(ended);
	}
	ck_assert_int_eq(world->connections, 2);
	ck_assert_int_eq(world->requests, 3);
	job_unref(job);
}
END_TEST

START_TEST(test_a_lost_connection_is_the_end_for_atmost_once)
{
	struct job *job = world_job(world, "{" API ",\"type\":\"ATMOST_ONCE\"}");
	const enum attempt_outcome expected[] = { ATTEMPT_RESPONSE, ATTEMPT_BROKEN };
	world->cuts_later = true;
	for (int i = 0; i < 2; i++) {
		struct ended *ended = world_start(world, job);
		world_wait(world);
		ck_assert_int_eq(ended->result.outcome, expected[i]);
		ended_free(ended);
	}
	/* It reached the target once each. */
	ck_assert_int_eq(world->requests, 2);
	job_unref(job);
}
END_TEST

START_TEST(test_a_cancelled_attempt_is_reported_once_and_later)
{
	struct job *job = world_job(world, "{" API "}");
	world->answer = NULL;
	struct ended *ended = world_start(world, job), *early = world_start(world, job);
	world->interface.cancel(world->interface.context, &early->attempt);
	ck_assert(!early->done);
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	for (int i = 0; world->requests == 0 && i < 1000; i++)
		event_base_loop(world->base, EVLOOP_ONCE);
	world->interface.cancel(world->interface.context, &ended->attempt);
	world->interface.cancel(world->interface.context, &ended->attempt);
	ck_assert(!ended->done);
	world_wait(world);
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_CANCELLED);
	ck_assert_int_eq(early->result.outcome, ATTEMPT_CANCELLED);
	ended_free(ended);
	ended_free(early);
	job_unref(job);
}
END_TEST

START_TEST(test_no_descriptors_is_a_lack_of_resources)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	int next = dup(0);
	close(next);
	limit.rlim_cur = next;
	setrlimit(RLIMIT_NOFILE, &limit);
	struct ended *ended = world_call(world, "{" API "}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESOURCE);
	ck_assert_ptr_nonnull(strstr(ended->result.error, "Too many open files"));
	ended_free(ended);
}
END_TEST

START_TEST(test_many_at_once_all_end)
{
	struct ended *all[200];
	struct job *job = world_job(world, "{" API "}");
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
			all[i] = world_start(world, job);
		world_wait(world);
		for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
			ck_assert_int_eq(all[i]->result.outcome, ATTEMPT_RESPONSE);
			ended_free(all[i]);
		}
	}
	struct runner_http_stats stats;
	runner_pool_get_stats(world->runner, &stats);
	ck_assert_int_eq(stats.started, 1000);
	ck_assert_int_eq(stats.finished[ATTEMPT_RESPONSE], 1000);
	ck_assert_int_eq(stats.running, 0);
	ck_assert_int_le(stats.open_connections, 200);
	job_unref(job);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_test(tests, test_the_default_request_tells_job_times_and_identity);
	tcase_add_test(tests, test_the_result_tells_status_body_digest_and_times);
	tcase_add_loop_test(tests, test_a_definition_is_told_on_the_wire, 0, G_N_ELEMENTS(requests));
	tcase_add_test(tests, test_transfers_leak_nothing_from_one_job_to_the_next);
	tcase_add_test(tests, test_a_job_that_fires_again_uses_its_connection_and_a_new_key);
	tcase_add_loop_test(tests, test_each_end_is_judged_by_whether_the_target_may_have_acted, 0, G_N_ELEMENTS(ends));
	tcase_add_test(tests, test_an_endless_body_is_cut_and_its_status_counts);
	tcase_add_test(tests, test_a_body_of_exactly_the_limit_is_whole);
	tcase_add_loop_test(tests, test_endless_headers_are_cut, 0, 3);
	tcase_add_test(tests, test_a_continuation_line_never_reaches_the_headers_of_the_response_before);
	tcase_add_test(tests, test_endless_trailers_are_cut);
	tcase_add_test(tests, test_a_lost_connection_is_tried_anew_for_atleast_once);
	tcase_add_test(tests, test_a_lost_connection_is_the_end_for_atmost_once);
	tcase_add_test(tests, test_a_cancelled_attempt_is_reported_once_and_later);
	tcase_add_test(tests, test_no_descriptors_is_a_lack_of_resources);
	tcase_add_test(tests, test_many_at_once_all_end);
}

int main(void)
{
	Suite *suite = suite_create("runner");
	TCase *tests = tcase_create("http");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	tests = tcase_create("http on a helper");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up_helper, tear_down);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
