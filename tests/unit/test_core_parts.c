/*
 * The parts of the core that need no world: the table of a fire's states, and the heap.
 */
#include "agent/redact.h"
#include "tests/unit/core_world.h"
#include "tests/unit/suite.h"

START_TEST(test_states_of_a_fire_move_only_along_the_table)
{
	int moves = 0;
	for (int from = 0; from < FIRE_STATE_MAX_; from++) {
		ck_assert_str_ne(fire_state_name(from), "?");
		for (int to = 0; to < FIRE_STATE_MAX_; to++)
			moves += fire_may_move(from, to);
		ck_assert(!fire_may_move(FIRE_DECIDED, from));
		ck_assert(!fire_may_move(FIRE_WITHDRAWN, from));
		ck_assert(!fire_may_move(from, FIRE_PLANNED));
	}
	ck_assert(!fire_may_move(FIRE_PLANNED, FIRE_RUNNING));
	ck_assert(!fire_may_move(FIRE_RUNNING, FIRE_WITHDRAWN));
	ck_assert_int_eq(moves, 18);
}
END_TEST

struct item { int64_t key; int index; };

START_TEST(test_the_heap_gives_the_least_whatever_was_moved_or_removed)
{
	struct dice dice = { (uint64_t)_i };
	struct item items[200];
	struct heap heap;
	heap_init(&heap, offsetof(struct item, index));
	for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
		items[i] = (struct item){ .index = -1 };
	for (int round = 0; round < 2000; round++) {
		struct item *item = &items[dice_below(&dice, G_N_ELEMENTS(items))];
		if (dice_chance(&dice, 700)) {
			item->key = dice_below(&dice, _i % 2 == 0 ? 1000 : 5);
			heap_set(&heap, item, item->key);
		} else {
			heap_remove(&heap, item);
		}
		int64_t least = INT64_MAX;
		int n = 0;
		for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
			if (items[i].index >= 0)
				least = MIN(least, items[i].key);
		for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
			n += items[i].index >= 0 && items[i].key == least;
		ck_assert_int_eq(heap_top_key(&heap), least);
		ck_assert_int_eq(heap_top_count(&heap), n);
	}
	heap_done(&heap);
}
END_TEST

static const struct { const char *header, *value, *text, *expected; bool cut; } answers[] = {
	{ "Authorization", "Bearer abcdef-123456", "you sent Bearer abcdef-123456", "you sent ********************", false },
	{ "Authorization", "Bearer abcdef-123456", "token=abcdef-123456&x", "token=*************&x", false },
	{ "Authorization", "Basic dXNlcjpwYXNz/d29yZA==", "{\"a\":\"Basic dXNlcjpwYXNz\\/d29yZA==\"}",
	  "{\"a\":\"Basic ************\\/d29yZA==\"}", false },
	{ "Cookie", "a=1; session=0123456789abcdef", "<b>0123456789abcdef</b>", "<b>****************</b>", false },
	{ "X-Api-Key", "abcd", "abcd abcd abc", "**** **** abc", false },
	{ "X-Api-Key", "abc", "abc", "abc", false },
	{ "X-Api-Key", "0123456789", "cut off: 012345", "cut off: ******", true },
	{ "X-Api-Key", "0123456789", "not cut off: 012345", "not cut off: 012345", false },
	{ "X-Api-Key", "{{jobId}}0123456789", "j0123456789", "j**********", false },
	{ "X-Plain", "0123456789", "0123456789", "0123456789", false },
};

START_TEST(test_what_is_kept_of_an_answer_holds_no_secret_of_its_request)
{
	struct job_problem problem = { 0 };
	json_t *json = json_pack("{s:s,s:s,s:{s:s}}", "schedule", "@daily", "api", "http://a.test/", "headers", answers[_i].header,
				 answers[_i].value);
	struct job *job = job_parse(json, "j", 1, false, &problem);
	g_autofree char *text = g_strdup(answers[_i].text);
	ck_assert_msg(job != NULL, "%s", problem.detail);
	redact_secrets(job, text, answers[_i].cut);
	ck_assert_str_eq(text, answers[_i].expected);
	redact_secrets(job, NULL, true);
	json_decref(json);
	job_unref(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core parts");
	TCase *tests = tcase_create("parts");
	tcase_add_test(tests, test_states_of_a_fire_move_only_along_the_table);
	tcase_add_loop_test(tests, test_the_heap_gives_the_least_whatever_was_moved_or_removed, 0, 20);
	tcase_add_loop_test(tests, test_what_is_kept_of_an_answer_holds_no_secret_of_its_request, 0, G_N_ELEMENTS(answers));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
