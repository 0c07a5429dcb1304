#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/cron.h"
#include "common/schedule.h"
#include "tests/unit/random_cron.h"
#include "tests/unit/suite.h"

/* Both are good; the second is the canonical text. */
static const char *const canonical[][2] = {
	{ "* * * * *", "* * * * *" },
	{ "  5\t4  *\t* *  ", "5 4 * * *" },
	{ "0 * * * * *", "* * * * *" },
	{ "* * * * * *", "* * * * * *" },
	{ "*/60 * * * * *", "*/60 * * * * *" },
	{ "31 10-15 1 * * MON-FRI", "31 10-15 1 * * 1-5" },
	{ "*/7 * * * *", "*/7 * * * *" },
	{ "0-59/7 * * * *", "*/7 * * * *" },
	{ "*/7,3 * * * *", "*/7,3 * * * *" },
	{ "5/15 * * * *", "5/15 * * * *" },
	{ "5/55 * * * *", "5/55 * * * *" },
	{ "0-29/5 * * * *", "0-25/5 * * * *" },
	{ "0-29/1 * * * *", "0-29/1 * * * *" },
	{ "0-59 0-23 1-31 1-12 0-7", "0-59 0-23 1-31 * 0-6" },
	{ "1,1,2,1-3 007 * * *", "1-3 7 * * *" },
	{ "30,1 0 * * *", "1,30 0 * * *" },
	{ "1,2 0 * * *", "1,2 0 * * *" },
	{ "0 0 */10 * *", "0 0 */10 * *" },
	{ "0 0 1/10 * *", "0 0 1,11,21,31 * *" },
	{ "0 0 */2,4 * *", "0 0 */2,4 * *" },
	{ "0 0 ? * ?", "0 0 * * *" },
	{ "0 0 1,*/2 * MON", "0 0 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 1" },
	{ "0 0 * JAN,jul,Dec *", "0 0 * 1,7,12 *" },
	{ "0 0 * JAN-MAR/2 *", "0 0 * 1,3 *" },
	{ "0 0 * */3 *", "0 0 * 1,4,7,10 *" },
	{ "0 0 * * */2", "0 0 * * */2" },
	{ "0 0 * * 1/2", "0 0 * * 1,3,5" },
	{ "0 0 * * 7", "0 0 * * 0" },
	{ "0 0 * * 7/2", "0 0 * * 0,2,4,6" },
	{ "0 0 * * FRI-SUN", "0 0 * * 0,5,6" },
	{ "0 0 * * 5-7", "0 0 * * 0,5,6" },
	{ "0 0 * * MON-SUN", "0 0 * * 0-6" },
	{ "0 0 * * SUN-TUE", "0 0 * * 0-2" },
	{ "0 0 * * 0-7", "0 0 * * 0-6" },
	{ "0 0 * * 7-7", "0 0 * * 0" },
	{ "0 0 L * *", "0 0 L * *" },
	{ "0 0 l,lw,15w,l-3,L-3W * *", "0 0 15W,L-3,L-3W,L,LW * *" },
	{ "0 0 1,15W,L * *", "0 0 1,15W,L * *" },
	{ "0 0 *,L,15W * *", "0 0 * * *" },
	{ "0 0 L-30 1 *", "0 0 L-30 1 *" },
	{ "0 0 * * 5L", "0 0 * * 5L" },
	{ "0 0 * * fri#L,7L", "0 0 * * 0L,5L" },
	{ "0 0 * * MON#1,FRI#3", "0 0 * * 1#1,5#3" },
	{ "0 0 * * MON,FRIL", "0 0 * * 1,5L" },
	{ "0 0 * * 7#1", "0 0 * * 0#1" },
	{ "0 0 31 2 MON", "0 0 31 2 1" },
	{ "0 0 29 2 *", "0 0 29 2 *" },
	{ "0 0 31W 4,5 *", "0 0 31W 4,5 *" },
	{ "0 0 29 2 */7", "0 0 29 2 */7" },
};

