#include "central/api_agents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "central/agent_view.h"
#include "central/cursor.h"
#include "central/json_values.h"
#include "central/svc_agents.h"
#include "common/selector.h"

#define CURSOR_KIND 'a'

static const char *const no_parameters[] = { NULL };
static const char *const page_parameters[] = { "limit", "cursor", NULL };

const char *api_agent_id(const struct api_request *request, struct api_reply *reply)
{
	const char *agent_id = api_param(request, "agentId");
	if (uuid_is_valid(agent_id))
		return agent_id;
	problem_db(reply, DB_NOT_FOUND, "agent of this id");
	return NULL;
}

static const char *const sorts[] = { "name", "-name", "lastSeenAt", "-lastSeenAt", "outboxDepth", "-outboxDepth", NULL };
static const char *const states[] = { "online", "offline", "draining", "never", "revoked", NULL };

/* A parameter that is one of these words; absent: *ret stays. */
static bool read_word(const struct api_request *request, struct api_reply *reply, const char *name,
		      const char *const words[], const char **ret)
{
	const char *text = api_query(request, name);
	if (text == NULL)
		return true;
	*ret = text;
	if (g_strv_contains(words, text))
		return true;
	g_autofree char *list = g_strjoinv(", ", (char **)words);
	problem_parameter(reply, name, "is none of %s", list);
	return false;
}

/* *ret_selector is to be freed by free(). */
static bool read_filter(const struct api_request *request, struct api_reply *reply, struct agent_filter *ret,
			char **ret_selector)
{
	const char *selector = api_query(request, "selector");
	char problem[128];
	ret->sort = "name";
	ret->q = api_query(request, "q");
	if (!read_word(request, reply, "sort", sorts, &ret->sort) || !read_word(request, reply, "state", states, &ret->state))
		return false;
	if (ret->q != NULL && strlen(ret->q) > AGENT_NAME_MAX) {
		problem_parameter(reply, "q", "is longer than %d bytes", AGENT_NAME_MAX);
		return false;
	}
	if (selector == NULL)
		return true;
	json_t *compiled = selector_compile(selector, problem, sizeof problem);
	if (compiled == NULL) {
		problem_parameter(reply, "selector", "is no selector like env=prod,role in (web,api),!legacy: %s", problem);
		return false;
	}
	ret->selector = *ret_selector = json_dumps(compiled, JSON_COMPACT);
	json_decref(compiled);
	return true;
}

static void reply_list(struct api_reply *reply, const GPtrArray *rows, int64_t limit)
{
	g_autofree char *next = NULL;
	json_t *list = json_array();
	for (guint i = 0; i < MIN(rows->len, (guint)limit); i++)
		json_array_append_new(list, agent_to_json(rows->pdata[i]));
	if (rows->len > (guint)limit) {
		const struct agent_row *last = rows->pdata[limit - 1];
		struct cursor cursor = { .at = { last->place } };
		g_strlcpy(cursor.id, last->agent_id, sizeof cursor.id);
		next = cursor_encode(CURSOR_KIND, &cursor);
	}
	json_t *json = json_pack("{s:o}", "agents", list);
	json_set_text(json, "nextCursor", next);
	api_reply_json(reply, 200, json);
}

void api_agent_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "q", "state", "selector", "sort", "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	struct cursor cursor = { .at = { 0 }, .id = "" };
	struct agent_filter filter = { 0 };
	int64_t limit = AGENTS_LIMIT_DEFAULT;
	char *selector = NULL;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, AGENTS_LIMIT_MAX, &limit) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &cursor) || !read_filter(request, reply, &filter, &selector))
		return;
	filter.limit = (int)limit + 1;
	filter.after_id = *cursor.id != '\0' ? cursor.id : NULL;
	filter.after_place = cursor.at.us;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_list(conn, &filter, &rows);
	free(selector);
	if (status == DB_OK)
		reply_list(reply, rows, limit);
	else
		problem_db(reply, status, "agents");
}

