/*
 * The agent's two keys: what is on disk at each step of a change, and what a start makes of it.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_key.h"
#include "agent/key_ring.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define ID "0192f0c1-0000-7000-8000-000000000001"
#define OTHER_ID "0192f0c1-0000-7000-8000-000000000002"

static char *folder;

static void put(enum agent_key_file file, const char *id, const char *text)
{
	struct agent_key key = { (char *)id, (char *)text, (char *)"web", (char *)"http://central" };
	ck_assert(agent_key_write(folder, file, &key, NULL));
}

/* The key in the file, "" when there is none; the rest of the file must be what it was. */
static char *on_disk(enum agent_key_file file)
{
	struct agent_key key;
	if (!agent_key_load(folder, file, &key, NULL))
		return g_strdup("");
	char *text = g_strdup(key.key);
	ck_assert_str_eq(key.id, ID);
	ck_assert_str_eq(key.name, "web");
	ck_assert_str_eq(key.central, "http://central");
	agent_key_clear(&key);
	return text;
}

static void assert_disk(const char *now, const char *next)
{
	g_autofree char *found_now = on_disk(AGENT_KEY_NOW), *found_next = on_disk(AGENT_KEY_NEXT);
	ck_assert_str_eq(found_now, now);
	ck_assert_str_eq(found_next, next);
}

static struct key_ring *open_ring(void)
{
	struct key_ring *ring = key_ring_open(folder, NULL);
	ck_assert_ptr_nonnull(ring);
	ck_assert_str_eq(key_ring_id(ring), ID);
	return ring;
}

static void setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	folder = g_dir_make_tmp("belfry-keys-XXXXXX", NULL);
	put(AGENT_KEY_NOW, ID, "first");
}

static void teardown(void)
{
	folder_remove(folder);
}

START_TEST(test_a_next_key_is_durable_before_its_hash_is_known_and_stays_the_same_until_it_is_settled)
{
	char hash[KEY_RING_HASH_SIZE], again[KEY_RING_HASH_SIZE], expected[KEY_RING_HASH_SIZE];
	uint8_t bytes[crypto_hash_sha256_BYTES];
	struct key_ring *ring = open_ring();
	ck_assert(!key_ring_swap(ring));
	ck_assert(key_ring_next(ring, hash, NULL));
	g_autofree char *next = on_disk(AGENT_KEY_NEXT);
	ck_assert_uint_eq(strlen(next), 43);
	crypto_hash_sha256(bytes, (const uint8_t *)next, strlen(next));
	sodium_bin2hex(expected, sizeof expected, bytes, sizeof bytes);
	ck_assert_str_eq(hash, expected);
	ck_assert_str_eq(key_ring_key(ring), "first");
	assert_disk("first", next);
	key_ring_free(ring);

	ring = open_ring();
	ck_assert(key_ring_next(ring, again, NULL));
	ck_assert_str_eq(hash, again);
	ck_assert_str_eq(key_ring_key(ring), "first");
	ck_assert(key_ring_swap(ring) && key_ring_shows_next(ring));
	ck_assert_str_eq(key_ring_key(ring), next);
	assert_disk("first", next);
	ck_assert(!key_ring_next(ring, again, NULL));
	ck_assert(key_ring_settle(ring, NULL));
	assert_disk(next, "");
	ck_assert_str_eq(key_ring_key(ring), next);
	ck_assert(!key_ring_shows_next(ring) && !key_ring_swap(ring));
	ck_assert(key_ring_next(ring, again, NULL));
	ck_assert_str_ne(hash, again);
	key_ring_free(ring);
}
END_TEST

START_TEST(test_a_refused_next_key_gives_way_to_the_old_one_and_both_stay)
{
	put(AGENT_KEY_NEXT, ID, "second");
	struct key_ring *ring = open_ring();
	const char *shown[] = { "first", "second", "first", "second" };
	for (size_t i = 0; i < G_N_ELEMENTS(shown); i++) {
		ck_assert_str_eq(key_ring_key(ring), shown[i]);
		ck_assert(key_ring_swap(ring));
	}
	assert_disk("first", "second");
	key_ring_free(ring);
}
END_TEST

