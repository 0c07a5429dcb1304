/*
 *   reading head -> reading body -> answering -> (keep-alive) reading head ...
 *                                       \-----> closing: the reply is on its way out, nothing more is read
 */
#include "agent/local_http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define ACCEPT_PAUSE_SECONDS 1 /* when there is no descriptor for a client */

enum connection_state { READING_HEAD, READING_BODY, ANSWERING, CLOSING };

struct local_connection {
	LIST_ENTRY(local_connection) entry;
	struct local_http *http;
	struct bufferevent *buffers;
	enum connection_state state;
	bool keep; /* after the reply */
	size_t body_left;
	char *head; /* method and path point into it */
	struct local_exchange exchange;
};

struct local_http {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *accept_again;
	char *path;
	local_http_handler *handler;
	void *context;
	int n_connections;
	LIST_HEAD(, local_connection) connections;
};

static void end_exchange(struct local_connection *connection)
{
	evhttp_clear_headers(&connection->exchange.query);
	g_clear_pointer(&connection->head, g_free);
	connection->exchange.gone = NULL;
}

static void connection_free(struct local_connection *connection)
{
	struct local_http *http = connection->http;
	end_exchange(connection);
	LIST_REMOVE(connection, entry);
	bufferevent_free(connection->buffers);
	g_free(connection);
	if (http->n_connections-- == LOCAL_HTTP_CONNECTIONS_MAX)
		evconnlistener_enable(http->listener);
}

static void set_timeout(struct local_connection *connection, bool on)
{
	const struct timeval limit = { .tv_sec = LOCAL_HTTP_TIMEOUT_SECONDS };
	bufferevent_set_timeouts(connection->buffers, on ? &limit : NULL, &limit);
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 431, "Request Header Fields Too Large" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void local_http_reply(struct local_exchange *exchange, int status, const char *type, const char *headers,
		      const char *text, size_t size)
{
	struct local_connection *connection = exchange->connection;
	struct evbuffer *output = bufferevent_get_output(connection->buffers);
	evbuffer_add_printf(output,
			    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: %s\r\n%s\r\n",
			    status, reason_of(status), type, size, connection->keep ? "keep-alive" : "close",
			    headers == NULL ? "" : headers);
	evbuffer_add(output, text, size);
	connection->state = connection->keep ? READING_HEAD : CLOSING;
	end_exchange(connection);
	set_timeout(connection, true);
	if (connection->keep)
		bufferevent_trigger(connection->buffers, EV_READ,
				    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void local_http_problem(struct local_exchange *exchange, int status, const char *title, const char *detail,
			const char *headers)
{
	g_autofree char *valid = g_utf8_make_valid(detail, -1);
	json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title, "status", status,
				 "detail", valid);
	char *text = json_dumps(json, JSON_COMPACT);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	free(text);
	json_decref(json);
	local_http_reply(exchange, status, "application/problem+json", headers, line, strlen(line));
}

/* A request that cannot be understood: what follows it cannot be either. */
static void refuse(struct local_connection *connection, int status, const char *detail)
{
	connection->keep = false;
	local_http_problem(&connection->exchange, status, reason_of(status), detail, NULL);
}

/* "name: value" of a header that matters here. */
static bool take_header(struct local_connection *connection, char *line)
{
	char *value = strchr(line, ':');
	guint64 size;
	if (value == NULL || value == line) {
		refuse(connection, 400, "a header line has no name");
		return false;
	}
	*value++ = '\0';
	g_strstrip(value);
	if (g_ascii_strcasecmp(line, "Transfer-Encoding") == 0) {
		refuse(connection, 411, "send the body with a Content-Length");
		return false;
	}
	if (g_ascii_strcasecmp(line, "Connection") == 0 && g_ascii_strcasecmp(value, "close") == 0)
		connection->keep = false;
	if (g_ascii_strcasecmp(line, "Content-Length") != 0)
		return true;
	if (!g_ascii_string_to_unsigned(value, 10, 0, LOCAL_HTTP_BODY_MAX, &size, NULL)) {
		refuse(connection, 413, "Content-Length must be a number up to 65536");
		return false;
	}
	connection->body_left = (size_t)size;
	return true;
}

/* "GET /path?query HTTP/1.1" */
static bool take_request_line(struct local_connection *connection, char *line)
{
	struct local_exchange *exchange = &connection->exchange;
	char *target = strchr(line, ' '), *version = target == NULL ? NULL : strchr(target + 1, ' ');
	if (version == NULL || target[1] != '/') {
		refuse(connection, 400, "the first line must be like \"GET /status HTTP/1.1\"");
		return false;
	}
	*target++ = '\0';
	*version++ = '\0';
	connection->keep = strcmp(version, "HTTP/1.1") == 0;
	if (!connection->keep && strcmp(version, "HTTP/1.0") != 0) {
		refuse(connection, 505, "HTTP/1.1 is spoken here");
		return false;
	}
	char *query = strchr(target, '?');
	if (query != NULL)
		*query++ = '\0';
	exchange->method = line;
	exchange->path = target;
	if (query == NULL || evhttp_parse_query_str(query, &exchange->query) == 0)
		return true;
	refuse(connection, 400, "the part after \"?\" must be like name=value&name=value");
	return false;
}

static bool take_head(struct local_connection *connection, size_t size)
{
	struct evbuffer *input = bufferevent_get_input(connection->buffers);
	connection->head = g_malloc(size + 1);
	evbuffer_remove(input, connection->head, size);
	connection->head[size] = '\0';
	connection->body_left = 0;
	if (strlen(connection->head) != size) {
		refuse(connection, 400, "there is a NUL byte in the request");
		return false;
	}
	char *next = NULL;
	for (char *line = connection->head; line != NULL; line = next) {
		next = strstr(line, "\r\n");
		if (next != NULL) {
			*next = '\0';
			next += 2;
		}
		if (line == connection->head ? !take_request_line(connection, line)
					     : *line != '\0' && !take_header(connection, line))
			return false;
	}
	return true;
}

static bool read_head(struct local_connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->buffers);
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	if (end.pos < 0 || end.pos + 4 > LOCAL_HTTP_HEAD_MAX) {
		if (end.pos >= 0 || evbuffer_get_length(input) > LOCAL_HTTP_HEAD_MAX)
			refuse(connection, 431, "request line and headers are longer than 16384 bytes");
		return false;
	}
	if (!take_head(connection, (size_t)end.pos + 4))
		return false;
	connection->state = READING_BODY;
	return true;
}

static bool read_body(struct local_connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->buffers);
	size_t size = MIN(connection->body_left, evbuffer_get_length(input));
	evbuffer_drain(input, size);
	connection->body_left -= size;
	return connection->body_left == 0;
}

