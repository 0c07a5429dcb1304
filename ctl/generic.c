#include "ctl/generic.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_DEFAULT 100

static const struct command_value *find_spec(const struct call *call, const char *name)
{
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		if (strcmp(spec->name, name) == 0)
			return spec;
	}
	return NULL;
}

/* As it goes to central: names of jobs and agents are looked up. */
static int resolve(struct client *client, const struct command_value *spec, const char *text, char **ret)
{
	if (spec->kind == VALUE_JOB)
		return client_find_job(client, text, ret);
	if (spec->kind == VALUE_AGENT)
		return client_find_agent(client, text, ret);
	*ret = g_strdup(text);
	return EXIT_OK;
}

static int fill_path(const struct call *call, struct client *client, const char *template, const char *many_text, GString *out)
{
	for (const char *at = template; *at != '\0';) {
		size_t plain = strcspn(at, "{");
		g_string_append_len(out, at, (gssize)plain);
		at += plain;
		if (*at == '\0')
			break;
		g_autofree char *name = g_strndup(at + 1, strcspn(at + 1, "}"));
		const struct command_value *spec = find_spec(call, name);
		g_autofree char *id = NULL;
		int status = resolve(client, spec, spec->many && many_text ? many_text : call_text(call, name), &id);
		if (status != EXIT_OK)
			return status;
		g_autofree char *escaped = client_escape(id);
		g_string_append(out, escaped);
		at += strlen(name) + 2;
	}
	return EXIT_OK;
}

static int add_parameters(const struct call *call, struct client *client, GString *out)
{
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		if (spec->parameter == NULL || call->values[i].texts == NULL)
			continue;
		if (client->local && !spec->local)
			return command_wrong("--%s: the socket of an agent does not know this", spec->name);
		g_autofree char *joined = g_strjoinv(",", call->values[i].texts), *id = NULL;
		int status = resolve(client, spec, joined, &id);
		if (status != EXIT_OK)
			return status;
		g_autofree char *escaped = client_escape(id);
		g_string_append_printf(out, "%c%s=%s", strchr(out->str, '?') != NULL ? '&' : '?', spec->parameter, escaped);
	}
	return EXIT_OK;
}

int generic_path(const struct call *call, struct client *client, const char *template, const char *many_text, char **ret)
{
	g_autoptr(GString) out = g_string_new(NULL);
	int status = fill_path(call, client, template, many_text, out);
	if (status == EXIT_OK)
		status = add_parameters(call, client, out);
	if (status == EXIT_OK)
		*ret = g_strdup(out->str);
	return status;
}

static json_t *labels(char **texts)
{
	json_t *object = json_object();
	for (; *texts != NULL; texts++) {
		const char *equals = strchr(*texts, '=');
		g_autofree char *key = g_strndup(*texts, (gsize)(equals - *texts));
		json_object_set_new(object, key, json_string(equals + 1));
	}
	return object;
}

static int make_member(struct client *client, const struct command_value *spec, const struct call_value *value, json_t **ret)
{
	g_autofree char *id = NULL;
	switch (spec->kind) {
	case VALUE_FLAG:
		*ret = json_true();
		return EXIT_OK;
	case VALUE_NUMBER:
	case VALUE_DURATION:
		*ret = json_integer(value->number);
		return EXIT_OK;
	case VALUE_LABELS:
		*ret = labels(value->texts);
		return EXIT_OK;
	default:
		break;
	}
	int status = resolve(client, spec, value->texts[0], &id);
	if (status == EXIT_OK)
		*ret = json_string(id);
	return status;
}

int generic_body(const struct call *call, struct client *client, json_t **ret)
{
	json_t *body = json_object();
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		json_t *member = NULL;
		if (spec->member == NULL || call->values[i].texts == NULL)
			continue;
		int status = make_member(client, spec, &call->values[i], &member);
		if (status != EXIT_OK) {
			json_decref(body);
			return status;
		}
		json_object_set_new(body, spec->member, member);
	}
	*ret = body;
	return EXIT_OK;
}

