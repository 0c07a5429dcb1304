#include <check.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/schedule_explain.h"
#include "common/tz.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text, *sentence;
} sentences[] = {
	{ "* * * * *", "Every minute" },
	{ "*/5 * * * *", "Every 5 minutes" },
	{ "@hourly", "Every hour" },
	{ "0 */6 * * *", "At 00:00, 06:00, 12:00 and 18:00" },
	{ "15 * * * *", "At minute 15 of every hour" },
	{ "0 9 * * MON-FRI", "At 09:00 on Monday to Friday" },
	{ "0 9 * * SAT,SUN", "At 09:00 on Saturday and Sunday" },
	{ "0 9 * * *", "At 09:00" },
	{ "30 15 9 * * *", "At 09:15:30" },
	{ "* * * * * *", "Every second" },
	{ "*/10 * * * * *", "Every 10 seconds" },
	{ "*/10 * 9 * * *", "Every 10 seconds, every minute past hour 9" },
	{ "*/7 8-17 * * *", "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 past hours 8 to 17" },
	{ "5,10 */3 * * *", "At minutes 5 and 10 of every 3rd hour" },
	{ "0 0 1,15 * *", "At 00:00 on the 1st and 15th of the month" },
	{ "0 0 1,15 * FRI", "At 00:00 on the 1st and 15th of the month or on Friday" },
	{ "0 0 */2 * MON", "At 00:00 on every 2nd day of the month if that is also on Monday" },
	{ "0 0 11,12,13,21,22,23 * *", "At 00:00 on the 11th to 13th and 21st to 23rd of the month" },
	{ "0 0 L * *", "At 00:00 on the last day of the month" },
	{ "0 0 LW * *", "At 00:00 on the last weekday of the month" },
	{ "0 0 L-2,15W * *", "At 00:00 on the 2 days before the last and the weekday nearest to the 15th of the month" },
	{ "0 0 * * MON#1,FRIL", "At 00:00 on the first Monday of the month and the last Friday of the month" },
	{ "0 0 1 JAN,MAR-MAY *", "At 00:00 on the 1st of the month in January and March to May" },
	{ "@every 1h30m", "Every 1h30m, counted from when the job was made" },
	{ "@at 2027-01-01T00:00:00Z", "Once, at 2027-01-01T00:00:00Z" },
	{ "@reboot", "Once each time the host boots" },
};

START_TEST(test_a_schedule_reads_as_a_sentence)
{
	struct schedule *schedule = schedule_new(sentences[_i].text, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(schedule);
	g_autofree char *sentence = schedule_sentence(schedule);
	ck_assert_str_eq(sentence, sentences[_i].sentence);
	schedule_unref(schedule);
}
END_TEST

/* What all canonical texts of a sentence have in common: equal schedules have equal sentences. */
START_TEST(test_the_canonical_text_has_the_same_sentence)
{
	struct schedule *schedule = schedule_new(sentences[_i].text, NULL, NULL, NULL);
	g_autofree char *canonical = schedule_print(schedule);
	struct schedule *again = schedule_new(canonical, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(again);
	g_autofree char *a = schedule_sentence(schedule), *b = schedule_sentence(again);
	ck_assert_str_eq(a, b);
	schedule_unref(schedule);
	schedule_unref(again);
}
END_TEST

static const struct {
	const char *text, *at, *local, *offset, *note;
} instants[] = {
	{ "30 2 * * *", "2025-03-30T01:00:00Z", "2025-03-30T03:00:00Z", "+02:00",
	  "the clock has just been put forward: for all that fell into the gap" },
	{ "* * * * *", "2025-03-30T01:00:00Z", "2025-03-30T03:00:00Z", "+02:00", "the clock has just been put forward" },
	{ "0 * * * *", "2025-10-26T00:00:00Z", "2025-10-26T02:00:00Z", "+02:00", "first pass of an hour the clock repeats" },
	{ "0 * * * *", "2025-10-26T01:00:00Z", "2025-10-26T02:00:00Z", "+01:00",
	  "second pass of an hour the clock repeats" },
	{ "0 * * * *", "2025-10-26T02:00:00Z", "2025-10-26T03:00:00Z", "+01:00", NULL },
};

START_TEST(test_an_instant_near_a_clock_change_says_so)
{
	struct schedule *schedule = schedule_new(instants[_i].text, "Europe/Berlin", NULL, NULL);
	struct schedule_local local;
	struct wall at;
	char text[RFC3339_SIZE], offset[SCHEDULE_OFFSET_SIZE];
	ck_assert_ptr_nonnull(schedule);
	ck_assert(rfc3339_parse(instants[_i].at, &at));
	schedule_local_at(schedule, at, &local);
	ck_assert_str_eq(rfc3339_print_seconds(wall_from_seconds(local.seconds), text), instants[_i].local);
	ck_assert_str_eq(schedule_offset_print(local.offset, offset), instants[_i].offset);
	ck_assert_pstr_eq(local.note, instants[_i].note);
	schedule_unref(schedule);
}
END_TEST

START_TEST(test_every_listed_zone_can_be_loaded)
{
	g_autoptr(GPtrArray) names = tz_names();
	bool has_utc = false, has_berlin = false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		struct tz *tz = tz_get(name, NULL);
		ck_assert_msg(tz != NULL, "%s", name);
		tz_unref(tz);
		has_utc |= strcmp(name, "UTC") == 0;
		has_berlin |= strcmp(name, "Europe/Berlin") == 0;
		ck_assert_msg(i == 0 || strcmp(g_ptr_array_index(names, i - 1), name) < 0, "%s is out of order", name);
		ck_assert_msg(!g_str_has_prefix(name, "right/") && !g_str_has_prefix(name, "posix/"), "%s", name);
	}
	ck_assert(has_utc && has_berlin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule words");
	TCase *words = tcase_create("words");
	tcase_add_loop_test(words, test_a_schedule_reads_as_a_sentence, 0, G_N_ELEMENTS(sentences));
	tcase_add_loop_test(words, test_the_canonical_text_has_the_same_sentence, 0, G_N_ELEMENTS(sentences));
	tcase_add_loop_test(words, test_an_instant_near_a_clock_change_says_so, 0, G_N_ELEMENTS(instants));
	tcase_add_test(words, test_every_listed_zone_can_be_loaded);
	suite_add_tcase(suite, words);
	return suite_run(suite);
}
