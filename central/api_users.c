#include "central/api_users.h"

#include "central/api_body.h"
#include "central/central.h"
#include "central/json_values.h"
#include "central/svc_accounts.h"
#include "central/svc_auth.h"

static json_t *render(const struct account_row *row)
{
	return json_pack("{s:s, s:s, s:b, s:o, s:s, s:o}", "name", row->name, "role", role_name(row->role), "active",
			 row->active, "createdAt", json_wall(row->created_at), "createdBy", row->created_by,
			 "lastLoginAt", json_wall(row->last_login_at));
}

static void reply_failure(struct api_reply *reply, enum account_outcome outcome, enum db_status status)
{
	switch (outcome) {
	case ACCOUNT_DONE:
		break;
	case ACCOUNT_TAKEN:
		problem_reply(reply, 409, NULL, "/name", "there is a user of this name already");
		break;
	case ACCOUNT_LAST_ADMIN:
		problem_reply(reply, 409, NULL, NULL,
			      "this is the last credential of an admin; make another admin first");
		break;
	case ACCOUNT_BUSY:
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 429, NULL, NULL, "too many passwords are being worked on; try again in 1 s");
		break;
	case ACCOUNT_DB_FAILED:
		problem_db(reply, status, "user of this name");
		break;
	}
}

void api_users_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	DB_AUTO struct db_conn *conn = NULL;
	GArray *rows = NULL;
	if (!api_query_only(request, reply, no_parameters))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = account_list(conn, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "users");
		return;
	}
	json_t *users = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(users, render(&g_array_index(rows, struct account_row, i)));
	g_array_unref(rows);
	api_reply_json(reply, 200, json_pack("{s:o}", "users", users));
}

/* The members that are there; all that is `required` must be. Texts are borrowed from `json`. */
static bool parse_change(const json_t *json, struct api_reply *reply, bool required, struct account_change *ret)
{
	const json_t *role = json_object_get(json, "role"), *password = json_object_get(json, "password"),
		     *active = json_object_get(json, "active");
	*ret = (struct account_change){ .role = ROLE_OPEN, .active = -1 };
	if ((required || role != NULL) &&
	    (!json_is_string(role) || !role_parse(json_string_value(role), &ret->role))) {
		problem_reply(reply, 400, NULL, "/role", "must be viewer, operator, editor or admin");
		return false;
	}
	if (required || password != NULL) {
		const char *text = json_string_value(password);
		const char *complaint = text != NULL ? password_complaint(text) : "must be a string";
		if (complaint != NULL) {
			problem_reply(reply, 400, NULL, "/password", "%s", complaint);
			return false;
		}
		ret->password = text;
	}
	if (active != NULL && !json_is_boolean(active)) {
		problem_reply(reply, 400, NULL, "/active", "must be true or false");
		return false;
	}
	if (active != NULL)
		ret->active = json_is_true(active);
	return true;
}

void api_users_create(const struct api_request *request, struct api_reply *reply)
{
	static const char *const known[] = { "name", "role", "password", NULL };
	struct author author = api_author(request);
	struct account_change wish;
	struct account_row row = { 0 };
	enum db_status status = DB_OK;
	json_t *json = api_body_object(request, reply, known, false);
	if (json == NULL)
		return;
	const char *name = json_string_value(json_object_get(json, "name"));
	if (name == NULL || !account_name_is_valid(name)) {
		problem_reply(reply, 400, NULL, "/name", "must be 1-%d letters, digits or . _ - @, not a dot first",
			      ACCOUNT_NAME_MAX);
	} else if (parse_change(json, reply, true, &wish)) {
		enum account_outcome outcome =
			account_create(request->pool, &author, name, wish.role, wish.password, &row, &status);
		if (outcome == ACCOUNT_DONE) {
			api_reply_header(reply, "Location", "/api/users/%s", name);
			api_reply_json(reply, 201, render(&row));
		} else {
			reply_failure(reply, outcome, status);
		}
	}
	account_row_clear(&row);
	json_decref(json);
}

void api_users_patch(const struct api_request *request, struct api_reply *reply)
{
	static const char *const known[] = { "role", "password", "active", NULL };
	struct author author = api_author(request);
	struct account_change change;
	struct account_row row = { 0 };
	enum db_status status = DB_OK;
	json_t *json = api_body_object(request, reply, known, false);
	if (json == NULL)
		return;
	if (parse_change(json, reply, false, &change)) {
		enum account_outcome outcome = account_change(request->pool, &author, api_param(request, "userName"),
							      &change, &row, &status);
		auth_forget_sessions(request->central->auth);
		if (outcome == ACCOUNT_DONE)
			api_reply_json(reply, 200, render(&row));
		else
			reply_failure(reply, outcome, status);
	}
	account_row_clear(&row);
	json_decref(json);
}

void api_users_delete(const struct api_request *request, struct api_reply *reply)
{
	struct author author = api_author(request);
	enum db_status status = DB_OK;
	if (!api_query_none(request, reply))
		return;
	enum account_outcome outcome =
		account_remove(request->pool, &author, api_param(request, "userName"), &status);
	auth_forget_sessions(request->central->auth);
	if (outcome == ACCOUNT_DONE)
		api_reply_empty(reply, 204);
	else
		reply_failure(reply, outcome, status);
}
