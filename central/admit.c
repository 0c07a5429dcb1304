#include "central/admit.h"

#include <string.h>

#include "central/central.h"
#include "central/origin.h"
#include "central/svc_auth.h"

/* Did the browser speak TLS, with us or with a proxy in front of us? */
static bool is_secure(const struct api_request *request)
{
	return request->central->is_tls ||
	       (g_strcmp0(request->forwarded_proto, "https") == 0 &&
	       client_is_proxy(request->peer, request->central->config->trusted_proxies));
}

static bool is_change(const struct api_request *request)
{
	return strcmp(request->route->method, "GET") != 0;
}

/*
 * A browser adds the cookie to whatever page asks, so a change has to prove that one of our pages asked. A route that needs
 * no credential could be used to log somebody in as somebody else: an Origin that is there must be ours.
 */
static bool check_origin(const struct api_request *request, struct api_reply *reply)
{
	bool needed = request->identity.by_session || request->origin != NULL;
	bool by_token = request->route->role != ROLE_OPEN && !request->identity.by_session;
	if (!is_change(request) || by_token || !needed ||
	    origin_is_ours(request->origin, request->fetch_site, request->host, is_secure(request)))
		return true;
	problem_reply(reply, 403, NULL, NULL,
		      "a change by cookie must come from the dashboard itself: its Origin has to be this server's");
	return false;
}

static void reply_unauthorized(const struct api_request *request, struct api_reply *reply, bool has_credential)
{
	api_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"belfry\"");
	if (!has_credential)
		problem_reply(reply, 401, NULL, NULL, "send a token as \"Authorization: Bearer TOKEN\", or log in");
	else
		problem_reply(reply, 401, NULL, NULL, "the %s is unknown, expired or revoked",
			      request->authorization != NULL ? "token" : "session");
}

static bool check_credential(enum listener listener, struct api_request *request, struct api_reply *reply)
{
	char session[TOKEN_TEXT_SIZE];
	enum db_status status = DB_OK;
	enum role least = request->route->role;
	bool has_cookie = cookie_find(request->cookie, SESSION_COOKIE, session, sizeof session);
	switch (auth_check(request->central->auth, request->pool, listener, request->authorization,
			   has_cookie ? session : NULL, &request->identity, &status)) {
	case AUTH_OK:
		break;
	case AUTH_MISSING:
	case AUTH_UNKNOWN:
		reply_unauthorized(request, reply, request->authorization != NULL || has_cookie);
		return false;
	case AUTH_REVOKED:
		/* An agent that is told so starts nothing new: others have its jobs. */
		reply_unauthorized(request, reply, true);
		problem_add(reply, "revoked", json_true());
		return false;
	case AUTH_UNAVAILABLE:
		problem_db(reply, status, "the token");
		return false;
	}
	if (request->identity.role >= least && (least == ROLE_AGENT) == (request->identity.role == ROLE_AGENT))
		return true;
	problem_reply(reply, 403, NULL, NULL, "this needs the role %s; \"%s\" has the role %s", role_name(least),
		      request->identity.name, role_name(request->identity.role));
	return false;
}

bool admit_request(enum listener listener, struct api_request *request, struct api_reply *reply)
{
	if (request->route->role != ROLE_OPEN && !check_credential(listener, request, reply))
		return false;
	return listener == LISTENER_AGENT || check_origin(request, reply);
}

bool admit_session_hash(const struct api_request *request, char *ret, size_t size)
{
	char session[TOKEN_TEXT_SIZE], hash[CREDENTIAL_HASH_SIZE];
	if (!cookie_find(request->cookie, SESSION_COOKIE, session, sizeof session))
		return false;
	credential_hash(session, hash);
	return g_strlcpy(ret, hash, size) < size;
}

void admit_set_cookie(const struct api_request *request, struct api_reply *reply, const char *value,
		      struct wall expires_at)
{
	int64_t seconds = value != NULL ? MAX((expires_at.us - wall_now().us) / (1000 * US_PER_MS), 1) : 0;
	api_reply_header(reply, "Set-Cookie",
			 SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%" G_GINT64_FORMAT "%s",
			 value != NULL ? value : "", seconds, is_secure(request) ? "; Secure" : "");
}
