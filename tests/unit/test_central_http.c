/* Requests, replies, problems, ETags, cursors and merge patches: everything of the API that needs no socket. */
#include <check.h>
#include <string.h>

#include "central/api_body.h"
#include "central/cursor.h"
#include "central/http.h"
#include "central/job_view.h"
#include "central/routes.h"
#include "tests/unit/suite.h"

static json_t *body_of(const struct api_reply *reply)
{
	json_t *json = json_loadb(reply->body, reply->body_size, 0, NULL);
	ck_assert_ptr_nonnull(json);
	return json;
}

static const char *text_member(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

START_TEST(test_a_problem_names_status_title_detail_and_pointer)
{
	struct api_reply reply = { 0 };
	problem_reply(&reply, 400, NULL, "/schedule", "minute: %d is outside 0-59", 61);
	json_t *json = body_of(&reply);
	ck_assert_int_eq(reply.status, 400);
	ck_assert_str_eq(reply.content_type, "application/problem+json");
	ck_assert_str_eq(text_member(json, "title"), "Bad Request");
	ck_assert_str_eq(text_member(json, "detail"), "minute: 61 is outside 0-59");
	ck_assert_str_eq(text_member(json, "pointer"), "/schedule");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), 400);
	json_decref(json);
	api_reply_clear(&reply);
}
END_TEST

START_TEST(test_a_problem_about_bytes_that_are_no_utf8_is_still_json)
{
	struct api_reply reply = { 0 };
	problem_reply(&reply, 400, NULL, NULL, "%s", "bad \xff\xfe bytes");
	json_t *json = body_of(&reply);
	ck_assert_ptr_null(json_object_get(json, "pointer"));
	json_decref(json);
	api_reply_clear(&reply);
}
END_TEST

START_TEST(test_a_database_that_is_away_or_full_is_503_or_507_with_retry_after)
{
	static const enum db_status away[] = { DB_AWAY, DB_TIMEOUT, DB_UNCERTAIN, DB_FULL };
	for (size_t i = 0; i < G_N_ELEMENTS(away); i++) {
		struct api_reply reply = { 0 };
		problem_db(&reply, away[i], "job");
		ck_assert_int_eq(reply.status, away[i] == DB_FULL ? 507 : 503);
		ck_assert_int_eq(reply.n_headers, 1);
		ck_assert_str_eq(reply.headers[0].name, "Retry-After");
		api_reply_clear(&reply);
	}
}
END_TEST

START_TEST(test_each_database_status_has_a_status_of_its_kind)
{
	static const struct {
		enum db_status db;
		int http;
	} rows[] = {
		{ DB_NOT_FOUND, 404 },
		{ DB_CONFLICT, 409 },
		{ DB_REFUSED, 422 },
		{ DB_FAILED, 500 },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct api_reply reply = { 0 };
		problem_db(&reply, rows[i].db, "job");
		ck_assert_int_eq(reply.status, rows[i].http);
		api_reply_clear(&reply);
	}
}
END_TEST

START_TEST(test_a_header_never_carries_a_line_break)
{
	struct api_reply reply = { 0 };
	api_reply_header(&reply, "Location", "/a%s", "\r\nX-Evil: 1");
	ck_assert_ptr_null(strpbrk(reply.headers[0].value, "\r\n"));
	for (int i = 0; i < 2 * REPLY_HEADERS_MAX; i++)
		api_reply_header(&reply, "X", "%d", i);
	ck_assert_int_eq(reply.n_headers, REPLY_HEADERS_MAX);
	api_reply_clear(&reply);
}
END_TEST

START_TEST(test_an_etag_matches_strongly_for_edits_and_weakly_for_reads)
{
	static const struct {
		const char *header;
		bool strong, weak;
	} rows[] = {
		{ "\"7\"", true, true },    { "*", true, true },	{ " \"6\" , \"7\"", true, true },
		{ "W/\"7\"", false, true }, { "\"8\"", false, false },	{ "7", false, false },
		{ "", false, false },	    { "\"77\"", false, false }, { "W/\"8\",W/\"7\"", false, true },
		{ "\"7\",", true, true },   { NULL, false, false },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		ck_assert_msg(etag_matches(rows[i].header, 7, false) == rows[i].strong, "strong %zu", i);
		ck_assert_msg(etag_matches(rows[i].header, 7, true) == rows[i].weak, "weak %zu", i);
	}
}
END_TEST

