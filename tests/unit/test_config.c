#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "tests/unit/suite.h"

struct settings {
	int threads;
	bool plain;
	int64_t wait_ms;
	double rate;
	int format;
	char *database, *folder, *key;
};

static const struct config_row rows[] = {
	{ "central", "threads", CONFIG_INT, "8", 1, 256, .offset = offsetof(struct settings, threads),
	  .help = "Threads" },
	{ "central", "plain", CONFIG_BOOL, "false", .offset = offsetof(struct settings, plain), .help = "Plain HTTP" },
	{ "central", "wait_ms", CONFIG_MS, "5000", 0, 3600000, .offset = offsetof(struct settings, wait_ms),
	  .reloadable = true, .help = "Wait" },
	{ "central", "rate", CONFIG_DOUBLE, "0.1", 0, 100, .offset = offsetof(struct settings, rate), .help = "Rate" },
	{ "central", "database", CONFIG_STRING, "host=/run", .offset = offsetof(struct settings, database),
	  .secrecy = CONFIG_CONNINFO, .help = "Database" },
	{ "log", "format", CONFIG_WORD, "text", .words = "text json journal",
	  .offset = offsetof(struct settings, format), .help = "Form" },
	{ "log", "folder", CONFIG_PATH, "", .max = 40, .offset = offsetof(struct settings, folder), .help = "Folder" },
	{ "log", "key", CONFIG_STRING, "", .secrecy = CONFIG_SECRET, .offset = offsetof(struct settings, key),
	  .help = "Key" },
	{ 0 },
};

static char path[] = "/tmp/test_config.XXXXXX";

static bool load(const char *text, gssize size, struct settings *ret, char **ret_message)
{
	g_autoptr(GError) error = NULL;
	ck_assert(g_file_set_contents(path, text, size, NULL));
	memset(ret, 0, sizeof *ret);
	bool ok = config_load(rows, path, ret, &error);
	*ret_message = ok ? NULL : g_strdup(error->message);
	return ok;
}

START_TEST(test_without_a_file_the_defaults_hold)
{
	struct settings s = { 0 };
	ck_assert(config_load(rows, NULL, &s, NULL));
	ck_assert_int_eq(s.threads, 8);
	ck_assert(!s.plain);
	ck_assert_int_eq(s.wait_ms, 5000);
	ck_assert_double_eq(s.rate, 0.1);
	ck_assert_str_eq(s.database, "host=/run");
	ck_assert_int_eq(s.format, 0);
	ck_assert_str_eq(s.folder, "");
	config_free_strings(rows, &s);
	ck_assert_ptr_null(s.database);
}
END_TEST

START_TEST(test_a_file_sets_every_kind_of_value)
{
	struct settings s;
	char *message;
	ck_assert(load(
		"# note\r\n\r\n[central]\r\nthreads = 16 \r\nplain=true\nwait_ms=0\nrate=2.5\ndatabase=host=a b='c d'\n"
		"[log]\nformat=journal\nfolder=/var/log\nkey= \n",
		-1, &s, &message));
	ck_assert_int_eq(s.threads, 16);
	ck_assert(s.plain);
	ck_assert_int_eq(s.wait_ms, 0);
	ck_assert_double_eq(s.rate, 2.5);
	ck_assert_str_eq(s.database, "host=a b='c d'");
	ck_assert_int_eq(s.format, 2);
	ck_assert_str_eq(s.folder, "/var/log");
	config_free_strings(rows, &s);
}
END_TEST

static const struct {
	const char *text, *message;
} mistakes[] = {
	{ "[central]\n\n# x\nthreads=900\n", ":4: threads: 900 is outside 1-256" },
	{ "[central]\nthreads=0\n", ":2: threads: 0 is outside 1-256" },
	{ "[central]\nthreads=many\n", ":2: threads: \"many\" is not a whole number" },
	{ "[central]\nthreads=8.5\n", ":2: threads: \"8.5\" is not a whole number" },
	{ "[central]\nthreads=\n", ":2: threads: \"\" is not a whole number" },
	{ "[central]\nthreads=99999999999999999999\n", ":2: threads: 99999999999999999999 is outside 1-256" },
	{ "[central]\nrate=nan\n", ":2: rate: \"nan\" is not a number" },
	{ "[central]\nrate=101\n", ":2: rate: 101 is outside 0-100" },
	{ "[central]\nplain=yes\n", ":2: plain: \"yes\" is neither true nor false" },
	{ "[log]\nformat=xml\n", ":2: format: \"xml\" is none of: text json journal" },
	{ "[log]\nfolder=/0123456789012345678901234567890123456789\n",
	  ":2: folder: is 41 bytes long, at most 40 are allowed" },
	{ "[log]\nfolder=/a\\nb\n", ":2: folder: a path must not contain control characters" },
	{ "[log]\nfolder=/a\\qb\n", ":2: folder: " },
	{ "[central]\nthread=9\n", ":2: thread: there is no such key in [central]" },
	{ "[central]\nformat=text\n", ":2: format: there is no such key in [central]" },
	{ "[agent]\nthreads=9\n", ":1: [agent]: there is no such group; expected [central]" },
	{ "threads=9\n", ":1: threads: stands before the first group; write [central] above it" },
	{ "[central]\nthreads=9\nthreads=8\n", ":3: threads: is set already on line 2" },
	{ "[central]\nthreads\n", ":2: \"threads\" is neither key=value nor [group] nor a # comment" },
	{ "[central\n", ":1: a group is written [name]" },
	{ "[central]\n=9\n", ":2: \"=9\" is neither key=value" },
	{ "[central]\n\xff\n", ": is not UTF-8 text" },
};

