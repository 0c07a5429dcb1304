#include "central/api_agents.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "central/central.h"
#include "central/cursor.h"
#include "central/svc_agents.h"
#include "common/rfc3339.h"

#define CURSOR_KIND 'a'

static const char *const no_parameters[] = { NULL };
static const char *const page_parameters[] = { "limit", "cursor", NULL };

static void set_text(json_t *json, const char *name, const char *text)
{
	json_object_set_new(json, name, text != NULL ? json_string(text) : json_null());
}

static void set_wall(json_t *json, const char *name, struct wall t)
{
	char text[RFC3339_SIZE];
	set_text(json, name, wall_is_set(t) ? rfc3339_print_ms(t, text) : NULL);
}

static void set_int(json_t *json, const char *name, int64_t value)
{
	json_object_set_new(json, name, json_integer(value));
}

/* A member of the body as text of 1 to `max` bytes; otherwise the problem is in the reply and NULL is returned. */
static const char *body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max)
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

static bool body_only(const json_t *body, struct api_reply *reply, const char *const names[])
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

/* The body of a token request: {} or {"ttlMs"}; an absent body is {}. */
static bool read_ttl(const struct api_request *request, struct api_reply *reply, int64_t *ret)
{
	static const char *const members[] = { "ttlMs", NULL };
	if (request->body_size == 0)
		return true;
	json_t *body = api_body_json(request, reply, AGENT_JSON_DEPTH_MAX);
	bool ok = body != NULL && body_only(body, reply, members);
	const json_t *ttl = json_object_get(body, "ttlMs");
	if (ok && ttl != NULL) {
		*ret = json_integer_value(ttl);
		ok = json_is_integer(ttl) && *ret >= ENROLMENT_TTL_MIN_MS && *ret <= ENROLMENT_TTL_MAX_MS;
		if (!ok)
			problem_reply(reply, 400, NULL, "/ttlMs",
				      "ttlMs: a whole number from %" PRId64 " to %" PRId64 " is needed",
				      ENROLMENT_TTL_MIN_MS, ENROLMENT_TTL_MAX_MS);
	}
	json_decref(body);
	return ok;
}

void api_agent_token(const struct api_request *request, struct api_reply *reply)
{
	char token[AGENT_SECRET_SIZE];
	int64_t ttl_ms = ENROLMENT_TTL_DEFAULT_MS;
	struct wall expires_at;
	if (!api_query_only(request, reply, no_parameters) || !read_ttl(request, reply, &ttl_ms))
		return;
	enum db_status status =
		enrolment_token_make(request->pool, request->identity.name, request->id, ttl_ms, token, &expires_at);
	if (status != DB_OK) {
		problem_db(reply, status, "enrolment token");
		return;
	}
	json_t *json = json_pack("{s:s}", "token", token);
	set_wall(json, "expiresAt", expires_at);
	api_reply_json(reply, 201, json);
}

static void reply_enrolment(struct api_reply *reply, enum enrol_outcome outcome, const struct enrolment *made,
			    const char *name)
{
	switch (outcome) {
	case ENROL_DONE:
		api_reply_json(reply, 201,
			       json_pack("{s:s, s:s, s:s}", "agentId", made->agent_id, "key", made->key, "name", name));
		break;
	case ENROL_TOKEN_UNKNOWN:
		problem_reply(reply, 401, NULL, "/token",
			      "this enrolment token is unknown; ask an admin for a new one");
		break;
	case ENROL_TOKEN_USED:
		problem_reply(reply, 403, NULL, "/token",
			      "this enrolment token was used before; ask an admin for a new one");
		break;
	case ENROL_TOKEN_EXPIRED:
		problem_reply(reply, 403, NULL, "/token",
			      "this enrolment token has expired; ask an admin for a new one");
		break;
	case ENROL_NAME_TAKEN:
		problem_reply(reply, 409, NULL, "/name",
			      "another agent is called \"%s\"; choose another name, or have an admin "
			      "revoke that agent first; the token is still good",
			      name);
		break;
	}
}

static void enrol(const struct api_request *request, struct api_reply *reply, const json_t *body)
{
	static const char *const members[] = { "token", "name", "hostname", "agentVersion", NULL };
	struct enrolment made;
	enum enrol_outcome outcome;
	if (!body_only(body, reply, members))
		return;
	const char *token = body_text(body, reply, "token", TOKEN_BYTES_MAX);
	const char *name = token != NULL ? body_text(body, reply, "name", AGENT_NAME_MAX) : NULL;
	const char *hostname = name;
	if (name != NULL && json_object_get(body, "hostname") != NULL)
		hostname = body_text(body, reply, "hostname", AGENT_HOSTNAME_MAX);
	if (hostname == NULL)
		return;
	enum db_status status = agent_enrol(request->pool, token, name, hostname, request->id, &outcome, &made);
	if (status != DB_OK)
		problem_db(reply, status, "enrolment");
	else
		reply_enrolment(reply, outcome, &made, name);
}

void api_agent_enrol(const struct api_request *request, struct api_reply *reply)
{
	if (!enrolment_may_try()) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 429, NULL, NULL, "too many enrolments at once; try again in a second");
		return;
	}
	json_t *body = api_body_json(request, reply, AGENT_JSON_DEPTH_MAX);
	if (body != NULL)
		enrol(request, reply, body);
	json_decref(body);
}

