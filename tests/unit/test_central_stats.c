/* Figures made of rollups: metrics, rates, windows, percentiles; addresses of the configuration; when an agent is overdue. */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "central/central_config.h"
#include "central/failover.h"
#include "central/job_view.h"
#include "central/stats.h"
#include "tests/unit/suite.h"

#define NOON INT64_C(1795435200000000) /* 2026-11-23T12:00:00Z */

static double number(json_t *json)
{
	ck_assert(json_is_number(json));
	double value = json_number_value(json);
	json_decref(json);
	return value;
}

static struct rollup_sums some_sums(void)
{
	struct rollup_sums sums = { .started = 10,
				    .attempts = 12,
				    .duration_sum_us = 25000,
				    .duration_max_us = 9000,
				    .lateness_sum_us = 5000,
				    .lateness_max_us = 900 };
	sums.by_status[EXECUTION_SUCCESS] = 8;
	sums.by_status[EXECUTION_FAILED] = 2;
	sums.by_status[EXECUTION_SKIPPED] = 5;
	sums.by_status[EXECUTION_MISSED] = 6;
	sums.duration[histogram_bucket(1500)] = 9;
	sums.duration[histogram_bucket(9000)] = 1;
	sums.lateness[histogram_bucket(900)] = 10;
	return sums;
}

START_TEST(test_counts_add_up_the_statuses_they_speak_of)
{
	struct rollup_sums sums = some_sums();
	ck_assert_double_eq(number(metric_value(metric_find("executions"), &sums)), 21);
	ck_assert_double_eq(number(metric_value(metric_find("successes"), &sums)), 8);
	ck_assert_double_eq(number(metric_value(metric_find("failures"), &sums)), 2);
	ck_assert_double_eq(number(metric_value(metric_find("missed"), &sums)), 6);
	ck_assert_double_eq(number(metric_value(metric_find("timeouts"), &sums)), 0);
	ck_assert_double_eq(number(metric_value(metric_find("executions"), NULL)), 0);
}
END_TEST

START_TEST(test_the_rate_leaves_out_what_was_skipped_on_purpose)
{
	struct rollup_sums sums = some_sums(), none = { 0 };
	ck_assert_double_eq_tol(number(sums_success_rate(&sums)), 8.0 / 16, 1e-12);
	ck_assert(json_is_null(sums_success_rate(&none)));
	ck_assert(json_is_null(metric_value(metric_find("successRate"), NULL)));
}
END_TEST

START_TEST(test_percentiles_lie_in_the_bucket_that_holds_them_and_never_above_the_largest)
{
	struct rollup_sums sums = some_sums(), none = { 0 };
	double p50 = number(metric_value(metric_find("durationP50"), &sums));
	double p99 = number(metric_value(metric_find("durationP99"), &sums));
	ck_assert(p50 > 1 && p50 <= 2);
	ck_assert(p99 > 5 && p99 <= 9);
	ck_assert_double_le(number(metric_value(metric_find("latenessP99"), &sums)), 0.9);
	ck_assert(json_is_null(metric_value(metric_find("durationP95"), &none)));
}
END_TEST

START_TEST(test_every_named_metric_is_found_and_has_a_unit)
{
	g_autofree char *names = metric_names();
	g_auto(GStrv) list = g_strsplit(names, ", ", -1);
	ck_assert_int_eq((int)g_strv_length(list), 14);
	for (int i = 0; list[i] != NULL; i++)
		ck_assert(strlen(metric_unit(metric_find(list[i]))) > 0);
	ck_assert_ptr_null(metric_find("happiness"));
	ck_assert_ptr_null(metric_find(""));
}
END_TEST

START_TEST(test_buckets_begin_at_whole_minutes_hours_and_days_also_before_1970)
{
	static const struct {
		int64_t us;
		enum rollup_grain grain;
		int64_t floor;
	} rows[] = {
		{ NOON + 61 * US_PER_SECOND, ROLLUP_MINUTE, NOON + 60 * US_PER_SECOND },
		{ NOON, ROLLUP_MINUTE, NOON },
		{ NOON + 3599 * US_PER_SECOND, ROLLUP_HOUR, NOON },
		{ NOON + 1, ROLLUP_DAY, NOON - 12 * 3600 * US_PER_SECOND },
		{ -1, ROLLUP_HOUR, -3600 * US_PER_SECOND },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_int_eq(grain_floor((struct wall){ rows[i].us }, rows[i].grain).us, rows[i].floor);
}
END_TEST

START_TEST(test_any_window_of_hours_covers_them_and_gives_a_bounded_number_of_buckets)
{
	for (int64_t hours = 1; hours <= STATS_HOURS_MAX; hours++) {
		struct wall now = { NOON + 1234567 };
		struct rollup_window window = window_of_hours(hours, now, NULL);
		ck_assert_int_le(window.from.us, now.us - hours * 3600 * US_PER_SECOND);
		ck_assert_int_gt(window.to.us, now.us);
		ck_assert_int_lt((window.to.us - window.from.us) / grain_us(window.grain), SERIES_POINTS_MAX);
	}
}
END_TEST

START_TEST(test_minutes_are_not_asked_for_when_they_are_gone)
{
	struct wall now = { NOON }, long_ago = { NOON - 30 * 86400 * US_PER_SECOND };
	ck_assert_int_eq(grain_choose(wall_add_us(now, -3600 * US_PER_SECOND), now, now), ROLLUP_MINUTE);
	ck_assert_int_eq(grain_choose(long_ago, wall_add_us(long_ago, 3600 * US_PER_SECOND), now), ROLLUP_HOUR);
	ck_assert_int_eq(grain_choose((struct wall){ NOON - 400 * INT64_C(86400) * US_PER_SECOND }, now, now),
			 ROLLUP_DAY);
}
END_TEST

static struct job *make_job(const char *text)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(text, 0, NULL);
	struct job *job = job_parse(json, "0192f0c1-0000-7000-8000-00000000000a", 1, false, &problem);
	json_decref(json);
	ck_assert_msg(job != NULL, "%s", problem.detail);
	return job;
}

