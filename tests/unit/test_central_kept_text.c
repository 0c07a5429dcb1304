#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "central/kept_text.h"
#include "tests/unit/suite.h"

#define MS(n) ((struct mono){ INT64_C(1000000000) + (n)*US_PER_MS })

static bool takes(struct kept_text *kept, struct mono now, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	if (!kept_text_take(kept, now, &text, &size))
		return false;
	ck_assert_uint_eq(size, strlen(expected));
	ck_assert_mem_eq(text, expected, size);
	free(text);
	return true;
}

START_TEST(test_a_text_is_good_in_proportion_to_its_cost)
{
	struct kept_text *kept = kept_text_new();
	ck_assert(!takes(kept, MS(0), ""));
	kept_text_put(kept, MS(0), MS(KEPT_TEXT_CHEAP_MS - 1), "cheap", 5);
	ck_assert(!takes(kept, MS(KEPT_TEXT_CHEAP_MS), ""));
	kept_text_put(kept, MS(100), MS(130), "thirty", 6);
	ck_assert(takes(kept, MS(99 + 30 * KEPT_TEXT_TIMES), "thirty"));
	ck_assert(!takes(kept, MS(100 + 30 * KEPT_TEXT_TIMES), ""));
	kept_text_put(kept, MS(0), MS(60000), "a minute", 8);
	ck_assert(takes(kept, MS(KEPT_TEXT_MAX_MS - 1), "a minute"));
	ck_assert(!takes(kept, MS(KEPT_TEXT_MAX_MS), ""));
	kept_text_free(kept);
}
END_TEST

START_TEST(test_while_one_makes_it_anew_others_take_the_old_one_for_a_while)
{
	struct kept_text *kept = kept_text_new();
	kept_text_put(kept, MS(0), MS(100), "old", 3);
	ck_assert(!takes(kept, MS(KEPT_TEXT_MAX_MS), ""));
	ck_assert(takes(kept, MS(KEPT_TEXT_MAX_MS + 1), "old"));
	ck_assert(!takes(kept, MS(2 * KEPT_TEXT_MAX_MS), ""));
	kept_text_give_up(kept);
	ck_assert(!takes(kept, MS(KEPT_TEXT_MAX_MS + 1), ""));
	kept_text_put(kept, MS(KEPT_TEXT_MAX_MS), MS(KEPT_TEXT_MAX_MS + 100), "new", 3);
	ck_assert(takes(kept, MS(KEPT_TEXT_MAX_MS + 101), "new"));
	kept_text_free(kept);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kept_text");
	TCase *rules = tcase_create("rules");
	tcase_add_test(rules, test_a_text_is_good_in_proportion_to_its_cost);
	tcase_add_test(rules, test_while_one_makes_it_anew_others_take_the_old_one_for_a_while);
	suite_add_tcase(suite, rules);
	return suite_run(suite);
}
