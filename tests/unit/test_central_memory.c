#include <check.h>
#include <stdlib.h>

#include "central/central.h"
#include "central/memory.h"
#include "tests/unit/suite.h"

#define MB(n) ((size_t)(n) << 20)

static void put(const char *root, const char *group, const char *text)
{
	g_autofree char *folder = g_build_filename(root, group, NULL);
	g_autofree char *file = g_build_filename(folder, "memory.max", NULL);
	ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
	ck_assert(g_file_set_contents(file, text, -1, NULL));
}

START_TEST(test_the_smallest_limit_of_a_group_and_those_above_it_holds)
{
	g_autofree char *root = g_dir_make_tmp("belfry-groups-XXXXXX", NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert_int_eq(memory_group_max("0::/\n", root), G_MAXINT64);
	put(root, "system.slice/central.service", "max\n");
	put(root, "system.slice", "268435456\n");
	put(root, "other", "4096\n");
	static const struct {
		const char *groups;
		gint64 max;
	} rows[] = {
		{ "0::/system.slice/central.service\n", 268435456 },
		{ "12:cpuset:/other\n0::/system.slice\n", 268435456 },
		{ "0::/\n", G_MAXINT64 },
		{ "0::/nowhere/at/all\n", G_MAXINT64 },
		{ "4:memory:/other\n", G_MAXINT64 },
		{ "", G_MAXINT64 },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_int_eq(memory_group_max(rows[i].groups, root), rows[i].max);
	put(root, "system.slice/central.service", "1048576\n");
	ck_assert_int_eq(memory_group_max(rows[0].groups, root), 1048576);
	g_autofree char *command = g_strdup_printf("rm -r '%s'", root);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(test_no_more_is_given_than_there_is_and_what_is_given_back_is_there_again)
{
	struct central_config config = { .memory_max_mb = 4096 };
	struct central central = { .config = &config };
	struct memory *memory = memory_start(&central);
	ck_assert(!memory_take(memory, MB(4096)));
	ck_assert(memory_take(memory, MB(64)));
	gint64 room = memory_room(memory);
	memory_give(memory, MB(64));
	ck_assert_int_ge(memory_room(memory), room + (gint64)MB(32)); /* a look may have come between */
	ck_assert(!memory_grow(memory, MB(4096)));
	ck_assert_uint_eq(memory_refused(memory), 2);
	memory_stop(memory);
}
END_TEST

START_TEST(test_without_any_to_give_all_is_refused_but_nobody_who_does_not_count)
{
	struct central_config config = { .memory_max_mb = 1 };
	struct central central = { .config = &config };
	struct memory *memory = memory_start(&central);
	ck_assert(!memory_take(memory, 1));
	ck_assert_int_eq(memory_room(memory), 0);
	memory_stop(memory);
	ck_assert(memory_take(NULL, MB(1 << 20)));
	ck_assert(memory_grow(NULL, MB(1 << 20)));
	memory_give(NULL, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_the_smallest_limit_of_a_group_and_those_above_it_holds);
	tcase_add_test(tests, test_no_more_is_given_than_there_is_and_what_is_given_back_is_there_again);
	tcase_add_test(tests, test_without_any_to_give_all_is_refused_but_nobody_who_does_not_count);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