START_TEST(test_a_mistake_names_file_line_and_key)
{
	struct settings s;
	g_autofree char *message = NULL, *wanted = g_strconcat(path, mistakes[_i].message, NULL);
	ck_assert_msg(!load(mistakes[_i].text, -1, &s, &message), "accepted: %s", mistakes[_i].text);
	ck_assert_msg(g_str_has_prefix(message, wanted), "%s instead of %s", message, wanted);
	ck_assert_ptr_null(s.database);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_read_is_an_error)
{
	struct settings s = { 0 };
	g_autoptr(GError) error = NULL;
	ck_assert(!config_load(rows, "/nonexistent/x.conf", &s, &error));
	ck_assert_str_eq(error->message, "/nonexistent/x.conf: cannot read: No such file or directory");
	g_autofree char *message = NULL, *large = g_strnfill(CONFIG_FILE_MAX + 1, '#');
	ck_assert(!load(large, -1, &s, &message));
	ck_assert_ptr_nonnull(strstr(message, "larger than"));
	g_clear_pointer(&message, g_free);
	ck_assert(!load("[central]\n\0threads=1\n", 22, &s, &message));
	ck_assert_ptr_nonnull(strstr(message, "not UTF-8"));
}
END_TEST

START_TEST(test_what_is_printed_loads_back_to_the_same_values)
{
	struct settings s, back;
	char *message;
	ck_assert(load("[central]\nthreads=3\nrate=0.3\nplain=true\ndatabase=\\sa\\\\b\\tc=d\n[log]\nformat="
		       "json\nfolder=/x y\n",
		       -1, &s, &message));
	ck_assert_str_eq(s.database, " a\\b\tc=d");
	g_autoptr(GString) text = g_string_new(NULL), again = g_string_new(NULL);
	config_print(rows, &s, text);
	ck_assert_msg(load(text->str, -1, &back, &message), "%s", message);
	for (const struct config_row *row = rows; row->key != NULL; row++)
		ck_assert_msg(config_row_equal(row, &s, &back), "%s", row->key);
	config_print(rows, &back, again);
	ck_assert_str_eq(text->str, again->str);
	ck_assert_ptr_nonnull(strstr(text->str, "# Threads (1-256). Default: 8\nthreads=3\n"));
	config_free_strings(rows, &s);
	config_free_strings(rows, &back);
}
END_TEST

START_TEST(test_secrets_are_not_printed)
{
	static const char *const texts[] = {
		"host=h password=hunter2 user=u",
		"password = 'hunter2 \\' x' host=h",
		"postgresql://u:hunter2@h/db",
		"postgresql://h/db?user=u&password=hunter2&x=y",
		"PASSWORD=hunter2",
		"postgres://u:p@hunter2@h/db",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct settings s = { .database = (char *)texts[i], .folder = (char *)"", .key = (char *)"hunter2" };
		g_autoptr(GString) text = g_string_new(NULL);
		config_print(rows, &s, text);
		ck_assert_msg(strstr(text->str, "hunter2") == NULL, "%s", text->str);
		ck_assert_ptr_nonnull(strstr(text->str, "key=********\n"));
	}
}
END_TEST

START_TEST(test_a_difference_is_seen_by_row)
{
	struct settings a = { 0 }, b = { 0 };
	ck_assert(config_load(rows, NULL, &a, NULL));
	ck_assert(config_load(rows, NULL, &b, NULL));
	b.wait_ms++;
	for (const struct config_row *row = rows; row->key != NULL; row++)
		ck_assert(config_row_equal(row, &a, &b) == !row->reloadable);
	config_free_strings(rows, &a);
	config_free_strings(rows, &b);
}
END_TEST

int main(void)
{
	close(g_mkstemp(path));
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_without_a_file_the_defaults_hold);
	tcase_add_test(tests, test_a_file_sets_every_kind_of_value);
	tcase_add_loop_test(tests, test_a_mistake_names_file_line_and_key, 0, G_N_ELEMENTS(mistakes));
	tcase_add_test(tests, test_a_file_that_cannot_be_read_is_an_error);
	tcase_add_test(tests, test_what_is_printed_loads_back_to_the_same_values);
	tcase_add_test(tests, test_secrets_are_not_printed);
	tcase_add_test(tests, test_a_difference_is_seen_by_row);
	suite_add_tcase(suite, tests);
	int result = suite_run(suite);
	unlink(path);
	return result;
}
