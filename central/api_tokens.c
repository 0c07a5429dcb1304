#include "central/api_tokens.h"

#include <string.h>

#include "central/execution_view.h"
#include "central/svc_auth.h"

static bool is_clean_name(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < size; i++)
		if (g_ascii_iscntrl(name[i]))
			return false;
	return size > 0 && size <= IDENTITY_NAME_MAX;
}

/* {"name","role","ttlMs"?}. The texts are borrowed from `json`. */
static bool parse_terms(const json_t *json, struct api_reply *reply, struct token_terms *ret)
{
	static const char *const known[] = { "name", "role", "ttlMs", NULL };
	const char *name;
	json_t *value;
	if (!json_is_object(json)) {
		problem_reply(reply, 400, NULL, "", "a JSON object is expected");
		return false;
	}
	json_object_foreach((json_t *)json, name, value)
	{
		if (!g_strv_contains(known, name)) {
			g_autofree char *pointer = g_strconcat("/", name, NULL);
			problem_reply(reply, 400, NULL, pointer,
				      "there is no such member; known are name, role, ttlMs");
			return false;
		}
	}
	ret->name = json_string_value(json_object_get(json, "name"));
	if (ret->name == NULL || !is_clean_name(ret->name)) {
		problem_reply(reply, 400, NULL, "/name", "must be a string of 1-%d bytes without control characters",
			      IDENTITY_NAME_MAX);
		return false;
	}
	const char *role = json_string_value(json_object_get(json, "role"));
	if (role == NULL || !role_parse(role, &ret->role)) {
		problem_reply(reply, 400, NULL, "/role", "must be viewer, operator, editor or admin");
		return false;
	}
	const json_t *ttl = json_object_get(json, "ttlMs");
	json_int_t ttl_ms = json_integer_value(ttl);
	if (ttl != NULL && !json_is_null(ttl) &&
	    (!json_is_integer(ttl) || ttl_ms < TOKEN_TTL_MIN_MS || ttl_ms > TOKEN_TTL_MAX_MS)) {
		problem_reply(reply, 400, NULL, "/ttlMs",
			      "must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, TOKEN_TTL_MIN_MS,
			      TOKEN_TTL_MAX_MS);
		return false;
	}
	ret->expires_at = json_is_integer(ttl) ? wall_add_ms(wall_now(), ttl_ms) : WALL_NONE;
	return true;
}

void api_tokens_create(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = api_author(request);
	struct token_terms terms;
	char token[TOKEN_TEXT_SIZE], token_id[UUID_SIZE];
	json_t *json = api_body_json(request, reply, 2);
	if (json == NULL)
		return;
	if (!parse_terms(json, reply, &terms)) {
		json_decref(json);
		return;
	}
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = token_create(conn, &author, &terms, token, token_id);
	if (status == DB_OK)
		status = db_commit(conn);
	if (status == DB_OK)
		api_reply_json(reply, 201,
			       json_pack("{s:s, s:s, s:s, s:s, s:o}", "tokenId", token_id, "token", token, "name",
					 terms.name, "role", role_name(terms.role), "expiresAt",
					 json_wall(terms.expires_at)));
	else
		problem_db(reply, status, "the token");
	json_decref(json);
}

void api_tokens_list(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	GPtrArray *rows = NULL;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = token_list(conn, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "tokens");
		return;
	}
	json_t *tokens = json_array();
	for (guint i = 0; i < rows->len; i++) {
		const struct token_row *row = g_ptr_array_index(rows, i);
		json_array_append_new(tokens,
				      json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "tokenId", row->token_id, "name",
						row->name, "role", role_name(row->role), "createdBy", row->created_by,
						"createdAt", json_wall(row->created_at), "expiresAt",
						json_wall(row->expires_at), "revokedAt", json_wall(row->revoked_at)));
	}
	g_ptr_array_unref(rows);
	api_reply_json(reply, 200, json_pack("{s:o}", "tokens", tokens));
}

void api_tokens_revoke(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = api_author(request);
	const char *token_id = api_param(request, "tokenId");
	enum db_status status = uuid_is_valid(token_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = token_revoke(conn, &author, token_id);
	if (status == DB_OK)
		status = db_commit(conn);
	if (status == DB_OK)
		api_reply_empty(reply, 204);
	else if (status == DB_REFUSED)
		problem_reply(reply, 409, NULL, NULL,
			      "this is the last credential of an admin; make another admin first");
	else
		problem_db(reply, status, "token of this id that is still good");
}