START_TEST(test_the_next_fire_heeds_pause_begin_end_and_anchor)
{
	static const struct {
		const char *job;
		int64_t next_us;
	} rows[] = {
		{ "{\"schedule\":\"0 * * * *\",\"api\":\"http://h/\"}", NOON + 3600 * US_PER_SECOND },
		{ "{\"schedule\":\"0 * * * *\",\"api\":\"http://h/\",\"active\":false}", 0 },
		{ "{\"schedule\":\"0 * * * *\",\"api\":\"http://h/\",\"startAt\":\"2026-11-24T00:00:00Z\"}",
		  NOON + 12 * 3600 * US_PER_SECOND },
		{ "{\"schedule\":\"0 * * * *\",\"api\":\"http://h/\",\"endAt\":\"2026-11-23T13:00:00Z\"}", 0 },
		{ "{\"schedule\":\"@every 1h\",\"api\":\"http://h/\"}", NOON + 1800 * US_PER_SECOND },
		{ "{\"schedule\":\"@reboot\",\"api\":\"http://h/\"}", 0 },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct job *job = make_job(rows[i].job);
		struct wall next = { 0 };
		bool found =
			job_next_fire(job, (struct wall){ NOON - 1800 * US_PER_SECOND }, (struct wall){ NOON }, &next);
		ck_assert_msg(found == (rows[i].next_us != 0) && next.us == rows[i].next_us, "row %zu", i);
		job_unref(job);
	}
}
END_TEST

START_TEST(test_a_listen_address_is_a_number_and_a_port)
{
	static const struct {
		const char *text;
		bool valid, loopback;
	} rows[] = {
		{ "127.0.0.1:3001", true, true },
		{ "[::1]:3001", true, true },
		{ "0.0.0.0:1", true, false },
		{ "[::]:65535", true, false },
		{ "127.8.9.1:80", true, true },
		{ "10.0.0.1:80", true, false },
		{ "localhost:3001", false, false },
		{ "127.0.0.1", false, false },
		{ "127.0.0.1:", false, false },
		{ "127.0.0.1:0", false, false },
		{ ":3001", false, false },
		{ "127.0.0.1:65536", false, false },
		{ "::1:3001", false, false },
		{ "[::1]", false, false },
		{ "[]:1", false, false },
		{ "127.0.0.1:3001x", false, false },
		{ "", false, false },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct listen_address address;
		g_autoptr(GError) error = NULL;
		ck_assert_msg(listen_address_parse(rows[i].text, &address, &error) == rows[i].valid, "%s",
			      rows[i].text);
		if (rows[i].valid)
			ck_assert_msg(listen_address_is_loopback(&address) == rows[i].loopback, "%s", rows[i].text);
	}
}
END_TEST

START_TEST(test_plain_http_beyond_loopback_must_be_asked_for)
{
	g_autofree char *folder = g_dir_make_tmp("belfry-config-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(folder, "central.conf", NULL);
	struct central_config config;
	g_autoptr(GError) error = NULL;
	ck_assert(g_file_set_contents(file, "[central]\napi_listen=0.0.0.0:3001\n", -1, NULL));
	ck_assert(!central_config_load(file, &config, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "allow_plain_http"));
	ck_assert(g_file_set_contents(file, "[central]\napi_listen=0.0.0.0:3001\nallow_plain_http=true\n", -1, NULL));
	ck_assert(central_config_load(file, &config, NULL));
	central_config_clear(&config);
	g_unlink(file);
	g_rmdir(folder);
}
END_TEST

START_TEST(test_heirs_are_foreseen_late_enough_to_be_sure_and_early_enough_to_sync_once_more)
{
	/* Ten thousand agents: a sync each 10 s, at most 12.5 s apart. */
	ck_assert_int_eq(failover_overdue_ms(30000, 10000), 30000 - 12500 - FAILOVER_LOOK_MS);
	/* Never so soon that an agent that keeps the pace is taken for overdue. */
	ck_assert_int_eq(failover_overdue_ms(20000, 10000), 12500);
	/* Who syncs every second hears soon enough. */
	ck_assert_int_eq(failover_overdue_ms(30000, 1000), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central stats");
	TCase *all = tcase_create("all");
	tcase_add_test(all, test_counts_add_up_the_statuses_they_speak_of);
	tcase_add_test(all, test_the_rate_leaves_out_what_was_skipped_on_purpose);
	tcase_add_test(all, test_percentiles_lie_in_the_bucket_that_holds_them_and_never_above_the_largest);
	tcase_add_test(all, test_every_named_metric_is_found_and_has_a_unit);
	tcase_add_test(all, test_buckets_begin_at_whole_minutes_hours_and_days_also_before_1970);
	tcase_add_test(all, test_any_window_of_hours_covers_them_and_gives_a_bounded_number_of_buckets);
	tcase_add_test(all, test_minutes_are_not_asked_for_when_they_are_gone);
	tcase_add_test(all, test_the_next_fire_heeds_pause_begin_end_and_anchor);
	tcase_add_test(all, test_a_listen_address_is_a_number_and_a_port);
	tcase_add_test(all, test_plain_http_beyond_loopback_must_be_asked_for);
	tcase_add_test(all, test_heirs_are_foreseen_late_enough_to_be_sure_and_early_enough_to_sync_once_more);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
