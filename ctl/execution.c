/* belfry execution ...: history over all jobs, one execution, and those that arrive while one watches. */
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"

#define FOLLOW_PERIOD_US (G_USEC_PER_SEC / 2)
#define FOLLOW_WINDOW_MS (6 * 3600000) /* a record may arrive that much after its instant and still be seen */
#define FOLLOW_PAGE_MAX 1000
#define STATUS_HELP "success, failed, timeout, skipped, missed, interrupted; several with commas between"

static const struct view_column execution_columns[] = {
	{ "DUE", "scheduledAt", CELL_TIME, 0 },
	{ "JOB", "jobName|jobId", CELL_TEXT, SHRINKS },
	{ "STATUS", "status", CELL_STATUS, 0 },
	{ "LATENESS", "latenessMs", CELL_MS, WIDE },
	{ "DURATION", "durationMs", CELL_MS, 0 },
	{ "TRIES", "attempts", CELL_NUMBER, WIDE },
	{ "HTTP", "httpStatus", CELL_NUMBER, 0 },
	{ "REASON", "reason|error", CELL_TEXT, SHRINKS },
	{ "AGENT", "agentName", CELL_TEXT, IF_ANY | WIDE },
	{ "DOUBLED", "doubled", CELL_YES, IF_ANY },
	{ "UNSENT", "unsent", CELL_YES, IF_ANY },
	{ "ID", "executionId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view_column attempt_columns[] = {
	{ "ATTEMPT", "number", CELL_NUMBER, 0 },
	{ "AFTER DUE", "startedAfterMs", CELL_MS, 0 },
	{ "DURATION", "durationMs", CELL_MS, 0 },
	{ "END", "outcome", CELL_STATUS, 0 },
	{ "HTTP", "httpStatus", CELL_NUMBER, IF_ANY },
	{ "THEN WAITED", "waitMs", CELL_MS, IF_ANY },
	{ "BECAUSE OF", "waitCause", CELL_TEXT, IF_ANY },
	{ 0 }
};
static const struct view_column double_columns[] = {
	{ "ALSO RUN BY", "agentName|agentId", CELL_TEXT, SHRINKS },
	{ "STARTED", "startedAt", CELL_TIME, 0 },
	{ "STATUS", "status", CELL_STATUS, 0 },
	{ "RECEIVED", "receivedAt", CELL_TIME, WIDE },
	{ 0 }
};
static const struct view execution_parts[] = {
	{ .member = "attemptLog.list", .columns = attempt_columns },
	{ .member = "doubles", .columns = double_columns },
	{ 0 }
};
static const struct view execution_view = {
	.member = "executions",
	.name = "executionId",
	.columns = execution_columns,
	.none = "there are no such executions",
	.local_cursor = "before",
	.parts = execution_parts,
};

#define FILTERS                                                                                                    \
	{ "job", VALUE_JOB, 'j', .parameter = "jobId", .local = true, .help = "Only of this job" },                 \
	{ "agent", VALUE_AGENT, .parameter = "agentId", .help = "Only of this agent" },                             \
	{ "status", VALUE_TEXT, 's', .parameter = "status", .local = true, .help = STATUS_HELP },                                  \
	{ "cause", VALUE_WORD, .words = "schedule catchUp manual", .parameter = "cause", .help = "Why it was tried" },      \
	{ "doubled", VALUE_FLAG, .parameter = "doubled", .help = "Only what another agent decided too" }

static const struct command_value list_options[] = {
	FILTERS,
	{ "from", VALUE_TIME, .parameter = "from", .help = "Due not before" },
	{ "to", VALUE_TIME, .parameter = "to", .help = "Due before" },
	{ 0 }
};
static const struct command_value follow_options[] = {
	FILTERS,
	{ "count", VALUE_NUMBER, .show = "N", .min = 1, .max = 1e9, .help = "End after that many; default: go on until stopped" },
	{ "for", VALUE_DURATION, .show = "DURATION", .help = "End after that time" },
	{ 0 }
};
static const struct command_value show_arguments[] = {
	{ "job", VALUE_JOB, .help = "Name or id of the job" },
	{ "execution", VALUE_TEXT, .help = "Id of the execution" },
	{ 0 }
};
static const struct command_value show_options[] = {
	{ "due", VALUE_TIME, .parameter = "scheduledAt", .help = "Its due instant, which makes finding it cheaper" },
	{ 0 }
};

struct follow {
	const struct call *call;
	struct output output;
	GHashTable *seen;  /* executionId -> due instant in us (boxed): those in the window */
	bool silent;       /* the first round only notes what is there */
	GPtrArray *fresh;  /* json_t, oldest last */
	bool page_had_fresh;
};

static int note_page(void *context, json_t *page)
{
	struct follow *follow = context;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(page, "executions"), i, item)
	{
		const char *id = json_string_value(json_object_get(item, "executionId"));
		const char *due = json_string_value(json_object_get(item, "scheduledAt"));
		struct wall at = WALL_NONE;
		if (id == NULL || due == NULL || !rfc3339_parse(due, &at) || g_hash_table_contains(follow->seen, id))
			continue;
		gint64 *boxed = g_new(gint64, 1);
		*boxed = at.us;
		g_hash_table_insert(follow->seen, g_strdup(id), boxed);
		if (!follow->silent)
			g_ptr_array_add(follow->fresh, json_incref(item));
	}
	return EXIT_OK;
}

