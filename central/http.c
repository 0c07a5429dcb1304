/*
 * Everything about requests and replies that needs no socket. Problems come from one place (problem_json), so that every
 * error has the same form wherever it was found.
 */
#include "central/http.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "central/routes.h"
#include "common/rfc3339.h"

#define RETRY_FULL_S 10 /* somebody has to make room first */
#define RETRY_MEMORY_MAX_S 5

static const char *const role_names[] = { "open", "agent", "viewer", "operator", "editor", "admin" };

const char *role_name(enum role role)
{
	return (size_t)role < G_N_ELEMENTS(role_names) ? role_names[role] : "?";
}

bool role_parse(const char *name, enum role *ret)
{
	for (int role = ROLE_VIEWER; role < ROLE_MAX_; role++) {
		if (strcmp(name, role_names[role]) == 0) {
			*ret = (enum role)role;
			return true;
		}
	}
	return false;
}

void api_request_clear(struct api_request *request)
{
	for (int i = 0; i < ROUTE_PARAMS_MAX; i++)
		g_clear_pointer(&request->params[i], g_free);
	g_clear_pointer(&request->query, g_hash_table_unref);
}

void api_reply_clear(struct api_reply *reply)
{
	free(reply->body);
	for (int i = 0; i < reply->n_headers; i++)
		g_free(reply->headers[i].value);
	g_free(reply->detail);
	*reply = (struct api_reply){ 0 };
}

struct author api_author(const struct api_request *request)
{
	return (struct author){ request->identity.name, request->id };
}

const char *api_param(const struct api_request *request, const char *name)
{
	int index = route_param_index(request->route, name);
	return index >= 0 ? request->params[index] : "";
}

const char *api_query(const struct api_request *request, const char *name)
{
	return request->query != NULL ? g_hash_table_lookup(request->query, name) : NULL;
}

bool api_query_int(const struct api_request *request, struct api_reply *reply, const char *name, int64_t min,
		   int64_t max, int64_t *ret)
{
	const char *text = api_query(request, name);
	if (text == NULL)
		return true;
	char *end;
	gint64 value = g_ascii_strtoll(text, &end, 10);
	if ((!g_ascii_isdigit(*text) && *text != '-') || *end != '\0' || strlen(text) > 18) {
		problem_parameter(reply, name, "must be a whole number");
		return false;
	}
	if (value < min || value > max) {
		problem_parameter(reply, name, "%" G_GINT64_FORMAT " is outside %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
				  value, min, max);
		return false;
	}
	*ret = value;
	return true;
}

bool api_query_wall(const struct api_request *request, struct api_reply *reply, const char *name, struct wall *ret)
{
	const char *text = api_query(request, name);
	if (text == NULL)
		return true;
	/* No RFC 3339 time of ours holds a blank: it was a + that nobody encoded. */
	g_autofree char *plus = g_strdelimit(g_strdup(text), " ", '+');
	if (rfc3339_parse(plus, ret))
		return true;
	problem_parameter(reply, name, "must be an RFC 3339 time such as 2026-11-23T12:00:00Z");
	return false;
}

bool api_query_uuid(const struct api_request *request, struct api_reply *reply, const char *name, const char **ret)
{
	*ret = api_query(request, name);
	if (*ret == NULL || uuid_is_valid(*ret))
		return true;
	problem_parameter(reply, name, "must be a UUID");
	return false;
}

bool api_query_bool(const struct api_request *request, struct api_reply *reply, const char *name, bool *ret)
{
	const char *text = api_query(request, name);
	if (text == NULL)
		return true;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		problem_parameter(reply, name, "must be true or false");
		return false;
	}
	*ret = *text == 't';
	return true;
}

bool api_query_only(const struct api_request *request, struct api_reply *reply, const char *const names[])
{
	GHashTableIter iter;
	void *name;
	if (request->query == NULL)
		return true;
	g_hash_table_iter_init(&iter, request->query);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (!g_strv_contains(names, name)) {
			g_autofree char *known = g_strjoinv(", ", (char **)names);
			problem_parameter(reply, name, "there is no such parameter; known are: %s",
					  *known ? known : "none");
			return false;
		}
	}
	return true;
}

bool api_query_none(const struct api_request *request, struct api_reply *reply)
{
	static const char *const none[] = { NULL };
	return api_query_only(request, reply, none);
}

/* Forgets what an earlier reply of the same handler said; headers stay. */
static void start_reply(struct api_reply *reply, int status, const char *content_type)
{
	free(reply->body);
	g_clear_pointer(&reply->detail, g_free);
	reply->body = NULL;
	reply->body_size = 0;
	reply->status = status;
	reply->content_type = content_type;
}

static void set_json(struct api_reply *reply, int status, const char *content_type, json_t *json)
{
	start_reply(reply, status, content_type);
	reply->body = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	reply->body_size = reply->body != NULL ? strlen(reply->body) : 0;
	json_decref(json);
}

void api_reply_json(struct api_reply *reply, int status, json_t *json)
{
	set_json(reply, status, "application/json", json);
}

void api_reply_text(struct api_reply *reply, int status, const char *content_type, char *body, size_t size)
{
	start_reply(reply, status, content_type);
	reply->body = body;
	reply->body_size = size;
}

void api_reply_empty(struct api_reply *reply, int status)
{
	start_reply(reply, status, NULL);
}