START_TEST(test_a_cursor_comes_back_as_it_was)
{
	static const int64_t times[] = { 0, 1, -1, INT64_MIN, INT64_MAX, 1795461208100000 };
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		struct cursor cursor = { .at = { times[i] }, .id = "0192f0c1-0000-7000-8000-00000000000a" }, back;
		g_autofree char *text = cursor_encode('e', &cursor);
		for (const char *p = text; *p != '\0'; p++)
			ck_assert(g_ascii_isalnum(*p) || *p == '-' || *p == '_');
		ck_assert(cursor_decode('e', text, &back));
		ck_assert_int_eq(back.at.us, cursor.at.us);
		ck_assert_str_eq(back.id, cursor.id);
		ck_assert(!cursor_decode('j', text, &back));
	}
}
END_TEST

START_TEST(test_a_window_ends_where_that_of_the_first_page_did)
{
	const struct { int64_t at, end; } rows[] = { { INT64_MIN, 1000 }, { -1, 1000 }, { 0, 1000 }, { 1, 1 }, { 999, 999 },
						     { 1001, 1000 }, { INT64_MAX, 1000 } };
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct cursor cursor = { .at = { rows[i].at } };
		ck_assert_int_eq(cursor_window_end(&cursor, (struct wall){ 1000 }).us, rows[i].end);
	}
}
END_TEST

START_TEST(test_a_text_that_is_no_cursor_is_refused)
{
	static const char *const texts[] = { "",	 "x",
					     "nonsense", "!!!",
					     "ZS4x",	 "ZS4xLng",
					     "====",	 "ZS4wLjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMDA" };
	struct cursor cursor;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		ck_assert_msg(!cursor_decode('e', texts[i], &cursor), "%s", texts[i]);
	g_autofree char *endless = g_strnfill(10000, 'A');
	ck_assert(!cursor_decode('e', endless, &cursor));
}
END_TEST

START_TEST(test_a_uuid_v7_is_one_and_grows_with_time)
{
	char a[UUID_SIZE], b[UUID_SIZE];
	uuid_v7((struct wall){ 1795461208100000 }, a);
	uuid_v7((struct wall){ 1795461208101000 }, b);
	ck_assert(uuid_is_valid(a));
	ck_assert_int_eq(a[14], '7');
	ck_assert(strchr("89ab", a[19]) != NULL);
	ck_assert_int_lt(strcmp(a, b), 0);
	ck_assert(!uuid_is_valid("0192f0c1-0000-7000-8000-00000000000"));
	ck_assert(!uuid_is_valid("0192f0c1-0000-7000-8000-00000000000g"));
	ck_assert(!uuid_is_valid("{192f0c1-0000-7000-8000-00000000000a"));
}
END_TEST

static struct api_request with_query(const char *name, const char *value)
{
	struct api_request request = { .query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
	g_hash_table_insert(request.query, g_strdup(name), g_strdup(value));
	return request;
}

START_TEST(test_a_bad_number_in_the_query_is_a_400_that_names_it)
{
	static const char *const bad[] = {
		"", "x", "1x", "0", "501", "-1", "1.5", "99999999999999999999", " 1", "0x10"
	};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct api_request request = with_query("limit", bad[i]);
		struct api_reply reply = { 0 };
		int64_t limit = 42;
		ck_assert_msg(!api_query_int(&request, &reply, "limit", 1, 500, &limit), "%s", bad[i]);
		ck_assert_int_eq(limit, 42);
		ck_assert_int_eq(reply.status, 400);
		json_t *json = body_of(&reply);
		ck_assert_str_eq(text_member(json, "parameter"), "limit");
		json_decref(json);
		api_reply_clear(&reply);
		api_request_clear(&request);
	}
}
END_TEST

START_TEST(test_a_time_in_the_query_may_come_with_an_unencoded_plus)
{
	struct api_request request = with_query("from", "2026-11-23T12:00:00 01:00");
	struct api_reply reply = { 0 };
	struct wall t;
	ck_assert(api_query_wall(&request, &reply, "from", &t));
	ck_assert_int_eq(t.us, INT64_C(1795431600000000));
	api_request_clear(&request);
}
END_TEST

START_TEST(test_a_misspelt_parameter_is_refused)
{
	static const char *const known[] = { "limit", "cursor", NULL };
	struct api_request request = with_query("limt", "1");
	struct api_reply reply = { 0 };
	ck_assert(!api_query_only(&request, &reply, known));
	ck_assert_int_eq(reply.status, 400);
	api_reply_clear(&reply);
	api_request_clear(&request);
}
END_TEST

