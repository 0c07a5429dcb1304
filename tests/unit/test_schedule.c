#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/rfc3339.h"
#include "common/schedule.h"
#include "common/tz.h"
#include "tests/unit/random_cron.h"
#include "tests/unit/suite.h"
#include "tests/unit/synthetic_zone.h"

/*
 * Zones of the table, as rules for all time: what the host's files say of this year is politics. Those that are not
 * here are read from the host, for days long past.
 */
static const struct {
	const char *name, *footer;
} ruled_zones[] = {
	{ "America/New_York", "EST5EDT,M3.2.0,M11.1.0" },
	{ "Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" },
	{ "Pacific/Chatham", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45" },
	{ "Asia/Kathmandu", "<+0545>-5:45" },
	{ "Antarctica/Troll", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3" },
	{ "America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24" },
	{ "Africa/Cairo", "EET-2EEST,M4.5.5/0,M10.5.4/24" },
	{ "Asia/Beirut", "EET-2EEST,M3.5.0/0,M10.5.0/0" },
	{ "America/Havana", "CST5CDT,M3.2.0/0,M11.1.0/1" },
	{ "Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1" },
	{ "America/Nuuk", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0" },
	{ "Asia/Gaza", "EET-2EEST,M3.4.4/50,M10.4.4/50" },
	{ "Pacific/Kiritimati", "<+14>-14" },
};
static const char *const host_zones[] = { "Africa/Casablanca", "Pacific/Apia", "Pacific/Kwajalein", "America/Juneau" };

/* The instants after `from`, as UTC; "-" ends a row that has no more. */
/* clang-format off */
static const struct {
	const char *zone, *text, *from;
	const char *next[5];
} rows[] = {
	/* The gap of New York: 02:00 EST becomes 03:00 EDT at 07:00Z. */
	{ "America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z",
	  { "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z" } },
	{ "America/New_York", "0 2 * * *", "2026-03-07T12:00:00Z", { "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z" } },
	{ "America/New_York", "30 2 8 3 *", "2026-01-01T00:00:00Z",
	  { "2026-03-08T07:00:00Z", "2027-03-08T07:30:00Z" } },
	{ "America/New_York", "*/20 2 * * *", "2026-03-07T12:00:00Z",
	  { "2026-03-09T06:00:00Z", "2026-03-09T06:20:00Z" } },
	{ "America/New_York", "30 2,14 * * *", "2026-03-08T06:59:59Z",
	  { "2026-03-08T07:00:00Z", "2026-03-08T18:30:00Z" } },
	{ "America/New_York", "30 2,14 * * *", "2026-03-08T07:00:00Z", { "2026-03-08T18:30:00Z" } },
	{ "America/New_York", "0,30 1-3 * * *", "2026-03-08T06:00:00Z",
	  { "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:30:00Z", "2026-03-09T05:00:00Z" } },
	{ "America/New_York", "0,30 2 * * *", "2026-03-08T06:00:00Z",
	  { "2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z" } },
	{ "America/New_York", "H 2 * * *", "2026-03-08T06:00:00Z", { "2026-03-08T07:00:00Z" } },
	{ "America/New_York", "0 * * * *", "2026-03-08T05:00:00Z", { "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z" } },
	{ "America/New_York", "30 0-6/3 * * *", "2026-03-08T05:00:00Z",
	  { "2026-03-08T05:30:00Z", "2026-03-08T07:30:00Z" } },
	/* Its overlap: 02:00 EDT becomes 01:00 EST at 06:00Z. */
	{ "America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z",
	  { "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z" } },
	{ "America/New_York", "30 1 * * *", "2026-11-01T06:10:00Z", { "2026-11-02T06:30:00Z" } },
	{ "America/New_York", "0 1 * * *", "2026-11-01T05:30:00Z", { "2026-11-02T06:00:00Z" } },
	{ "America/New_York", "0 2 * * *", "2026-11-01T05:30:00Z", { "2026-11-01T07:00:00Z" } },
	{ "America/New_York", "0,30 1-2 * * *", "2026-11-01T04:59:59Z",
	  { "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T07:00:00Z", "2026-11-01T07:30:00Z" } },
	{ "America/New_York", "0 * * * *", "2026-11-01T04:30:00Z",
	  { "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z" } },
	{ "America/New_York", "*/30 1 * * *", "2026-11-01T05:00:00Z",
	  { "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:00:00Z" } },
	{ "America/New_York", "@hourly", "2026-11-01T04:30:00Z", { "2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z" } },
	{ "America/New_York", "59 59 1 * * *", "2026-11-01T05:59:58Z",
	  { "2026-11-01T05:59:59Z", "2026-11-02T06:59:59Z" } },
	/* Half an hour: 02:00 becomes 02:30 at 15:30Z, and 02:00 becomes 01:30 at 15:00Z. */
	{ "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z",
	  { "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z" } },
	{ "Australia/Lord_Howe", "*/15 2 * * *", "2026-10-03T00:00:00Z",
	  { "2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z" } },
	{ "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z",
	  { "2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z" } },
	{ "Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T14:15:00Z",
	  { "2026-04-04T14:30:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z",
	    "2026-04-05T14:30:00Z" } },
	/* Quarters of an hour. */
	{ "Pacific/Chatham", "0 3 * * *", "2026-09-26T00:00:00Z", { "2026-09-26T14:00:00Z", "2026-09-27T13:15:00Z" } },
	{ "Asia/Kathmandu", "0 0 * * *", "2026-11-23T00:00:00Z", { "2026-11-23T18:15:00Z" } },
	/* Two hours: 01:00 becomes 03:00 at 01:00Z. */
	{ "Antarctica/Troll", "30 1 * * *", "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-29T23:30:00Z" } },
	{ "Antarctica/Troll", "30 2 * * *", "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
	{ "Antarctica/Troll", "30 1,2 * * *", "2026-03-28T12:00:00Z",
	  { "2026-03-29T01:00:00Z", "2026-03-29T23:30:00Z" } },
	{ "Antarctica/Troll", "30 2 * * *", "2026-10-24T12:00:00Z",
	  { "2026-10-25T00:30:00Z", "2026-10-26T02:30:00Z" } },
	/* Midnight does not exist. */
	{ "America/Santiago", "@daily", "2026-09-05T12:00:00Z", { "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z" } },
	{ "Africa/Cairo", "@daily", "2026-04-23T12:00:00Z", { "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z" } },
	{ "Asia/Beirut", "@daily", "2026-03-28T12:00:00Z", { "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z" } },
	{ "Africa/Cairo", "@hourly", "2026-04-23T20:30:00Z", { "2026-04-23T21:00:00Z", "2026-04-23T22:00:00Z" } },
	/* Midnight comes twice, or not. */
	{ "America/Havana", "@daily", "2026-10-31T12:00:00Z", { "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z" } },
	{ "America/Havana", "@daily", "2026-03-07T12:00:00Z", { "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z" } },
	/* Daylight saving less than standard time. */
	{ "Europe/Dublin", "30 1 * * *", "2026-03-28T12:00:00Z", { "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
	{ "Europe/Dublin", "30 1 * * *", "2026-10-24T12:00:00Z", { "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z" } },
	{ "Africa/Casablanca", "30 2 * * *", "2024-03-09T12:00:00Z",
	  { "2024-03-10T01:30:00Z", "2024-03-11T02:30:00Z" } },
	{ "Africa/Casablanca", "30 2 * * *", "2024-04-13T12:00:00Z",
	  { "2024-04-14T02:00:00Z", "2024-04-15T01:30:00Z" } },
	/* A day that does not exist is a correction: nothing is made up. */
	{ "Pacific/Apia", "30 12 30 12 *", "2011-12-01T00:00:00Z", { "2012-12-29T22:30:00Z" } },
	{ "Pacific/Apia", "@daily", "2011-12-29T00:00:00Z", { "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z" } },
	{ "Pacific/Kwajalein", "0 12 * * *", "1993-08-20T12:00:00Z",
	  { "1993-08-21T00:00:00Z", "1993-08-22T00:00:00Z" } },
	/* And a day that comes twice is due twice: Alaska changed sides on 19 October 1867. */
	{ "America/Juneau", "0 12 * * *", "1867-10-17T00:00:00Z",
	  { "1867-10-17T20:57:41Z", "1867-10-18T20:57:41Z", "1867-10-19T20:57:41Z" } },
	/* 23:00 becomes 00:00 of the next day: what fell into the gap is due at midnight. */
	{ "America/Nuuk", "30 23 * * *", "2026-03-28T12:00:00Z", { "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z" } },
	{ "America/Nuuk", "30 23 28 3 *", "2026-03-28T12:00:00Z", { "2026-03-29T01:00:00Z", "2027-03-29T00:30:00Z" } },
	/* Beyond the table. */
	{ "America/New_York", "30 2 * * *", "2150-03-07T12:00:00Z",
	  { "2150-03-08T07:00:00Z", "2150-03-09T06:30:00Z" } },
	{ "Europe/Dublin", "30 1 * * *", "9997-10-25T12:00:00Z", { "9997-10-26T00:30:00Z", "9997-10-27T01:30:00Z" } },
	{ "Asia/Gaza", "30 2 * * *", "2100-03-26T12:00:00Z", { "2100-03-27T00:00:00Z", "2100-03-27T23:30:00Z" } },
	{ "America/Nuuk", "30 23 * * *", "2103-03-24T12:00:00Z", { "2103-03-25T01:00:00Z", "2103-03-26T00:30:00Z" } },
	/* Dates. */
	{ NULL, "0 0 29 2 *", "2096-03-01T00:00:00Z", { "2104-02-29T00:00:00Z" } },
	{ NULL, "0 0 29 2 */7", "2026-01-01T00:00:00Z", { "2032-02-29T00:00:00Z", "2060-02-29T00:00:00Z" } },
	{ NULL, "0 0 29 2 */7", "2088-03-01T00:00:00Z", { "2128-02-29T00:00:00Z" } },
	{ NULL, "0 0 29 2 MON", "2026-11-23T00:00:00Z", { "2027-02-01T00:00:00Z" } },
	{ NULL, "0 0 30 2 MON", "2026-11-23T00:00:00Z", { "2027-02-01T00:00:00Z", "2027-02-08T00:00:00Z" } },
	{ NULL, "0 0 */2 * MON", "2026-11-23T12:00:00Z", { "2026-12-07T00:00:00Z", "2026-12-21T00:00:00Z" } },
	{ NULL, "0 12 1-31 * MON", "2026-11-23T12:00:00Z", { "2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z" } },
	{ NULL, "0 0 13 * FRI", "2026-11-10T12:00:00Z", { "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z" } },
	{ NULL, "0 0 L-2 12 *", "2026-01-01T00:00:00Z", { "2026-12-29T00:00:00Z" } },
	{ NULL, "0 0 LW * *", "2026-01-15T00:00:00Z",
	  { "2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z", "2026-03-31T00:00:00Z" } },
	{ NULL, "0 0 1W * *", "2026-01-15T00:00:00Z",
	  { "2026-02-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z" } },
	{ NULL, "0 0 15W * *", "2026-08-01T00:00:00Z", { "2026-08-14T00:00:00Z", "2026-09-15T00:00:00Z" } },
	{ NULL, "0 0 31W * *", "2026-05-01T00:00:00Z", { "2026-05-29T00:00:00Z", "2026-07-31T00:00:00Z" } },
	{ NULL, "0 0 29W 2 *", "2026-01-01T00:00:00Z", { "2028-02-29T00:00:00Z", "2032-02-27T00:00:00Z" } },
	{ NULL, "0 0 * * FRI#5", "2026-01-01T00:00:00Z", { "2026-01-30T00:00:00Z", "2026-05-29T00:00:00Z" } },
	{ NULL, "0 0 * * 5L", "2026-01-01T00:00:00Z", { "2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z" } },
	{ NULL, "31 10-15 1 * * MON-FRI", "2026-11-20T15:01:31Z", { "2026-11-23T01:10:31Z", "2026-11-23T01:11:31Z" } },
	{ NULL, "*/7 * * * *", "2026-11-23T12:50:00Z", { "2026-11-23T12:56:00Z", "2026-11-23T13:00:00Z" } },
	{ NULL, "* * * * * *", "2026-12-31T23:59:58Z", { "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z" } },
	/* Macros and their kin. */
	{ NULL, "@weekly", "2026-11-23T00:00:00Z", { "2026-11-29T00:00:00Z" } },
	{ NULL, "@monthly", "2026-11-23T00:00:00Z", { "2026-12-01T00:00:00Z" } },
	{ NULL, "  @yearly\t", "2026-11-23T00:00:00Z", { "2027-01-01T00:00:00Z" } },
	{ NULL, "@annually", "2026-11-23T00:00:00Z", { "2027-01-01T00:00:00Z" } },
	{ NULL, "@midnight", "2026-11-23T00:00:00Z", { "2026-11-24T00:00:00Z" } },
	{ NULL, "@at 2026-11-23T13:00:00+01:00", "2026-11-23T11:59:59Z", { "2026-11-23T12:00:00Z", "-" } },
	{ NULL, "@at 2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", { "-" } },
	{ NULL, "@reboot", "2026-11-23T12:00:00Z", { "-" } },
	/* The ends of time. */
	{ NULL, "@daily", "9999-12-30T12:00:00Z", { "9999-12-31T00:00:00Z", "-" } },
	{ NULL, "59 59 23 31 12 *", "9999-12-31T23:59:58Z", { "9999-12-31T23:59:59Z", "-" } },
	{ "Pacific/Kiritimati", "@daily", "9999-12-31T09:00:00Z", { "9999-12-31T10:00:00Z", "-" } },
	{ NULL, "0 0 1 1 *", "0001-01-01T00:00:00Z", { "0002-01-01T00:00:00Z" } },
};
/* clang-format on */

static struct schedule *schedule_of(const char *text, const char *zone)
{
	g_autoptr(GError) error = NULL;
	struct schedule *schedule = schedule_new(text, zone, "a job", &error);

	ck_assert_msg(schedule != NULL, "'%s': %s", text, error ? error->message : "");
	return schedule;
}

static struct wall wall_of(const char *text)
{
	struct wall t = WALL_NONE;

	ck_assert_msg(rfc3339_parse(text, &t), "%s", text);
	return t;
}

static void make_zones(const char *folder)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ruled_zones); i++) {
		g_autofree char *path = g_build_filename(folder, ruled_zones[i].name, NULL),
				*parent = g_path_get_dirname(path);
		g_autoptr(GByteArray) bytes =
			synthesize(&(struct synthetic){ .footer = ruled_zones[i].footer, .version = '3' });
		ck_assert_int_eq(g_mkdir_with_parents(parent, 0700), 0);
		ck_assert(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(host_zones); i++) {
		g_autofree char *path = g_build_filename(folder, host_zones[i], NULL),
				*target = g_strconcat("/usr/share/zoneinfo/", host_zones[i], NULL);
		ck_assert_int_eq(symlink(target, path), 0);
	}
	g_setenv("TZDIR", folder, TRUE);
	tz_reload();
}

static void remove_zones(const char *folder)
{
	static const char *const parents[] = { "Africa",    "America", "Antarctica", "Asia",
					       "Australia", "Europe",  "Pacific" };

	for (size_t i = 0; i < G_N_ELEMENTS(ruled_zones) + G_N_ELEMENTS(host_zones); i++) {
		bool ruled = i < G_N_ELEMENTS(ruled_zones);
		const char *name = ruled ? ruled_zones[i].name : host_zones[i - G_N_ELEMENTS(ruled_zones)];
		g_autofree char *path = g_build_filename(folder, name, NULL);
		ck_assert_int_eq(g_unlink(path), 0);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(parents); i++) {
		g_autofree char *path = g_build_filename(folder, parents[i], NULL);
		ck_assert_int_eq(g_rmdir(path), 0);
	}
	ck_assert_int_eq(g_rmdir(folder), 0);
}

START_TEST(instants_are_those_of_the_table)
{
	char folder[] = "/tmp/belfry-schedule-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_zones(folder);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct schedule *schedule = schedule_of(rows[i].text, rows[i].zone);
		struct wall from = wall_of(rows[i].from), at = from;
		for (size_t n = 0; n < G_N_ELEMENTS(rows[i].next) && rows[i].next[n]; n++) {
			char text[RFC3339_SIZE] = "-";
			if (schedule_next(schedule, from, at, &at))
				rfc3339_print_seconds(at, text);
			ck_assert_msg(strcmp(text, rows[i].next[n]) == 0, "'%s' in %s after %s: %zu. is %s, not %s",
				      rows[i].text, rows[i].zone, rows[i].from, n + 1, text, rows[i].next[n]);
		}
		schedule_unref(schedule);
	}
	remove_zones(folder);
}
END_TEST

START_TEST(a_schedule_that_falls_only_into_gaps_is_never_due)
{
	struct schedule *schedule = schedule_of("*/20 2 * 3 SUN#2", "America/New_York");
	struct wall at = { 42 };

	/* From 2007 on its Sunday is the one of the change. */
	ck_assert(!schedule_next(schedule, WALL_NONE, wall_of("2026-01-01T00:00:00Z"), &at));
	ck_assert_int_eq(at.us, 42);
	ck_assert_int_eq(schedule_count(schedule, WALL_NONE, wall_of("2026-01-01T00:00:00Z"), WALL_NEVER), 0);
	ck_assert(schedule_next(schedule, WALL_NONE, wall_of("1990-01-01T00:00:00Z"), &at));
	schedule_unref(schedule);
}
END_TEST

START_TEST(every_counts_from_its_anchor_whatever_the_clock_shows)
{
	struct schedule *schedule = schedule_of("@every 1h30m", "America/New_York");
	struct wall anchor = wall_of("2026-03-08T05:00:00.25Z"), at;

	ck_assert(schedule_next(schedule, anchor, anchor, &at));
	ck_assert_int_eq(at.us, wall_of("2026-03-08T06:30:00.25Z").us);
	ck_assert(schedule_next(schedule, anchor, wall_of("2026-03-08T06:30:00.249999Z"), &at));
	ck_assert_int_eq(at.us, wall_of("2026-03-08T06:30:00.25Z").us);
	ck_assert(schedule_next(schedule, anchor, at, &at));
	ck_assert_int_eq(at.us, wall_of("2026-03-08T08:00:00.25Z").us);
	ck_assert(schedule_next(schedule, anchor, wall_of("2020-01-01T00:00:00Z"), &at));
	ck_assert_int_eq(at.us, wall_of("2026-03-08T06:30:00.25Z").us);
	ck_assert(schedule_next(schedule, anchor, WALL_NONE, &at));
	ck_assert_int_eq(at.us, wall_of("2026-03-08T06:30:00.25Z").us);
	ck_assert(!schedule_next(schedule, anchor, wall_of("9999-12-31T23:59:00Z"), &at));
	ck_assert(!schedule_next(schedule, anchor, WALL_NEVER, &at));
	ck_assert_int_eq(schedule_count(schedule, anchor, anchor, wall_of("2026-03-08T08:00:00.25Z")), 2);
	ck_assert_int_eq(schedule_count(schedule, anchor, anchor, wall_of("2026-03-08T08:00:00.24Z")), 1);
	ck_assert_int_eq(schedule_count(schedule, anchor, WALL_NONE, anchor), 0);
	ck_assert(!schedule_is_fixed(schedule));
	schedule_unref(schedule);
}
END_TEST

START_TEST(a_fraction_of_a_second_is_before_the_next_whole_one)
{
	struct schedule *schedule = schedule_of("* * * * * *", NULL);
	struct wall at;

	ck_assert(schedule_next(schedule, WALL_NONE, (struct wall){ -1 }, &at));
	ck_assert_int_eq(at.us, 0);
	ck_assert(schedule_next(schedule, WALL_NONE, (struct wall){ 0 }, &at));
	ck_assert_int_eq(at.us, US_PER_SECOND);
	ck_assert(schedule_next(schedule, WALL_NONE, (struct wall){ 999999 }, &at));
	ck_assert_int_eq(at.us, US_PER_SECOND);
	ck_assert(schedule_next(schedule, WALL_NONE, WALL_NONE, &at));
	ck_assert_int_eq(at.us, wall_of("0001-01-01T00:00:00Z").us);
	ck_assert(!schedule_next(schedule, WALL_NONE, WALL_NEVER, &at));
	ck_assert_int_eq(schedule_count(schedule, WALL_NONE, (struct wall){ -1 }, (struct wall){ 0 }), 1);
	ck_assert_int_eq(schedule_count(schedule, WALL_NONE, (struct wall){ 0 }, (struct wall){ 999999 }), 0);
	ck_assert_int_eq(schedule_count(schedule, WALL_NONE, (struct wall){ 5 }, (struct wall){ 5 }), 0);
	ck_assert_int_eq(schedule_count(schedule, WALL_NONE, (struct wall){ 9000000 }, (struct wall){ 5 }), 0);
	schedule_unref(schedule);
}
END_TEST

static const char *const zones[] = {
	"UTC",
	"America/New_York",
	"Australia/Lord_Howe",
	"Antarctica/Troll",
	"America/Havana",
	"Africa/Cairo",
	"Europe/Dublin",
	"Pacific/Apia",
	"America/Nuuk",
	"Asia/Gaza",
	"Africa/Casablanca",
	"America/Juneau",
	"Pacific/Kwajalein",
};

/* Windows lie where clocks change: around the day of a change in a random year, or anywhere. */
START_TEST(counting_equals_enumeration)
{
	GRand *rng = g_rand_new_with_seed(20261123);
	int64_t compared = 0;

	for (int i = 0; i < 20000; i++) {
		g_autofree char *text = random_cron_text(rng);
		const char *zone = zones[g_rand_int_range(rng, 0, G_N_ELEMENTS(zones))];
		struct schedule *schedule = schedule_new(text, zone, "a job", NULL);
		if (!schedule)
			continue;
		struct wall after = { (int64_t)(g_rand_double_range(rng, -3.5e9, 7e9) * 1e6) };
		struct wall until = wall_add_us(after, (int64_t)(g_rand_double_range(rng, 0, i % 4 ? 4e5 : 4e7) * 1e6)),
			    at = after;
		int64_t steps = 0;
		while (steps < 3000 && schedule_next(schedule, WALL_NONE, at, &at) && !wall_before(until, at))
			steps++;
		if (steps == 3000)
			until = at;
		ck_assert_msg(schedule_count(schedule, WALL_NONE, after, until) == steps,
			      "'%s' in %s (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT "]: %" G_GINT64_FORMAT
			      ", not %" G_GINT64_FORMAT,
			      text, zone, after.us, until.us, schedule_count(schedule, WALL_NONE, after, until), steps);
		compared += steps;
		schedule_unref(schedule);
	}
	ck_assert_int_gt(compared, 1000000);
	g_rand_free(rng);
}
END_TEST

/* Whatever instant the search starts from, it finds the same next one. */
START_TEST(next_does_not_depend_on_where_the_search_begins)
{
	GRand *rng = g_rand_new_with_seed(3);

	for (int i = 0; i < 20000; i++) {
		g_autofree char *text = random_cron_text(rng);
		struct schedule *schedule = schedule_new(text, zones[i % (int)G_N_ELEMENTS(zones)], "a job", NULL);
		if (!schedule)
			continue;
		struct wall after = { (int64_t)(g_rand_double_range(rng, -3.5e9, 1e10) * 1e6) }, next, again;
		if (schedule_next(schedule, WALL_NONE, after, &next)) {
			ck_assert(wall_before(after, next));
			struct wall between = { after.us +
						(int64_t)(g_rand_double(rng) * (double)(next.us - 1 - after.us)) };
			ck_assert(schedule_next(schedule, WALL_NONE, between, &again));
			ck_assert_msg(again.us == next.us, "'%s' in %s after %" G_GINT64_FORMAT, text,
				      zones[i % (int)G_N_ELEMENTS(zones)], between.us);
			ck_assert(schedule_next(schedule, WALL_NONE, (struct wall){ next.us - 1 }, &again) &&
				  again.us == next.us);
		}
		schedule_unref(schedule);
	}
	g_rand_free(rng);
}
END_TEST

START_TEST(long_windows_are_counted_by_days)
{
	struct schedule *every_second = schedule_of("* * * * * *", "America/New_York");
	struct schedule *nightly = schedule_of("30 2 * * *", "America/New_York");
	struct wall from = wall_of("2026-01-01T00:00:00Z"), until = wall_of("2426-01-01T00:00:00Z");

	ck_assert_int_eq(schedule_count(every_second, WALL_NONE, from, until), INT64_C(146097) * 86400);
	ck_assert_int_eq(schedule_count(nightly, WALL_NONE, from, until), 146097);
	ck_assert_int_eq(schedule_count(every_second, WALL_NONE, WALL_NONE, WALL_NEVER), INT64_C(3652059) * 86400);
	schedule_unref(every_second);
	schedule_unref(nightly);
}
END_TEST

static const char *const broken[][3] = {
	{ "@Daily", NULL, "schedule: \"@Daily\" is unknown" },
	{ "@unknown", NULL, "schedule: \"@unknown\" is unknown" },
	{ "@", NULL, "schedule: \"@\" is unknown" },
	{ "@daily 0 0 * * *", NULL, "schedule: @daily stands alone" },
	{ "@reboot x", NULL, "schedule: @reboot stands alone" },
	{ "@daily\n", NULL, "schedule: \"@daily?\" is unknown" },
	{ "@every", NULL, "@every: a duration is missing" },
	{ "@every 0s", NULL, "@every: 0s is less than the minimum of 1s" },
	{ "@every 1d", NULL, "@every: \"1d\" is no duration" },
	{ "@every 10", NULL, "@every: \"10\" is no duration" },
	{ "@every -1h", NULL, "@every: \"-1h\" is no duration" },
	{ "@every 1.5h", NULL, "@every: \"1.5h\" is no duration" },
	{ "@every 1H", NULL, "@every: \"1H\" is no duration" },
	{ "@every 1h 30m", NULL, "@every: \"1h 30m\" is no duration" },
	{ "@every 99999999999999999999h", NULL, "@every: 99999999999999999999h is too long" },
	{ "@every1h", NULL, "schedule: \"@every1h\" is unknown" },
	{ "@at", NULL, "@at: an instant is missing" },
	{ "@at 2026-11-23T12:00:00", NULL, "@at: \"2026-11-23T12:00:00\" is no RFC 3339" },
	{ "@at 2026-11-23T12:00:60Z", NULL, "@at: " },
	{ "61 * * * *", "Mars/Base", "minute: 61 is outside 0-59" },
	{ "* * * * *", "Mars/Base", "time zone: \"Mars/Base\" is not a zone this host knows" },
	{ "* * * * *", "", "time zone: \"\" is not a zone this host knows" },
	{ "@daily", "../../etc/passwd", "time zone: \"../../etc/passwd\" is not a zone this host knows" },
};

START_TEST(broken_schedules_are_refused_with_a_sentence)
{
	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autoptr(GError) error = NULL;
		ck_assert_msg(schedule_new(broken[i][0], broken[i][1], NULL, &error) == NULL, "%s", broken[i][0]);
		ck_assert_msg(g_str_has_prefix(error->message, broken[i][2]), "%s: %s", broken[i][0], error->message);
		int code =
			g_str_has_prefix(broken[i][2], "time zone") ? SCHEDULE_ERROR_ZONE : SCHEDULE_ERROR_EXPRESSION;
		ck_assert(g_error_matches(error, SCHEDULE_ERROR, code));
	}
}
END_TEST