char *generic_if_match(const struct call *call)
{
	return call_has(call, "revision") && (call->command->uses & EDITS)
		       ? g_strdup_printf("\"%" G_GINT64_FORMAT "\"", call_number(call, "revision", 0))
		       : NULL;
}

int generic_print(const struct call *call, const json_t *object)
{
	static const struct view plain = { .name = "name" };
	struct output output = output_of(call);
	g_autofree char *more = output.form == OUTPUT_TABLE && call->command->more != NULL ? call->command->more(call, object) : NULL;
	if (more != NULL)
		puts(more);
	output_object(&output, call->command->view != NULL ? call->command->view : &plain, object);
	return command_finish_output();
}

/* Pages on their way to one of the forms. */
struct listing {
	const struct view *view;
	struct output output;
	json_t *document; /* table, json: the first page with the items of all */
};

static int take_page(void *context, json_t *page)
{
	struct listing *listing = context;
	json_t *items = json_object_get(page, listing->view->member), *item;
	size_t i;

	if (!json_is_array(items))
		return command_fail(EXIT_FAILED, "the answer has no list \"%s\"; is it of another version?", listing->view->member);
	if (listing->output.form == OUTPUT_TABLE || listing->output.form == OUTPUT_JSON) {
		if (listing->document == NULL) {
			listing->document = json_incref(page);
		} else {
			json_array_extend(json_object_get(listing->document, listing->view->member), items);
			json_object_set(listing->document, "nextCursor", json_object_get(page, "nextCursor"));
		}
		return EXIT_OK;
	}
	json_array_foreach(items, i, item)
		output_line(&listing->output, listing->view, item);
	return ferror(stdout) ? command_finish_output() : EXIT_OK;
}

static int64_t list_limit(const struct call *call, const struct output *output)
{
	if (call_has(call, "limit"))
		return call_number(call, "limit", LIMIT_DEFAULT);
	return call_has(call, "all") || output->form == OUTPUT_JSONL || output->form == OUTPUT_NAME ? -1 : LIMIT_DEFAULT;
}

static int list_pages(const struct call *call, struct client *client, const char *path)
{
	struct listing listing = { .view = call->command->view, .output = output_of(call) };
	const char *cursor = client->local ? listing.view->local_cursor : "cursor";
	bool more = false;
	json_t *page = NULL;
	int status;

	if (call->command->uses & PAGES) {
		status = client_pages(client, path, listing.view->member, cursor, list_limit(call, &listing.output), take_page,
				      &listing, &more);
	} else {
		status = client_get(client, path, &page);
		if (status == EXIT_OK)
			status = take_page(&listing, page);
	}
	if (status == EXIT_OK && listing.output.form == OUTPUT_JSON)
		output_json(listing.document);
	else if (status == EXIT_OK && listing.output.form == OUTPUT_TABLE)
		output_table(&listing.output, listing.view, json_object_get(listing.document, listing.view->member));
	json_decref(page);
	json_decref(listing.document);
	int end = command_finish_output();
	if (status == EXIT_OK && more && listing.output.form == OUTPUT_TABLE)
		command_remark("there are more: --limit N or --all");
	return status != EXIT_OK ? status : end;
}

int command_list(struct call *call)
{
	struct client client;
	g_autofree char *path = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_path(call, &client, client.local ? call->command->local_path : call->command->path, NULL, &path);
	if (status == EXIT_OK)
		status = list_pages(call, &client, path);
	client_close(&client);
	return status;
}

int command_show(struct call *call)
{
	struct client client;
	g_autofree char *path = NULL;
	json_t *object = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_path(call, &client, client.local ? call->command->local_path : call->command->path, NULL, &path);
	if (status == EXIT_OK)
		status = client_get(&client, path, &object);
	if (status == EXIT_OK)
		status = generic_print(call, object);
	json_decref(object);
	client_close(&client);
	return status;
}