START_TEST(good_texts_print_as_their_canonical_text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(canonical); i++) {
		struct cron cron;
		g_autoptr(GError) error = NULL;
		ck_assert_msg(cron_parse(canonical[i][0], "", &cron, &error), "%s: %s", canonical[i][0],
			      error ? error->message : "");
		g_autofree char *text = cron_print(&cron);
		ck_assert_msg(strcmp(text, canonical[i][1]) == 0, "%s: %s", canonical[i][0], text);
	}
}
END_TEST

static void assert_round_trip(const char *text)
{
	struct cron cron, back;
	g_autoptr(GError) error = NULL;

	if (!cron_parse(text, "a job", &cron, &error)) {
		ck_assert_msg(strstr(error->message, "never") != NULL, "'%s': %s", text, error->message);
		return;
	}
	g_autofree char *printed = cron_print(&cron);
	ck_assert_msg(cron_parse(printed, "another job", &back, NULL), "'%s' -> '%s'", text, printed);
	ck_assert_msg(memcmp(&cron, &back, sizeof(cron)) == 0, "'%s' -> '%s'", text, printed);
	g_autofree char *again = cron_print(&back);
	ck_assert_str_eq(again, printed);
}

START_TEST(parsing_the_printed_text_gives_the_same_sets)
{
	GRand *rng = g_rand_new_with_seed(7);

	for (size_t i = 0; i < G_N_ELEMENTS(canonical); i++)
		assert_round_trip(canonical[i][0]);
	for (int i = 0; i < 50000; i++) {
		g_autofree char *text = random_cron_text(rng);
		assert_round_trip(text);
	}
	g_rand_free(rng);
}
END_TEST

