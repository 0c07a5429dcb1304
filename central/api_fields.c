#include "central/api_fields.h"

#include "common/rfc3339.h"

void json_set_text(json_t *json, const char *name, const char *text)
{
	json_object_set_new(json, name, text != NULL ? json_string(text) : json_null());
}

void json_set_wall(json_t *json, const char *name, struct wall t)
{
	char text[RFC3339_SIZE];
	json_set_text(json, name, wall_is_set(t) ? rfc3339_print_ms(t, text) : NULL);
}

void json_set_int(json_t *json, const char *name, int64_t value)
{
	json_object_set_new(json, name, json_integer(value));
}

/* A member of the body as text of 1 to `max` bytes; otherwise the problem is in the reply and NULL is returned. */
const char *body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max)
{
	g_autofree char *pointer = g_strdup_printf("/%s", name);
	const json_t *value = json_object_get(body, name);
	size_t size = json_string_length(value);
	if (!json_is_string(value)) {
		problem_reply(reply, 400, NULL, pointer, "%s: a text is needed", name);
		return NULL;
	}
	const char *text = json_string_value(value);
	for (size_t i = 0; i < size; i++)
		if (g_ascii_iscntrl(text[i]))
			size = 0;
	if (size > 0 && size <= max)
		return text;
	problem_reply(reply, 400, NULL, pointer, "%s: must be 1 to %zu bytes without control characters", name, max);
	return NULL;
}

bool body_only(const json_t *body, struct api_reply *reply, const char *const names[])
{
	const char *name;
	json_t *value;
	if (!json_is_object(body)) {
		problem_reply(reply, 400, NULL, "", "a JSON object is needed");
		return false;
	}
	json_object_foreach((json_t *)body, name, value) {
		g_autofree char *pointer = g_strdup_printf("/%s", name);
		if (!g_strv_contains(names, name)) {
			problem_reply(reply, 400, NULL, pointer, "there is no such member here");
			return false;
		}
	}
	return true;
}

const char *agent_id_of(const struct api_request *request, struct api_reply *reply)
{
	const char *agent_id = api_param(request, "agentId");
	if (uuid_is_valid(agent_id))
		return agent_id;
	problem_db(reply, DB_NOT_FOUND, "agent of this id");
	return NULL;
}
