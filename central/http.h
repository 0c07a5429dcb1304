/*
 * Requests, replies and problems as the handlers see them. Owns: struct api_request, struct api_reply, problem+json,
 * ETags, query parameters. Does not own: JSON bodies (api_body.h), sockets (server.c), the table of routes (routes.h).
 *
 * Every handler (api_*.h) keeps the same contract. It runs in a pool thread of its listener, after the server has checked
 * method, path, credential, role and the body's size (server.h). It reads the request, fills the reply, returns; the server
 * frees both. Exactly one of api_reply_json, api_reply_text, api_reply_empty, problem_* is called last. A 2xx is said after
 * the COMMIT. It keeps nothing of the request.
 */
#ifndef BELFRY_HTTP_H
#define BELFRY_HTTP_H

#include <glib.h>
#include <jansson.h>

#include "central/db_audit.h"

#define REQUEST_ID_SIZE 17
#define ROUTE_PARAMS_MAX 3
#define URL_MAX 4096            /* bytes of path and query */
#define QUERY_PARAMS_MAX 32
#define IDENTITY_NAME_MAX 128   /* bytes */
#define UUID_SIZE 37            /* as text, with its end */
#define REPLY_HEADERS_MAX 12

/* Each person's role includes those before it; an agent's credential opens agent routes only. */
enum role { ROLE_OPEN = 0, ROLE_AGENT, ROLE_VIEWER, ROLE_OPERATOR, ROLE_EDITOR, ROLE_ADMIN, ROLE_MAX_ };
const char *role_name(enum role role); /* "viewer"... */
bool role_parse(const char *name, enum role *ret); /* viewer to admin only */

/* Who asks. */
struct identity {
	enum role role;
	bool is_account;                  /* an account's session; otherwise a token, or a session that came from one */
	bool by_session;                  /* the cookie, not a bearer token */
	char name[IDENTITY_NAME_MAX + 1]; /* of the account, token or agent; the author of edits */
	char agent_id[UUID_SIZE];         /* "" for people */
	char token_id[UUID_SIZE];         /* "" for accounts and agents */
	struct wall expires_at;           /* WALL_NONE = never */
};

struct central;
struct route;
struct sockaddr;

struct api_request {
	struct central *central;
	const struct route *route;
	struct db_pool *pool;      /* of the listener */
	struct identity identity;
	char id[REQUEST_ID_SIZE];  /* stands in the log line, the reply's X-Request-Id and problems */
	const char *method, *path; /* path: percent-decoding not yet done, without the query */
	char *params[ROUTE_PARAMS_MAX]; /* decoded values of the route's :names, in order */
	GHashTable *query;         /* decoded name -> value */
	const char *if_match, *if_none_match, *content_type, *accept_encoding; /* NULL = absent */
	/* What tells who asks, and from where: admit.c. NULL = absent. */
	const char *authorization, *cookie, *origin, *fetch_site, *host, *forwarded_for, *forwarded_proto;
	const struct sockaddr *peer;
	const char *url;             /* path and query as they came */
	const char *idempotency_key; /* NULL = none */
	const char *body;          /* not NUL-terminated */
	size_t body_size;
	size_t memory;             /* bytes that were taken for it (memory.h) */
};

struct api_reply {
	int status;
	char *body;                /* malloc'ed; NULL = none */
	size_t body_size;
	size_t untagged;           /* so many bytes at its begin may differ while it says the same (content_tag.h) */
	const char *content_type;  /* static */
	struct { const char *name; char *value; } headers[REPLY_HEADERS_MAX]; /* names static */
	int n_headers;
	char *detail;              /* of a problem: for the log line */
	bool uncertain;            /* whether anything was changed is not known */
};

void api_request_clear(struct api_request *request);
void api_reply_clear(struct api_reply *reply);

/* Who makes the change that is asked for; borrowed from the request. */
struct author api_author(const struct api_request *request);
/* The value of the route's ":name" ("" never happens), of a query parameter (NULL = absent). */
const char *api_param(const struct api_request *request, const char *name);
const char *api_query(const struct api_request *request, const char *name);
/*
 * Typed query parameters. Absent: *ret stays as it is (set your default before), true. Bad: the 400 problem naming the
 * parameter is in the reply, false.
 */
bool api_query_int(const struct api_request *request, struct api_reply *reply, const char *name, int64_t min,
		   int64_t max, int64_t *ret);
bool api_query_wall(const struct api_request *request, struct api_reply *reply, const char *name, struct wall *ret);
/* The text stays the request's; NULL: not given. */
bool api_query_uuid(const struct api_request *request, struct api_reply *reply, const char *name, const char **ret);
bool api_query_bool(const struct api_request *request, struct api_reply *reply, const char *name, bool *ret);
/* Refuses (400) query parameters that are not in the NULL-terminated list: a misspelt filter must not be ignored. */
bool api_query_only(const struct api_request *request, struct api_reply *reply, const char *const names[]);
bool api_query_none(const struct api_request *request, struct api_reply *reply); /* all of them */

/* Replies. api_reply_json takes the reference. */
void api_reply_json(struct api_reply *reply, int status, json_t *json);
/* Ready-made JSON or other text; takes the string (g_malloc). `content_type` static. */
void api_reply_text(struct api_reply *reply, int status, const char *content_type, char *body, size_t size);
void api_reply_empty(struct api_reply *reply, int status);
/* `name` static, value copied. CR, LF and NUL never get through. */
void api_reply_header(struct api_reply *reply, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * RFC 9457: {"type":"about:blank","title","status","detail","pointer"}. `title` NULL = the status' standard phrase.
 * `pointer` is the JSON pointer of the field in the body ("" = the whole document), NULL = not about the body.
 */
void problem_reply(struct api_reply *reply, int status, const char *title, const char *pointer, const char *format, ...)
	G_GNUC_PRINTF(5, 6);
/* A member of its own for the problem that the reply has already; takes the value. */
void problem_add(struct api_reply *reply, const char *name, json_t *value);
/* 400 about a query parameter: {"parameter": name}. */
void problem_parameter(struct api_reply *reply, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/*
 * What a database status means to the client: NOT_FOUND 404, CONFLICT 409, REFUSED 422, AWAY, LARGE, TIMEOUT and UNCERTAIN 503
 * and FULL 507, both with Retry-After, FAILED 500; TIMEOUT has a title of its own, for the database is there. `what` names the thing ("job 42"), for NOT_FOUND and CONFLICT. DB_OK is a bug.
 */
#define DB_TOO_SLOW_TITLE "Too Slow"
#define NO_MEMORY_TITLE "Out Of Memory"
/* 503: central has no memory for it. `what` it has none for ends the sentence, with what to do. */
void problem_memory(struct api_reply *reply, const char *what);
void problem_db(struct api_reply *reply, enum db_status status, const char *what);

/* ETags: strong, of a revision: "\"7\"". */
#define ETAG_SIZE 24
char *etag_print(int64_t revision, char buffer[static ETAG_SIZE]);
/*
 * Does an If-Match or If-None-Match list ("*", "\"7\"", "W/\"7\", \"9\"") name this revision? If-Match needs the
 * strong comparison (weak tags never match), If-None-Match the weak one. A NULL header matches nothing.
 */
bool etag_matches(const char *header, int64_t revision, bool weak_comparison);

/* A UUID in canonical form (8-4-4-4-12 hex digits)? */
bool uuid_is_valid(const char *text);
/* RFC 9562 version 7: time-ordered, from `now` and random bits. */
char *uuid_v7(struct wall now, char buffer[static UUID_SIZE]);

#endif
