/* The command line without a terminal and without central: layout of tables, words to calls, times and durations. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/rfc3339.h"
#include "ctl/call.h"
#include "ctl/definition.h"
#include "ctl/output.h"
#include "ctl/table.h"
#include "ctl/when.h"
#include "tests/unit/suite.h"

static const struct table_column columns[] = {
	{ .title = "NAME", .shrinks = true },
	{ .title = "N", .right = true },
	{ .title = "ID", .wide = true },
};

static char *lay_out(int width, bool colour, const char *const rows[][3], size_t n)
{
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));
	for (size_t i = 0; i < n; i++) {
		struct table_cell cells[3];
		for (int k = 0; k < 3; k++)
			cells[k] = (struct table_cell){ g_strdup(rows[i][k]), k == 1 ? GREEN : PLAIN };
		table_add(table, cells);
	}
	char *text = table_print(table, width, colour);
	table_free(table);
	return text;
}

START_TEST(test_columns_are_as_wide_as_their_widest_cell)
{
	static const char *const rows[][3] = { { "a", "1", "x" }, { "longer", "100", NULL } };
	g_autofree char *text = lay_out(0, false, rows, 2);
	ck_assert_str_eq(text, "NAME      N  ID\na         1  x\nlonger  100  -\n");
}
END_TEST

START_TEST(test_a_narrow_terminal_loses_wide_columns_first_then_cuts)
{
	static const char *const rows[][3] = { { "a name that is much too long", "1", "0123456789" } };
	g_autofree char *fits = lay_out(43, false, rows, 1), *without = lay_out(42, false, rows, 1), *cut = lay_out(20, false, rows, 1);
	ck_assert_str_eq(fits, "NAME                          N  ID\na name that is much too long  1  0123456789\n");
	ck_assert_ptr_null(strstr(without, "ID"));
	ck_assert_str_eq(cut, "NAME               N\na name that is m…  1\n");
}
END_TEST

START_TEST(test_the_least_width_is_kept_however_narrow_the_terminal)
{
	static const char *const rows[][3] = { { "a name that is much too long", "1", "x" } };
	g_autofree char *text = lay_out(5, false, rows, 1);
	ck_assert_str_eq(text, "NAME          N\na name that…  1\n");
}
END_TEST

START_TEST(test_wide_and_combining_characters_keep_the_columns_straight)
{
	static const char *const rows[][3] = { { "日本", "1", "x" }, { "e\xcc\x81t\xc3\xa9", "2", "y" } };
	g_autofree char *text = lay_out(0, false, rows, 2);
	ck_assert_str_eq(text, "NAME  N  ID\n日本  1  x\ne\xcc\x81t\xc3\xa9   2  y\n");
}
END_TEST

START_TEST(test_colour_is_around_the_text_and_not_the_blanks)
{
	static const char *const rows[][3] = { { "a", "1", "x" }, { "a", "22", "x" } };
	g_autofree char *text = lay_out(0, true, rows, 2);
	ck_assert_ptr_nonnull(strstr(text, "a      \033[32m1\033[0m  x\n"));
}
END_TEST

START_TEST(test_control_and_format_characters_are_not_shown)
{
	g_autofree char *clean = table_clean("a\033[2Jb\rc\nd\xff\xe2\x80\xae" "e\xc2\x9b" "f");
	ck_assert_str_eq(clean, "a?[2Jb?c d\xef\xbf\xbd?e?f");
}
END_TEST

/* A command of the tests' own. */
static int run_nothing(struct call *call)
{
	(void)call;
	return EXIT_OK;
}
static const struct command_value arguments[] = {
	{ "job", VALUE_JOB, .help = "" },
	{ "more", VALUE_TEXT, .optional = true, .many = true, .help = "" },
	{ 0 }
};
static const struct command_value options[] = {
	{ "count", VALUE_NUMBER, 'c', .min = 1, .max = 10, .help = "" },
	{ "flag", VALUE_FLAG, 'f', .help = "" },
	{ "at", VALUE_TIME, .help = "" },
	{ "ttl", VALUE_DURATION, .help = "" },
	{ "word", VALUE_WORD, .words = "one two", .help = "" },
	{ "label", VALUE_LABELS, .help = "" },
	{ 0 }
};
static const struct command commands[] = {
	{ .verb = "do", .help = "", .arguments = arguments, .options = options, .uses = PRINTS, .run = run_nothing },
	{ 0 }
};
static const struct noun noun = { "thing", "", commands };

static bool parse(const char *line, struct call *ret)
{
	g_auto(GStrv) words = NULL;
	int n;
	ck_assert(g_shell_parse_argv(line, &n, &words, NULL));
	return call_parse(&noun, &commands[0], n, words, ret);
}

