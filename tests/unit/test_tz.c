#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/rfc3339.h"
#include "common/tz.h"
#include "tests/unit/suite.h"
#include "tests/unit/synthetic_zone.h"

#define ZONES "/usr/share/zoneinfo/"

static struct tz *parse_synthetic(const struct synthetic *zone)
{
	g_autoptr(GByteArray) bytes = synthesize(zone);

	return tz_parse(bytes->data, bytes->len, NULL);
}

static struct tz *parse_footer(const char *footer)
{
	return parse_synthetic(&(struct synthetic){ .footer = footer, .version = '2' });
}

static int64_t seconds_of(const char *text)
{
	struct wall t = WALL_NONE;

	ck_assert_msg(rfc3339_parse(text, &t), "%s", text);
	return wall_floor_seconds(t);
}

/* One change: the segment before ends, and the one after begins, at `at`. */
static void assert_change(const struct tz *tz, const char *name, const char *at, int before, int after)
{
	int64_t seconds = seconds_of(at);
	struct tz_segment left, right;

	tz_segment_at(tz, seconds - 1, &left);
	tz_segment_at(tz, seconds, &right);
	ck_assert_msg(left.end == seconds && right.begin == seconds, "%s: no change at %s", name, at);
	ck_assert_msg(left.offset == before && right.previous_offset == before && right.offset == after,
		      "%s at %s: %d (%d) -> %d", name, at, left.offset, right.previous_offset, right.offset);
}

#define HMS(h, m) ((h)*3600 + (m)*60)

