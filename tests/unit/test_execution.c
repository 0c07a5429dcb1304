#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/execution.h"
#include "tests/unit/suite.h"

static struct fire_id an_id(const char *job, int64_t us, const char *target, uint64_t epoch)
{
	return fire_id_scheduled(job, (struct wall){ us }, target, epoch);
}

/* The identity is stored and compared by programs of other versions: it must never change. */
START_TEST(test_the_identity_of_a_fire_is_frozen)
{
	char text[FIRE_ID_TEXT_SIZE];
	fire_id_print(an_id("job-1", INT64_C(1795435200000000), "", 0), text);
	ck_assert_str_eq(text, "b261b332-d5bf-874b-a50b-9f1bfe20fb18");
	fire_id_print(an_id("job-1", INT64_C(1795435200000000), "agent-7", 3), text);
	ck_assert_str_eq(text, "e6198a4b-c71a-889c-9c33-de31612954fb");
}
END_TEST

START_TEST(test_every_part_of_the_identity_counts)
{
	struct fire_id base = an_id("ab", 1000, "c", 1);
	ck_assert(fire_id_equal(base, an_id("ab", 1000, "c", 1)));
	ck_assert(!fire_id_equal(base, an_id("aB", 1000, "c", 1)));
	ck_assert(!fire_id_equal(base, an_id("ab", 1001, "c", 1)));
	ck_assert(!fire_id_equal(base, an_id("ab", 1000, "", 1)));
	ck_assert(!fire_id_equal(base, an_id("ab", 1000, "c", 2)));
}
END_TEST

START_TEST(test_identities_are_version_8_uuids_and_print_and_parse)
{
	for (int i = 0; i < 1000; i++) {
		struct fire_id id = i % 2 ? fire_id_random() : an_id("job", i, "", 0), back;
		char text[FIRE_ID_TEXT_SIZE];
		fire_id_print(id, text);
		ck_assert_uint_eq(strlen(text), 36);
		ck_assert_int_eq(text[14], '8');
		ck_assert_ptr_nonnull(strchr("89ab", text[19]));
		ck_assert(fire_id_parse(text, &back));
		ck_assert(fire_id_equal(id, back));
	}
	ck_assert(!fire_id_equal(fire_id_random(), fire_id_random()));
}
END_TEST

START_TEST(test_texts_that_are_no_uuid_are_refused)
{
	static const char *const texts[] = {
		"",
		"0",
		"00000000-0000-8000-8000-00000000000",
		"00000000-0000-8000-8000-0000000000000",
		"00000000x0000-8000-8000-000000000000",
		"0000000g-0000-8000-8000-000000000000",
		"00000000-0000-8000-8000-00000000000 ",
		"{0000000-0000-8000-8000-000000000000}",
	};
	struct fire_id id;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		ck_assert_msg(!fire_id_parse(texts[i], &id), "%s", texts[i]);
}
END_TEST

START_TEST(test_names_of_states_round_trip)
{
	for (int i = 1; i < EXECUTION_STATUS_MAX_; i++) {
		enum execution_status back;
		ck_assert(execution_status_parse(execution_status_name((enum execution_status)i), &back));
		ck_assert_int_eq((int)back, i);
	}
	for (int i = 1; i < FIRE_CAUSE_MAX_; i++) {
		enum fire_cause back;
		ck_assert(fire_cause_parse(fire_cause_name((enum fire_cause)i), &back));
		ck_assert_int_eq((int)back, i);
	}
	enum execution_status status = EXECUTION_FAILED;
	ck_assert(!execution_status_parse("Success", &status));
	ck_assert_int_eq((int)status, EXECUTION_FAILED);
	unsigned bits = 7;
	ck_assert(execution_statuses_parse("failed,timeout,failed", &bits));
	ck_assert_uint_eq(bits, 1u << EXECUTION_FAILED | 1u << EXECUTION_TIMEOUT);
	static const char *const wrong[] = { "failed,", ",failed", "failed timeout", "manual",
					     "failed,failed,failed,failed,failed,failed,failed,failed" };
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		ck_assert_msg(!execution_statuses_parse(wrong[i], &bits), "%s", wrong[i]);
	ck_assert_uint_eq(bits, 1u << EXECUTION_FAILED | 1u << EXECUTION_TIMEOUT);
	ck_assert(fire_causes_parse("schedule,catchUp", &bits));
	ck_assert_uint_eq(bits, 1u << FIRE_SCHEDULE | 1u << FIRE_CATCH_UP);
	ck_assert(execution_statuses_parse("", &bits));
	ck_assert_uint_eq(bits, 0);
	ck_assert_str_eq(execution_status_name((enum execution_status)99), "unknown");
	ck_assert_str_eq(fire_cause_name((enum fire_cause)0), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("execution");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_the_identity_of_a_fire_is_frozen);
	tcase_add_test(tests, test_every_part_of_the_identity_counts);
	tcase_add_test(tests, test_identities_are_version_8_uuids_and_print_and_parse);
	tcase_add_test(tests, test_texts_that_are_no_uuid_are_refused);
	tcase_add_test(tests, test_names_of_states_round_trip);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
