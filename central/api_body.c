#include "central/api_body.h"

#include <inttypes.h>
#include <string.h>

#include "common/rfc3339.h"

static bool wrong(struct api_reply *reply, const char *name, const char *detail)
{
	g_autofree char *pointer = g_strconcat("/", name, NULL);
	problem_reply(reply, 400, NULL, pointer, "%s", detail);
	return false;
}

bool api_body_only(const json_t *body, struct api_reply *reply, const char *const names[])
{
	const char *name;
	json_t *value;
	if (!json_is_object(body)) {
		problem_reply(reply, 400, NULL, "", "a JSON object is expected");
		return false;
	}
	json_object_foreach((json_t *)body, name, value)
	{
		if (g_strv_contains(names, name))
			continue;
		g_autofree char *known = g_strjoinv(", ", (char **)names);
		g_autofree char *detail = g_strconcat("there is no such member; known are ", known, NULL);
		g_autoptr(GString) escaped = g_string_new(name);
		g_string_replace(escaped, "~", "~0", 0);
		g_string_replace(escaped, "/", "~1", 0);
		return wrong(reply, escaped->str, detail);
	}
	return true;
}

bool api_body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max, const char **ret)
{
	const json_t *value = json_object_get(body, name);
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return wrong(reply, name, "must be a string");
	if (json_string_length(value) > max) {
		g_autofree char *detail = g_strdup_printf("is longer than %zu bytes", max);
		return wrong(reply, name, detail);
	}
	*ret = json_string_value(value);
	return true;
}

bool api_body_int(const json_t *body, struct api_reply *reply, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *value = json_object_get(body, name);
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
		g_autofree char *detail =
			g_strdup_printf("must be a whole number from %" PRId64 " to %" PRId64, min, max);
		return wrong(reply, name, detail);
	}
	*ret = json_integer_value(value);
	return true;
}

bool api_body_bool(const json_t *body, struct api_reply *reply, const char *name, bool *ret)
{
	const json_t *value = json_object_get(body, name);
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_boolean(value))
		return wrong(reply, name, "must be true or false");
	*ret = json_is_true(value);
	return true;
}

bool api_body_wall(const json_t *body, struct api_reply *reply, const char *name, struct wall *ret)
{
	const char *text = NULL;
	if (!api_body_text(body, reply, name, 64, &text))
		return false;
	if (text != NULL && !rfc3339_parse(text, ret))
		return wrong(reply, name, "must be an RFC 3339 time such as 2026-11-23T12:00:00Z");
	return true;
}