static void on_bytes(struct bufferevent *buffers, void *context)
{
	(void)buffers;
	struct local_connection *connection = context;
	struct local_http *http = connection->http;
	if (connection->state == READING_HEAD && !read_head(connection))
		return;
	if (connection->state != READING_BODY || !read_body(connection))
		return;
	connection->state = ANSWERING;
	set_timeout(connection, false);
	http->handler(http->context, &connection->exchange);
}

static void on_sent(struct bufferevent *buffers, void *context)
{
	(void)buffers;
	struct local_connection *connection = context;
	if (connection->state == CLOSING)
		connection_free(connection);
}

/* The caller hung up, or a timeout. */
static void on_end(struct bufferevent *buffers, short what, void *context)
{
	(void)buffers, (void)what;
	struct local_connection *connection = context;
	if (connection->exchange.gone != NULL)
		connection->exchange.gone(connection->exchange.gone_context);
	connection_free(connection);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
		      void *context)
{
	(void)listener, (void)address, (void)size;
	struct local_http *http = context;
	struct local_connection *connection = g_new0(struct local_connection, 1);
	connection->http = http;
	connection->exchange.connection = connection;
	TAILQ_INIT(&connection->exchange.query);
	LIST_INSERT_HEAD(&http->connections, connection, entry);
	connection->buffers = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(connection->buffers, on_bytes, on_sent, on_end, connection);
	bufferevent_setwatermark(connection->buffers, EV_READ, 0, LOCAL_HTTP_HEAD_MAX + 1);
	set_timeout(connection, true);
	bufferevent_enable(connection->buffers, EV_READ | EV_WRITE);
	if (++http->n_connections == LOCAL_HTTP_CONNECTIONS_MAX)
		evconnlistener_disable(http->listener);
}

/* The client that could not be taken stays in the queue: without the pause the loop would do nothing but try again. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct local_http *http = context;
	const struct timeval pause = { .tv_sec = ACCEPT_PAUSE_SECONDS };
	evconnlistener_disable(listener);
	evtimer_add(http->accept_again, &pause);
}

static void on_accept_again(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct local_http *http = context;
	if (http->n_connections < LOCAL_HTTP_CONNECTIONS_MAX)
		evconnlistener_enable(http->listener);
}

static struct evconnlistener *listen_on(struct local_http *http, GError **error)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	if (strlen(http->path) >= sizeof name.sun_path) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG,
			    "socket: %s is longer than the %zu bytes a socket's path may have", http->path,
			    sizeof name.sun_path - 1);
		return NULL;
	}
	strcpy(name.sun_path, http->path);
	unlink(http->path);
	mode_t old = umask(0177);
	struct evconnlistener *listener =
		evconnlistener_new_bind(http->base, on_accept, http, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
					BACKLOG, (struct sockaddr *)&name, sizeof name);
	int reason = errno;
	umask(old);
	if (listener == NULL)
		g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(reason), "socket: %s cannot be made: %s",
			    http->path, g_strerror(reason));
	return listener;
}

struct local_http *local_http_new(struct event_base *base, const char *path, local_http_handler *handler, void *context,
				  GError **error)
{
	struct local_http *http = g_new0(struct local_http, 1);
	http->base = base;
	http->path = g_strdup(path);
	http->handler = handler;
	http->context = context;
	LIST_INIT(&http->connections);
	http->listener = listen_on(http, error);
	if (http->listener != NULL) {
		http->accept_again = evtimer_new(base, on_accept_again, http);
		evconnlistener_set_error_cb(http->listener, on_accept_error);
		return http;
	}
	g_free(http->path);
	g_free(http);
	return NULL;
}

void local_http_free(struct local_http *http)
{
	struct local_connection *connection;
	while ((connection = LIST_FIRST(&http->connections)) != NULL)
		connection_free(connection);
	event_free(http->accept_again);
	evconnlistener_free(http->listener);
	unlink(http->path);
	g_free(http->path);
	g_free(http);
}
