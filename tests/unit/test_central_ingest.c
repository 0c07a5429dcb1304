/* Ingest without a database: COPY text, what poison is, histograms' buckets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "central/admission.h"
#include "central/copy_row.h"
#include "central/histogram.h"
#include "central/ingest_record.h"
#include "central/rollup.h"
#include "common/rfc3339.h"
#include "tests/unit/suite.h"

static const char job[] = "018f0000-0000-7000-8000-000000000001";

static void check_bytes(const GString *out, const char *expected, size_t size)
{
	ck_assert_uint_eq(out->len, size);
	ck_assert_mem_eq(out->str, expected, size);
}

START_TEST(copy_frames_rows_as_the_manual_says)
{
	static const char expected[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\2\377\377\377\377\0\0\0\3a\tb\377\377";
	g_autoptr(GString) out = g_string_new(NULL);
	copy_begin(out);
	copy_row(out, 2);
	copy_null(out);
	copy_text(out, "a\tb");
	copy_end(out);
	check_bytes(out, expected, sizeof expected - 1);
}
END_TEST

START_TEST(copy_numbers_and_instants_are_big_endian_and_instants_count_from_2000)
{
	static const char expected[] = "\0\0\0\2\377\376\0\0\0\4\0\0\1\0\0\0\0\10\377\377\377\377\377\377\377\373"
				       "\0\0\0\10\0\0\0\0\0\0\0\1\377\377\377\377\0\0\0\2\253\1\0\0\0\2\177\377";
	g_autoptr(GString) out = g_string_new(NULL);
	copy_int2(out, -2);
	copy_int4(out, 256);
	copy_int8(out, -5);
	copy_wall(out, (struct wall){ INT64_C(946684800000001) });
	copy_wall(out, WALL_NONE);
	copy_bytea(out, "ab01");
	copy_int2(out, 1 << 20);
	check_bytes(out, expected, sizeof expected - 1);
}
END_TEST

START_TEST(copy_arrays_have_one_dimension_and_empty_ones_none)
{
	static const char expected[] = "\0\0\0\34\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\7"
				       "\0\0\0\14\0\0\0\0\0\0\0\0\0\0\0\24";
	const int64_t values[] = { 7 };
	g_autoptr(GString) out = g_string_new(NULL);
	copy_int4_array(out, values, 1);
	copy_int8_array(out, values, 0);
	check_bytes(out, expected, sizeof expected - 1);
}
END_TEST

static struct execution ran(int64_t at_us, enum execution_status status, int64_t duration_us)
{
	return (struct execution){ .scheduled_at = { at_us }, .started_at = { at_us + 5 }, .status = status, .count = 1,
				   .attempts = 2, .duration_us = duration_us, .lateness_us = 5 };
}

static void check_sum(const struct rollup_cell *cell, void *data)
{
	const struct rollup_sums *sums = &cell->sums;
	int64_t *seen = data;
	seen[cell->key.grain]++;
	ck_assert_int_eq(sums->started, sums->by_status[EXECUTION_SUCCESS] + sums->by_status[EXECUTION_FAILED]);
	ck_assert_int_eq(sums->attempts, 2 * sums->started);
	ck_assert_int_eq(sums->lateness[histogram_bucket(5)], sums->started);
	if (cell->key.grain == ROLLUP_DAY)
		ck_assert_int_eq(sums->duration_sum_us, 100 * sums->started);
}

static void fold_part(const struct rollup_cell *part, void *data)
{
	rollup_fold(data, part);
}

START_TEST(parts_by_the_minute_fold_to_minutes_hours_and_days_without_loss)
{
	const struct fire_id a = { { 1 } }, b = { { 2 } };
	struct rollup *parts = rollup_new(), *sums = rollup_new();
	int64_t seen[ROLLUP_DAY + 1] = { 0 };
	for (int minute = -60; minute < 120; minute++) {
		struct execution one = ran(minute * 60 * US_PER_SECOND + 1, EXECUTION_SUCCESS, 50);
		struct execution other = ran(minute * 60 * US_PER_SECOND + 1, EXECUTION_FAILED, 150);
		rollup_count(parts, a, &one);
		rollup_count(parts, a, &other);
		if (minute % 2 == 0) {
			rollup_count(parts, b, &one);
			rollup_count(parts, b, &other);
		}
	}
	rollup_each(parts, fold_part, sums);
	rollup_each(sums, check_sum, seen);
	ck_assert_int_eq(seen[ROLLUP_MINUTE], 180 + 180 + 90);
	ck_assert_int_eq(seen[ROLLUP_HOUR], 3 * 3);
	ck_assert_int_eq(seen[ROLLUP_DAY], 2 * 3);
	rollup_free(parts);
	rollup_free(sums);
}
END_TEST

START_TEST(a_value_on_a_bound_belongs_to_the_bucket_below_it)
{
	ck_assert_int_eq(histogram_bucket(-1), 0);
	for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		ck_assert_int_eq(histogram_bucket(histogram_bounds_us[i]), i);
		ck_assert_int_eq(histogram_bucket(histogram_bounds_us[i] + 1), i + 1);
	}
	ck_assert_int_eq(histogram_bucket(INT64_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

START_TEST(a_quantile_lies_between_its_buckets_bounds_and_not_above_the_largest_value)
{
	int64_t counts[HISTOGRAM_BUCKETS] = { 0 };
	ck_assert_double_eq(histogram_quantile_us(counts, 0.5, 0), 0);
	counts[histogram_bucket(1500)] = 100;
	ck_assert_double_eq_tol(histogram_quantile_us(counts, 0.5, 0), 1500, 1);
	ck_assert_double_eq_tol(histogram_quantile_us(counts, 1, 1700), 1700, 1);
	counts[HISTOGRAM_BUCKETS - 1] = 100;
	ck_assert_double_eq_tol(histogram_quantile_us(counts, 1, INT64_C(7200000000)), 7200e6, 1);
	ck_assert_double_eq_tol(histogram_quantile_us(counts, 0.99, 0), 3600e6, 1);
}
END_TEST

static json_t *execution_json(const char *job_id, const char *scheduled_at)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:i}", "executionId", "018f0000-0000-8000-8000-000000000002", "jobId",
			 job_id, "jobRevision", 1, "cause", "schedule", "scheduledAt", scheduled_at, "finishedAt", scheduled_at,
			 "status", "skipped", "attempts", 0);
}

START_TEST(poison_is_told_from_records_one_by_one)
{
	static const struct { const char *job_id, *at; enum ingest_kind kind; } rows[] = {
		{ job, "2026-06-01T00:00:00Z", INGEST_EXECUTION },
		{ job, "2026-06-02T23:59:59Z", INGEST_EXECUTION },
		{ job, "2026-06-03T00:00:01Z", INGEST_POISON },
		{ job, "2025-04-28T00:00:00Z", INGEST_EXECUTION },
		{ job, "2025-04-26T00:00:00Z", INGEST_POISON },
		{ "a-file-name", "2026-06-01T00:00:00Z", INGEST_POISON },
	};
	struct wall now;
	ck_assert(rfc3339_parse("2026-06-01T00:00:00Z", &now));
	json_t *records = json_array();
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		json_array_append_new(records, execution_json(rows[i].job_id, rows[i].at));
	g_autoptr(GArray) parsed = ingest_records_parse(records, 41, now);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct ingest_record *record = &g_array_index(parsed, struct ingest_record, i);
		ck_assert_msg(record->kind == rows[i].kind, "row %zu: %s", i, record->reason);
		ck_assert_int_eq(record->seq, 41 + (int64_t)i);
		ck_assert((record->reason != NULL) == (rows[i].kind == INGEST_POISON));
	}
	json_decref(records);
}
END_TEST

START_TEST(a_record_has_one_fingerprint_whatever_the_order_of_its_names)
{
	json_t *one = json_loads("{\"a\":1,\"b\":[2,{\"c\":3,\"d\":4}]}", 0, NULL);
	json_t *same = json_loads("{ \"b\":[2,{\"d\":4,\"c\":3}], \"a\":1 }", 0, NULL);
	json_t *other = json_loads("{\"a\":1,\"b\":[2,{\"c\":3,\"d\":5}]}", 0, NULL);
	g_autofree char *one_md5 = ingest_record_md5(one), *same_md5 = ingest_record_md5(same),
			*other_md5 = ingest_record_md5(other);
	ck_assert_str_eq(one_md5, same_md5);
	ck_assert_str_ne(one_md5, other_md5);
	json_decref(one);
	json_decref(same);
	json_decref(other);
}
END_TEST

START_TEST(a_herd_is_let_in_at_the_rate_and_the_rest_is_spread_evenly)
{
	struct admission admission;
	int admitted = 0, last = 0, per_second[62] = { 0 };
	admission_init(&admission);
	for (int i = 0; i < 10000; i++) {
		int retry_s = 0;
		if (admission_try(&admission, 5000000, 1000, &retry_s)) {
			admitted++;
			continue;
		}
		ck_assert_int_ge(retry_s, MAX(last, 1));
		ck_assert_int_le(retry_s, ADMISSION_WAIT_MAX_S);
		last = retry_s;
		per_second[retry_s]++;
	}
	ck_assert_int_eq(admitted, 1000);
	ck_assert_int_eq(last, 10);
	for (int second = 2; second <= 10; second++)
		ck_assert_int_eq(per_second[second], 1000);
	ck_assert_uint_eq(admission_refused(&admission), 9000);
	admission_done(&admission);
}
END_TEST

START_TEST(a_steady_fleet_is_never_refused)
{
	struct admission admission;
	int retry_s;
	admission_init(&admission);
	for (gint64 t = 0; t < 20000; t++)
		ck_assert(admission_try(&admission, 1 + t * 1000, 1000, &retry_s));
	ck_assert(admission_try(&admission, 30000000, 1, &retry_s));
	ck_assert(!admission_try(&admission, 30000000, 1, &retry_s));
	ck_assert(admission_try(&admission, 31000000, 1, &retry_s));
	admission_done(&admission);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central ingest");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, copy_frames_rows_as_the_manual_says);
	tcase_add_test(tests, copy_numbers_and_instants_are_big_endian_and_instants_count_from_2000);
	tcase_add_test(tests, copy_arrays_have_one_dimension_and_empty_ones_none);
	tcase_add_test(tests, parts_by_the_minute_fold_to_minutes_hours_and_days_without_loss);
	tcase_add_test(tests, a_value_on_a_bound_belongs_to_the_bucket_below_it);
	tcase_add_test(tests, a_quantile_lies_between_its_buckets_bounds_and_not_above_the_largest_value);
	tcase_add_test(tests, poison_is_told_from_records_one_by_one);
	tcase_add_test(tests, a_record_has_one_fingerprint_whatever_the_order_of_its_names);
	tcase_add_test(tests, a_herd_is_let_in_at_the_rate_and_the_rest_is_spread_evenly);
	tcase_add_test(tests, a_steady_fleet_is_never_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
