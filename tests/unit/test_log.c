#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/suite.h"

/* What `speak` logs; stderr is a file meanwhile. */
static char *captured(void (*speak)(void))
{
	char path[] = "/tmp/test_log.XXXXXX";
	int file = g_mkstemp(path), real = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
	speak();
	dup2(real, STDERR_FILENO);
	close(file);
	close(real);
	char *text = NULL;
	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	unlink(path);
	return text;
}

static void speak_plainly(void)
{
	log_info("attempt failed", "job", "a1", "httpStatus", log_number(503), "error", "no route", "absent", NULL,
		 "empty", "", NULL);
}

static void speak_of_an_attack(void)
{
	log_info("odd\nname", "job", "x\n2026-01-01T00:00:00.000Z error forged", "colour", "\033[31m\x7f", "bytes",
		 "\xff\xfe", "quote", "\"\\", "c1", "\xc2\x9b", "line", "\xe2\x80\xa8", NULL);
}

static void speak_at_length(void)
{
	g_autofree char *long_value = g_strnfill(100000, 'x');
	log_error("long", "value", long_value, NULL);
}

static void speak_on_all_levels(void)
{
	log_debug("d", NULL);
	log_info("i", NULL);
	log_warning("w", NULL);
	log_error("e", NULL);
}

static gpointer speak_often(gpointer data)
{
	for (int i = 0; i < 500; i++)
		log_info("thread", "number", log_number(i), "name", data, NULL);
	return NULL;
}

static void speak_in_threads(void)
{
	GThread *threads[4];
	for (int i = 0; i < 4; i++)
		threads[i] = g_thread_new("t", speak_often, (gpointer) "abcdefgh");
	for (int i = 0; i < 4; i++)
		g_thread_join(threads[i]);
}

static int count_lines(const char *text)
{
	int n = 0;
	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

START_TEST(test_text_is_one_line_of_time_level_sentence_and_fields)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_autofree char *text = captured(speak_plainly);
	ck_assert_str_eq(text + 24, " info attempt failed job=a1 httpStatus=503 error=\"no route\" empty=\"\"\n");
	ck_assert_int_eq(text[10], 'T');
	ck_assert_int_eq(text[23], 'Z');
}
END_TEST

START_TEST(test_input_cannot_forge_a_line_of_text)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_autofree char *text = captured(speak_of_an_attack);
	ck_assert_int_eq(count_lines(text), 1);
	ck_assert_ptr_null(strchr(text, '\033'));
	ck_assert_ptr_null(strchr(text, 0x7f));
	ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xa8"));
	ck_assert(g_utf8_validate(text, -1, NULL));
}
END_TEST

START_TEST(test_json_is_one_object_a_line_whatever_the_input)
{
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	g_autofree char *text = captured(speak_of_an_attack);
	ck_assert_int_eq(count_lines(text), 1);
	json_t *json = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(json_string_value(json_object_get(json, "event")), "odd\nname");
	ck_assert_str_eq(json_string_value(json_object_get(json, "colour")), "\033[31m\x7f");
	ck_assert_str_eq(json_string_value(json_object_get(json, "quote")), "\"\\");
	json_decref(json);
}
END_TEST

START_TEST(test_long_values_are_cut)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_autofree char *text = captured(speak_at_length);
	ck_assert_uint_lt(strlen(text), LOG_VALUE_MAX + 100);
	ck_assert(g_str_has_suffix(text, "xxx...\"\n"));
}
END_TEST

START_TEST(test_levels_below_the_chosen_one_are_silent)
{
	for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
		log_open(LOG_FORMAT_TEXT, (enum log_level)level);
		g_autofree char *text = captured(speak_on_all_levels);
		ck_assert_int_eq(count_lines(text), LOG_LEVEL_ERROR - level + 1);
	}
}
END_TEST

START_TEST(test_lines_of_threads_do_not_mix)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_autofree char *text = captured(speak_in_threads);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 4 * 500 + 1);
	for (int i = 0; i < 4 * 500; i++)
		ck_assert_msg(g_str_has_suffix(lines[i], " name=abcdefgh"), "%s", lines[i]);
}
END_TEST

START_TEST(test_logging_keeps_errno)
{
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	errno = ENOSPC;
	log_info("kept", NULL);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(test_without_a_journal_the_log_falls_back_to_text)
{
	bool reachable = access("/run/systemd/journal/socket", W_OK) == 0;
	ck_assert(log_open(LOG_FORMAT_JOURNAL, LOG_LEVEL_INFO) == reachable);
	g_autofree char *text = captured(speak_plainly);
	ck_assert_int_eq(count_lines(text), reachable ? 0 : 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_text_is_one_line_of_time_level_sentence_and_fields);
	tcase_add_test(tests, test_input_cannot_forge_a_line_of_text);
	tcase_add_test(tests, test_json_is_one_object_a_line_whatever_the_input);
	tcase_add_test(tests, test_long_values_are_cut);
	tcase_add_test(tests, test_levels_below_the_chosen_one_are_silent);
	tcase_add_test(tests, test_lines_of_threads_do_not_mix);
	tcase_add_test(tests, test_logging_keeps_errno);
	tcase_add_test(tests, test_without_a_journal_the_log_falls_back_to_text);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
