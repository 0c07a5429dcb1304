/*
 * The listeners: sockets, threads, and the way of a request from bytes to handler and back. Owns ulfius.h and
 * microhttpd.h. Does not own the routes (routes.h), what credentials mean (svc_auth.h), the handlers (api_*.h).
 *
 * Each listener has its own pool of epoll threads; a thread serves many connections and runs one handler at a time.
 * The order of checks: size of URL and headers (414, 431), path (404), method (405), memory and readiness (503), credential (401),
 * role and origin (403), size of the body (413), query (400), then the handler. The body is received up to the largest maximum of
 * the listener's routes; the rest of a longer one is read and thrown away, so memory stays bounded and the client gets
 * its answer.
 */
#ifndef BELFRY_SERVER_H
#define BELFRY_SERVER_H

#include <glib.h>

#include "central/central.h"
#include "central/routes.h"

#define SERVER_HEADERS_MAX (16 * 1024)   /* bytes of all request headers */
#define SERVER_AGENT_MEMORY (8 * 1024)   /* for headers and buffers, each connection */
#define SERVER_PEOPLE_MEMORY (32 * 1024)
#define SERVER_BODY_SMALL (64 * 1024)    /* bytes of a body that nobody is asked for */
#define SERVER_IDLE_TIMEOUT_S 60
#define SERVER_CONNECTIONS_MAX 20000     /* per listener */

struct server;

/* Listens at once; the error names the address. `central` must outlive the server. */
struct server *server_start(struct central *central, enum listener listener, GError **error);
/* No new requests; waits for those that run. NULL is fine. */
void server_stop(struct server *server);

#endif
