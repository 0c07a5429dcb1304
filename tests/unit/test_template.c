/* common/template.h: what is accepted, and how values are escaped in each place. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/template.h"
#include "tests/unit/suite.h"

static const char *const values[TEMPLATE_VALUE_MAX_] = {
	[TEMPLATE_JOB_ID] = "job-1",
	[TEMPLATE_JOB_NAME] = "a \"b\"\r\n&/\\\x01\xc3\xa9",
	[TEMPLATE_SCHEDULED_TIME] = "2026-01-01T00:00:00.000Z",
	[TEMPLATE_EXECUTION_TIME] = "2026-01-01T00:00:00.012Z",
	[TEMPLATE_EXECUTION_ID] = "id",
	[TEMPLATE_ATTEMPT] = "3",
	[TEMPLATE_AGENT_ID] = "",
	[TEMPLATE_CAUSE] = "catchUp",
};

static const struct {
	enum template_place place;
	const char *text, *expected;
} renderings[] = {
	{ TEMPLATE_TEXT, "{{jobId}}", "job-1" },
	{ TEMPLATE_TEXT, "a{{ jobId }}b{{attempt}}{{cause}}", "ajob-1b3catchUp" },
	{ TEMPLATE_TEXT, "{{agentId}}|{{scheduledTime}}|{{executionTime}}|{{executionId}}",
	  "|2026-01-01T00:00:00.000Z|2026-01-01T00:00:00.012Z|id" },
	{ TEMPLATE_TEXT, "}} {{jobId}} }} { x", "}} job-1 }} { x" },
	{ TEMPLATE_TEXT, "{{jobName}}", "a \"b\"\r\n&/\\\x01\xc3\xa9" },
	{ TEMPLATE_HEADER, "v={{jobName}};", "v=a \"b\"  &/\\ \xc3\xa9;" },
	{ TEMPLATE_JSON, "{\"n\":\"{{jobName}}\"}", "{\"n\":\"a \\\"b\\\"\\u000d\\u000a&/\\\\\\u0001\xc3\xa9\"}" },
	{ TEMPLATE_URL, "http://h/{{jobName}}?t={{scheduledTime}}",
	  "http://h/a%20%22b%22%0D%0A%26%2F%5C%01%C3%A9?t=2026-01-01T00%3A00%3A00.000Z" },
};

START_TEST(test_values_are_escaped_for_the_place_they_stand_in)
{
	struct template *compiled = template_new(renderings[_i].text, renderings[_i].place);
	ck_assert_ptr_nonnull(compiled);
	g_autoptr(GString) out = g_string_new(NULL);
	template_render(compiled, values, out);
	ck_assert_str_eq(out->str, renderings[_i].expected);
	template_free(compiled);
}
END_TEST

static const struct {
	enum template_place place;
	const char *text, *message; /* NULL = accepted */
} checks[] = {
	{ TEMPLATE_TEXT, "", NULL },
	{ TEMPLATE_TEXT, "nothing {here} }}", NULL },
	{ TEMPLATE_TEXT, "{{jobId}}{{jobName}}", NULL },
	{ TEMPLATE_TEXT, "{{jobid}}", "\"{{jobid}}\" is not known" },
	{ TEMPLATE_TEXT, "{{}}", "\"{{}}\" is not known" },
	{ TEMPLATE_TEXT, "{{jobId", "not closed" },
	{ TEMPLATE_TEXT, "{{jobId}", "not closed" },
	{ TEMPLATE_TEXT, "{{jobId}} {{", "not closed" },
	{ TEMPLATE_TEXT, "{{ {{jobId}} }}", "is not known" },
	{ TEMPLATE_TEXT, "{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9\xc3\xa9}}", "is not known" },
	{ TEMPLATE_URL, "http://host/{{jobId}}", NULL },
	{ TEMPLATE_URL, "http://host?{{jobId}}", NULL },
	{ TEMPLATE_URL, "http://{{jobId}}/", "path and query only" },
	{ TEMPLATE_URL, "http://host:{{attempt}}/", "path and query only" },
	{ TEMPLATE_URL, "http://{{jobId}}@host/", "path and query only" },
	{ TEMPLATE_URL, "{{jobId}}://host/", "path and query only" },
};

START_TEST(test_unknown_names_and_open_braces_are_refused)
{
	g_autoptr(GError) error = NULL;
	bool good = template_check(checks[_i].text, checks[_i].place, &error);
	ck_assert_int_eq(good, checks[_i].message == NULL);
	if (good)
		return;
	ck_assert_msg(strstr(error->message, checks[_i].message) != NULL, "%s", error->message);
	ck_assert(g_utf8_validate(error->message, -1, NULL));
	ck_assert_ptr_null(template_new(checks[_i].text, checks[_i].place));
}
END_TEST

START_TEST(test_a_text_without_braces_is_no_template)
{
	ck_assert_ptr_null(template_new("http://host/path", TEMPLATE_URL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("template");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, test_values_are_escaped_for_the_place_they_stand_in, 0, G_N_ELEMENTS(renderings));
	tcase_add_loop_test(tests, test_unknown_names_and_open_braces_are_refused, 0, G_N_ELEMENTS(checks));
	tcase_add_test(tests, test_a_text_without_braces_is_no_template);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