START_TEST(test_a_settlement_that_was_cut_after_the_rename_is_ended_by_the_next_try)
{
	put(AGENT_KEY_NEXT, ID, "second");
	struct key_ring *ring = open_ring();
	ck_assert(key_ring_swap(ring));
	ck_assert(agent_key_replace(folder, NULL));
	ck_assert(key_ring_settle(ring, NULL));
	assert_disk("second", "");
	key_ring_free(ring);
}
END_TEST

START_TEST(test_a_settlement_that_fails_leaves_both_keys_and_can_be_tried_again)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, "agent.key", NULL);
	put(AGENT_KEY_NEXT, ID, "second");
	struct key_ring *ring = open_ring();
	ck_assert(key_ring_swap(ring));
	ck_assert_int_eq(g_unlink(path), 0);
	ck_assert(!key_ring_settle(ring, &error));
	ck_assert_str_eq(key_ring_key(ring), "second");
	assert_disk("", "second");
	put(AGENT_KEY_NOW, ID, "first");
	ck_assert(key_ring_settle(ring, NULL));
	assert_disk("second", "");
	key_ring_free(ring);
}
END_TEST

START_TEST(test_an_identity_that_was_enrolled_meanwhile_is_not_written_over)
{
	g_autoptr(GError) error = NULL;
	struct agent_key found;
	put(AGENT_KEY_NEXT, ID, "second");
	struct key_ring *ring = open_ring();
	ck_assert(key_ring_swap(ring));
	put(AGENT_KEY_NOW, OTHER_ID, "third");
	ck_assert(!key_ring_settle(ring, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "is another agent's by now"));
	key_ring_free(ring);
	ck_assert(agent_key_load(folder, AGENT_KEY_NOW, &found, NULL));
	ck_assert_str_eq(found.key, "third");
	agent_key_clear(&found);

	ring = key_ring_open(folder, NULL);
	ck_assert_msg(!key_ring_swap(ring), "a next key of another identity is used");
	key_ring_free(ring);
}
END_TEST

START_TEST(test_a_next_key_that_cannot_be_read_is_as_if_it_were_not_there)
{
	g_autofree char *path = g_build_filename(folder, "agent.key.next", NULL);
	char hash[KEY_RING_HASH_SIZE];
	ck_assert(g_file_set_contents(path, "[agent]\nid=", -1, NULL));
	struct key_ring *ring = open_ring();
	ck_assert(!key_ring_swap(ring));
	ck_assert(key_ring_next(ring, hash, NULL) && key_ring_swap(ring));
	assert_disk("first", key_ring_key(ring));
	key_ring_free(ring);
}
END_TEST

START_TEST(test_no_key_is_made_that_cannot_be_written)
{
	char hash[KEY_RING_HASH_SIZE];
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, "agent.key.next", NULL);
	struct key_ring *ring = open_ring();
	ck_assert_int_eq(g_mkdir(path, 0700), 0);
	ck_assert(!key_ring_next(ring, hash, &error) && !key_ring_swap(ring));
	ck_assert_int_eq(g_rmdir(path), 0);
	ck_assert(key_ring_next(ring, hash, NULL));
	key_ring_free(ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key ring");
	TCase *tests = tcase_create("key ring");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_a_next_key_is_durable_before_its_hash_is_known_and_stays_the_same_until_it_is_settled);
	tcase_add_test(tests, test_a_refused_next_key_gives_way_to_the_old_one_and_both_stay);
	tcase_add_test(tests, test_a_settlement_that_was_cut_after_the_rename_is_ended_by_the_next_try);
	tcase_add_test(tests, test_a_settlement_that_fails_leaves_both_keys_and_can_be_tried_again);
	tcase_add_test(tests, test_an_identity_that_was_enrolled_meanwhile_is_not_written_over);
	tcase_add_test(tests, test_a_next_key_that_cannot_be_read_is_as_if_it_were_not_there);
	tcase_add_test(tests, test_no_key_is_made_that_cannot_be_written);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
