/*
 * belfry schedule next, belfry schedule explain: the instants of a schedule for people and scripts.
 */
#include "ctl/schedule.h"

#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/schedule_explain.h"
#include "common/tz.h"
#include "ctl/nouns.h"

#define EXPLAIN_COUNT 5
#define LOCAL_SIZE 48

static const char expression_help[] =
	"An expression is five fields, minute hour day-of-month month day-of-week, or six with the second first:\n"
	"  *  1,15  9-17  */10  MON-FRI  JAN          as in crontab\n"
	"  L  L-2  LW  15W                            day of month: last, two before it, last weekday, nearest to the "
	"15th\n"
	"  FRI#2  FRIL                                day of week: second Friday, last Friday\n"
	"  H  H(0-29)  H/15                           a value of the job's own, stable (--job-id)\n"
	"  @hourly @daily @weekly @monthly @yearly    @every 1h30m    @at 2026-11-23T12:00:00Z\n"
	"If day of month and day of week are both restricted, either may match; if one begins with *, both must.\n";

static const struct command_value expression_argument[] = {
	{ "expr", VALUE_TEXT, .optional = true, .many = true, .show = "'EXPR'", .help = "The schedule, in quotes" },
	{ 0 }
};

#define SHARED_OPTIONS                                                                                     \
	{ "tz", VALUE_TEXT, .show = "ZONE", .help = "Time zone such as Europe/Berlin; default UTC" },      \
	{ "from", VALUE_TIME, .help = "Only what is due after this time; default now" },                   \
	{ "job-id", VALUE_TEXT, .show = "ID", .help = "Job whose value H stands for" }

static const struct command_value next_options[] = {
	{ "count", VALUE_NUMBER, .show = "N", .min = 1, .max = NEXT_COUNT_MAX, .help = "How many; default 1" },
	{ "stdin", VALUE_FLAG,
	  .help = "Answer JSON lines {\"expr\",\"tz\",\"from\",\"count\",\"jobId\"} with {\"next\":[...]} or {\"error\":\"...\"}" },
	SHARED_OPTIONS,
	{ 0 }
};
static const struct command_value explain_options[] = { SHARED_OPTIONS, { 0 } };

char *schedule_from_problem(const char *label, const char *text)
{
	return g_strdup_printf("%s: \"%.40s\" is no RFC 3339 time such as 2026-11-23T12:00:00Z", label, text);
}

static bool read_expression(const struct call *call, bool from_stdin, const char **ret)
{
	char **texts = call_texts(call, "expr");
	guint n = g_strv_length(texts);

	*ret = texts[0];
	if (from_stdin ? n == 0 : n == 1)
		return true;
	if (from_stdin)
		command_wrong("--stdin takes no expression on the command line");
	else if (n == 0)
		command_wrong("an expression is missing (belfry schedule %s --help shows some)", call->command->verb);
	else
		command_wrong("%u expressions are given: write one, in quotes, as in '*/5 * * * *'", n);
	return false;
}

static bool read_question(const struct call *call, struct schedule_question *ret)
{
	struct schedule_question question = { 0 };
	bool is_next = strcmp(call->command->verb, "next") == 0;

	if (!read_expression(call, is_next && call_flag(call, "stdin"), &question.expression))
		return false;
	question.zone = call_text(call, "tz");
	question.job_id = call_text(call, "job-id");
	question.count = is_next ? (int)call_number(call, "count", 1) : 1;
	question.from = call_time(call, "from", wall_now());
	*ret = question;
	return true;
}

static struct schedule *parse_or_complain(const struct schedule_question *question, int *ret_status)
{
	g_autoptr(GError) error = NULL;
	struct schedule *schedule = schedule_new(question->expression, question->zone, question->job_id, &error);

	if (!schedule)
		*ret_status = command_wrong("%s", error->message);
	return schedule;
}

static int print_next(const struct schedule_question *question)
{
	int status, printed = 0;
	char text[RFC3339_SIZE];
	struct wall at = question->from;
	struct schedule *schedule = parse_or_complain(question, &status);

	if (!schedule)
		return status;
	for (; printed < question->count && schedule_next(schedule, question->from, at, &at); printed++)
		puts(rfc3339_print_seconds(at, text));
	if (printed == 0 && schedule_kind(schedule) == SCHEDULE_REBOOT)
		fprintf(stderr, "belfry: @reboot has no instants: the job is due once each time the host boots\n");
	else if (printed == 0)
		fprintf(stderr, "belfry: the schedule is never due after %s\n",
			rfc3339_print_seconds(question->from, text));
	schedule_unref(schedule);
	return command_finish_output();
}

static int run_next(struct call *call)
{
	struct schedule_question question;
	if (!read_question(call, &question))
		return EXIT_WRONG;
	return call_flag(call, "stdin") ? schedule_answer_lines(&question) : print_next(&question);
}

/* "Mon 2026-11-23 07:00:00 -05:00" */
static void print_local(const struct schedule_local *local, char buffer[static LOCAL_SIZE])
{
	static const char weekdays[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	char text[RFC3339_SIZE], offset[SCHEDULE_OFFSET_SIZE];
	int64_t day = local->seconds / 86400 - (local->seconds % 86400 < 0);

	rfc3339_print_seconds(wall_from_seconds(local->seconds), text);
	g_snprintf(buffer, LOCAL_SIZE, "%s %.10s %.8s %s", weekdays[(day % 7 + 7) % 7], text, text + 11,
		   schedule_offset_print(local->offset, offset));
}

static void print_explained(const struct schedule_question *question, const struct schedule *schedule)
{
	g_autofree char *canonical = schedule_print(schedule), *sentence = schedule_sentence(schedule);
	struct wall at = question->from;
	const char *note = schedule_note(schedule);

	printf("schedule  %s\n", canonical);
	printf("meaning   %s\n", sentence);
	printf("zone      %s (tzdata %s)\n", question->zone ? question->zone : "UTC", tz_database_version());
	printf("kind      %s%s\n", schedule_kind_sentence(schedule),
	       schedule_kind(schedule) == SCHEDULE_EVERY ? "; here from --from" : "");
	if (note)
		printf("note      %s\n", note);
	for (int i = 0; i < EXPLAIN_COUNT && schedule_next(schedule, question->from, at, &at); i++) {
		char utc[RFC3339_SIZE], text[LOCAL_SIZE];
		struct schedule_local local;

		schedule_local_at(schedule, at, &local);
		print_local(&local, text);
		printf("%s%s  %s%s%s\n", i == 0 ? "next      " : "          ", rfc3339_print_seconds(at, utc), text,
		       local.note ? "  " : "", local.note ? local.note : "");
	}
}

static int run_explain(struct call *call)
{
	struct schedule_question question;
	int status = EXIT_OK;

	if (!read_question(call, &question))
		return EXIT_WRONG;
	struct schedule *schedule = parse_or_complain(&question, &status);
	if (!schedule)
		return status;
	print_explained(&question, schedule);
	schedule_unref(schedule);
	return command_finish_output();
}

const struct command schedule_commands[] = {
	{ .verb = "next", .help = "Print when a schedule is due next, one UTC instant a line", .details = expression_help,
	  .example = "belfry schedule next --tz Europe/Berlin --count 5 '0 30 2 * * *'", .arguments = expression_argument,
	  .options = next_options, .run = run_next },
	{ .verb = "explain", .help = "Say how a schedule is understood, and when it is due next in local time",
	  .details = expression_help, .example = "belfry schedule explain --tz America/New_York '30 2 * * SUN#2'",
	  .arguments = expression_argument, .options = explain_options, .run = run_explain },
	{ 0 }
};