START_TEST(printed_schedules_parse_to_the_same)
{
	static const char *const texts[][2] = {
		{ "@every 90m", "@every 1h30m" },
		{ "@every 1s", "@every 1s" },
		{ "@every  30m1h61s", "@every 1h31m1s" },
		{ "@at 2026-11-23T13:00:00+01:00", "@at 2026-11-23T12:00:00Z" },
		{ "@at 1969-12-31T23:59:59.5Z", "@at 1969-12-31T23:59:59.500000Z" },
		{ " @reboot ", "@reboot" },
		{ "@daily", "0 0 * * *" },
		{ "@hourly", "0 * * * *" },
		{ "@weekly", "0 0 * * 0" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct schedule *schedule = schedule_of(texts[i][0], NULL);
		g_autofree char *printed = schedule_print(schedule);
		ck_assert_str_eq(printed, texts[i][1]);
		struct schedule *back = schedule_of(printed, NULL);
		g_autofree char *again = schedule_print(back);
		ck_assert_str_eq(again, printed);
		ck_assert_int_eq(schedule_kind(back), schedule_kind(schedule));
		schedule_unref(schedule);
		schedule_unref(back);
	}
}
END_TEST

START_TEST(fixed_means_no_star_and_no_slash_in_the_time_fields)
{
	static const struct {
		const char *text;
		bool fixed;
	} kinds[] = {
		{ "30 2 * * *", true },
		{ "0,30 1-3 */2 */3 */2", true },
		{ "H H * * *", true },
		{ "@daily", true },
		{ "@at 2026-01-01T00:00:00Z", true },
		{ "* 2 * * *", false },
		{ "0/30 2 * * *", false },
		{ "0 0-6/3 * * *", false },
		{ "*/60 0 2 * * *", false },
		{ "H/30 2 * * *", false },
		{ "@hourly", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		struct schedule *schedule = schedule_of(kinds[i].text, NULL);
		ck_assert_msg(schedule_is_fixed(schedule) == kinds[i].fixed, "%s", kinds[i].text);
		schedule_unref(schedule);
	}
}
END_TEST

START_TEST(notes_stand_where_schedulers_differ)
{
	static const struct {
		const char *text, *word;
	} notes[] = {
		{ "0 0 */2 * MON", "AND" },  { "0 0 1 * */2", "AND" },	{ "0 0 */2 * */2", "AND" },
		{ "0 0 1 * MON", "either" }, { "0 0 */2 * *", NULL },	{ "0 0 1 * *", NULL },
		{ "0 0 ? * MON", NULL },     { "0 0 * * *", NULL },	{ "@daily", NULL },
		{ "@every 1h", NULL },	     { "0 0 */1 * MON", NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(notes); i++) {
		struct schedule *schedule = schedule_of(notes[i].text, NULL);
		const char *note = schedule_note(schedule);
		ck_assert_msg(notes[i].word ? note && strstr(note, notes[i].word) : !note, "%s: %s", notes[i].text,
			      note);
		schedule_unref(schedule);
	}
}
END_TEST

START_TEST(the_letter_h_of_a_name_is_no_hash)
{
	static const struct {
		const char *text;
		bool uses;
	} texts[] = {
		{ "H * * * *", true },	    { "* h/2 * * *", true },  { "* * * * 1,H", true },
		{ "0 H(0-5) * * *", true }, { "* * * * THU", false }, { "* * * MARCH thu", false },
		{ "@hourly", false },	    { "@every 1h", false },   { "", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		ck_assert_msg(schedule_text_uses_hash(texts[i].text) == texts[i].uses, "%s", texts[i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("all");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, instants_are_those_of_the_table);
	tcase_add_test(tests, a_schedule_that_falls_only_into_gaps_is_never_due);
	tcase_add_test(tests, every_counts_from_its_anchor_whatever_the_clock_shows);
	tcase_add_test(tests, a_fraction_of_a_second_is_before_the_next_whole_one);
	tcase_add_test(tests, counting_equals_enumeration);
	tcase_add_test(tests, next_does_not_depend_on_where_the_search_begins);
	tcase_add_test(tests, long_windows_are_counted_by_days);
	tcase_add_test(tests, broken_schedules_are_refused_with_a_sentence);
	tcase_add_test(tests, printed_schedules_parse_to_the_same);
	tcase_add_test(tests, fixed_means_no_star_and_no_slash_in_the_time_fields);
	tcase_add_test(tests, notes_stand_where_schedulers_differ);
	tcase_add_test(tests, the_letter_h_of_a_name_is_no_hash);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
