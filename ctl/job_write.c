/* belfry job create, belfry job edit. */
#include "common/job.h"
#include "ctl/definition.h"
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A job that nobody has, as it was just made or changed, is due in vain. */
static void say_unheld(const json_t *job)
{
	const char *agent = json_string_value(output_member(job, "target.agent"));
	const char *selector = json_string_value(output_member(job, "target.selector"));
	if (!json_is_false(json_object_get(job, "held")))
		return;
	if (agent != NULL)
		command_remark("note: there is no agent \"%s\" yet: nothing runs until there is", agent);
	else if (selector != NULL)
		command_remark("note: no agent fits the selector \"%s\" yet: nothing runs until one does", selector);
	else
		command_remark("note: there is no agent yet: nothing runs until there is one");
}

static int say_job(const struct call *call, const char *sentence, const json_t *job)
{
	struct output output = output_of(call);
	if (output.form != OUTPUT_TABLE)
		return generic_print(call, job);
	g_autofree char *line = output_fill(sentence, job);
	puts(line);
	const char *note = json_string_value(json_object_get(job, "note"));
	if (note != NULL)
		command_remark("note: %s", note);
	say_unheld(job);
	return command_finish_output();
}

static int make_definition(const struct call *call, struct client *client, json_t **ret)
{
	json_t *definition = json_object(), *options = NULL;

	if (call_has(call, "file")) {
		json_decref(definition);
		definition = definition_read(call_text(call, "file"));
		if (definition == NULL)
			return EXIT_WRONG;
	}
	int status = json_is_object(definition) ? EXIT_OK
						: command_wrong("%s: holds no definition: an object is wanted", call_text(call, "file"));
	if (status == EXIT_OK)
		status = generic_body(call, client, &options);
	if (status == EXIT_OK) {
		json_object_update(definition, options);
		status = definition_take_sets(call, definition);
	}
	json_decref(options);
	if (status == EXIT_OK)
		*ret = definition;
	else
		json_decref(definition);
	return status;
}

int job_create(struct call *call)
{
	struct client client;
	json_t *definition = NULL, *job = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = make_definition(call, &client, &definition);
	if (status == EXIT_OK && json_object_size(definition) == 0)
		status = command_wrong("a job needs at least --schedule and --api, or -f FILE");
	if (status == EXIT_OK)
		status = client_ask(&client, "POST", "/api/jobs", definition, NULL, &job);
	if (status == EXIT_OK)
		status = say_job(call, "{name}: created as {jobId}, due next {nextFireAt}", job);
	json_decref(definition);
	json_decref(job);
	client_close(&client);
	return status;
}

/* The person's editor; NULL = none is named, and there is no terminal for the one that is everywhere. */
static const char *find_editor(void)
{
	const char *visual = g_getenv("VISUAL"), *editor = g_getenv("EDITOR");
	if (visual != NULL && *visual != '\0')
		return visual;
	if (editor != NULL && *editor != '\0')
		return editor;
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? "vi" : NULL;
}

/* Runs it on a file; an exit status. */
static int run_editor(const char *editor, const char *path)
{
	g_autoptr(GError) error = NULL;
	int wait_status = 0;

	/* The variable may hold options: the shell takes it apart, as it does for git and crontab. */
	g_autofree char *script = g_strconcat(editor, " \"$1\"", NULL);
	const char *words[] = { "sh", "-c", script, "sh", path, NULL };
	if (!g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
			  &wait_status, &error))
		return command_fail(EXIT_FAILED, "the editor does not start: %s", error->message);
	if (!g_spawn_check_wait_status(wait_status, NULL))
		return command_fail(EXIT_FAILED, "the editor \"%s\" failed; nothing was changed", editor);
	return EXIT_OK;
}

static int write_temporary(const json_t *definition, char **ret_path)
{
	g_autoptr(GError) error = NULL;
	char *text = json_dumps(definition, JSON_INDENT(2));
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("belfry-XXXXXX.json", &path, &error);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && write(fd, "\n", 1) == 1;

	free(text);
	if (fd >= 0)
		close(fd);
	if (!ok)
		return command_fail(EXIT_FAILED, "cannot write a temporary file: %s", error != NULL ? error->message : g_strerror(errno));
	*ret_path = g_steal_pointer(&path);
	return EXIT_OK;
}

static int edit_in_editor(const struct call *call, struct client *client, const char *url, const char *if_match)
{
	json_t *job = NULL, *edited = NULL, *answer = NULL;
	g_autofree char *path = NULL, *etag = NULL;
	const char *editor = find_editor();
	if (editor == NULL)
		return command_wrong("there is no terminal to edit at: name what changes, as in --schedule EXPR or --set KEY=VALUE");
	int status = client_get(client, url, &job);

	if (status != EXIT_OK)
		return status;
	etag = g_strdup(if_match != NULL ? if_match : client->etag);
	job_json_strip_read_only(job);
	status = write_temporary(job, &path);
	if (status == EXIT_OK)
		status = run_editor(editor, path);
	if (status == EXIT_OK && (edited = definition_read(path)) == NULL)
		status = EXIT_WRONG;
	if (status == EXIT_OK && json_equal(job, edited)) {
		command_remark("nothing was changed");
	} else if (status == EXIT_OK) {
		status = client_ask(client, "PUT", url, edited, etag, &answer);
		if (status == EXIT_OK)
			status = say_job(call, "{name}: revision {revision}, due next {nextFireAt}", answer);
	}
	if (status == EXIT_OK)
		unlink(path);
	else if (path != NULL)
		command_remark("what was edited is kept in %s", path);
	json_decref(job);
	json_decref(edited);
	json_decref(answer);
	return status;
}

static int edit_members(const struct call *call, struct client *client, const char *url, const json_t *patch, const char *if_match)
{
	json_t *answer = NULL;
	int status = client_ask(client, "PATCH", url, patch, if_match, &answer);
	if (status == EXIT_OK)
		status = say_job(call, "{name}: revision {revision}, due next {nextFireAt}", answer);
	json_decref(answer);
	return status;
}

int job_edit(struct call *call)
{
	struct client client;
	json_t *patch = NULL;
	g_autofree char *id = NULL, *url = NULL, *if_match = generic_if_match(call);
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_body(call, &client, &patch);
	if (status == EXIT_OK)
		status = definition_take_sets(call, patch);
	if (status == EXIT_OK)
		status = client_find_job(&client, call_text(call, "job"), &id);
	if (status == EXIT_OK) {
		g_autofree char *escaped = client_escape(id);
		url = g_strconcat("/api/jobs/", escaped, NULL);
		status = json_object_size(patch) > 0 ? edit_members(call, &client, url, patch, if_match)
						     : edit_in_editor(call, &client, url, if_match);
	}
	json_decref(patch);
	client_close(&client);
	return status;
}
