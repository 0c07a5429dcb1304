/*
 * belfry schedule next --stdin: one line of JSON in, one line of JSON out, whatever the line holds.
 */
#include "ctl/schedule.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"
#include "ctl/command.h"

#define LINE_MAX_BYTES 65536

enum line_result { LINE_OK, LINE_TOO_LONG, LINE_END };

/* Without the newline. The rest of a line that is too long is read and dropped. */
static enum line_result read_line(char buffer[static LINE_MAX_BYTES], size_t *ret_length)
{
	size_t length = 0;
	bool too_long = false;
	int c;

	while ((c = getc_unlocked(stdin)) != EOF && c != '\n') {
		if (length < LINE_MAX_BYTES)
			buffer[length++] = (char)c;
		else
			too_long = true;
	}
	if (c == EOF && length == 0)
		return LINE_END;
	*ret_length = length;
	return too_long ? LINE_TOO_LONG : LINE_OK;
}

/* Messages repeat parts of the input, which may have been cut within a character. */
static void answer_error(const char *message)
{
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	json_t *answer = json_pack("{s:s}", "error", valid);
	char *text = json_dumps(answer, JSON_COMPACT);

	puts(text);
	free(text);
	json_decref(answer);
}

/* NULL and absent are the same; false with a sentence for another type. */
static bool take_string(const json_t *value, const char *name, const char **ret, char **ret_problem)
{
	if (json_is_null(value))
		return true;
	*ret = json_string_value(value);
	if (!*ret)
		*ret_problem = g_strdup_printf("%s: must be a string", name);
	return *ret != NULL;
}

static bool take_count(const json_t *value, int *ret, char **ret_problem)
{
	if (json_is_null(value))
		return true;
	json_int_t count = json_integer_value(value);
	if (count < 1 || count > NEXT_COUNT_MAX)
		*ret_problem = g_strdup_printf("count: must be a whole number from 1 to %d", NEXT_COUNT_MAX);
	else
		*ret = (int)count;
	return !*ret_problem;
}

static bool take_from(const json_t *value, struct wall *ret, char **ret_problem)
{
	const char *text = NULL;

	if (!take_string(value, "from", &text, ret_problem))
		return false;
	if (text && !rfc3339_parse(text, ret))
		*ret_problem = schedule_from_problem("from", text);
	return !*ret_problem;
}

/* Fills what the object has. Strings belong to `request`. */
static char *read_request(json_t *request, struct schedule_question *question)
{
	const char *name;
	json_t *value;
	char *problem = NULL;

	if (!json_is_object(request))
		return g_strdup("a line must be a JSON object such as {\"expr\":\"0 9 * * *\",\"tz\":\"UTC\"}");
	json_object_foreach(request, name, value)
	{
		if (strcmp(name, "expr") == 0)
			take_string(value, name, &question->expression, &problem);
		else if (strcmp(name, "tz") == 0)
			take_string(value, name, &question->zone, &problem);
		else if (strcmp(name, "jobId") == 0)
			take_string(value, name, &question->job_id, &problem);
		else if (strcmp(name, "from") == 0)
			take_from(value, &question->from, &problem);
		else if (strcmp(name, "count") == 0)
			take_count(value, &question->count, &problem);
		else
			problem = g_strdup_printf(
				"\"%.40s\" is no member of a request: there are expr, tz, from, count, jobId", name);
		if (problem)
			return problem;
	}
	return question->expression ? NULL : g_strdup("expr: is missing");
}

static void answer_question(const struct schedule_question *question)
{
	g_autoptr(GError) error = NULL;
	struct schedule *schedule = schedule_new(question->expression, question->zone, question->job_id, &error);
	char text[RFC3339_SIZE];
	struct wall at = question->from;

	if (!schedule) {
		answer_error(error->message);
		return;
	}
	fputs("{\"next\":[", stdout);
	for (int i = 0; i < question->count && schedule_next(schedule, question->from, at, &at); i++) {
		fputs(i ? ",\"" : "\"", stdout);
		fputs(rfc3339_print_seconds(at, text), stdout);
		putc('"', stdout);
	}
	puts("]}");
	schedule_unref(schedule);
}

static void answer_line(const char *line, size_t length, const struct schedule_question *defaults)
{
	struct schedule_question question = *defaults;
	json_error_t json_error;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &json_error);

	if (!request) {
		enum json_error_code code = json_error_code(&json_error);
		bool is_nul = code == json_error_null_character || code == json_error_null_byte_in_key;
		g_autofree char *message =
			g_strdup_printf("broken JSON at byte %d: %s", json_error.position,
					is_nul ? "the character \\u0000 is not allowed" : json_error.text);
		answer_error(message);
		return;
	}
	g_autofree char *problem = read_request(request, &question);
	if (problem)
		answer_error(problem);
	else
		answer_question(&question);
	json_decref(request);
}

int schedule_answer_lines(const struct schedule_question *defaults)
{
	static char line[LINE_MAX_BYTES];
	enum line_result result;
	size_t length;

	while ((result = read_line(line, &length)) != LINE_END && !ferror(stdout)) {
		if (result == LINE_TOO_LONG)
			answer_error("the line is longer than 65536 bytes");
		else
			answer_line(line, length, defaults);
	}
	return command_finish_output();
}