/* online, offline (unknown since lastSeenAt), never (enrolled, not seen yet), revoked. */
static const char *state_name(const struct agent_row *row, int64_t offline_ms)
{
	if (wall_is_set(row->revoked_at))
		return "revoked";
	if (!wall_is_set(row->last_seen_at))
		return "never";
	return wall_diff_us(wall_now(), row->last_seen_at) > offline_ms * US_PER_MS ? "offline" : "online";
}

static json_t *agent_to_json(const struct agent_row *row, const struct central_config *config)
{
	json_t *json = json_object();
	set_text(json, "agentId", row->agent_id);
	set_text(json, "name", row->name);
	set_text(json, "state", state_name(row, config->agent_offline_ms));
	set_text(json, "hostname", row->hostname);
	set_text(json, "version", row->version);
	set_text(json, "tzdata", row->tzdata);
	set_wall(json, "enrolledAt", row->enrolled_at);
	set_wall(json, "revokedAt", row->revoked_at);
	set_wall(json, "lastSeenAt", row->last_seen_at);
	set_wall(json, "nextFireAt", row->next_fire_at);
	set_wall(json, "oldestUnsentAt", row->oldest_unsent_at);
	set_int(json, "outboxDepth", row->outbox_depth);
	set_int(json, "jobs", row->jobs);
	set_int(json, "running", row->running);
	set_int(json, "clockSkewMs", row->clock_skew_ms);
	set_int(json, "jobSetRevision", row->set_revision);
	set_int(json, "appliedRevision", row->jobs_revision);
	return json;
}

void api_agent_list(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	struct cursor cursor = { .at = WALL_NONE, .id = "00000000-0000-0000-0000-000000000000" };
	int64_t limit = AGENTS_LIMIT_DEFAULT;
	if (!api_query_only(request, reply, page_parameters) ||
	    !api_query_int(request, reply, "limit", 1, AGENTS_LIMIT_MAX, &limit) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &cursor))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_list(conn, cursor.id, (int)limit + 1, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "agents");
		return;
	}
	json_t *list = json_array();
	for (guint i = 0; i < MIN(rows->len, (guint)limit); i++)
		json_array_append_new(list, agent_to_json(rows->pdata[i], request->central->config));
	g_autofree char *next = NULL;
	if (rows->len > (guint)limit) {
		g_strlcpy(cursor.id, ((struct agent_row *)rows->pdata[limit - 1])->agent_id, sizeof cursor.id);
		next = cursor_encode(CURSOR_KIND, &cursor);
	}
	json_t *json = json_pack("{s:o}", "agents", list);
	set_text(json, "nextCursor", next);
	api_reply_json(reply, 200, json);
}

static json_t *streams_to_json(const GArray *rows)
{
	json_t *list = json_array();
	for (guint i = 0; i < rows->len; i++) {
		const struct agent_stream_row *row = &g_array_index(rows, struct agent_stream_row, i);
		json_t *json = json_object(), *holes = json_loads(row->holes, 0, NULL);
		set_int(json, "epoch", row->epoch);
		set_int(json, "ackedSeq", row->acked_seq);
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
		set_text(json, "event", row->kind);
		set_wall(json, "at", row->at);
		set_text(json, "detail", row->detail);
		set_int(json, "epoch", row->epoch);
		set_int(json, "seq", row->seq);
		json_array_append_new(list, json);
	}
	return list;
}

/* The agent's id from the path; anything that is no UUID is an agent that does not exist. */
static const char *agent_id_of(const struct api_request *request, struct api_reply *reply)
{
	const char *agent_id = api_param(request, "agentId");
	if (uuid_is_valid(agent_id))
		return agent_id;
	problem_db(reply, DB_NOT_FOUND, "agent of this id");
	return NULL;
}

void api_agent_get(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GArray) streams = NULL;
	g_autoptr(GArray) events = NULL;
	struct agent_row *row = NULL;
	const char *agent_id = api_query_only(request, reply, no_parameters) ? agent_id_of(request, reply) : NULL;
	if (agent_id == NULL)
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_get(conn, agent_id, &row);
	if (status == DB_OK)
		status = agent_streams(conn, agent_id, AGENT_STREAMS_SHOWN, &streams);
	if (status == DB_OK)
		status = agent_events(conn, agent_id, AGENT_EVENTS_SHOWN, &events);
	if (status == DB_OK) {
		json_t *json = agent_to_json(row, request->central->config);
		json_object_set_new(json, "streams", streams_to_json(streams));
		json_object_set_new(json, "events", events_to_json(events));
		api_reply_json(reply, 200, json);
	} else {
		problem_db(reply, status, "agent of this id");
	}
	agent_row_free(row);
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
		set_int(json, "epoch", row->epoch);
		set_int(json, "seq", row->seq);
		set_wall(json, "at", row->at);
		set_text(json, "reason", row->reason);
		set_text(json, "record", row->record);
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
	const char *agent_id = agent_id_of(request, reply);
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
	set_text(json, "nextCursor", next);
	api_reply_json(reply, 200, json);
}

void api_agent_revoke(const struct api_request *request, struct api_reply *reply)
{
	const char *agent_id = api_query_only(request, reply, no_parameters) ? agent_id_of(request, reply) : NULL;
	if (agent_id == NULL)
		return;
	enum db_status status = agent_retire(request->pool, agent_id, request->identity.name, request->id);
	if (status == DB_OK)
		api_reply_empty(reply, 204);
	else
		problem_db(reply, status, "agent of this id that is not revoked yet");
}