static json_t *streams_to_json(const GArray *rows)
{
	json_t *list = json_array();
	for (guint i = 0; i < rows->len; i++) {
		const struct agent_stream_row *row = &g_array_index(rows, struct agent_stream_row, i);
		json_t *json = json_object(), *holes = json_loads(row->holes, 0, NULL);
		json_set_int(json, "epoch", row->epoch);
		json_set_int(json, "ackedSeq", row->acked_seq);
		json_object_set_new(json, "holes", holes != NULL ? holes : json_array());
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *events_to_json(const GArray *rows)
{
	json_t *list = json_array();
	for (guint i = 0; i < rows->len; i++) {
		const struct agent_event_row *row = &g_array_index(rows, struct agent_event_row, i);
		json_t *json = json_object();
		json_set_text(json, "event", row->kind);
		json_set_wall(json, "at", row->at);
		json_set_text(json, "detail", row->detail);
		json_set_int(json, "epoch", row->epoch);
		json_set_int(json, "seq", row->seq);
		json_array_append_new(list, json);
	}
	return list;
}

void api_agent_get(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GArray) streams = NULL;
	g_autoptr(GArray) events = NULL;
	json_t *json = NULL;
	const char *agent_id = api_query_only(request, reply, no_parameters) ? api_agent_id(request, reply) : NULL;
	if (agent_id == NULL)
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_streams(conn, agent_id, AGENT_STREAMS_SHOWN, &streams);
	if (status == DB_OK)
		status = agent_events(conn, agent_id, AGENT_EVENTS_SHOWN, &events);
	if (status == DB_OK)
		status = agent_show(conn, agent_id, &json);
	if (status == DB_OK) {
		json_object_set_new(json, "streams", streams_to_json(streams));
		json_object_set_new(json, "events", events_to_json(events));
		api_reply_json(reply, 200, json);
	} else {
		problem_db(reply, status, "agent of this id");
	}
}

/* A cursor here is the "epoch.seq" of the last record shown. */
static bool read_place(const struct api_request *request, struct api_reply *reply, int64_t *ret_epoch, int64_t *ret_seq)
{
	const char *text = api_query(request, "cursor");
	if (text == NULL || sscanf(text, "%" SCNd64 ".%" SCNd64, ret_epoch, ret_seq) == 2)
		return true;
	problem_parameter(reply, "cursor", "is not the nextCursor of this list");
	return false;
}

static json_t *quarantine_to_json(const GArray *rows, guint limit)
{
	json_t *list = json_array();
	for (guint i = 0; i < MIN(rows->len, limit); i++) {
		const struct quarantine_row *row = &g_array_index(rows, struct quarantine_row, i);
		json_t *json = json_object();
		json_set_int(json, "epoch", row->epoch);
		json_set_int(json, "seq", row->seq);
		json_set_wall(json, "at", row->at);
		json_set_text(json, "reason", row->reason);
		json_set_text(json, "record", row->record);
		json_array_append_new(list, json);
	}
	return list;
}

void api_agent_quarantine(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GArray) rows = NULL;
	g_autofree char *next = NULL;
	int64_t limit = AGENTS_LIMIT_DEFAULT, epoch = INT64_MAX, seq = INT64_MAX;
	if (!api_query_only(request, reply, page_parameters) ||
	    !api_query_int(request, reply, "limit", 1, AGENTS_LIMIT_MAX, &limit) ||
	    !read_place(request, reply, &epoch, &seq))
		return;
	const char *agent_id = api_agent_id(request, reply);
	if (agent_id == NULL)
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_quarantine(conn, agent_id, epoch, seq, (int)limit + 1, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "agent of this id");
		return;
	}
	if (rows->len > (guint)limit) {
		const struct quarantine_row *last = &g_array_index(rows, struct quarantine_row, limit - 1);
		next = g_strdup_printf("%" PRId64 ".%" PRId64, last->epoch, last->seq);
	}
	json_t *json = json_pack("{s:o}", "records", quarantine_to_json(rows, (guint)limit));
	json_set_text(json, "nextCursor", next);
	api_reply_json(reply, 200, json);
}
