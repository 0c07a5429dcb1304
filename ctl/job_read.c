/* belfry job next, belfry job why: answers in words and times. */
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/schedule.h"

static const struct view_column next_columns[] = {
	{ "DUE", "at", CELL_TIME, 0 },
	{ "NOTE", "note", CELL_TEXT, IF_ANY },
	{ 0 }
};
static const struct view next_view = {
	.member = "next",
	.name = "at",
	.columns = next_columns,
	.none = "the job is not due any more",
};

static struct wall read_time(const json_t *job, const char *path, struct wall fallback)
{
	const char *text = json_string_value(output_member(job, path));
	struct wall at = fallback;
	return text != NULL && rfc3339_parse(text, &at) ? at : fallback;
}

static bool is_skipped(const json_t *job, struct wall at)
{
	const json_t *skips = json_object_get(job, "skipAt"), *skip;
	struct wall instant;
	size_t i;

	json_array_foreach((json_t *)skips, i, skip)
		if (rfc3339_parse(json_string_value(skip), &instant) && instant.us == at.us)
			return true;
	return false;
}

static void add_instant(json_t *list, const json_t *job, struct wall at)
{
	char text[RFC3339_SIZE];
	json_array_append_new(list, json_pack("{s:s, s:s?}", "at", rfc3339_print_ms(at, text), "note",
					      is_skipped(job, at) ? "will be skipped" : NULL));
}

/*
 * Worked out here, from what the job says: the same code as in the agent. What the text alone does not tell is the first
 * instant of "@every", which central knows.
 */
static json_t *list_instants(const json_t *job, const struct schedule *schedule, struct wall from, int count)
{
	json_t *list = json_array();
	struct wall next = read_time(job, "nextFireAt|state.nextAt", WALL_NONE);
	struct wall begin = read_time(job, "startAt", WALL_NONE), end = read_time(job, "endAt", WALL_NEVER);
	bool is_every = schedule_kind(schedule) == SCHEDULE_EVERY;
	struct wall anchor = is_every && wall_is_set(next) ? next : from, at = from;

	if (is_every && wall_is_set(next) && wall_before(from, next)) {
		add_instant(list, job, next);
		at = next;
	}
	if (wall_is_set(begin) && wall_before(at, begin))
		at = wall_add_us(begin, -1);
	while ((int)json_array_size(list) < count && schedule_next(schedule, anchor, at, &at) && wall_before(at, end))
		add_instant(list, job, at);
	return list;
}

static int print_next(const struct call *call, const json_t *job)
{
	g_autoptr(GError) error = NULL;
	struct output output = output_of(call);
	const char *text = json_string_value(json_object_get(job, "schedule"));
	const char *zone = json_string_value(json_object_get(job, "timezone"));
	const char *id = json_string_value(json_object_get(job, "jobId"));
	struct schedule *schedule = schedule_new(text != NULL ? text : "", zone, id, &error);

	if (schedule == NULL)
		return command_fail(EXIT_FAILED, "this host does not understand the job's schedule: %s", error->message);
	json_t *list = list_instants(job, schedule, call_time(call, "from", wall_now()), (int)call_number(call, "count", 5));
	schedule_unref(schedule);
	json_t *document = json_pack("{s:s?, s:O?, s:o}", "jobId", id, "name", json_object_get(job, "name"), "next", list);
	const json_t *item;
	size_t i;

	if (json_is_false(json_object_get(job, "active")))
		command_remark("the job is paused: this is what would be due");
	if (output.form == OUTPUT_JSON)
		output_json(document);
	else if (output.form == OUTPUT_TABLE)
		output_table(&output, &next_view, list);
	else
		json_array_foreach(list, i, item)
			output_line(&output, &next_view, item);
	json_decref(document);
	return command_finish_output();
}

/* Fetches the one document of the call's path and hands it on. */
static int with_document(struct call *call, int (*print)(const struct call *call, const json_t *document))
{
	struct client client;
	g_autofree char *path = NULL;
	json_t *document = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_path(call, &client, client.local ? call->command->local_path : call->command->path, NULL, &path);
	if (status == EXIT_OK)
		status = client_get(&client, path, &document);
	if (status == EXIT_OK)
		status = print(call, document);
	json_decref(document);
	client_close(&client);
	return status;
}

int job_next(struct call *call)
{
	return with_document(call, print_next);
}

static void print_when(const struct output *output, const json_t *document, const char *label, const char *path)
{
	g_autofree char *text = output_cell_text(output, output_member(document, path), CELL_TIME);
	if (text != NULL)
		printf("%-14s%s\n", label, text);
}

static int print_why(const struct call *call, const json_t *document)
{
	struct output output = output_of(call);
	const json_t *sentence, *nearest = output_member(document, "nearest");
	size_t i;

	if (output.form != OUTPUT_TABLE)
		return generic_print(call, document);
	print_when(&output, document, "asked about", "at");
	json_array_foreach(json_object_get(document, "sentences"), i, sentence)
	{
		g_autofree char *at = output_cell_text(&output, output_member(sentence, "at"), CELL_TIME);
		g_autofree char *text = output_fill("{text}", sentence);
		printf("%-21s%s\n", at != NULL ? at : "", text);
	}
	if (nearest != NULL) {
		g_autofree char *words = output_fill(output_member(nearest, "reason") != NULL ? "{status}: {reason}" : "{status}",
						     nearest);
		g_autofree char *due = output_cell_text(&output, output_member(nearest, "scheduledAt"), CELL_TIME);
		printf("%-14s%s %s\n", "nearest", due != NULL ? due : "", words);
	}
	print_when(&output, document, "due before", "previousFireAt");
	print_when(&output, document, "due after", "nextFireAt");
	return command_finish_output();
}

int job_why(struct call *call)
{
	return with_document(call, print_why);
}