START_TEST(test_words_and_options_come_in_any_order)
{
	struct call call;
	ck_assert(parse("belfry a --count 3 b -f --ttl 1h30m --at 2026-11-23T12:00:00Z c --word two -o json --label x=1 --label y=", &call));
	ck_assert_str_eq(call_text(&call, "job"), "a");
	ck_assert_uint_eq(g_strv_length(call_texts(&call, "more")), 2);
	ck_assert_int_eq(call_number(&call, "count", 0), 3);
	ck_assert(call_flag(&call, "flag"));
	ck_assert_int_eq(call_number(&call, "ttl", 0), 5400000);
	ck_assert_str_eq(call_text(&call, "at"), "2026-11-23T12:00:00.000Z");
	ck_assert_uint_eq(g_strv_length(call_texts(&call, "label")), 2);
	ck_assert_int_eq(output_of(&call).form, OUTPUT_JSON);
	call_clear(&call);
}
END_TEST

START_TEST(test_what_is_not_given_has_no_value)
{
	struct call call;
	ck_assert(parse("belfry a", &call));
	ck_assert(!call_flag(&call, "flag"));
	ck_assert_ptr_null(call_text(&call, "word"));
	ck_assert_ptr_null(call_texts(&call, "more")[0]);
	ck_assert_int_eq(call_number(&call, "count", 7), 7);
	ck_assert(!call_has(&call, "central"));
	call_clear(&call);
}
END_TEST

START_TEST(test_a_word_with_a_dash_and_blanks_is_no_option)
{
	struct call call;
	ck_assert(parse("belfry '-5 * * * *' -c 2", &call));
	ck_assert_str_eq(call_text(&call, "job"), "-5 * * * *");
	call_clear(&call);
	ck_assert(parse("belfry -- -c", &call));
	ck_assert_str_eq(call_text(&call, "job"), "-c");
	call_clear(&call);
}
END_TEST

static const char *const wrong[] = {
	"belfry", "belfry ''", "belfry a --count 0", "belfry a --count 11", "belfry a --count 1x", "belfry a --count",
	"belfry a --count 1 --count 2", "belfry a --nosuch", "belfry a --word three", "belfry a --at then", "belfry a --ttl 5x",
	"belfry a --label x", "belfry a --label =x", "belfry a -o xml", "belfry a --central http://x", "belfry a --flag=1x",
};

START_TEST(test_a_wrong_line_is_refused)
{
	struct call call;
	ck_assert_msg(!parse(wrong[_i], &call), "%s", wrong[_i]);
}
END_TEST

static const struct { const char *text; int64_t ms; } durations[] = {
	{ "500ms", 500 }, { "90s", 90000 }, { "90", 90000 }, { "10m", 600000 }, { "2h", 7200000 }, { "7d", 604800000 },
	{ "1h30m", 5400000 }, { "1w", 604800000 }, { "", -1 }, { "x", -1 }, { "5", 5000 }, { "5 m", -1 }, { "1h5", -1 },
	{ "-5s", -1 }, { "99999999999999999999s", -1 }, { "999999999d", -1 }, { "36600d36600d", -1 },
};

