/* belfry ledger, late, failures, overview: how the whole is. */
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>

#define ACTS (USES_CENTRAL | PRINTS)

/* --- ledger */

static const struct view_column ledger_columns[] = {
	{ "JOB", "name|jobId", CELL_TEXT, SHRINKS },
	{ "DUE", "due", CELL_NUMBER, 0 },
	{ "DECIDED", "decided", CELL_NUMBER, 0 },
	{ "UNACCOUNTED", "unaccounted", CELL_NUMBER, 0 },
	{ "UNKNOWN", "unknown", CELL_NUMBER, IF_ANY },
	{ "HOLES", "holes", CELL_LIST, 0 },
	{ "ID", "jobId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view ledger_view = {
	.member = "jobs",
	.name = "jobId",
	.columns = ledger_columns,
	.none = "no job was due in that time",
};

static const struct command_value ledger_options[] = {
	{ "job", VALUE_JOB, 'j', .parameter = "jobId", .help = "Only this job" },
	{ "agent", VALUE_AGENT, .parameter = "agentId", .help = "Only this agent" },
	{ "from", VALUE_TIME, .parameter = "from", .help = "Due not before" },
	{ "to", VALUE_TIME, .parameter = "to", .help = "Due before" },
	{ "holes", VALUE_FLAG, .help = "Also list the exact holes" },
	{ 0 }
};

static void print_holes(const struct output *output, const json_t *owners)
{
	const json_t *owner, *hole;
	size_t i, k;

	json_array_foreach((json_t *)owners, i, owner)
	{
		json_array_foreach(json_object_get(owner, "holes"), k, hole)
		{
			g_autofree char *from = output_cell_text(output, json_object_get(hole, "from"), CELL_TIME);
			g_autofree char *to = output_cell_text(output, json_object_get(hole, "to"), CELL_TIME);
			g_autofree char *who = output_fill("{name}", owner);
			g_autofree char *count = output_cell_text(output, json_object_get(hole, "count"), CELL_NUMBER);
			printf("hole: %s, %s to %s%s%s\n", who, from != NULL ? from : "?", to != NULL ? to : "?",
			       count != NULL ? ": " : "", count != NULL ? count : "");
		}
	}
}

static int print_ledger(const struct call *call, const json_t *ledger)
{
	struct output output = output_of(call);
	const json_t *jobs = json_object_get(ledger, "jobs"), *job;
	size_t i;

	if (output.form == OUTPUT_JSON) {
		output_json(ledger);
	} else if (output.form == OUTPUT_TABLE) {
		g_autofree char *from = output_cell_text(&output, output_member(ledger, "from"), CELL_TIME);
		g_autofree char *to = output_cell_text(&output, output_member(ledger, "to"), CELL_TIME);
		g_autofree char *sums = output_fill("due {due}, decided {decided}, unaccounted {unaccounted}, unknown {unknown}", ledger);
		printf("%s to %s: %s\n", from != NULL ? from : "-", to != NULL ? to : "-", sums);
		output_table(&output, &ledger_view, jobs);
		if (call_flag(call, "holes")) {
			print_holes(&output, jobs);
			print_holes(&output, json_object_get(ledger, "agents"));
		}
	} else {
		json_array_foreach((json_t *)jobs, i, job)
			output_line(&output, &ledger_view, job);
	}
	return command_finish_output();
}

struct merged {
	json_t *document;
};

static void add_sum(json_t *to, const json_t *from, const char *member)
{
	json_int_t sum = json_integer_value(json_object_get(to, member)) + json_integer_value(json_object_get(from, member));
	json_object_set_new(to, member, json_integer(sum));
}

/* Every page has the sums of its own jobs; the agents come with the first. */
static int merge_page(void *context, json_t *page)
{
	struct merged *merged = context;
	if (merged->document == NULL) {
		merged->document = json_incref(page);
		return EXIT_OK;
	}
	json_array_extend(json_object_get(merged->document, "jobs"), json_object_get(page, "jobs"));
	add_sum(merged->document, page, "due");
	add_sum(merged->document, page, "decided");
	add_sum(merged->document, page, "unaccounted");
	add_sum(merged->document, page, "unknown");
	json_object_set(merged->document, "nextCursor", json_object_get(page, "nextCursor"));
	return EXIT_OK;
}

static int run_ledger(struct call *call)
{
	struct client client;
	struct merged merged = { NULL };
	g_autofree char *path = NULL;
	bool more = false;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_path(call, &client, call->command->path, NULL, &path);
	if (status == EXIT_OK)
		status = client_pages(&client, path, "jobs", "cursor", call_number(call, "limit", call_has(call, "all") ? -1 : 100),
				      merge_page, &merged, &more);
	if (status == EXIT_OK)
		status = print_ledger(call, merged.document);
	if (status == EXIT_OK && more && output_of(call).form == OUTPUT_TABLE)
		command_remark("there are more: --limit N or --all");
	json_decref(merged.document);
	client_close(&client);
	return status;
}

const struct command ledger_commands[] = {
	{ .help = "Due instants against decisions, per job; unaccounted must be 0", .example = "belfry ledger --from -24h --holes",
	  .options = ledger_options, .uses = ACTS | PAGES, .run = run_ledger, .path = "/api/observability/ledger", .view = &ledger_view },
	{ 0 }
};

/* --- late and failures */

static const struct view_column late_columns[] = {
	{ "JOB", "name", CELL_TEXT, SHRINKS },
	{ "DUE", "dueAt", CELL_TIME, 0 },
	{ "LATE SINCE", "lateSince", CELL_TIME, 0 },
	{ "AGENT", "agentName|agentId", CELL_TEXT, SHRINKS },
	{ "REASON", "reason", CELL_TEXT, SHRINKS },
	{ "ID", "jobId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view late_view = {
	.member = "late",
	.name = "jobId",
	.columns = late_columns,
	.none = "no job is late",
};

const struct command late_commands[] = {
	{ .help = "Jobs whose report should have come and did not", .example = "belfry late -o json", .uses = ACTS | PAGES,
	  .run = command_list, .path = "/api/observability/alerts/late", .view = &late_view },
	{ 0 }
};

static const struct view_column failure_columns[] = {
	{ "JOB", "name|jobId", CELL_TEXT, SHRINKS },
	{ "COUNT", "count", CELL_NUMBER, 0 },
	{ "FIRST", "firstAt", CELL_TIME, WIDE },
	{ "LAST", "lastAt", CELL_TIME, 0 },
	{ "STATUS", "last.status", CELL_STATUS, 0 },
	{ "REASON", "last.reason|last.error", CELL_TEXT, SHRINKS },
	{ "ID", "jobId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view failure_view = {
	.member = "failures",
	.name = "jobId",
	.columns = failure_columns,
	.none = "nothing failed",
};

static const struct command_value failure_options[] = {
	{ "hours", VALUE_NUMBER, .show = "N", .min = 1, .max = 8784, .parameter = "hours", .help = "How far back; default 24" },
	{ 0 }
};

const struct command failures_commands[] = {
	{ .help = "Jobs that failed lately, with the last reason", .example = "belfry failures --hours 168", .options = failure_options,
	  .uses = ACTS, .run = command_list, .path = "/api/observability/alerts/failures", .view = &failure_view },
	{ 0 }
};

/* --- overview */

/* Bars of eight heights, one an hour: successes and all else. */
static void print_hours(const json_t *hours)
{
	static const char *const bars[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	const json_t *hour, *count;
	const char *status;
	double most = 0, sums[24] = { 0 }, bad[24] = { 0 };
	size_t i;

	json_array_foreach((json_t *)hours, i, hour)
	{
		if (i >= 24)
			break;
		json_object_foreach(json_object_get(hour, "byStatus"), status, count)
		{
			sums[i] += json_number_value(count);
			bad[i] += strcmp(status, "success") != 0 && strcmp(status, "skipped") != 0 ? json_number_value(count) : 0;
		}
		most = MAX(most, sums[i]);
	}
	if (most <= 0)
		return;
	for (int row = 0; row < 2; row++) {
		const double *values = row == 0 ? sums : bad;
		printf("%-11s ", row == 0 ? "hours" : "  failed");
		for (size_t k = 0; k < 24; k++) {
			size_t step = (size_t)(values[k] * 8 / most);
			fputs(bars[values[k] > 0 ? MAX(step, 1) : 0], stdout);
		}
		putchar('\n');
	}
}

static void print_line(const json_t *overview, const char *label, const char *sentence)
{
	g_autofree char *text = output_fill(sentence, overview);
	printf("%-11s %s\n", label, text);
}

static void print_spread(const struct output *output, const json_t *overview, const char *label, const char *path)
{
	g_autofree char *p50_path = g_strconcat(path, ".p50", NULL), *p99_path = g_strconcat(path, ".p99", NULL);
	g_autofree char *p50 = output_cell_text(output, output_member(overview, p50_path), CELL_MS);
	g_autofree char *p99 = output_cell_text(output, output_member(overview, p99_path), CELL_MS);
	printf("  %-9s half within %s, 99 %% within %s\n", label, p50 != NULL ? p50 : "-", p99 != NULL ? p99 : "-");
}

static void print_statuses(const json_t *counts)
{
	const char *status;
	const json_t *count;
	bool any = false;

	json_object_foreach((json_t *)counts, status, count)
	{
		if (json_integer_value(count) == 0)
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, any ? ", " : "  ", status, json_integer_value(count));
		any = true;
	}
	if (any)
		putchar('\n');
}

static void print_next_fires(const struct output *output, const json_t *fires)
{
	const json_t *fire;
	size_t i;

	json_array_foreach((json_t *)fires, i, fire)
	{
		g_autofree char *at = output_cell_text(output, json_object_get(fire, "at"), CELL_TIME);
		g_autofree char *name = output_fill("{name}", fire);
		printf("%-11s %s  %s\n", i == 0 ? "next" : "", at, name);
	}
}

static void print_overview(const struct output *output, const json_t *overview)
{
	g_autofree char *now = output_cell_text(output, output_member(overview, "now"), CELL_TIME);
	const json_t *rate = output_member(overview, "last24h.successRate");

	printf("%-11s %s\n", "now", now != NULL ? now : "-");
	print_line(overview, "jobs", "{jobs.total}: {jobs.active} active, {jobs.paused} paused, {jobs.late} late, {jobs.unassigned} unassigned");
	print_line(overview, "agents",
		   "{agents.total}: {agents.online} online, {agents.offline} offline, {agents.draining} draining");
	print_line(overview, "ledger", "{unaccounted} unaccounted, {quarantined} in quarantine");
	print_line(overview, "last 24 h", "{last24h.executions} executions");
	if (rate != NULL)
		printf("  %-9s %.2f %%\n", "success", json_number_value(rate) * 100);
	print_statuses(output_member(overview, "last24h.byStatus"));
	print_spread(output, overview, "lateness", "last24h.latenessMs");
	print_spread(output, overview, "duration", "last24h.durationMs");
	print_hours(output_member(overview, "hours"));
	print_next_fires(output, output_member(overview, "nextFires"));
}

static int run_overview(struct call *call)
{
	struct client client;
	struct output output = output_of(call);
	json_t *overview = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = client_get(&client, call->command->path, &overview);
	if (status == EXIT_OK && output.form == OUTPUT_TABLE)
		print_overview(&output, overview);
	else if (status == EXIT_OK)
		status = generic_print(call, overview);
	json_decref(overview);
	client_close(&client);
	int end = command_finish_output();
	return status != EXIT_OK ? status : end;
}

static const struct view overview_view = { .name = "now" };

const struct command overview_commands[] = {
	{ .help = "Jobs, agents, the last day and what is due next on one screen", .example = "belfry overview", .uses = ACTS,
	  .run = run_overview, .path = "/api/observability/overview", .view = &overview_view },
	{ 0 }
};