static const char *const broken[][2] = {
	{ "", "schedule: is empty" },
	{ " \t ", "schedule: is empty" },
	{ "*", "schedule: has 1 field:" },
	{ "* * * *", "schedule: has 4 fields:" },
	{ "* * * * * * *", "schedule: has 7 fields:" },
	{ "60 * * * * *", "second: 60 is outside 0-59" },
	{ "61 * * * *", "minute: 61 is outside 0-59" },
	{ "99999999999999999999 * * * *", "minute: 99999999999999999999 is outside 0-59" },
	{ "* 24 * * *", "hour: 24 is outside 0-23" },
	{ "* * 0 * *", "day of month: 0 is outside 1-31" },
	{ "* * 32 * *", "day of month: 32 is outside 1-31" },
	{ "* * 32W * *", "day of month: 32 is outside 1-31" },
	{ "* * * 0 *", "month: 0 is outside 1-12" },
	{ "* * * 13 *", "month: 13 is outside 1-12" },
	{ "* * * * 8", "day of week: 8 is outside 0-7" },
	{ "*/0 * * * *", "minute: step 0 is outside 1-60" },
	{ "*/90 * * * *", "minute: step 90 is outside 1-60" },
	{ "* */25 * * *", "hour: step 25 is outside 1-24" },
	{ "* * */32 * *", "day of month: step 32 is outside 1-31" },
	{ "* * * */13 *", "month: step 13 is outside 1-12" },
	{ "* * * * */8", "day of week: step 8 is outside 1-7" },
	{ "/5 * * * *", "minute: \"/5\" is not understood" },
	{ "5- * * * *", "minute: \"5-\" is not understood" },
	{ "-5 * * * *", "minute: \"-5\" is not understood" },
	{ "1-2-3 * * * *", "minute: \"1-2-3\" is not understood" },
	{ "*-5 * * * *", "minute: \"*-5\" is not understood" },
	{ "5/5/5 * * * *", "minute: \"5/5/5\" is not understood" },
	{ "5/ * * * *", "minute: \"5/\" is not understood" },
	{ "** * * * *", "minute: \"**\" is not understood" },
	{ "1.5 * * * *", "minute: \"1.5\" is not understood" },
	{ "0x5 * * * *", "minute: \"0x5\" is not understood" },
	{ "+5 * * * *", "minute: \"+5\" is not understood" },
	{ ",1 * * * *", "minute: a value is missing before, between or after commas" },
	{ "1, * * * *", "minute: a value is missing before, between or after commas" },
	{ "1,,2 * * * *", "minute: a value is missing before, between or after commas" },
	{ "* 22-2 * * *", "hour: 22-2 runs backwards: write 22-23,0-2" },
	{ "* 23-0 * * *", "hour: 23-0 runs backwards: write 23,0" },
	{ "* 22-2/2 * * *", "hour: 22-2 runs backwards: write it as two ranges" },
	{ "* * 30-20 * *", "day of month: 30-20 runs backwards: write 30-31,1-20" },
	{ "* * * NOV-FEB *", "month: NOV-FEB runs backwards: write NOV-DEC,JAN-FEB" },
	{ "* * * * FRI-MON", "day of week: FRI-MON runs backwards: write FRI-SAT,SUN-MON" },
	{ "* * * * 6-0", "day of week: 6-0 runs backwards: write 6,0" },
	{ "* * * * 7-1", "day of week: 7-1 runs backwards: write 0-1" },
	{ "? * * * *", "minute: \"?\" is for day of month and day of week only: write \"*\"" },
	{ "* * * ? *", "month: \"?\" is for day of month and day of week only: write \"*\"" },
	{ "* * ?,1 * *", "day of month: \"?\" cannot be part of a list or have a step" },
	{ "* * * * ?/2", "day of week: \"?\" cannot be part of a list or have a step" },
	{ "* * * * L", "day of week: \"L\" is not understood" },
	{ "* * * * MON-FRIL", "day of week: \"MON-FRIL\" is not understood" },
	{ "* * * * MON-FRI#2", "day of week: \"MON-FRI#2\" is not understood" },
	{ "* * * * 0#0", "day of week: #0 is outside #1 to #5" },
	{ "* * * * 0#6", "day of week: #6 is outside #1 to #5" },
	{ "* * * * 0#", "day of week: \"0#\" is not understood" },
	{ "* * * * 0#LL", "day of week: \"0#LL\" is not understood" },
	{ "* * * * +MON", "day of week: \"+MON\" is not understood" },
	{ "* * * * MONDAY", "day of week: \"MONDAY\" is not understood" },
	{ "* * * JANUARY *", "month: \"JANUARY\" is not understood" },
	{ "MON * * * *", "minute: \"MON\" is not understood" },
	{ "* * 1-15W * *", "day of month: \"1-15W\" is not understood" },
	{ "* * W * *", "day of month: \"W\" is not understood" },
	{ "* * WL * *", "day of month: \"WL\" is not understood" },
	{ "* * 15W/2 * *", "day of month: \"15W/2\" is not understood" },
	{ "* * L-31 * *", "day of month: L-31 is outside L-1 to L-30" },
	{ "* * L-0 * *", "day of month: L-0 is outside L-1 to L-30" },
	{ "* * L/2 * *", "day of month: \"L/2\" is not understood" },
	{ "* * * L *", "month: \"L\" is not understood" },
	{ "H/61 * * * *", "minute: step 61 is outside 1-60" },
	{ "H(0-9)/11 * * * *", "minute: step 11 is outside 1-10" },
	{ "H(9-0) * * * *", "minute: 9-0 runs backwards: write 9-59,0" },
	{ "H(0-60) * * * *", "minute: 60 is outside 0-59" },
	{ "H(0-9 * * * *", "minute: \"H(0-9\" is not understood" },
	{ "H(5) * * * *", "minute: \"H(5)\" is not understood" },
	{ "HH * * * *", "minute: \"HH\" is not understood" },
	{ "H-5 * * * *", "minute: \"H-5\" is not understood" },
	{ "* * * * \x01", "day of week: has a character that is not plain ASCII" },
	{ "* * * \xc3\xa9 *", "month: has a character that is not plain ASCII" },
	{ "0 0 30 2 *", "day of month: 30 never occurs in Feb" },
	{ "0 0 31 4,6 *", "day of month: 31 never occurs in Apr, Jun" },
	{ "0 0 31W 4 *", "day of month: 31W never occurs in Apr" },
	{ "0 0 L-29 2 *", "day of month: L-29 never occurs in Feb" },
	{ "0 0 L-30W 6 *", "day of month: L-30W never occurs in Jun" },
	{ "0 0 */31 * MON#2", "day of week: MON#2 never falls on day of month */31" },
};

