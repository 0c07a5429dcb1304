#include "central/job_query.h"

#include <string.h>

static const struct {
	const char *name;
	enum job_sort sort;
	char kind; /* of cursors; the other way round in capitals */
} sorts[] = {
	{ "createdAt", JOB_BY_CREATION, 'j' },
	{ "name", JOB_BY_NAME, 'n' },
	{ "updatedAt", JOB_BY_UPDATE, 'u' },
	{ "lastAt", JOB_BY_LATEST, 'l' },
};

/* Where a value came from decides how the problem names it. */
static bool wrong(struct api_reply *reply, bool in_body, const char *name, const char *detail)
{
	g_autofree char *pointer = g_strconcat("/filter/", name, NULL);
	if (in_body)
		problem_reply(reply, 400, NULL, pointer, "%s", detail);
	else
		problem_parameter(reply, name, "%s", detail);
	return false;
}

/* Texts of query or body, NULL = absent. */
struct texts {
	const char *q, *type, *agent_id, *last_status;
};

static bool take_texts(struct api_reply *reply, bool in_body, const struct texts *texts, struct job_filter *ret)
{
	if (texts->q != NULL && strlen(texts->q) > JOB_SEARCH_MAX)
		return wrong(reply, in_body, "q", "is longer than 512 bytes");
	if (texts->type != NULL && strcmp(texts->type, "ATLEAST_ONCE") != 0 && strcmp(texts->type, "ATMOST_ONCE") != 0)
		return wrong(reply, in_body, "type", "must be ATLEAST_ONCE or ATMOST_ONCE");
	if (texts->agent_id != NULL && !uuid_is_valid(texts->agent_id))
		return wrong(reply, in_body, "agentId", "must be a UUID");
	ret->part = texts->q != NULL && *texts->q != '\0' ? texts->q : NULL;
	ret->type = texts->type;
	ret->agent_id = texts->agent_id;
	if (texts->last_status != NULL && !execution_statuses_parse(texts->last_status, &ret->last_statuses))
		return wrong(reply, in_body, "lastStatus",
			     "must be some of success, failed, timeout, skipped, missed, interrupted, parted by commas");
	return true;
}

bool job_query_parse(const struct api_request *request, struct api_reply *reply, struct job_filter *ret)
{
	struct texts texts = { api_query(request, "q"), api_query(request, "type"), api_query(request, "agentId"),
			       api_query(request, "lastStatus") };
	bool active = false, late = false, held = false, unknown = false;
	*ret = (struct job_filter){ .active = -1, .after = { .at = WALL_NONE } };
	if (!api_query_bool(request, reply, "active", &active) || !api_query_bool(request, reply, "late", &late) ||
	    !api_query_bool(request, reply, "held", &held) || !api_query_bool(request, reply, "unknown", &unknown) ||
	    !take_texts(reply, false, &texts, ret))
		return false;
	ret->active = api_query(request, "active") != NULL ? active : -1;
	ret->late = late;
	ret->held = api_query(request, "held") != NULL ? held : -1;
	ret->unknown = unknown;
	return true;
}

static bool take_member(const json_t *body, struct api_reply *reply, const char *name, const char **ret)
{
	const json_t *value = json_object_get(body, name);
	if (value != NULL && !json_is_null(value) && !json_is_string(value))
		return wrong(reply, true, name, "must be a string");
	*ret = json_string_value(value);
	return true;
}

static bool take_flag(const json_t *body, struct api_reply *reply, const char *name, int *ret)
{
	const json_t *value = json_object_get(body, name);
	*ret = -1;
	if (value == NULL || json_is_null(value))
		return true;
	if (!json_is_boolean(value))
		return wrong(reply, true, name, "must be true or false");
	*ret = json_is_true(value);
	return true;
}

bool job_query_parse_body(const json_t *body, struct api_reply *reply, struct job_filter *ret)
{
	static const char *const known[] = { "q", "active", "type", "agentId", "lastStatus", "late", "held", "unknown", NULL };
	const char *name;
	json_t *value;
	struct texts texts = { 0 };
	*ret = (struct job_filter){ .after = { .at = WALL_NONE } };
	if (!json_is_object(body)) {
		problem_reply(reply, 400, NULL, "/filter", "must be an object");
		return false;
	}
	json_object_foreach((json_t *)body, name, value)
	{
		if (!g_strv_contains(known, name))
			return wrong(reply, true, name,
				     "there is no such filter; known are q, active, type, agentId, lastStatus, late, held, "
				     "unknown");
	}
	return take_member(body, reply, "q", &texts.q) && take_member(body, reply, "type", &texts.type) &&
	       take_member(body, reply, "agentId", &texts.agent_id) &&
	       take_member(body, reply, "lastStatus", &texts.last_status) &&
	       take_flag(body, reply, "active", &ret->active) && take_flag(body, reply, "late", &ret->late) &&
	       take_flag(body, reply, "held", &ret->held) && take_flag(body, reply, "unknown", &ret->unknown) &&
	       take_texts(reply, true, &texts, ret);
}

char job_query_cursor_kind(const struct job_filter *filter)
{
	char kind = sorts[filter->sort].kind;
	return filter->descending ? g_ascii_toupper(kind) : kind;
}

bool job_query_parse_order(const struct api_request *request, struct api_reply *reply, struct job_filter *ret)
{
	const char *text = api_query(request, "sort");
	const char *name = text == NULL ? "createdAt" : text + (*text == '-');
	size_t i = 0;
	while (i < G_N_ELEMENTS(sorts) && strcmp(sorts[i].name, name) != 0)
		i++;
	if (i == G_N_ELEMENTS(sorts)) {
		problem_parameter(reply, "sort",
				  "must be createdAt, name, updatedAt or lastAt, or one of these after a -");
		return false;
	}
	ret->sort = sorts[i].sort;
	ret->descending = text != NULL && *text == '-';
	return api_query_cursor(request, reply, job_query_cursor_kind(ret), &ret->after);
}
