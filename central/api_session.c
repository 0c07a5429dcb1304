#include "central/api_session.h"

#include <string.h>

#include "central/admit.h"
#include "central/api_body.h"
#include "central/central.h"
#include "central/json_values.h"
#include "central/origin.h"
#include "central/password.h"
#include "central/svc_accounts.h"
#include "central/svc_sessions.h"

/* A login on its way; `address` is what `request` points to. */
struct attempt {
	char address[CLIENT_ADDRESS_SIZE];
	struct login_request request;
};

static void start_attempt(const struct api_request *request, struct attempt *ret)
{
	const struct central_config *config = request->central->config;
	client_address(request->peer, request->forwarded_for, config->trusted_proxies, ret->address);
	ret->request = (struct login_request){ .pool = request->pool,
					       .address = ret->address,
					       .request_id = request->id,
					       .idle_ms = config->session_idle_ms,
					       .lifetime_ms = config->session_max_ms };
}

/* All outcomes but LOGIN_OK and LOGIN_WRONG. */
static void reply_held_up(struct api_reply *reply, enum login_outcome outcome, const struct login_result *result)
{
	if (outcome == LOGIN_DB_FAILED) {
		problem_db(reply, result->status, "the session");
		return;
	}
	int64_t wait_s = outcome == LOGIN_WAIT ? result->wait_s : 1;
	api_reply_header(reply, "Retry-After", "%" G_GINT64_FORMAT, wait_s);
	problem_reply(reply, 429, NULL, NULL, "too many logins%s; try again in %" G_GINT64_FORMAT " s",
		      outcome == LOGIN_WAIT ? " failed" : " at this moment", wait_s);
}

static void reply_login(const struct api_request *request, struct api_reply *reply, enum login_outcome outcome,
			const struct login_result *result, const char *what)
{
	if (outcome == LOGIN_OK) {
		admit_set_cookie(request, reply, result->secret, result->expires_at);
		api_reply_json(reply, 200,
			       json_pack("{s:s, s:s, s:o}", "name", result->name, "role", role_name(result->role),
					 "expiresAt", json_wall(result->expires_at)));
	} else if (outcome == LOGIN_WRONG) {
		api_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"belfry\"");
		problem_reply(reply, 401, NULL, NULL, "%s", what);
	} else {
		reply_held_up(reply, outcome, result);
	}
}

static const char *text_member(const json_t *json, const char *name, size_t max, struct api_reply *reply)
{
	const char *text = json_string_value(json_object_get(json, name));
	if (text != NULL && *text != '\0' && strlen(text) <= max)
		return text;
	g_autofree char *pointer = g_strconcat("/", name, NULL);
	problem_reply(reply, 400, NULL, pointer, "must be a string of 1-%zu bytes", max);
	return NULL;
}

void api_session_create(const struct api_request *request, struct api_reply *reply)
{
	static const char *const known[] = { "name", "password", "link", NULL };
	struct attempt attempt;
	struct login_result result = { 0 };
	const char *name = NULL, *password = NULL, *link = NULL;
	json_t *json = api_body_object(request, reply, known, false);
	if (json == NULL)
		return;
	start_attempt(request, &attempt);
	if (json_object_get(json, "link") != NULL) {
		if (json_object_size(json) > 1)
			problem_reply(reply, 400, NULL, "/link", "stands alone, or name and password do");
		else if ((link = text_member(json, "link", TOKEN_TEXT_SIZE, reply)) != NULL)
			reply_login(request, reply, login_by_link(&attempt.request, link, &result), &result,
				    "the link is unknown, used already or expired");
	} else if ((name = text_member(json, "name", ACCOUNT_NAME_MAX, reply)) != NULL &&
		   (password = text_member(json, "password", PASSWORD_MAX, reply)) != NULL) {
		reply_login(request, reply, login_by_password(&attempt.request, name, password, &result), &result,
			    "name or password is wrong");
	}
	json_decref(json);
}

void api_session_get(const struct api_request *request, struct api_reply *reply)
{
	const struct identity *identity = &request->identity;
	if (!api_query_none(request, reply))
		return;
	api_reply_json(reply, 200,
		       json_pack("{s:s, s:s, s:s, s:o}", "name", identity->name, "role", role_name(identity->role), "kind",
				 identity->by_session ? "session" : "token", "expiresAt",
				 json_wall(identity->expires_at)));
}

void api_session_delete(const struct api_request *request, struct api_reply *reply)
{
	char hash[CREDENTIAL_HASH_SIZE];
	if (!api_query_none(request, reply))
		return;
	if (!request->identity.by_session || !admit_session_hash(request, hash, sizeof hash)) {
		problem_reply(reply, 409, NULL, NULL, "a token has no session to end; revoke the token instead");
		return;
	}
	enum db_status status = logout(request->pool, &request->identity, request->id, hash);
	auth_forget_sessions(request->central->auth);
	if (status != DB_OK) {
		problem_db(reply, status, "the session");
		return;
	}
	admit_set_cookie(request, reply, NULL, WALL_NONE);
	api_reply_empty(reply, 204);
}

static void change_password(const struct api_request *request, struct api_reply *reply, const char *old, const char *new)
{
	struct attempt attempt;
	struct login_result result = { 0 };
	char hash[CREDENTIAL_HASH_SIZE];
	admit_session_hash(request, hash, sizeof hash);
	start_attempt(request, &attempt);
	enum login_outcome outcome =
		password_change(&attempt.request, request->identity.name, hash, old, new, &result);
	auth_forget_sessions(request->central->auth);
	if (outcome == LOGIN_OK)
		api_reply_empty(reply, 204);
	else if (outcome == LOGIN_WRONG)
		problem_reply(reply, 400, NULL, "/old", "is not the present password");
	else
		reply_held_up(reply, outcome, &result);
}

void api_session_password(const struct api_request *request, struct api_reply *reply)
{
	static const char *const known[] = { "old", "new", NULL };
	const char *old, *new;
	json_t *json = api_body_object(request, reply, known, false);
	if (json == NULL)
		return;
	if (!request->identity.by_session || !request->identity.is_account) {
		problem_reply(reply, 409, NULL, NULL, "only a person who logged in with a password has one to change");
	} else if ((old = text_member(json, "old", PASSWORD_MAX, reply)) != NULL &&
		   (new = text_member(json, "new", PASSWORD_MAX, reply)) != NULL) {
		const char *complaint = password_complaint(new);
		if (complaint != NULL)
			problem_reply(reply, 400, NULL, "/new", "%s", complaint);
		else
			change_password(request, reply, old, new);
	}
	json_decref(json);
}

void api_session_link(const struct api_request *request, struct api_reply *reply)
{
	static const char *const known[] = { "ttlMs", NULL };
	char link[TOKEN_TEXT_SIZE];
	struct wall expires_at;
	json_t *json = api_body_object(request, reply, known, true);
	if (json == NULL)
		return;
	int64_t ttl_ms = LINK_TTL_DEFAULT_MS;
	bool ok = api_body_int(json, reply, "ttlMs", LINK_TTL_MIN_MS, LINK_TTL_MAX_MS, &ttl_ms);
	json_decref(json);
	if (!ok)
		return;
	enum db_status status =
		login_link_create(request->pool, &request->identity, request->id, ttl_ms, link, &expires_at);
	if (status == DB_OK)
		api_reply_json(reply, 201, json_pack("{s:s, s:o}", "link", link, "expiresAt", json_wall(expires_at)));
	else
		problem_db(reply, status, "the link");
}