void api_reply_header(struct api_reply *reply, const char *name, const char *format, ...)
{
	if (reply->n_headers == REPLY_HEADERS_MAX)
		return;
	va_list args;
	va_start(args, format);
	char *value = g_strdup_vprintf(format, args);
	va_end(args);
	g_strdelimit(value, "\r\n", ' ');
	reply->headers[reply->n_headers].name = name;
	reply->headers[reply->n_headers++].value = value;
}

static const char *phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 507, "Insufficient Storage" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

static void set_problem(struct api_reply *reply, int status, const char *title, const char *place, const char *value,
			const char *format, va_list args) G_GNUC_PRINTF(6, 0);
static void set_problem(struct api_reply *reply, int status, const char *title, const char *place, const char *value,
			const char *format, va_list args)
{
	g_autofree char *raw = g_strdup_vprintf(format, args);
	/* The sentence may quote what the client sent. */
	g_autofree char *detail = g_utf8_make_valid(raw, -1);
	json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
				 title != NULL ? title : phrase(status), "status", status, "detail", detail);
	if (value != NULL)
		json_object_set_new(json, place, json_string(value));
	set_json(reply, status, "application/problem+json", json);
	reply->detail = g_steal_pointer(&detail);
}

void problem_reply(struct api_reply *reply, int status, const char *title, const char *pointer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	set_problem(reply, status, title, "pointer", pointer, format, args);
	va_end(args);
}

void problem_add(struct api_reply *reply, const char *name, json_t *value)
{
	json_t *json = json_loadb(reply->body, reply->body_size, 0, NULL);
	g_autofree char *detail = g_steal_pointer(&reply->detail);
	json_object_set_new(json, name, value);
	set_json(reply, reply->status, "application/problem+json", json);
	reply->detail = g_steal_pointer(&detail);
}

void problem_parameter(struct api_reply *reply, const char *name, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *valid_name = g_utf8_make_valid(name, -1);
	problem_reply(reply, 400, NULL, NULL, "%s: %s", valid_name, text);
	problem_add(reply, "parameter", json_string(valid_name));
}

void problem_memory(struct api_reply *reply, const char *what)
{
	/* Not all at once again. */
	api_reply_header(reply, "Retry-After", "%d", g_random_int_range(1, RETRY_MEMORY_MAX_S + 1));
	problem_reply(reply, 503, NO_MEMORY_TITLE, NULL, "central has no memory to spare for %s", what);
}

void problem_db(struct api_reply *reply, enum db_status status, const char *what)
{
	switch (status) {
	case DB_NOT_FOUND:
		problem_reply(reply, 404, NULL, NULL, "there is no %s", what);
		return;
	case DB_CONFLICT:
		problem_reply(reply, 409, NULL, NULL,
			      "%s was changed by somebody else at the same time; read it again and retry", what);
		return;
	case DB_REFUSED:
		problem_reply(reply, 422, NULL, NULL, "the database refused a value of %s", what);
		return;
	case DB_AWAY:
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 503, NULL, NULL, "the database is away; nothing was changed, try again");
		return;
	case DB_FULL:
		api_reply_header(reply, "Retry-After", "%d", RETRY_FULL_S);
		problem_reply(reply, 507, NULL, NULL,
			      "the database has no room on its disk, or no memory, as the log of central says; nothing was changed. "
			      "Make room there: central goes on by itself");
		return;
	case DB_LARGE:
		problem_memory(reply, "an answer of this size now; ask for less, or try again");
		return;
	case DB_TIMEOUT:
		api_reply_header(reply, "Retry-After", "2");
		problem_reply(reply, 503, DB_TOO_SLOW_TITLE, NULL,
			      "the database took too long; nothing was changed, try again");
		return;
	case DB_UNCERTAIN:
		reply->uncertain = true;
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 503, NULL, NULL,
			      "the connection to the database broke half-way; whether anything was changed is not "
			      "known, look "
			      "before you repeat a change");
		return;
	case DB_OK:
	case DB_FAILED:
		problem_reply(reply, 500, NULL, NULL, "the database failed; the log of central says more");
		return;
	}
}

char *etag_print(int64_t revision, char buffer[static ETAG_SIZE])
{
	g_snprintf(buffer, ETAG_SIZE, "\"%" G_GINT64_FORMAT "\"", revision);
	return buffer;
}

bool etag_matches(const char *header, int64_t revision, bool weak_comparison)
{
	char tag[ETAG_SIZE];
	if (header == NULL)
		return false;
	etag_print(revision, tag);
	g_auto(GStrv) list = g_strsplit(header, ",", 64);
	for (int i = 0; list[i] != NULL; i++) {
		const char *item = g_strstrip(list[i]);
		if (strcmp(item, "*") == 0)
			return true;
		if (weak_comparison && g_str_has_prefix(item, "W/"))
			item += 2;
		if (strcmp(item, tag) == 0)
			return true;
	}
	return false;
}

bool uuid_is_valid(const char *text)
{
	return strlen(text) == UUID_SIZE - 1 && g_uuid_string_is_valid(text);
}

char *uuid_v7(struct wall now, char buffer[static UUID_SIZE])
{
	uint8_t b[16];
	uint64_t ms = (uint64_t)(now.us / US_PER_MS);
	randombytes_buf(b, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)(ms >> (40 - 8 * i));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x70);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	g_snprintf(buffer, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return buffer;
}
