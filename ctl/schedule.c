/*
 * belfry schedule next, belfry schedule explain: the instants of a schedule for people and scripts.
 */
#include "ctl/schedule.h"

#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/schedule_explain.h"
#include "common/tz.h"
#include "ctl/command.h"

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

static char *option_zone, *option_from, *option_job_id;
static gboolean option_stdin;
static int option_count = 1;
static char **option_rest;

static const GOptionEntry common_options[] = {
	{ "tz", 0, 0, G_OPTION_ARG_FILENAME, &option_zone, "Time zone such as Europe/Berlin; default UTC", "ZONE" },
	{ "from", 0, 0, G_OPTION_ARG_FILENAME, &option_from, "Only what is due after this RFC 3339 time; default now",
	  "TIME" },
	{ "job-id", 0, 0, G_OPTION_ARG_FILENAME, &option_job_id, "Job whose value H stands for", "ID" },
	{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option_rest, NULL, NULL },
	{ 0 },
};
static const GOptionEntry count_option = {
	"count", 0, 0, G_OPTION_ARG_INT, &option_count, "How many, 1-10000; default 1", "N"
};
static const char stdin_help[] =
	"Answer JSON lines {\"expr\",\"tz\",\"from\",\"count\",\"jobId\"} with {\"next\":[...]} or {\"error\":\"...\"}";
static const GOptionEntry stdin_option = { "stdin", 0, 0, G_OPTION_ARG_NONE, &option_stdin, stdin_help, NULL };

/* An expression like "-5 * * * *" looks like an option but has blanks: taken out, it gets its own message. */
static const char *take_dashed_expression(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		const char *word = argv[i];
		if (word[0] != '-' || word[1] == '-' || !strpbrk(word, " \t"))
			continue;
		memmove(argv + i, argv + i + 1, (size_t)(*argc - i) * sizeof(*argv));
		(*argc)--;
		return word;
	}
	return NULL;
}

char *schedule_from_problem(const char *label, const char *text)
{
	return g_strdup_printf("%s: \"%.40s\" is no RFC 3339 time such as 2026-11-23T12:00:00Z", label, text);
}

static bool read_expression(const char *dashed, bool from_stdin, const char **ret, int *ret_status)
{
	guint n = (option_rest ? g_strv_length(option_rest) : 0) + (dashed ? 1 : 0);

	*ret = dashed ? dashed : n ? option_rest[0] : NULL;
	if (from_stdin ? n == 0 : n == 1)
		return true;
	if (from_stdin)
		*ret_status = command_wrong("--stdin takes no expression on the command line");
	else if (n == 0)
		*ret_status = command_wrong("an expression is missing (%s --help shows some)", g_get_prgname());
	else
		*ret_status = command_wrong("%u expressions are given: write one, in quotes, as in '*/5 * * * *'", n);
	return false;
}

bool schedule_question_read(int argc, char **argv, struct schedule_options *options, const char *summary,
			    const char *description, struct schedule_question *ret, int *ret_status)
{
	GOptionEntry entries[G_N_ELEMENTS(common_options) + 2];
	struct schedule_question question = { 0 };
	size_t n = 0;

	if (options->with_count)
		entries[n++] = count_option;
	if (options->with_stdin)
		entries[n++] = stdin_option;
	memcpy(entries + n, common_options, sizeof(common_options));

	const char *dashed = take_dashed_expression(&argc, argv);
	if (!command_parse_options(&argc, &argv, entries, "'EXPR'", summary, description, ret_status))
		return false;
	options->from_stdin = option_stdin;
	if (!read_expression(dashed, option_stdin, &question.expression, ret_status))
		return false;
	if (option_count < 1 || option_count > NEXT_COUNT_MAX) {
		*ret_status = command_wrong("--count: %d is outside 1-%d", option_count, NEXT_COUNT_MAX);
		return false;
	}
	question.zone = option_zone;
	question.job_id = option_job_id;
	question.count = option_count;
	question.from = wall_now();
	if (option_from && !rfc3339_parse(option_from, &question.from)) {
		g_autofree char *problem = schedule_from_problem("--from", option_from);
		*ret_status = command_wrong("%s", problem);
		return false;
	}
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

int command_schedule_next(int argc, char **argv)
{
	struct schedule_options options = { .with_count = true, .with_stdin = true };
	struct schedule_question question;
	int status;

	if (!schedule_question_read(argc, argv, &options, "Prints when a schedule is due next, one UTC instant a line.",
				    expression_help, &question, &status))
		return status;
	return options.from_stdin ? schedule_answer_lines(&question) : print_next(&question);
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

int command_schedule_explain(int argc, char **argv)
{
	struct schedule_options options = { 0 };
	struct schedule_question question;
	int status;

	if (!schedule_question_read(argc, argv, &options,
				    "Says how a schedule is understood, and when it is due next in local time.",
				    expression_help, &question, &status))
		return status;

	struct schedule *schedule = parse_or_complain(&question, &status);
	if (!schedule)
		return status;
	print_explained(&question, schedule);
	schedule_unref(schedule);
	return command_finish_output();
}