static const struct {
	const char *footer, *at;
	int before, after;
} footers[] = {
	{ "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", HMS(-5, 0), HMS(-4, 0) },
	{ "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", HMS(-4, 0), HMS(-5, 0) },
	{ "EST5EDT,M3.2.0,M11.1.0", "9999-03-14T07:00:00Z", HMS(-5, 0), HMS(-4, 0) },
	{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-04-04T15:00:00Z", HMS(11, 0), HMS(10, 30) },
	{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00Z", HMS(10, 30), HMS(11, 0) },
	{ "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", "2026-09-26T14:00:00Z", HMS(12, 45), HMS(13, 45) },
	{ "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-03-29T01:00:00Z", 0, HMS(1, 0) },
	{ "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-10-25T01:00:00Z", HMS(1, 0), 0 },
	{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", HMS(-2, 0), HMS(-1, 0) },
	{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-10-25T01:00:00Z", HMS(-1, 0), HMS(-2, 0) },
	{ "EET-2EEST,M3.4.4/50,M10.4.4/50", "2100-03-27T00:00:00Z", HMS(2, 0), HMS(3, 0) },
	{ "EET-2EEST,M3.4.4/50,M10.4.4/50", "2100-10-29T23:00:00Z", HMS(3, 0), HMS(2, 0) },
	{ "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-09-06T04:00:00Z", HMS(-4, 0), HMS(-3, 0) },
	{ "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-04-05T03:00:00Z", HMS(-3, 0), HMS(-4, 0) },
	{ "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", "2026-03-29T01:00:00Z", 0, HMS(2, 0) },
	/* Jn never counts 29 February, n does */
	{ "AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z", 0, HMS(1, 0) },
	{ "AAA0BBB,J60/0,J300/0", "2027-03-01T00:00:00Z", 0, HMS(1, 0) },
	{ "AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z", 0, HMS(1, 0) },
	{ "AAA0BBB,59/0,300/0", "2027-03-01T00:00:00Z", 0, HMS(1, 0) },
	{ "AAA+5:30:15BBB-1:00:05,0/0,J365/0", "2027-01-01T05:30:15Z", -19815, 3605 },
	/* a start in the last days of the year before */
	{ "AAA0BBB,J1/-24,J100/0", "2026-12-31T00:00:00Z", 0, HMS(1, 0) },
};

START_TEST(footers_change_the_clock_when_their_rule_says)
{
	for (size_t i = 0; i < G_N_ELEMENTS(footers); i++) {
		struct tz *tz = parse_footer(footers[i].footer);
		ck_assert_msg(tz != NULL, "%s", footers[i].footer);
		assert_change(tz, footers[i].footer, footers[i].at, footers[i].before, footers[i].after);
		tz_unref(tz);
	}
}
END_TEST

START_TEST(summer_time_all_year_is_one_segment)
{
	static const char *const all_year[] = { "EST5EDT,0/0,J365/25", "XXX3EDT4,0/0,J365/23" };
	struct tz_segment segment;

	for (size_t i = 0; i < G_N_ELEMENTS(all_year); i++) {
		struct tz *tz = parse_footer(all_year[i]);
		ck_assert_ptr_nonnull(tz);
		tz_segment_at(tz, seconds_of("2026-12-31T23:00:00Z"), &segment);
		ck_assert_msg(segment.offset == HMS(-4, 0) && segment.end == INT64_MAX, "%s", all_year[i]);
		tz_unref(tz);
	}
}
END_TEST

static const char *const bad_footers[] = {
	"EST",
	"5",
	"ES5",
	"EST5EDT",
	"EST5EDT,M3.2.0",
	"EST5EDT,M13.2.0,M11.1.0",
	"EST5EDT,M3.6.0,M11.1.0",
	"EST5EDT,M3.2.7,M11.1.0",
	"EST5EDT,M3.2.0,M11.1.0,",
	"EST5EDT,J0,J365",
	"EST5EDT,J366,J1",
	"EST5EDT,366,1",
	"EST25",
	"EST5:60",
	"<ES5",
	"<EST5",
	"EST5EDT,M3.2.0/168,M11.1.0",
	"EST5EDT,M3.2.0/-168,M11.1.0",
	"EST5EDT M3.2.0,M11.1.0",
	"EST0005",
	":EST5",
	"EST5\tEDT",
};

START_TEST(footers_that_are_no_rule_are_refused)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_footers); i++)
		ck_assert_msg(parse_footer(bad_footers[i]) == NULL, "%s", bad_footers[i]);
}
END_TEST

START_TEST(an_empty_footer_keeps_the_last_type)
{
	struct tz_segment segment;
	struct tz *tz = parse_synthetic(&(struct synthetic){
		.n = 2, .at = { 1000, 2000 }, .offset = { 60, 3600, 7200 }, .footer = "", .version = '2' });

	ck_assert_ptr_nonnull(tz);
	tz_segment_at(tz, 1500, &segment);
	ck_assert(segment.begin == 1000 && segment.end == 2000 && segment.offset == 3600 &&
		  segment.previous_offset == 60);
	tz_segment_at(tz, INT64_C(1) << 40, &segment);
	ck_assert(segment.begin == 2000 && segment.end == INT64_MAX && segment.offset == 7200);
	tz_segment_at(tz, 999, &segment);
	ck_assert(segment.begin == INT64_MIN && segment.end == 1000 && segment.offset == 60 &&
		  segment.previous_offset == 60);
	tz_unref(tz);
}
END_TEST

START_TEST(a_version_1_file_is_read_from_its_only_block)
{
	struct tz_segment segment;
	struct tz *tz =
		parse_synthetic(&(struct synthetic){ .n = 1, .at = { -1000 }, .offset = { 60, 3600 }, .footer = "" });

	ck_assert_ptr_nonnull(tz);
	tz_segment_at(tz, 0, &segment);
	ck_assert(segment.begin == -1000 && segment.offset == 3600);
	tz_unref(tz);
}
END_TEST

START_TEST(transitions_that_change_no_offset_make_no_segment)
{
	struct tz_segment segment;
	struct tz *tz = parse_synthetic(&(struct synthetic){ .n = 3,
							     .at = { 1000, 2000, 3000 },
							     .offset = { 0, 3600, 3600, 3600 },
							     .footer = "AAA-1",
							     .version = '3' });

	ck_assert_ptr_nonnull(tz);
	tz_segment_at(tz, 2500, &segment);
	ck_assert(segment.begin == 1000 && segment.end == INT64_MAX);
	tz_unref(tz);
}
END_TEST

START_TEST(the_footer_takes_over_after_the_last_transition_only)
{
	struct tz_segment segment;
	struct tz *tz = parse_synthetic(&(struct synthetic){ .n = 1,
							     .at = { 1784505600 /* 2026-07-20 */ },
							     .offset = { 0, -14400 },
							     .footer = "EST5EDT,M3.2.0,M11.1.0",
							     .version = '2' });

	ck_assert_ptr_nonnull(tz);
	tz_segment_at(tz, 1784505599, &segment);
	ck_assert(segment.begin == INT64_MIN && segment.offset == 0 && segment.end == 1784505600);
	assert_change(tz, "takes over", "2026-11-01T06:00:00Z", -14400, -18000);
	tz_unref(tz);
}
END_TEST

START_TEST(broken_files_are_refused)
{
	static const struct synthetic broken[] = {
		{ .n = 2, .at = { 2000, 1000 }, .footer = "", .version = '2' },
		{ .n = 2, .at = { 1000, 1000 }, .footer = "", .version = '2' },
		{ .n = 1, .at = { INT64_MIN }, .footer = "", .version = '2' },
		{ .n = 1, .at = { INT64_MAX }, .footer = "", .version = '2' },
		{ .n = 1, .at = { 0 }, .offset = { 0, 100000 }, .footer = "", .version = '2' },
		{ .n = 1, .at = { 0 }, .offset = { INT32_MIN, 0 }, .footer = "", .version = '2' },
		{ .footer = "", .version = '1' },
		{ .footer = "", .version = '2', .leap_count = 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++)
		ck_assert_msg(parse_synthetic(&broken[i]) == NULL, "row %zu", i);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
	g_autofree char *bytes = NULL;
	gsize size;

	ck_assert(g_file_get_contents(ZONES "America/New_York", &bytes, &size, NULL));
	for (gsize cut = 0; cut < size; cut++) {
		g_autoptr(GError) error = NULL;
		/* a copy of its own size, so that the sanitizer sees a read past it */
		g_autofree char *part = g_memdup2(bytes, cut);
		ck_assert_msg(tz_parse(part, cut, &error) == NULL, "%zu bytes", cut);
		ck_assert(g_error_matches(error, TZ_ERROR, TZ_ERROR_BAD_FILE));
	}
	struct tz *tz = tz_parse(bytes, size, NULL);
	ck_assert_ptr_nonnull(tz);
	tz_unref(tz);
}
END_TEST

/* A "fat" file has its changes up to 2037 in the table: there it must agree with its own footer. */
START_TEST(table_and_footer_of_system_zones_agree)
{
	static const char *const names[] = { "America/New_York", "Europe/Dublin", "Australia/Lord_Howe",
					     "America/Santiago", "Europe/Berlin" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strconcat(ZONES, names[i], NULL), *bytes = NULL;
		gsize size;
		ck_assert(g_file_get_contents(path, &bytes, &size, NULL));
		bytes[size - 1] = '\0';
		const char *footer = (char *)memrchr(bytes, '\n', size) + 1;
		struct tz *by_table = tz_get(names[i], NULL), *by_footer = parse_footer(footer);
		ck_assert_msg(by_table && by_footer, "%s", names[i]);
		struct tz_segment table = { .end = seconds_of("2028-01-01T00:00:00Z") }, rule = table;
		while (table.end < seconds_of("2500-01-01T00:00:00Z")) {
			tz_segment_at(by_table, table.end, &table);
			tz_segment_at(by_footer, rule.end, &rule);
			ck_assert_msg(table.end == rule.end && table.offset == rule.offset, "%s", names[i]);
		}
		tz_unref(by_table);
		tz_unref(by_footer);
	}
}
END_TEST

START_TEST(segments_follow_each_other_without_a_hole)
{
	static const char *const names[] = { "Europe/Berlin", "Africa/Casablanca", "Asia/Gaza", "Pacific/Apia",
					     "UTC",	      "Antarctica/Troll" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct tz *tz = tz_get(names[i], NULL);
		struct tz_segment last, next;
		ck_assert_msg(tz != NULL, "%s", names[i]);
		tz_segment_at(tz, seconds_of("0001-01-01T00:00:00Z"), &last);
		ck_assert_int_eq(last.begin, INT64_MIN);
		while (last.end < seconds_of("9999-12-31T23:59:59Z")) {
			tz_segment_at(tz, last.end, &next);
			ck_assert_msg(next.begin == last.end && next.end > next.begin &&
					      next.previous_offset == last.offset && next.offset != last.offset,
				      "%s at %" G_GINT64_FORMAT, names[i], last.end);
			struct tz_segment inside;
			tz_segment_at(tz, next.begin + (MIN(next.end, next.begin + 9999999) - next.begin) / 2, &inside);
			ck_assert(memcmp(&inside, &next, sizeof(next)) == 0);
			last = next;
		}
		tz_unref(tz);
	}
}
END_TEST

START_TEST(offsets_repeat_every_400_years_from_the_steady_instant)
{
	const int64_t period = INT64_C(146097) * 86400;
	struct tz *tz = tz_get("America/New_York", NULL);
	struct tz_segment segment, twin;

	for (int64_t t = tz_steady_from(tz); t < tz_steady_from(tz) + period; t += 9876543) {
		tz_segment_at(tz, t, &segment);
		for (int k = 1; k < 20; k += 6) {
			tz_segment_at(tz, t + k * period, &twin);
			ck_assert_int_eq(twin.begin, segment.begin + k * period);
			ck_assert_int_eq(twin.end, segment.end + k * period);
			ck_assert_int_eq(twin.offset, segment.offset);
			ck_assert_int_eq(twin.previous_offset, segment.previous_offset);
		}
	}
	tz_segment_at(tz, INT64_MAX, &segment);
	tz_segment_at(tz, INT64_MIN, &segment);
	tz_unref(tz);
}
END_TEST

START_TEST(names_that_are_no_zone_are_refused_with_a_sentence)
{
	static const char *const names[] = {
		"",
		"Mars/Base",
		"/etc/passwd",
		"/usr/share/zoneinfo/UTC",
		"../zoneinfo/Europe/Berlin",
		"Europe/../Europe/Berlin",
		"Europe",
		"Europe/",
		"Europe//Berlin",
		"zone.tab",
		"tzdata.zi",
		"europe/berlin",
		"Europe/Berlin ",
		"Europe/Ber\nlin",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		ck_assert_msg(tz_get(names[i], &error) == NULL, "%s", names[i]);
		ck_assert(g_error_matches(error, TZ_ERROR, TZ_ERROR_UNKNOWN_ZONE));
		ck_assert(strstr(error->message, "is not a zone this host knows") && !strchr(error->message, '\n'));
	}
}
END_TEST

static void copy_zone(const char *name, const char *path)
{
	g_autofree char *source = g_strconcat(ZONES, name, NULL), *bytes = NULL;
	gsize size;

	ck_assert(g_file_get_contents(source, &bytes, &size, NULL));
	ck_assert(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

START_TEST(a_changed_file_is_noticed_and_read_after_reload)
{
	char folder[] = "/tmp/belfry-tz-XXXXXX";
	struct tz_segment segment;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	g_autofree char *path = g_build_filename(folder, "Here", NULL);
	copy_zone("Asia/Tokyo", path);
	g_setenv("TZDIR", folder, TRUE);
	tz_reload();

	struct tz *before = tz_get("Here", NULL);
	ck_assert_ptr_nonnull(before);
	ck_assert(!tz_files_changed());
	ck_assert_str_eq(tz_database_version(), "unknown");
	copy_zone("Asia/Kolkata", path);
	ck_assert(tz_files_changed());
	struct tz *cached = tz_get("Here", NULL);
	ck_assert_ptr_eq(cached, before);
	tz_reload();
	struct tz *after = tz_get("Here", NULL);
	tz_segment_at(before, 1795435200, &segment);
	ck_assert_int_eq(segment.offset, HMS(9, 0));
	tz_segment_at(after, 1795435200, &segment);
	ck_assert_int_eq(segment.offset, HMS(5, 30));
	ck_assert(!tz_files_changed());

	tz_unref(before);
	tz_unref(cached);
	tz_unref(after);
	g_unlink(path);
	g_rmdir(folder);
}
END_TEST

START_TEST(a_fifo_or_a_huge_file_is_no_zone)
{
	char folder[] = "/tmp/belfry-tz-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	g_autofree char *fifo = g_build_filename(folder, "Fifo", NULL), *huge = g_build_filename(folder, "Huge", NULL);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	copy_zone("Asia/Tokyo", huge);
	ck_assert_int_eq(truncate(huge, TZ_FILE_MAX_BYTES + 1), 0);
	g_setenv("TZDIR", folder, TRUE);
	tz_reload();
	ck_assert_ptr_null(tz_get("Fifo", NULL));
	ck_assert_ptr_null(tz_get("Huge", NULL));
	g_unlink(fifo);
	g_unlink(huge);
	g_rmdir(folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tz");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, footers_change_the_clock_when_their_rule_says);
	tcase_add_test(tests, summer_time_all_year_is_one_segment);
	tcase_add_test(tests, footers_that_are_no_rule_are_refused);
	tcase_add_test(tests, an_empty_footer_keeps_the_last_type);
	tcase_add_test(tests, a_version_1_file_is_read_from_its_only_block);
	tcase_add_test(tests, transitions_that_change_no_offset_make_no_segment);
	tcase_add_test(tests, the_footer_takes_over_after_the_last_transition_only);
	tcase_add_test(tests, broken_files_are_refused);
	tcase_add_test(tests, a_file_cut_anywhere_is_refused);
	tcase_add_test(tests, table_and_footer_of_system_zones_agree);
	tcase_add_test(tests, segments_follow_each_other_without_a_hole);
	tcase_add_test(tests, offsets_repeat_every_400_years_from_the_steady_instant);
	tcase_add_test(tests, names_that_are_no_zone_are_refused_with_a_sentence);
	tcase_add_test(tests, a_changed_file_is_noticed_and_read_after_reload);
	tcase_add_test(tests, a_fifo_or_a_huge_file_is_no_zone);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