START_TEST(broken_texts_are_refused_with_the_field_and_the_reason)
{
	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		struct cron cron;
		g_autoptr(GError) error = NULL;
		ck_assert_msg(!cron_parse(broken[i][0], "", &cron, &error), "%s", broken[i][0]);
		ck_assert(g_error_matches(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION));
		ck_assert_msg(g_str_has_prefix(error->message, broken[i][1]), "%s: %s", broken[i][0], error->message);
		ck_assert(!strchr(error->message, '\n'));
	}
}
END_TEST

START_TEST(a_text_may_be_as_long_as_its_maximum_and_no_longer)
{
	struct cron cron;
	g_autofree char *longest = g_strdup_printf("%*s", SCHEDULE_TEXT_MAX, "* * * * *");
	g_autofree char *too_long = g_strdup_printf("%*s", SCHEDULE_TEXT_MAX + 1, "* * * * *");

	ck_assert(cron_parse(longest, "", &cron, NULL));
	ck_assert(!cron_parse(too_long, "", &cron, NULL));
}
END_TEST

START_TEST(hashed_values_are_stable_and_stay_in_their_range)
{
	/* Frozen: FNV-1a 64 of "backup", NUL, field digit. A change here moves every job in the field. */
	struct cron cron;
	ck_assert(cron_parse("H H H H H H", "backup", &cron, NULL));
	g_autofree char *text = cron_print(&cron);
	ck_assert_str_eq(text, "3 32 5 27 12 1");

	for (int i = 0; i < 2000; i++) {
		g_autofree char *id = g_strdup_printf("job-%d", i);
		ck_assert(cron_parse("H(10-19) H/6 H * H(5-7)", id, &cron, NULL));
		ck_assert_int_eq(__builtin_popcountll(cron.minute), 1);
		ck_assert(cron.minute >> 10 && cron.minute >> 20 == 0);
		ck_assert_int_eq(__builtin_popcount(cron.hour), 4);
		ck_assert(cron.hour & 0x3f && cron.stepped == 1 << CRON_HOUR);
		ck_assert(cron.dom < UINT32_C(1) << 29 && cron.dom > 1);
		ck_assert((cron.dow & ~0x61) == 0);
	}
}
END_TEST

START_TEST(hashed_values_spread_over_their_range)
{
	uint64_t seen = 0;
	struct cron cron;

	for (int i = 0; i < 1000; i++) {
		g_autofree char *id = g_strdup_printf("job-%d", i);
		ck_assert(cron_parse("H * * * *", id, &cron, NULL));
		seen |= cron.minute;
	}
	ck_assert_uint_eq(seen, (UINT64_C(1) << 60) - 1);
}
END_TEST

