#include <check.h>
#include <stdlib.h>

#include "common/rfc3339.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	int64_t us;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", -US_PER_SECOND },
	{ "2026-11-23T12:00:00Z", 1795435200 * US_PER_SECOND },
	{ "2026-11-23t12:00:00z", 1795435200 * US_PER_SECOND },
	{ "2026-11-23T13:30:00+01:30", 1795435200 * US_PER_SECOND },
	{ "2026-11-23T02:00:00-10:00", 1795435200 * US_PER_SECOND },
	{ "2026-11-23T12:00:00-00:00", 1795435200 * US_PER_SECOND },
	{ "2026-11-23T12:00:00.5Z", 1795435200 * US_PER_SECOND + 500000 },
	{ "2026-11-23T12:00:00.123456789Z", 1795435200 * US_PER_SECOND + 123456 },
	{ "1969-12-31T23:59:59.25Z", -750000 },
	{ "2000-02-29T00:00:00Z", 951782400 * US_PER_SECOND },
	{ "0001-01-01T00:00:00Z", INT64_C(-62135596800) * US_PER_SECOND },
	{ "9999-12-31T23:59:59Z", WALL_MAX_SECONDS *US_PER_SECOND },
};

static const char *const bad[] = {
	"",
	"2026",
	"2026-11-23",
	"2026-11-23T12:00:00",
	"2026-11-23 12:00:00Z",
	"2026-11-23T12:00Z",
	"2026-11-23T12:00:00.Z",
	"2026-11-23T12:00:60Z",
	"2026-11-23T24:00:00Z",
	"2026-11-23T12:60:00Z",
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-11-31T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-11-00T00:00:00Z",
	"0000-01-01T00:00:00Z",
	"10000-01-01T00:00:00Z",
	"2026-11-23T12:00:00Zx",
	" 2026-11-23T12:00:00Z",
	"2026-11-23T12:00:00+0100",
	"2026-11-23T12:00:00+24:00",
	"2026-11-23T12:00:00+01:60",
	"2026-11-23T12:00:00+01",
	"0001-01-01T00:00:00+01:00",
	"9999-12-31T23:59:59-01:00",
	"+026-11-23T12:00:00Z",
	"2026-1-23T12:00:00Z",
};

START_TEST(texts_become_the_instants_they_name)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct wall t;
		ck_assert_msg(rfc3339_parse(good[i].text, &t), "%s", good[i].text);
		ck_assert_msg(t.us == good[i].us, "%s", good[i].text);
	}
}
END_TEST

START_TEST(what_is_no_full_date_and_time_is_refused_and_writes_nothing)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct wall t = { 42 };
		ck_assert_msg(!rfc3339_parse(bad[i], &t), "%s", bad[i]);
		ck_assert_msg(t.us == 42, "%s", bad[i]);
	}
}
END_TEST

START_TEST(print_and_parse_are_inverse)
{
	char text[RFC3339_SIZE];

	for (int64_t seconds = INT64_C(-62135596800); seconds <= WALL_MAX_SECONDS; seconds += 12345678) {
		struct wall back;
		ck_assert(rfc3339_parse(rfc3339_print_seconds(wall_from_seconds(seconds), text), &back));
		ck_assert_int_eq(back.us, seconds * US_PER_SECOND);
	}
}
END_TEST

START_TEST(fractions_are_cut_towards_the_past)
{
	char text[RFC3339_SIZE];

	ck_assert_str_eq(rfc3339_print_ms((struct wall){ 1999 }, text), "1970-01-01T00:00:00.001Z");
	ck_assert_str_eq(rfc3339_print_ms((struct wall){ -1 }, text), "1969-12-31T23:59:59.999Z");
	ck_assert_str_eq(rfc3339_print_seconds((struct wall){ -1 }, text), "1969-12-31T23:59:59Z");
	ck_assert_str_eq(rfc3339_print_seconds(WALL_NEVER, text), "9999-12-31T23:59:59Z");
	ck_assert_str_eq(rfc3339_print_seconds(WALL_NONE, text), "0001-01-01T00:00:00Z");
}
END_TEST

START_TEST(civil_dates_count_every_day_once)
{
	int64_t year, last_year = -5;
	int month, day, last_month = 12, last_day = 31;

	for (int64_t days = civil_to_days(-4, 1, 1); days < civil_to_days(2405, 1, 1); days++) {
		civil_from_days(days, &year, &month, &day);
		ck_assert_int_eq(civil_to_days(year, month, day), days);
		if (day != last_day + 1) {
			ck_assert_int_eq(day, 1);
			ck_assert_int_eq(last_month % 12 + 1, month);
			ck_assert_int_eq(year, last_year + (month == 1));
		}
		last_year = year;
		last_month = month;
		last_day = day;
	}
	ck_assert_int_eq(civil_to_days(2101, 1, 1) - civil_to_days(2100, 1, 1), 365);
	ck_assert_int_eq(civil_to_days(2001, 1, 1) - civil_to_days(2000, 1, 1), 366);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rfc3339");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, texts_become_the_instants_they_name);
	tcase_add_test(tests, what_is_no_full_date_and_time_is_refused_and_writes_nothing);
	tcase_add_test(tests, print_and_parse_are_inverse);
	tcase_add_test(tests, fractions_are_cut_towards_the_past);
	tcase_add_test(tests, civil_dates_count_every_day_once);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