START_TEST(test_durations_are_read)
{
	int64_t ms = -1;
	bool ok = duration_parse(durations[_i].text, &ms);
	ck_assert_int_eq(ok, durations[_i].ms >= 0);
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

START_TEST(test_durations_are_shown_in_a_fitting_unit)
{
	static const struct { double ms; const char *text; } rows[] = {
		{ 0, "0 ms" }, { 340, "340 ms" }, { 0.25, "0.2 ms" }, { 12340, "12.3 s" }, { 185000, "3m 05s" },
		{ 15000000, "4h 10m" }, { 1047600000, "12d 3h" }, { -1500, "-1.5 s" },
	};
	char buffer[WHEN_SIZE];
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_str_eq(duration_print(rows[i].ms, buffer), rows[i].text);
}
END_TEST

static const struct { const char *text, *expected; } times[] = {
	{ "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z" }, { "now", "2026-06-01T00:00:00Z" }, { "-2h", "2026-05-31T22:00:00Z" },
	{ "+90s", "2026-06-01T00:01:30Z" }, { "2026-11-23", "2026-11-22T23:00:00Z" }, { "2026-07-01 07:00", "2026-07-01T05:00:00Z" },
	{ "2026-07-01T07:00:30", "2026-07-01T05:00:30Z" }, { "2026-02-30", NULL }, { "2026-13-01", NULL }, { "yesterday", NULL },
	{ "", NULL }, { "-", NULL }, { "2h", NULL }, { "2026-07-01 07:00 x", NULL },
};

START_TEST(test_times_are_read_as_people_write_them)
{
	struct wall now, at;
	char text[RFC3339_SIZE];
	ck_assert(rfc3339_parse("2026-06-01T00:00:00Z", &now));
	bool ok = when_parse(times[_i].text, now, &at);
	ck_assert_msg(ok == (times[_i].expected != NULL), "%s", times[_i].text);
	if (ok)
		ck_assert_str_eq(rfc3339_print_seconds(at, text), times[_i].expected);
}
END_TEST

START_TEST(test_a_time_is_shown_in_the_local_zone_or_in_utc)
{
	char text[WHEN_SIZE];
	struct wall at;
	ck_assert(rfc3339_parse("2026-07-01T05:00:00Z", &at));
	ck_assert_str_eq(when_print(at, false, text), "2026-07-01 07:00:00");
	ck_assert_str_eq(when_print(at, true, text), "2026-07-01 05:00:00Z");
}
END_TEST

START_TEST(test_set_makes_the_objects_on_its_way)
{
	json_t *json = json_object();
	ck_assert(definition_set(json, "retry.maxAttempts", "5"));
	ck_assert(definition_set(json, "retry.jitter", "none"));
	ck_assert(definition_set(json, "skipAt", "[\"x\"]"));
	ck_assert(!definition_set(json, "a..b", "1"));
	ck_assert(!definition_set(json, "", "1"));
	json_t *expected = json_pack("{s:{s:i, s:s}, s:[s]}", "retry", "maxAttempts", 5, "jitter", "none", "skipAt", "x");
	json_object_del(json, "a");
	ck_assert(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
}
END_TEST

START_TEST(test_lists_within_one_item_are_tables_below_its_details)
{
	static const struct view_column part_columns[] = { { "N", "number", CELL_NUMBER, 0 },
							   { "TOOK", "durationMs", CELL_MS, 0 },
							   { "HTTP", "httpStatus", CELL_NUMBER, IF_ANY },
							   { "WAIT", "waitMs", CELL_MS, IF_ANY },
							   { 0 } };
	static const struct view parts[] = { { .member = "log.list", .columns = part_columns },
					     { .member = "none", .columns = part_columns },
					     { 0 } };
	static const struct view view = { .name = "id", .parts = parts };
	struct output output = { .form = OUTPUT_TABLE };
	json_t *json = json_loads("{\"id\":\"x\",\"log\":{\"omitted\":0,\"list\":[{\"number\":1,\"durationMs\":2,"
				  "\"httpStatus\":503},{\"number\":2,\"durationMs\":10}]},\"none\":[]}",
				  0, NULL);
	g_autofree char *text = output_details(&output, &view, json);
	ck_assert_str_eq(text, "id           x\n"
			       "log.omitted  0\n"
			       "none         []\n"
			       "\n"
			       "N   TOOK  HTTP\n"
			       "1   2 ms   503\n"
			       "2  10 ms     -\n");
	json_decref(json);
}
END_TEST

START_TEST(test_sentences_take_their_words_from_the_answer)
{
	json_t *json = json_pack("{s:s, s:{s:i}, s:n}", "name", "a\033b", "head", "id", 7, "none");
	g_autofree char *text = output_fill("{name}: {head.id}, {none}, {nosuch}", json);
	ck_assert_str_eq(text, "a?b: 7, ?, ?");
	ck_assert_int_eq(json_integer_value(output_member(json, "nosuch|none|head.id")), 7);
	json_decref(json);
}
END_TEST

int main(void)
{
	g_setenv("TZ", "Europe/Berlin", TRUE);
	Suite *suite = suite_create("ctl");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_lists_within_one_item_are_tables_below_its_details);
	tcase_add_test(tests, test_columns_are_as_wide_as_their_widest_cell);
	tcase_add_test(tests, test_a_narrow_terminal_loses_wide_columns_first_then_cuts);
	tcase_add_test(tests, test_the_least_width_is_kept_however_narrow_the_terminal);
	tcase_add_test(tests, test_wide_and_combining_characters_keep_the_columns_straight);
	tcase_add_test(tests, test_colour_is_around_the_text_and_not_the_blanks);
	tcase_add_test(tests, test_control_and_format_characters_are_not_shown);
	tcase_add_test(tests, test_words_and_options_come_in_any_order);
	tcase_add_test(tests, test_what_is_not_given_has_no_value);
	tcase_add_test(tests, test_a_word_with_a_dash_and_blanks_is_no_option);
	tcase_add_loop_test(tests, test_a_wrong_line_is_refused, 0, G_N_ELEMENTS(wrong));
	tcase_add_loop_test(tests, test_durations_are_read, 0, G_N_ELEMENTS(durations));
	tcase_add_test(tests, test_durations_are_shown_in_a_fitting_unit);
	tcase_add_loop_test(tests, test_times_are_read_as_people_write_them, 0, G_N_ELEMENTS(times));
	tcase_add_test(tests, test_a_time_is_shown_in_the_local_zone_or_in_utc);
	tcase_add_test(tests, test_set_makes_the_objects_on_its_way);
	tcase_add_test(tests, test_sentences_take_their_words_from_the_answer);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