/* The days of March 2026, which begins on a Sunday, and of others. */
static const struct {
	const char *text;
	int length, first_weekday;
	const char *days;
} months[] = {
	{ "0 0 1W * *", 31, 6, "3" },
	{ "0 0 1W * *", 31, 0, "2" },
	{ "0 0 15W * *", 31, 6, "14" },
	{ "0 0 15W * *", 31, 0, "16" },
	{ "0 0 15W * *", 31, 1, "15" },
	{ "0 0 31W * *", 31, 5, "29" },
	{ "0 0 31W * *", 30, 5, "" },
	{ "0 0 29W * *", 28, 0, "" },
	{ "0 0 29W * *", 29, 0, "27" },
	{ "0 0 LW * *", 30, 6, "28" },
	{ "0 0 LW * *", 28, 0, "27" },
	{ "0 0 L-2 * *", 31, 0, "29" },
	{ "0 0 L-30,L * *", 31, 0, "1 31" },
	{ "0 0 L-30,L * *", 30, 0, "30" },
	{ "0 0 L-27W * *", 28, 6, "3" },
	{ "0 0 * * 0#5", 31, 0, "29" },
	{ "0 0 * * 0#5", 28, 0, "" },
	{ "0 0 * * 1#1,5#3", 31, 0, "2 20" },
	{ "0 0 * * 5L", 31, 0, "27" },
	{ "0 0 * * 6L,0L", 28, 0, "22 28" },
	{ "0 0 */10 * 0", 31, 0, "1" },
	{ "0 0 1,10 * 0", 31, 0, "1 8 10 15 22 29" },
	{ "0 0 1-31 * 1", 31, 0,
	  "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31" },
	{ "0 0 */2 * 1", 31, 0, "9 23" },
	{ "0 0 1,*/2 * 1", 29, 0, "1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29" },
	{ "0 0 13 * */7", 31, 3, "" },
	{ "0 0 L * 5#2", 31, 0, "13 31" },
};

START_TEST(days_of_a_month_match_by_date_and_weekday)
{
	for (size_t i = 0; i < G_N_ELEMENTS(months); i++) {
		struct cron cron;
		g_autoptr(GString) days = g_string_new(NULL);
		ck_assert_msg(cron_parse(months[i].text, "", &cron, NULL), "%s", months[i].text);
		uint32_t set = cron_days_of_month(&cron, months[i].length, months[i].first_weekday);
		for (int day = 0; day < 32; day++)
			if (set >> day & 1)
				g_string_append_printf(days, days->len ? " %d" : "%d", day);
		ck_assert_msg(strcmp(days->str, months[i].days) == 0, "row %zu, %s: %s", i, months[i].text, days->str);
	}
}
END_TEST

START_TEST(counting_equals_stepping_from_match_to_match)
{
	GRand *rng = g_rand_new_with_seed(11);

	for (int i = 0; i < 3000; i++) {
		struct cron cron;
		g_autofree char *text = random_cron_text(rng);
		if (!cron_parse(text, "", &cron, NULL))
			continue;
		int64_t from = (int64_t)g_rand_double_range(rng, -6e10, 2.5e11);
		int64_t limit = from + (int64_t)g_rand_double_range(rng, 0, i % 10 ? 3e5 : 1e7), at, steps = 0;
		for (at = from; steps < 50000 && cron_next_local(&cron, at, limit, &at); at++)
			steps++;
		if (steps == 50000)
			limit = at;
		ck_assert_msg(cron_count_local(&cron, from, limit) == steps,
			      "'%s' %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, text, from, limit);
	}
	g_rand_free(rng);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cron");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, good_texts_print_as_their_canonical_text);
	tcase_add_test(tests, parsing_the_printed_text_gives_the_same_sets);
	tcase_add_test(tests, broken_texts_are_refused_with_the_field_and_the_reason);
	tcase_add_test(tests, a_text_may_be_as_long_as_its_maximum_and_no_longer);
	tcase_add_test(tests, hashed_values_are_stable_and_stay_in_their_range);
	tcase_add_test(tests, hashed_values_spread_over_their_range);
	tcase_add_test(tests, days_of_a_month_match_by_date_and_weekday);
	tcase_add_test(tests, counting_equals_stepping_from_match_to_match);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
