#include "central/api_enrolment.h"

#include <stdlib.h>
#include <string.h>

#include "central/api_agents.h"
#include "central/api_body.h"
#include "central/api_fleet.h"
#include "central/central.h"
#include "central/json_values.h"
#include "central/svc_agents.h"
#include "central/svc_auth.h"

#define RETRY_UNSAFE_S 5 /* how soon an agent asks again whether PostgreSQL is safe */

static const char *const no_parameters[] = { NULL };

/* ttlMs, labels, name of a token request; false with the problem in the reply. *ret_labels is to be freed. */
static bool read_terms(const json_t *body, struct api_reply *reply, struct enrolment_terms *ret, char **ret_labels)
{
	if (!api_body_int(body, reply, "ttlMs", ENROLMENT_TTL_MIN_MS, ENROLMENT_TTL_MAX_MS, &ret->ttl_ms) ||
	    !api_body_labels(body, reply, ret_labels))
		return false;
	if (*ret_labels != NULL)
		ret->labels = *ret_labels;
	if (json_object_get(body, "name") != NULL)
		ret->name = api_body_line(body, reply, "name", AGENT_NAME_MAX);
	return json_object_get(body, "name") == NULL || ret->name != NULL;
}

void api_agent_token(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "ttlMs", "labels", "name", NULL };
	struct author author = api_author(request);
	struct enrolment_terms terms = { .labels = "{}", .ttl_ms = ENROLMENT_TTL_DEFAULT_MS };
	struct made_token made;
	char *labels = NULL;
	if (!api_query_only(request, reply, no_parameters))
		return;
	json_t *body = api_body_object(request, reply, members, true);
	if (body != NULL && read_terms(body, reply, &terms, &labels)) {
		enum db_status status = enrolment_token_make(request->pool, &author, &terms, &made);
		if (status != DB_OK) {
			problem_db(reply, status, "enrolment token");
		} else {
			json_t *json = json_pack("{s:s, s:s}", "tokenId", made.token_id, "token", made.token);
			json_set_wall(json, "expiresAt", made.expires_at);
			api_reply_json(reply, 201, json);
		}
	}
	free(labels);
	json_decref(body);
}

static json_t *token_to_json(const struct enrolment_token_row *row)
{
	json_t *json = json_object(), *labels = json_loads(row->labels, 0, NULL);
	json_set_text(json, "tokenId", row->token_id);
	json_object_set_new(json, "labels", labels != NULL ? labels : json_object());
	json_set_text(json, "name", row->name);
	json_set_wall(json, "createdAt", row->created_at);
	json_set_text(json, "createdBy", row->created_by);
	json_set_wall(json, "expiresAt", row->expires_at);
	json_set_wall(json, "usedAt", row->used_at);
	json_set_text(json, "usedBy", *row->used_by != '\0' ? row->used_by : NULL);
	return json;
}

void api_agent_token_list(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autoptr(GArray) rows = NULL;
	if (!api_query_only(request, reply, no_parameters))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = enrolment_token_list(conn, ENROLMENT_TOKENS_SHOWN, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "enrolment tokens");
		return;
	}
	json_t *list = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(list, token_to_json(&g_array_index(rows, struct enrolment_token_row, i)));
	api_reply_json(reply, 200, json_pack("{s:o}", "tokens", list));
}

void api_agent_token_delete(const struct api_request *request, struct api_reply *reply)
{
	struct author author = api_author(request);
	const char *token_id = api_param(request, "tokenId");
	if (!api_query_only(request, reply, no_parameters))
		return;
	enum db_status status = uuid_is_valid(token_id) ? enrolment_token_drop(request->pool, &author, token_id) : DB_NOT_FOUND;
	if (status == DB_OK)
		api_reply_empty(reply, 204);
	else
		problem_db(reply, status, "enrolment token of this id");
}

static void reply_enrolment(struct api_reply *reply, enum enrol_outcome outcome, const struct enrolment *made)
{
	switch (outcome) {
	case ENROL_DONE:
		api_reply_json(reply, 201,
			       json_pack("{s:s, s:s, s:s}", "agentId", made->agent_id, "key", made->key, "name", made->name));
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
			      made->name);
		break;
	}
}

static void enrol(const struct api_request *request, struct api_reply *reply, const json_t *body)
{
	struct enrolment made;
	enum enrol_outcome outcome;
	const char *token = api_body_line(body, reply, "token", TOKEN_BYTES_MAX);
	const char *name = token != NULL ? api_body_line(body, reply, "name", AGENT_NAME_MAX) : NULL;
	const char *hostname = name;
	if (name != NULL && json_object_get(body, "hostname") != NULL)
		hostname = api_body_line(body, reply, "hostname", AGENT_HOSTNAME_MAX);
	if (hostname == NULL)
		return;
	enum db_status status = agent_enrol(request->pool, token, name, hostname, request->id, &outcome, &made);
	if (status != DB_OK)
		problem_db(reply, status, "enrolment");
	else
		reply_enrolment(reply, outcome, &made);
}

void api_agent_enrol(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "token", "name", "hostname", "agentVersion", NULL };
	if (!enrolment_may_try()) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 429, NULL, NULL, "too many enrolments at once; try again in a second");
		return;
	}
	json_t *body = api_body_object(request, reply, members, false);
	if (body != NULL)
		enrol(request, reply, body);
	json_decref(body);
}

static bool is_hash(const char *text)
{
	return strlen(text) == CREDENTIAL_HASH_SIZE - 1 && strspn(text, "0123456789abcdef") == CREDENTIAL_HASH_SIZE - 1;
}

static void reply_rotation(struct api_reply *reply, enum rotate_outcome outcome)
{
	switch (outcome) {
	case ROTATE_DONE:
		api_reply_empty(reply, 204);
		break;
	case ROTATE_REFUSED:
		problem_reply(reply, 409, NULL, NULL,
			      "no rotation was ordered of this agent, or the key that was shown is not its key any more, or the "
			      "new one is not new");
		break;
	case ROTATE_NOT_DURABLE:
		api_reply_header(reply, "Retry-After", "%d", RETRY_UNSAFE_S);
		problem_reply(reply, 503, NULL, NULL,
			      "PostgreSQL runs with fsync or synchronous_commit off: no key is changed");
		break;
	}
}

void api_agent_rotate(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "keySha256", NULL };
	char old_hash[CREDENTIAL_HASH_SIZE];
	enum rotate_outcome outcome = ROTATE_REFUSED;
	enum db_status status = DB_OK;
	json_t *body = api_body_object(request, reply, members, false);
	const char *hash = body != NULL ? api_body_line(body, reply, "keySha256", CREDENTIAL_HASH_SIZE - 1) : NULL;
	if (hash != NULL && !is_hash(hash)) {
		problem_reply(reply, 400, NULL, "/keySha256", "must be the SHA-256 of the new key as 64 lower-case hex digits");
	} else if (hash != NULL) {
		if (bearer_hash(request->authorization, old_hash))
			status = agent_rotate(request->pool, &request->identity, request->id, old_hash, hash, &outcome);
		if (status == DB_OK)
			reply_rotation(reply, outcome);
		else
			problem_db(reply, status, "agent's key");
	}
	json_decref(body);
}
