/*
 * Names to ids. People write names; paths have ids. An id is taken as it is, without asking.
 */
#include "ctl/client.h"

#include <string.h>

#define MATCHES_MAX 10 /* ids that a message about a doubtful name lists */

bool client_is_uuid(const char *text)
{
	if (strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
			return false;
	}
	return true;
}

struct search {
	const char *member, *id_member, *name;
	bool by_id; /* at the agent's socket an id may look like a name */
	GPtrArray *ids;
	GPtrArray *gone; /* of revoked agents, whose name may be another one's by now */
};

static int take_page(void *context, json_t *page)
{
	struct search *search = context;
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(page, search->member), i, item)
	{
		const char *id = json_string_value(json_object_get(item, search->id_member));
		const char *name = json_string_value(json_object_get(item, "name"));
		const char *state = json_string_value(json_object_get(item, "state"));
		bool is_gone = state != NULL && strcmp(state, "revoked") == 0;
		bool matches = (name != NULL && strcmp(name, search->name) == 0) ||
			       (search->by_id && id != NULL && strcmp(id, search->name) == 0);
		GPtrArray *ids = is_gone ? search->gone : search->ids;
		if (id != NULL && matches && ids->len < MATCHES_MAX)
			g_ptr_array_add(ids, g_strdup(id));
	}
	return EXIT_OK;
}

static int search_ids(struct client *client, const char *path, const char *cursor, struct search *search)
{
	bool more;
	search->ids = g_ptr_array_new_with_free_func(g_free);
	search->gone = g_ptr_array_new_with_free_func(g_free);
	int status = client_pages(client, path, search->member, cursor, -1, take_page, search, &more);
	/* What is revoked is meant only when nothing else has the name. */
	if (search->ids->len == 0)
		g_ptr_array_extend_and_steal(search->ids, g_steal_pointer(&search->gone));
	g_clear_pointer(&search->gone, g_ptr_array_unref);
	return status;
}

/* `what` is "job". */
static int pick(const struct client *client, const struct search *search, const char *what, char **ret_id)
{
	if (search->ids->len == 1) {
		*ret_id = g_strdup(search->ids->pdata[0]);
		return EXIT_OK;
	}
	if (client->quiet)
		return EXIT_NOT_FOUND;
	if (search->ids->len == 0)
		return command_fail(EXIT_NOT_FOUND, "there is no %s \"%s\" (belfry %s list shows all)", what, search->name,
				    what);
	g_autoptr(GString) list = g_string_new(search->ids->pdata[0]);
	for (guint i = 1; i < search->ids->len; i++)
		g_string_append_printf(list, ", %s", (const char *)search->ids->pdata[i]);
	return command_fail(EXIT_CONFLICT, "several are named \"%s\", say which by its id: %s", search->name, list->str);
}

static int search_jobs(struct client *client, const char *name, struct search *search)
{
	g_autofree char *escaped = client_escape(name);
	g_autofree char *path = client->local ? g_strdup("/jobs") : g_strconcat("/api/jobs?q=", escaped, NULL);
	*search = (struct search){ "jobs", "jobId", name, client->local, NULL, NULL };
	return search_ids(client, path, client->local ? "after" : "cursor", search);
}

int client_look_for_job(struct client *client, const char *name, char **ret_id)
{
	struct search search;
	int status = search_jobs(client, name, &search);
	if (status == EXIT_OK && search.ids->len == 0)
		*ret_id = NULL;
	else if (status == EXIT_OK)
		status = pick(client, &search, "job", ret_id);
	g_ptr_array_unref(search.ids);
	return status;
}

int client_find_job(struct client *client, const char *text, char **ret_id)
{
	struct search search;
	if (client_is_uuid(text)) {
		*ret_id = g_strdup(text);
		return EXIT_OK;
	}
	int status = search_jobs(client, text, &search);
	if (status == EXIT_OK)
		status = pick(client, &search, "job", ret_id);
	g_ptr_array_unref(search.ids);
	return status;
}

int client_find_agent(struct client *client, const char *text, char **ret_id)
{
	struct search search = { "agents", "agentId", text, false, NULL, NULL };
	g_autofree char *escaped = client_escape(text), *path = g_strconcat("/api/agents?q=", escaped, NULL);
	if (client_is_uuid(text)) {
		*ret_id = g_strdup(text);
		return EXIT_OK;
	}
	int status = search_ids(client, path, "cursor", &search);
	if (status == EXIT_OK)
		status = pick(client, &search, "agent", ret_id);
	g_ptr_array_unref(search.ids);
	return status;
}
