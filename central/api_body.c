#include "central/api_body.h"

#include <inttypes.h>
#include <string.h>

#include "common/json_pointer.h"
#include "common/rfc3339.h"
#include "common/selector.h"

static bool is_json_type(const char *content_type)
{
	g_autofree char *type = g_ascii_strdown(content_type, (gssize)strcspn(content_type, "; \t"));
	/* The last is what curl -d says of any text; a credential in a header is needed all the same. */
	return strcmp(type, "application/json") == 0 || g_str_has_suffix(type, "+json") ||
	       strcmp(type, "application/x-www-form-urlencoded") == 0;
}

/* Nesting without recursion or parsing: brackets outside strings. Runs before the parser, which recurses. */
static bool is_too_deep(const char *text, size_t size, int max_depth)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '[') && ++depth > max_depth)
			return true;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
	}
	return false;
}

static json_t *read_json(const struct api_request *request, struct api_reply *reply, int max_depth)
{
	if (request->content_type != NULL && !is_json_type(request->content_type)) {
		problem_reply(reply, 415, NULL, NULL, "send JSON with Content-Type: application/json");
		return NULL;
	}
	if (request->body_size == 0) {
		problem_reply(reply, 400, NULL, "", "the request has no body; a JSON document is expected");
		return NULL;
	}
	if (is_too_deep(request->body, request->body_size, max_depth)) {
		problem_reply(reply, 400, NULL, "", "the JSON is nested deeper than %d levels", max_depth);
		return NULL;
	}
	json_error_t error;
	json_t *json = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json != NULL)
		return json;
	enum json_error_code code = json_error_code(&error);
	bool is_nul = code == json_error_null_character || code == json_error_null_byte_in_key;
	problem_reply(reply, 400, NULL, "", "the body is not valid JSON: line %d column %d: %s", error.line, error.column,
		      is_nul ? "the character \\u0000 is not allowed" : error.text);
	return NULL;
}

json_t *api_body_json(const struct api_request *request, struct api_reply *reply, int max_depth)
{
	return api_query_none(request, reply) ? read_json(request, reply, max_depth) : NULL;
}

bool api_body_none(const struct api_request *request, struct api_reply *reply)
{
	static const char *const none[] = { NULL };
	if (request->body_size == 0)
		return true;
	json_t *json = read_json(request, reply, BODY_DEPTH_MAX);
	bool ok = json != NULL && api_body_only(json, reply, none);
	json_decref(json);
	return ok;
}

json_t *api_body_object(const struct api_request *request, struct api_reply *reply, const char *const names[],
			bool may_be_empty)
{
	if (!api_query_none(request, reply))
		return NULL;
	json_t *json = may_be_empty && request->body_size == 0 ? json_object() : read_json(request, reply, BODY_DEPTH_MAX);
	if (json == NULL || api_body_only(json, reply, names))
		return json;
	json_decref(json);
	return NULL;
}

static bool wrong(struct api_reply *reply, const char *name, const char *detail)
{
	g_autofree char *pointer = json_pointer_member("", name);
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
		g_autofree char *detail = g_strconcat("there is no such member; known are ", *known ? known : "none", NULL);
		return wrong(reply, name, detail);
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

/* Valid UTF-8, as jansson gives it, and not empty. */
static bool is_line(const char *text)
{
	gunichar last = 0;
	if (g_unichar_isspace(g_utf8_get_char(text)))
		return false;
	for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
		last = g_utf8_get_char(at);
		if (g_unichar_iscntrl(last))
			return false;
	}
	return !g_unichar_isspace(last);
}

const char *api_body_line(const json_t *body, struct api_reply *reply, const char *name, size_t max)
{
	const json_t *value = json_object_get(body, name);
	const char *text = json_string_value(value);
	size_t size = json_string_length(value);
	if (size > 0 && size <= max && is_line(text))
		return text;
	g_autofree char *detail = g_strdup_printf(
		"must be a string of 1-%zu bytes without control characters, and without blanks at its ends", max);
	wrong(reply, name, detail);
	return NULL;
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

bool api_body_labels(const json_t *body, struct api_reply *reply, char **ret)
{
	const json_t *labels = json_object_get(body, "labels");
	const char *key;
	char problem[160];
	if (labels == NULL)
		return true;
	if (labels_check(labels, &key, problem, sizeof problem)) {
		*ret = json_dumps(labels, JSON_COMPACT);
		return true;
	}
	g_autofree char *pointer = *key != '\0' ? json_pointer_member("/labels", key) : g_strdup("/labels");
	problem_reply(reply, 400, NULL, pointer, "labels: %s", problem);
	return false;
}