static gboolean is_before(gpointer key, gpointer value, gpointer limit)
{
	(void)key;
	return *(const gint64 *)value < *(const gint64 *)limit;
}

/* Oldest first, as a log reads. Returns how many. */
static int64_t print_fresh(struct follow *follow)
{
	int64_t n = follow->fresh->len;
	for (guint i = follow->fresh->len; i-- > 0;) {
		json_t *item = follow->fresh->pdata[i];
		if (follow->output.form == OUTPUT_TABLE) {
			g_autofree char *due = output_cell_text(&follow->output, output_member(item, "scheduledAt"), CELL_TIME);
			g_autofree char *took = output_cell_text(&follow->output, output_member(item, "durationMs"), CELL_MS);
			g_autofree char *job = output_fill(output_member(item, "jobName") ? "{jobName}" : "{jobId}", item);
			g_autofree char *what = output_fill(output_member(item, "reason") ? "{status}: {reason}" : "{status}", item);
			printf("%s  %s  %s%s%s%s\n", due, job, what, took != NULL ? " (" : "", took != NULL ? took : "",
			       took != NULL ? ")" : "");
		} else {
			struct output lines = follow->output;
			lines.form = lines.form == OUTPUT_JSON ? OUTPUT_JSONL : lines.form;
			output_line(&lines, &execution_view, item);
		}
	}
	g_ptr_array_set_size(follow->fresh, 0);
	fflush(stdout);
	return n;
}

static int follow_round(struct follow *follow, struct client *client, const char *path)
{
	char text[RFC3339_SIZE];
	struct wall from = wall_add_ms(wall_now(), -(int64_t)FOLLOW_WINDOW_MS);
	g_autofree char *url = g_strdup_printf("%s%cfrom=%s", path, strchr(path, '?') != NULL ? '&' : '?',
					       rfc3339_print_ms(from, text));
	bool more;

	g_hash_table_foreach_remove(follow->seen, is_before, &from.us);
	return client_pages(client, url, "executions", "cursor", follow->silent ? -1 : FOLLOW_PAGE_MAX, note_page, follow, &more);
}

static int follow_on(struct follow *follow, struct client *client, const char *path)
{
	const struct call *call = follow->call;
	int64_t left = call_number(call, "count", INT64_MAX), lasts_ms = call_number(call, "for", INT64_MAX / 2000);
	struct mono begin = mono_now();
	bool was_away = false;

	while (left > 0 && !ferror(stdout)) {
		int status = follow_round(follow, client, path);
		if (status != EXIT_OK && (status != EXIT_AWAY || follow->silent))
			return status;
		if (status == EXIT_AWAY && !was_away)
			command_remark("trying again until it answers");
		was_away = status == EXIT_AWAY;
		client->quiet = was_away; /* said once */
		left -= print_fresh(follow);
		follow->silent = false;
		if (mono_diff_us(mono_now(), begin) / US_PER_MS >= lasts_ms)
			break;
		if (left > 0)
			g_usleep(FOLLOW_PERIOD_US);
	}
	return command_finish_output();
}

int execution_follow(struct call *call)
{
	struct client client;
	struct follow follow = { .call = call, .output = output_of(call), .silent = true };
	g_autofree char *path = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	follow.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	follow.fresh = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	status = generic_path(call, &client, "/api/executions", NULL, &path);
	if (status == EXIT_OK)
		status = follow_on(&follow, &client, path);
	g_hash_table_unref(follow.seen);
	g_ptr_array_unref(follow.fresh);
	client_close(&client);
	return status;
}

const struct command execution_commands[] = {
	{ .verb = "list", .help = "List executions, newest first", .example = "belfry execution list --status failed,timeout --from -1h",
	  .options = list_options, .uses = USES_CENTRAL | USES_SOCKET | PRINTS | PAGES, .run = command_list, .path = "/api/executions",
	  .local_path = "/executions", .view = &execution_view },
	{ .verb = "show", .help = "Show one execution", .example = "belfry execution show backup 6b1d0f2e-8c1f-5b0e-9d55-3a2f5f0e7a11",
	  .arguments = show_arguments, .options = show_options, .uses = USES_CENTRAL | PRINTS, .run = command_show,
	  .path = "/api/executions/{job}/{execution}", .view = &execution_view },
	{ .verb = "follow", .help = "Print executions as central takes them in",
	  .details = "Goes on while central is away. With -o json and -o jsonl each is one line.", .example = "belfry execution follow --job backup",
	  .options = follow_options, .uses = USES_CENTRAL | PRINTS, .run = execution_follow, .view = &execution_view },
	{ 0 }
};
