#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "central/job_shown.h"
#include "tests/unit/suite.h"

#define AT(n) ((struct wall){ INT64_C(1800000000000000) + (n)*US_PER_SECOND })

static struct job_row row_of(int number, int64_t revision, struct wall updated_at)
{
	struct job_row row = { .revision = revision, .updated_at = updated_at };
	snprintf(row.job_id, sizeof row.job_id, "018f0000-0000-7000-8000-%012d", number);
	return row;
}

static void keep(struct job_shown *shown, const struct job_row *row, struct wall until, char *text)
{
	struct job_text kept = { row->revision, text, strlen(text) };
	job_shown_keep(shown, row, until, &kept);
}

static bool holds(struct job_shown *shown, const struct job_row *row, struct wall now, const char *expected)
{
	struct job_text found = { 0 };
	if (!job_shown_find(shown, row, now, &found))
		return false;
	ck_assert_str_eq(found.text, expected);
	ck_assert_uint_eq(found.size, strlen(expected));
	ck_assert_int_eq(found.revision, row->revision);
	free(found.text);
	return true;
}

START_TEST(test_a_text_holds_for_its_revision_and_until_the_fire_it_names)
{
	struct job_shown *shown = job_shown_new();
	struct job_row row = row_of(1, 3, AT(0)), edited = row_of(1, 4, AT(5)), restored = row_of(1, 3, AT(1)),
		       other = row_of(2, 3, AT(0));
	ck_assert(!holds(shown, &row, AT(1), ""));
	keep(shown, &row, AT(10), "{\"three\":3}");
	ck_assert(holds(shown, &row, AT(1), "{\"three\":3}"));
	ck_assert(holds(shown, &row, AT(9), "{\"three\":3}"));
	ck_assert(!holds(shown, &row, AT(10), ""));
	ck_assert(!holds(shown, &edited, AT(6), ""));
	ck_assert(!holds(shown, &restored, AT(6), ""));
	ck_assert(!holds(shown, &other, AT(6), ""));
	keep(shown, &edited, WALL_NEVER, "{}");
	ck_assert(holds(shown, &edited, AT(1000000), "{}"));
	ck_assert(!holds(shown, &row, AT(1), ""));
	job_shown_free(shown);
}
END_TEST

START_TEST(test_long_texts_are_not_kept_and_a_full_cache_begins_anew)
{
	struct job_shown *shown = job_shown_new();
	struct job_row row = row_of(1, 1, AT(0));
	char *text = g_strnfill(JOB_SHOWN_TEXT_MAX + 1, 'x');
	keep(shown, &row, WALL_NEVER, text);
	ck_assert(!holds(shown, &row, AT(0), ""));
	text[JOB_SHOWN_TEXT_MAX] = '\0';
	keep(shown, &row, WALL_NEVER, text);
	ck_assert(holds(shown, &row, AT(0), text));
	for (int i = 2; i <= JOB_SHOWN_MAX + 1; i++) {
		struct job_row next = row_of(i, 1, AT(0));
		keep(shown, &next, WALL_NEVER, "{}");
	}
	ck_assert(!holds(shown, &row, AT(0), ""));
	g_free(text);
	job_shown_free(shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job_shown");
	TCase *cache = tcase_create("cache");
	tcase_add_test(cache, test_a_text_holds_for_its_revision_and_until_the_fire_it_names);
	tcase_add_test(cache, test_long_texts_are_not_kept_and_a_full_cache_begins_anew);
	suite_add_tcase(suite, cache);
	return suite_run(suite);
}
