/*
 * A small HTTP/1.1 server on a unix socket. Owns: the socket, connections and their limits, reading requests, sending replies.
 * Does not own: routes (local_api.c).
 *
 * libevent's own HTTP server is not used: it knows neither a limit of connections nor, while an answer is being worked
 * out, that the caller has hung up. What is understood here is what curl and Prometheus send: a request line, headers,
 * a body with Content-Length (read and dropped), keep-alive. One request of a connection is worked on at a time.
 *
 * The handler answers at once or later, exactly once; when the caller hangs up before, `gone` is called instead, and the
 * exchange must not be touched any more. Loop thread only.
 */
#ifndef BELFRY_AGENT_LOCAL_HTTP_H
#define BELFRY_AGENT_LOCAL_HTTP_H

#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/queue.h>

#define LOCAL_HTTP_CONNECTIONS_MAX 32 /* more wait in the socket's queue */
#define LOCAL_HTTP_HEAD_MAX 16384     /* bytes of request line and headers */
#define LOCAL_HTTP_BODY_MAX 65536
#define LOCAL_HTTP_TIMEOUT_SECONDS 10 /* without a byte, while one is due */

struct local_http;
struct local_connection;

struct local_exchange {
	const char *method, *path; /* the path as it was sent, without the query */
	struct evkeyvalq query;    /* decoded */
	void (*gone)(void *context); /* set by a handler that answers later */
	void *gone_context;
	struct local_connection *connection;
};

typedef void local_http_handler(void *context, struct local_exchange *exchange);

/* Replaces a socket that was left there; mode 0600. NULL: the path is too long or cannot be bound. */
struct local_http *local_http_new(struct event_base *base, const char *path, local_http_handler *handler, void *context,
				  GError **error);
/* Closes all, without calling `gone`; removes the socket. */
void local_http_free(struct local_http *http);

/* Ends the exchange. `headers` NULL or whole lines ("Allow: GET\r\n"). */
void local_http_reply(struct local_exchange *exchange, int status, const char *type, const char *headers, const char *text,
		      size_t size);
void local_http_problem(struct local_exchange *exchange, int status, const char *title, const char *detail, const char *headers);

#endif