/* Asks a person at a terminal; true with --yes, or when nobody is there to be asked. */
static bool confirm(const struct call *call, const char *question)
{
	char answer[16];
	if (call_flag(call, "yes") || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return true;
	fprintf(stderr, "%s [y/N] ", question);
	return fgets(answer, sizeof answer, stdin) != NULL && (*answer == 'y' || *answer == 'Y');
}

/* What `done` may refer to: the answer, and the words of the call where the answer has no such member. */
static json_t *make_facts(const struct call *call, const char *many_text, const json_t *answer)
{
	json_t *facts = json_object();
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		const char *text = spec->many && many_text ? many_text
				   : call->values[i].texts != NULL ? call->values[i].texts[0]
								   : NULL;
		if (text != NULL)
			json_object_set_new(facts, spec->name, json_string(text));
	}
	if (json_is_object(answer))
		json_object_update(facts, (json_t *)answer);
	return facts;
}

void generic_say_done(const struct call *call, const char *many_text, const json_t *answer)
{
	struct output output = output_of(call);
	json_t *facts = make_facts(call, many_text, answer);

	if (output.form == OUTPUT_TABLE) {
		g_autofree char *sentence = output_fill(call->command->done, facts);
		puts(sentence);
		g_autofree char *more = call->command->more != NULL ? call->command->more(call, facts) : NULL;
		if (more != NULL)
			puts(more);
	} else if (output.form == OUTPUT_NAME) {
		output_object(&output, call->command->view, facts);
	} else if (answer != NULL) {
		output_object(&output, call->command->view, answer);
	}
	json_decref(facts);
}

static int act_once(const struct call *call, struct client *client, const char *many_text, const json_t *body)
{
	g_autofree char *path = NULL, *if_match = generic_if_match(call);
	json_t *answer = NULL;
	const json_t *sent = json_object_size(body) > 0 ? body : NULL;
	int status = generic_path(call, client, client->local ? call->command->local_path : call->command->path, many_text,
				  &path);

	if (status == EXIT_OK)
		status = client_ask(client, call->command->method, path, sent, if_match, &answer);
	if (status == EXIT_OK)
		generic_say_done(call, many_text, answer);
	json_decref(answer);
	return status;
}

/* The argument that may be many, or NULL. */
static const char *many_argument(const struct call *call)
{
	for (const struct command_value *spec = call->command->arguments; spec != NULL && spec->name != NULL; spec++)
		if (spec->many)
			return spec->name;
	return NULL;
}

static bool confirmed(const struct call *call, const char *many)
{
	if (!(call->command->uses & ASKS_FIRST))
		return true;
	const char *first = many != NULL ? many : call->command->arguments[0].name;
	g_autofree char *all = g_strjoinv(", ", call_texts(call, first));
	g_autofree char *clean = table_clean(all);
	g_autofree char *question = g_strdup_printf("%s %s %s?", call->noun->name, call->command->verb, clean);
	return confirm(call, question);
}

int command_act(struct call *call)
{
	struct client client;
	json_t *body = NULL;
	const char *many = many_argument(call);

	if (!confirmed(call, many))
		return command_fail(EXIT_FAILED, "nothing was done");
	int status = client_open(call, &client);
	if (status != EXIT_OK)
		return status;
	status = generic_body(call, &client, &body);
	if (status == EXIT_OK && strcmp(call->command->method, "PATCH") == 0 && json_object_size(body) == 0) {
		g_autofree char *title = call_title(call->noun, call->command);
		status = command_wrong("nothing is named that should change (%s --help shows the options)", title);
	} else if (status == EXIT_OK && many == NULL) {
		status = act_once(call, &client, NULL, body);
	} else if (status == EXIT_OK) {
		char **texts = call_texts(call, many);
		for (char **text = texts; *text != NULL; text++) {
			client.about = g_strv_length(texts) > 1 ? *text : NULL;
			int one = act_once(call, &client, *text, body);
			status = status == EXIT_OK ? one : status; /* the first failure is told by the exit status */
		}
	}
	json_decref(body);
	client_close(&client);
	int end = command_finish_output();
	return status != EXIT_OK ? status : end;
}
