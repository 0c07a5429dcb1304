#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/selector.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text, *labels;
	bool holds;
} rows[] = {
	{ "", "{}", true },
	{ "  ", "{\"env\":\"prod\"}", true },
	{ "env=prod", "{\"env\":\"prod\"}", true },
	{ "env=prod", "{\"env\":\"test\"}", false },
	{ "env=prod", "{}", false },
	{ "env == prod", "{\"env\":\"prod\"}", true },
	{ "env!=prod", "{\"env\":\"test\"}", true },
	{ "env!=prod", "{\"env\":\"prod\"}", false },
	{ "env!=prod", "{}", true },
	{ "env=", "{\"env\":\"\"}", true },
	{ "env=", "{}", false },
	{ "env", "{\"env\":\"\"}", true },
	{ "env", "{}", false },
	{ "!legacy", "{}", true },
	{ "! legacy", "{\"legacy\":\"1\"}", false },
	{ "role in (web,api)", "{\"role\":\"api\"}", true },
	{ "role in(web, api )", "{\"role\":\"web\"}", true },
	{ "role in (web,api)", "{\"role\":\"db\"}", false },
	{ "role in (web,api)", "{}", false },
	{ "role notin (web,api)", "{\"role\":\"db\"}", true },
	{ "role notin (web,api)", "{}", true },
	{ "role notin (web,api)", "{\"role\":\"web\"}", false },
	{ "in", "{\"in\":\"1\"}", true },
	{ "in in (in)", "{\"in\":\"in\"}", true },
	{ "notin=in", "{\"notin\":\"in\"}", true },
	{ "example.org/zone-1=a_b.c-d", "{\"example.org/zone-1\":\"a_b.c-d\"}", true },
	{ "env=prod,role in (web,api),!legacy", "{\"env\":\"prod\",\"role\":\"web\"}", true },
	{ "env=prod,role in (web,api),!legacy", "{\"env\":\"prod\",\"role\":\"web\",\"legacy\":\"yes\"}", false },
	{ "env=prod,role in (web,api),!legacy", "{\"env\":\"prod\"}", false },
};

START_TEST(selectors_hold_for_the_labels_they_describe)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char problem[128] = "";
		json_t *compiled = selector_compile(rows[i].text, problem, sizeof problem);
		json_t *labels = json_loads(rows[i].labels, 0, NULL);
		ck_assert_msg(compiled != NULL, "%s: %s", rows[i].text, problem);
		ck_assert_msg(selector_holds(compiled, labels) == rows[i].holds, "%s on %s", rows[i].text, rows[i].labels);
		json_decref(compiled);
		json_decref(labels);
	}
}
END_TEST

static const struct {
	const char *text, *problem;
} bad[] = {
	{ ",", "a label's name is needed at character 1" },
	{ "a,", "a label's name is needed at character 3" },
	{ "=b", "a label's name is needed at character 1" },
	{ "!", "a label's name is needed at character 2" },
	{ "!a=b", "\",\" or the end is needed at character 3" },
	{ "a=b c", "\",\" or the end is needed at character 5" },
	{ "a in web", "\"(\" is needed at character 6" },
	{ "a in (b", "\",\" or \")\" is needed at character 8" },
	{ "a in (b;c)", "\",\" or \")\" is needed at character 8" },
	{ "a=b'; DROP TABLE job", "\",\" or the end is needed at character 4" },
	{ "a='b'", "\",\" or the end is needed at character 3" },
	{ "-a", "a label's name is needed at character 1" },
	{ "\xc3\xa4=1", "a label's name is needed at character 1" },
};

START_TEST(what_is_no_selector_is_refused_with_its_place)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char problem[128] = "";
		ck_assert_msg(selector_compile(bad[i].text, problem, sizeof problem) == NULL, "%s", bad[i].text);
		ck_assert_str_eq(problem, bad[i].problem);
	}
}
END_TEST

/* `n` times `part`, cut to what the caller's buffer takes. */
static char *repeat(const char *part, int n)
{
	char *text = calloc((size_t)n + 1, strlen(part) + 1);
	for (int i = 0; i < n; i++)
		strcat(text, part);
	return text;
}

START_TEST(every_limit_of_a_selector_has_a_last_good_and_a_first_bad_value)
{
	static const struct {
		const char *before, *part, *after;
		int max;
	} limits[] = {
		{ "", "k", "", LABEL_KEY_MAX },
		{ "k=", "v", "", LABEL_VALUE_MAX },
		{ "k", ",k", "", SELECTOR_TERMS_MAX - 1 },
		{ "k in (v", ",v", ")", SELECTOR_VALUES_MAX - 1 },
		{ "k", " ", "", SELECTOR_TEXT_MAX - 1 },
	};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		for (int over = 0; over <= 1; over++) {
			char text[2048], problem[128];
			char *middle = repeat(limits[i].part, limits[i].max + over);
			snprintf(text, sizeof text, "%s%s%s", limits[i].before, middle, limits[i].after);
			json_t *compiled = selector_compile(text, problem, sizeof problem);
			ck_assert_msg((compiled != NULL) == (over == 0), "%s: %d more", text, over);
			json_decref(compiled);
			free(middle);
		}
}
END_TEST

START_TEST(labels_are_short_texts_under_plain_names)
{
	static const struct {
		const char *json, *key;
	} refused[] = {
		{ "[]", "" },
		{ "{\"\":\"x\"}", "" },
		{ "{\"ok\":\"1\",\"a b\":\"x\"}", "a b" },
		{ "{\"env\":1}", "env" },
		{ "{\"env\":\"a b\"}", "env" },
		{ "{\"env\":\"it's\"}", "env" },
		{ "{\".env\":\"x\"}", ".env" },
	};
	const char *key;
	char problem[128];
	json_t *good = json_loads("{\"env\":\"prod\",\"example.org/a\":\"\"}", 0, NULL);
	ck_assert(labels_check(good, &key, problem, sizeof problem));
	json_decref(good);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		json_t *labels = json_loads(refused[i].json, 0, NULL);
		ck_assert_msg(!labels_check(labels, &key, problem, sizeof problem), "%s", refused[i].json);
		ck_assert_str_eq(key, refused[i].key);
		json_decref(labels);
	}
	json_t *many = json_object();
	for (int i = 0; i <= LABELS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof name, "l%d", i);
		ck_assert(labels_check(many, &key, problem, sizeof problem));
		json_object_set_new(many, name, json_string(""));
	}
	ck_assert(!labels_check(many, &key, problem, sizeof problem));
	json_decref(many);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selector");
	TCase *tcase = tcase_create("all");
	tcase_add_test(tcase, selectors_hold_for_the_labels_they_describe);
	tcase_add_test(tcase, what_is_no_selector_is_refused_with_its_place);
	tcase_add_test(tcase, every_limit_of_a_selector_has_a_last_good_and_a_first_bad_value);
	tcase_add_test(tcase, labels_are_short_texts_under_plain_names);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
