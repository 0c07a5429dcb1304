/* Ingest without a database: COPY text, what poison is, histograms' buckets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "central/copy_text.h"
#include "central/histogram.h"
#include "central/ingest_record.h"
#include "common/rfc3339.h"

static const char job[] = "018f0000-0000-7000-8000-000000000001";

START_TEST(copy_text_escapes_what_would_end_a_column_or_row)
{
	g_autoptr(GString) out = g_string_new(NULL);
	copy_text(out, "a\tb\nc\\d\re");
	copy_text(out, "");
	copy_text(out, NULL);
	copy_text(out, "\\N");
	copy_bytea(out, "ab");
	copy_end_row(out);
	ck_assert_str_eq(out->str, "a\\tb\\nc\\\\d\\re\t\t\\N\t\\\\N\t\\\\xab\n");
}
END_TEST

START_TEST(copy_numbers_and_instants_read_as_postgresql_does)
{
	g_autoptr(GString) out = g_string_new(NULL);
	const int64_t values[] = { 0, -5, INT64_MAX, INT64_MIN };
	copy_int(out, INT64_MIN);
	copy_int_or_null(out, -1, -1);
	copy_int_or_null(out, 0, -1);
	copy_ints(out, values, 4);
	copy_wall(out, (struct wall){ 1 });
	copy_wall(out, (struct wall){ -1 });
	copy_wall(out, WALL_NONE);
	copy_end_row(out);
	ck_assert_str_eq(out->str, "-9223372036854775808\t\\N\t0\t{0,-5,9223372036854775807,-9223372036854775808}\t"
				   "1970-01-01T00:00:00.000001Z\t1969-12-31T23:59:59.999999Z\t\\N\n");
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

int main(void)
{
	Suite *suite = suite_create("central ingest");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, copy_text_escapes_what_would_end_a_column_or_row);
	tcase_add_test(tests, copy_numbers_and_instants_read_as_postgresql_does);
	tcase_add_test(tests, a_value_on_a_bound_belongs_to_the_bucket_below_it);
	tcase_add_test(tests, a_quantile_lies_between_its_buckets_bounds_and_not_above_the_largest_value);
	tcase_add_test(tests, poison_is_told_from_records_one_by_one);
	tcase_add_test(tests, a_record_has_one_fingerprint_whatever_the_order_of_its_names);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