START_TEST(test_an_unknown_member_is_named_by_a_pointer_that_leads_to_it)
{
	static const char *const known[] = { "name", "role", NULL };
	const char *body = "{\"name\":\"x\",\"a/b~c\":1}";
	struct api_request request = { .body = body, .body_size = strlen(body) };
	struct api_reply reply = { 0 };
	ck_assert_ptr_null(api_body_object(&request, &reply, known, false));
	json_t *problem = json_loadb(reply.body, reply.body_size, 0, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(problem, "pointer")), "/a~1b~0c");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(problem, "detail")), "name, role"));
	json_decref(problem);
	api_reply_clear(&reply);
}
END_TEST

static int status_of_body(const char *body, size_t size, const char *content_type)
{
	struct api_request request = { .body = body, .body_size = size, .content_type = content_type };
	struct api_reply reply = { 0 };
	json_t *json = api_body_json(&request, &reply, 4);
	int status = json != NULL ? 200 : reply.status;
	json_decref(json);
	api_reply_clear(&reply);
	return status;
}

START_TEST(test_bodies_are_json_of_bounded_depth)
{
	static const struct {
		const char *body, *type;
		int status;
	} rows[] = {
		{ "{}", NULL, 200 },
		{ "{}", "application/json", 200 },
		{ "{}", "Application/JSON; charset=utf-8", 200 },
		{ "{}", "application/merge-patch+json", 200 },
		{ "{}", "application/x-www-form-urlencoded", 200 },
		{ "{}", "text/plain", 415 },
		{ "{}", "multipart/form-data", 415 },
		{ "", "application/json", 400 },
		{ "{", "application/json", 400 },
		{ "{}{}", "application/json", 400 },
		{ "{\"a\":1,\"a\":2}", "application/json", 400 },
		{ "{\"a\":\"\\u0000\"}", "application/json", 400 },
		{ "{\"a\":\"\xff\"}", "application/json", 400 },
		{ "[[[[]]]]", "application/json", 200 },
		{ "[[[[[]]]]]", "application/json", 400 },
		{ "[\"[[[[[[[[\",\"\\\"[[[[[[\"]", "application/json", 200 },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_msg(status_of_body(rows[i].body, strlen(rows[i].body), rows[i].type) == rows[i].status, "%s",
			      rows[i].body);
	g_autofree char *deep = g_strnfill(1000000, '[');
	ck_assert_int_eq(status_of_body(deep, 1000000, NULL), 400);
}
END_TEST

/* The examples of RFC 7396, appendix A. */
START_TEST(test_a_merge_patch_does_what_the_rfc_says)
{
	static const char *const rows[][3] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
		{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
		{ "{\"a\":\"foo\"}", "null", "null" },
		{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		json_t *target = json_loads(rows[i][0], JSON_DECODE_ANY, NULL),
		       *patch = json_loads(rows[i][1], JSON_DECODE_ANY, NULL);
		json_t *wanted = json_loads(rows[i][2], JSON_DECODE_ANY, NULL), *got = json_merge_patch(target, patch);
		ck_assert_msg(json_equal(got, wanted) == 1, "row %zu", i);
		json_decref(target);
		json_decref(patch);
		json_decref(wanted);
		json_decref(got);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central http");
	TCase *all = tcase_create("all");
	tcase_add_test(all, test_a_problem_names_status_title_detail_and_pointer);
	tcase_add_test(all, test_a_problem_about_bytes_that_are_no_utf8_is_still_json);
	tcase_add_test(all, test_a_database_that_is_away_or_full_is_503_or_507_with_retry_after);
	tcase_add_test(all, test_each_database_status_has_a_status_of_its_kind);
	tcase_add_test(all, test_a_header_never_carries_a_line_break);
	tcase_add_test(all, test_an_etag_matches_strongly_for_edits_and_weakly_for_reads);
	tcase_add_test(all, test_a_cursor_comes_back_as_it_was);
	tcase_add_test(all, test_a_window_ends_where_that_of_the_first_page_did);
	tcase_add_test(all, test_a_text_that_is_no_cursor_is_refused);
	tcase_add_test(all, test_a_uuid_v7_is_one_and_grows_with_time);
	tcase_add_test(all, test_a_bad_number_in_the_query_is_a_400_that_names_it);
	tcase_add_test(all, test_a_time_in_the_query_may_come_with_an_unencoded_plus);
	tcase_add_test(all, test_a_misspelt_parameter_is_refused);
	tcase_add_test(all, test_an_unknown_member_is_named_by_a_pointer_that_leads_to_it);
	tcase_add_test(all, test_bodies_are_json_of_bounded_depth);
	tcase_add_test(all, test_a_merge_patch_does_what_the_rfc_says);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
