/*
 * belfry job apply: files in, the same jobs at central out. A job is known by its name; what a file leaves out goes back to
 * its default; jobs that no file names are left alone. Applying twice changes nothing the second time: central keeps the
 * revision of a definition that is equal.
 */
#include "ctl/definition.h"
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/job.h"

static const struct view_column result_columns[] = {
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "RESULT", "result", CELL_STATUS, 0 },
	{ "REVISION", "revision", CELL_NUMBER, 0 },
	{ "HELD", "held", CELL_YES, 0 }, /* no: no agent fits it, so nothing runs */
	{ "ID", "jobId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view result_view = {
	.member = "jobs",
	.name = "name",
	.columns = result_columns,
	.none = "the files define no job",
};

struct apply {
	struct client client;
	bool dry_run;
	json_t *results;
	int status; /* the first failure */
};

static void note_failure(struct apply *apply, int status)
{
	if (apply->status == EXIT_OK)
		apply->status = status;
}

static void note_result(struct apply *apply, const char *name, const char *result, const json_t *job)
{
	json_array_append_new(apply->results, json_pack("{s:s, s:s, s:O?, s:O?, s:O?}", "name", name, "result", result,
							"revision", json_object_get(job, "revision"), "held",
							json_object_get(job, "held"), "jobId", json_object_get(job, "jobId")));
}

/* The definition with all defaults written out, secrets masked; NULL: the sentence is said. */
static json_t *complete(const json_t *definition, const char *place)
{
	struct job_problem problem = { NULL, NULL };
	struct job *job = job_parse(definition, "", 0, true, &problem);

	if (job == NULL) {
		command_wrong("%s: %s (pointer %s)", place, problem.detail, *problem.pointer != '\0' ? problem.pointer : "/");
		job_problem_clear(&problem);
		return NULL;
	}
	json_t *json = job_to_json(job, true);
	job_unref(job);
	job_json_strip_read_only(json);
	return json;
}

static int compare(struct apply *apply, const char *place, const char *name, const json_t *definition, const json_t *old)
{
	json_t *wanted = complete(definition, place);
	json_t *there = old != NULL ? complete(old, "central") : NULL;
	const char *result = old == NULL ? "created" : there != NULL && json_equal(wanted, there) ? "unchanged" : "changed";

	if (wanted != NULL)
		note_result(apply, name, result, old);
	int status = wanted != NULL ? EXIT_OK : EXIT_WRONG;
	json_decref(wanted);
	json_decref(there);
	return status;
}

static int replace(struct apply *apply, const char *place, const char *name, const json_t *definition, const char *id)
{
	g_autofree char *path = g_strconcat("/api/jobs/", id, NULL), *etag = NULL;
	json_t *old = NULL, *job = NULL;
	int status = client_get(&apply->client, path, &old);

	if (status == EXIT_OK && apply->dry_run) {
		status = compare(apply, place, name, definition, old);
	} else if (status == EXIT_OK) {
		etag = g_strdup(apply->client.etag);
		status = client_ask(&apply->client, "PUT", path, definition, etag, &job);
		if (status == EXIT_OK)
			note_result(apply, name,
				    json_equal(json_object_get(old, "revision"), json_object_get(job, "revision")) ? "unchanged" : "changed",
				    job);
	}
	json_decref(old);
	json_decref(job);
	return status;
}

static int create(struct apply *apply, const char *place, const char *name, const json_t *definition)
{
	json_t *job = NULL;
	if (apply->dry_run)
		return compare(apply, place, name, definition, NULL);
	int status = client_ask(&apply->client, "POST", "/api/jobs", definition, NULL, &job);
	if (status == EXIT_OK)
		note_result(apply, name, "created", job);
	json_decref(job);
	return status;
}

