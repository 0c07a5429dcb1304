/*
 * HTTP for the command line: one request at a time, over TCP or a unix socket. Owns curl.h. Does not own: credentials
 * beyond sending them, what answers mean (client.h).
 *
 * One connection is kept and used again. No redirects, no proxies, http and https only; every wait has an end.
 */
#ifndef BELFRY_CTL_HTTP_H
#define BELFRY_CTL_HTTP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define HTTP_ANSWER_MAX (256 * 1024 * 1024) /* bytes */
#define HTTP_CONNECT_MS 5000
#define HTTP_TIMEOUT_MS 30000

struct http_server {
	const char *url;         /* without a slash at the end; with a socket "http://agent" */
	const char *socket_path; /* NULL = TCP */
	const char *ca;          /* NULL = the system's */
	const char *token;       /* NULL = none; "belfry_session=..." goes as a cookie, anything else as a bearer token */
	int64_t timeout_ms;
};

struct http_question {
	const char *method, *path; /* with the query */
	const char *body;          /* JSON text or NULL */
	const char *if_match;      /* header, or NULL */
	bool merge_patch;          /* the body is a merge patch */
};

struct http_answer {
	int status;
	GString *body;
	char *etag, *cookie;  /* of the headers, or NULL; the cookie as NAME=VALUE */
	int retry_after_s;    /* 0 = not said */
};

/* OTHER_SCHEME: away, perhaps because only one of the two speaks TLS. */
enum http_failure { HTTP_FINE, HTTP_AWAY, HTTP_OTHER_SCHEME, HTTP_NOT_TRUSTED, HTTP_BROKEN };

struct http;
/* The strings of `server` must outlive it. */
struct http *http_new(const struct http_server *server);
void http_free(struct http *http);

/* HTTP_FINE when there is an answer of any status; else one sentence in *ret_words (caller frees). */
enum http_failure http_ask(struct http *http, const struct http_question *question, struct http_answer *ret, char **ret_words);
void http_answer_clear(struct http_answer *answer);

#endif
