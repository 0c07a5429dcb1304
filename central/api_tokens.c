#include "central/api_tokens.h"

#include "central/api_body.h"
#include "central/json_values.h"
#include "central/svc_auth.h"

/* {"name","role","ttlMs"?}. The texts are borrowed from `body`. */
static bool parse_terms(const json_t *body, struct api_reply *reply, struct token_terms *ret)
{
	const char *role = json_string_value(json_object_get(body, "role"));
	int64_t ttl_ms = 0;
	ret->name = api_body_line(body, reply, "name", IDENTITY_NAME_MAX);
	if (ret->name == NULL)
		return false;
	if (role == NULL || !role_parse(role, &ret->role)) {
		problem_reply(reply, 400, NULL, "/role", "must be viewer, operator, editor or admin");
		return false;
	}
	if (!api_body_int(body, reply, "ttlMs", TOKEN_TTL_MIN_MS, TOKEN_TTL_MAX_MS, &ttl_ms))
		return false;
	ret->expires_at = ttl_ms > 0 ? wall_add_ms(wall_now(), ttl_ms) : WALL_NONE;
	return true;
}

void api_tokens_create(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "name", "role", "ttlMs", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = api_author(request);
	struct token_terms terms;
	char token[TOKEN_TEXT_SIZE], token_id[UUID_SIZE];
	json_t *json = api_body_object(request, reply, members, false);
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
	if (!api_query_none(request, reply))
		return;
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
	if (!api_query_none(request, reply))
		return;
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