static int apply_definition(struct apply *apply, const char *place, json_t *definition)
{
	g_autofree char *id = NULL;
	const char *name = json_string_value(json_object_get(definition, "name"));

	if (!json_is_object(definition))
		return command_wrong("%s: a definition is an object", place);
	if (name == NULL)
		return command_wrong("%s: the job has no name: apply finds jobs by their names", place);
	apply->client.about = place;
	int status = client_look_for_job(&apply->client, name, &id);
	if (status == EXIT_OK)
		status = id == NULL ? create(apply, place, name, definition) : replace(apply, place, name, definition, id);
	apply->client.about = NULL;
	return status;
}

static void apply_document(struct apply *apply, const char *place, json_t *document)
{
	json_t *list = json_is_array(document) ? document : json_object_get(document, "jobs"), *definition;
	size_t i;
	int status;

	if (!json_is_array(list)) {
		status = apply_definition(apply, place, document);
		if (status != EXIT_OK)
			note_failure(apply, status);
		return;
	}
	json_array_foreach(list, i, definition)
	{
		g_autofree char *one = g_strdup_printf("%s: job %zu", place, i + 1);
		status = apply_definition(apply, one, definition);
		if (status != EXIT_OK)
			note_failure(apply, status);
		if (status == EXIT_AWAY || status == EXIT_NOT_ALLOWED)
			return; /* the next would not fare better */
	}
}

/* `default_name` is for a file of a folder; NULL = the definition must have its own. */
static void apply_file(struct apply *apply, const char *path, const char *default_name)
{
	json_t *document = definition_read(path);
	if (document == NULL) {
		note_failure(apply, EXIT_WRONG);
		return;
	}
	if (default_name != NULL && json_is_object(document) && json_object_get(document, "jobs") == NULL &&
	    json_object_get(document, "name") == NULL)
		json_object_set_new(document, "name", json_string(default_name));
	apply_document(apply, strcmp(path, "-") == 0 ? "stdin" : path, document);
	json_decref(document);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void apply_folder(struct apply *apply, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	GDir *folder = g_dir_open(path, 0, &error);
	const char *name;

	if (folder == NULL) {
		note_failure(apply, command_wrong("%s", error->message));
		return;
	}
	while ((name = g_dir_read_name(folder)) != NULL)
		if (g_str_has_suffix(name, ".json") && *name != '.')
			g_ptr_array_add(files, g_strdup(name));
	g_dir_close(folder);
	g_ptr_array_sort(files, by_name);
	for (guint i = 0; i < files->len && apply->status != EXIT_AWAY && apply->status != EXIT_NOT_ALLOWED; i++) {
		g_autofree char *file = g_build_filename(path, files->pdata[i], NULL);
		g_autofree char *stem = g_strndup(files->pdata[i], strlen(files->pdata[i]) - strlen(".json"));
		apply_file(apply, file, stem);
	}
}

static void print_results(const struct call *call, const struct apply *apply)
{
	struct output output = output_of(call);
	const json_t *item;
	size_t i;

	if (output.form == OUTPUT_JSON) {
		json_t *document = json_pack("{s:O, s:b}", "jobs", apply->results, "dryRun", apply->dry_run);
		output_json(document);
		json_decref(document);
	} else if (output.form == OUTPUT_TABLE) {
		output_table(&output, &result_view, apply->results);
	} else {
		json_array_foreach(apply->results, i, item)
			output_line(&output, &result_view, item);
	}
}

int job_apply(struct call *call)
{
	struct apply apply = { .dry_run = call_flag(call, "dry-run") };

	if (!call_has(call, "file"))
		return command_wrong("say what to apply: -f FILE, -f FOLDER or -f -");
	int status = client_open(call, &apply.client);
	if (status != EXIT_OK)
		return status;
	apply.results = json_array();
	for (char **path = call_texts(call, "file"); *path != NULL; path++) {
		if (g_file_test(*path, G_FILE_TEST_IS_DIR))
			apply_folder(&apply, *path);
		else
			apply_file(&apply, *path, NULL);
	}
	if (json_array_size(apply.results) > 0 || apply.status == EXIT_OK)
		print_results(call, &apply);
	json_decref(apply.results);
	client_close(&apply.client);
	status = command_finish_output();
	return apply.status != EXIT_OK ? apply.status : status;
}
