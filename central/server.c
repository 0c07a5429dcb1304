#include "central/server.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orcania.h>
#include <sodium.h>
#include <ulfius.h>

#include "central/admit.h"
#include "central/content_tag.h"
#include "central/idempotency.h"
#include "central/memory.h"
#include "central/metrics.h"
#include "central/tls.h"
#include "common/log.h"

struct server {
	struct central *central;
	enum listener listener;
	struct _u_instance instance;
	int socket;
};

#define NO_DESCRIPTORS_REST_MS 100
#define NO_DESCRIPTORS_SAY_S 10

static const char *listener_name(enum listener listener)
{
	return listener == LISTENER_API ? "api" : "agent";
}

/*
 * A thread that has no connection and finds no descriptor for one says that it will be "busy waiting", and tries again at once,
 * for ever. It may as well rest: it has nobody to serve. (One that has connections waits until one of them ends.)
 */
static void rest_without_descriptors(void)
{
	static _Atomic gint64 said_at;
	gint64 now = g_get_monotonic_time(), before = said_at;
	if (now - before > NO_DESCRIPTORS_SAY_S * US_PER_SECOND && atomic_compare_exchange_strong(&said_at, &before, now))
		log_warning("there is no descriptor for a new connection, which has to wait: raise LimitNOFILE", NULL);
	g_usleep(NO_DESCRIPTORS_REST_MS * US_PER_MS);
}

/* libmicrohttpd talks about clients that went away; nobody needs that by default. */
static void log_daemon(void *cls, const char *format, va_list args) G_GNUC_PRINTF(2, 0);
static void log_daemon(void *cls, const char *format, va_list args)
{
	(void)cls;
	if (strstr(format, "busy waiting") != NULL)
		rest_without_descriptors();
	g_autofree char *message = g_strdup_vprintf(format, args);
	g_strchomp(message);
	log_debug("http daemon", "message", message, NULL);
}

/* "a=1&b=%20" of the URL. False when it is no UTF-8, badly encoded, repeats a name or has too many. */
static bool parse_query(const char *url, GHashTable **ret)
{
	const char *query = strchr(url, '?');
	g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) parts = g_strsplit(query != NULL ? query + 1 : "", "&", QUERY_PARAMS_MAX + 1);
	if (g_strv_length(parts) > QUERY_PARAMS_MAX)
		return false;
	for (int i = 0; parts[i] != NULL; i++) {
		if (*parts[i] == '\0')
			continue;
		g_strdelimit(parts[i], "+", ' ');
		size_t name_size = strcspn(parts[i], "=");
		const char *value_text = parts[i] + name_size + (parts[i][name_size] == '=');
		g_autofree char *name = g_uri_unescape_segment(parts[i], parts[i] + name_size, NULL);
		g_autofree char *value = g_uri_unescape_string(value_text, NULL);
		if (name == NULL || value == NULL || !g_utf8_validate(name, -1, NULL) ||
		    !g_utf8_validate(value, -1, NULL) || g_hash_table_contains(table, name))
			return false;
		g_hash_table_insert(table, g_steal_pointer(&name), g_steal_pointer(&value));
	}
	*ret = g_steal_pointer(&table);
	return true;
}

static bool check_sizes(const struct _u_request *raw, struct api_reply *reply)
{
	size_t total = 0;
	if (strlen(raw->http_url) > URL_MAX) {
		problem_reply(reply, 414, NULL, NULL, "the URL is longer than %d bytes", URL_MAX);
		return false;
	}
	for (int i = 0; i < raw->map_header->nb_values; i++)
		total += strlen(raw->map_header->keys[i]) + raw->map_header->lengths[i];
	if (total > SERVER_HEADERS_MAX) {
		problem_reply(reply, 431, "Request Header Fields Too Large", NULL,
			      "the headers are longer than %d bytes together", SERVER_HEADERS_MAX);
		return false;
	}
	return true;
}

/* Who has taken the one port for the other is told. */
static const char *other_listener(enum listener listener, const struct api_request *request)
{
	enum listener other = listener == LISTENER_API ? LISTENER_AGENT : LISTENER_API;
	char *params[ROUTE_PARAMS_MAX] = { NULL };
	g_autofree char *allow = NULL;
	const struct route *route = route_find(other, request->method, request->path, params, &allow);
	for (int i = 0; i < ROUTE_PARAMS_MAX; i++)
		g_free(params[i]);
	if (route == NULL || strcmp(route->path, ROUTE_REST) == 0)
		return "";
	return other == LISTENER_API ? ": this is the listener for agents, people have another (by default port 3001)"
				     : ": this is the listener for people, agents have another (by default port 3002)";
}

static bool find_route(enum listener listener, struct api_request *request, struct api_reply *reply)
{
	g_autofree char *allow = NULL;
	request->route = route_find(listener, request->method, request->path, request->params, &allow);
	if (request->route != NULL)
		return true;
	if (allow != NULL) {
		api_reply_header(reply, "Allow", "%s", allow);
		problem_reply(reply, 405, NULL, NULL, "%.16s is not possible here; %s are", request->method, allow);
	} else {
		problem_reply(reply, 404, NULL, NULL, "there is nothing under this path%s", other_listener(listener, request));
	}
	return false;
}

static bool check_body(const struct api_request *request, struct api_reply *reply)
{
	size_t max = request->route->body_max;
	if (request->body_size <= max)
		return true;
	if (max == 0)
		problem_reply(reply, 413, NULL, "", "this request takes no body");
	else
		problem_reply(reply, 413, NULL, "", "the body is larger than %zu bytes", max);
	return false;
}

static bool check_ready(const struct api_request *request, struct api_reply *reply)
{
	if (!g_str_has_prefix(request->route->path, "/api/") || g_atomic_int_get(&request->central->ready))
		return true;
	api_reply_header(reply, "Retry-After", "1");
	problem_reply(reply, 503, NULL, NULL, "central is waiting for its database; try again");
	return false;
}

/* The pages for monitoring always answer. */
static bool check_memory(struct api_request *request, struct api_reply *reply)
{
	const char *path = request->route->path;
	size_t needed = MEMORY_REQUEST + request->body_size * MEMORY_BODY_FACTOR;
	if (!g_str_has_prefix(path, "/api/") && strcmp(path, ROUTE_REST) != 0)
		return true;
	if (memory_take(request->central->memory, needed)) {
		request->memory = needed;
		return true;
	}
	problem_memory(reply, "more requests now; nothing was changed, try again");
	return false;
}

static void serve(struct server *server, const struct _u_request *raw, struct api_request *request,
		  struct api_reply *reply)
{
	if (!check_sizes(raw, reply) || !find_route(server->listener, request, reply) || !check_memory(request, reply) ||
	    !check_ready(request, reply))
		return;
	if (!admit_request(server->listener, request, reply) || !check_body(request, reply))
		return;
	if (!parse_query(raw->http_url, &request->query)) {
		problem_reply(reply, 400, NULL, NULL,
			      "the query is badly encoded, repeats a parameter or has more than %d", QUERY_PARAMS_MAX);
		return;
	}
	if (!idempotency_begin(request, reply))
		return;
	request->route->handler(request, reply);
	idempotency_end(request, reply);
	content_tag_add(request, reply);
}

static void log_request(const struct server *server, const struct api_request *request, const struct api_reply *reply,
			int64_t took_us)
{
	/* These come by the thousand while the database is away or full, which was said where it was found. */
	bool is_said = reply->status == 503 || reply->status == 507;
	enum log_level level = reply->status >= 500 && !is_said ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
	if (!log_is_on(level))
		return;
	log_event(level, "request", "request", request->id, "listener", listener_name(server->listener), "method",
		  request->method, "path", request->path, "who",
		  *request->identity.name ? request->identity.name : NULL, "status", log_number(reply->status), "ms",
		  log_format_value("%.3f", (double)took_us / 1000), "detail", reply->detail, NULL);
}

static void fill_response(struct _u_response *response, const struct api_request *request, struct api_reply *reply)
{
	response->status = reply->status;
	/* ulfius frees the body with free(), which is how it was made. */
	response->binary_body = g_steal_pointer(&reply->body);
	response->binary_body_length = reply->body_size;
	if (reply->content_type != NULL)
		u_map_put(response->map_header, "Content-Type", reply->content_type);
	u_map_put(response->map_header, "X-Request-Id", request->id);
	u_map_put(response->map_header, "Cache-Control", "no-store");
	u_map_put(response->map_header, "X-Content-Type-Options", "nosniff");
	for (int i = 0; i < reply->n_headers; i++)
		u_map_put(response->map_header, reply->headers[i].name, reply->headers[i].value);
}

static void read_headers(const struct _u_request *raw, struct api_request *request)
{
	const struct _u_map *headers = raw->map_header;
	request->if_match = u_map_get_case(headers, "If-Match");
	request->if_none_match = u_map_get_case(headers, "If-None-Match");
	request->content_type = u_map_get_case(headers, "Content-Type");
	request->accept_encoding = u_map_get_case(headers, "Accept-Encoding");
	request->authorization = u_map_get_case(headers, "Authorization");
	request->cookie = u_map_get_case(headers, "Cookie");
	request->origin = u_map_get_case(headers, "Origin");
	request->fetch_site = u_map_get_case(headers, "Sec-Fetch-Site");
	request->host = u_map_get_case(headers, "Host");
	request->idempotency_key = u_map_get_case(headers, "Idempotency-Key");
	request->forwarded_for = u_map_get_case(headers, "X-Forwarded-For");
	request->forwarded_proto = u_map_get_case(headers, "X-Forwarded-Proto");
}

static int handle(const struct _u_request *raw, struct _u_response *response, void *data)
{
	struct server *server = data;
	struct mono begin = mono_now();
	struct api_reply reply = { 0 };
	struct api_request request = {
		.central = server->central,
		.pool = server->listener == LISTENER_API ? server->central->api_pool : server->central->agent_pool,
		.method = raw->http_verb,
		.path = raw->url_path,
		.peer = raw->client_address,
		.url = raw->http_url,
		.body = raw->binary_body != NULL ? raw->binary_body : "",
		.body_size = raw->binary_body_length,
	};
	uint8_t random[8];
	read_headers(raw, &request);
	randombytes_buf(random, sizeof random);
	sodium_bin2hex(request.id, sizeof request.id, random, sizeof random);

	serve(server, raw, &request, &reply);
	int64_t took_us = mono_diff_us(mono_now(), begin);
	metrics_count_request(server->central->metrics, server->listener, request.route, reply.status, took_us);
	log_request(server, &request, &reply, took_us);
	fill_response(response, &request, &reply);
	memory_give(server->central->memory, request.memory);
	api_reply_clear(&reply);
	api_request_clear(&request);
	return U_CALLBACK_COMPLETE;
}

/* A listening socket of our own, because libmicrohttpd does not say why it cannot have one. */
static int open_socket(const char *text, struct listen_address *ret, GError **error)
{
	if (!listen_address_parse(text, ret, error))
		return -1;
	int one = 1, family = ret->address.ss_family;
	socklen_t size = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
	    bind(fd, (struct sockaddr *)&ret->address, size) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot listen on %s: %s", text, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * ulfius takes the body before it shows us the request, so a flood of large ones can be held up only where their memory
 * comes from. Who gets none is cut off without an answer; ulfius forgets the block then.
 */
static struct memory *_Atomic bodies;

static void *grow_body(void *block, size_t size)
{
	size_t has = malloc_usable_size(block);
	if (size > SERVER_BODY_SMALL && size > has && !memory_grow(bodies, size - has)) {
		free(block);
		return NULL;
	}
	return realloc(block, size);
}

static size_t largest_body(enum listener listener)
{
	size_t max = 0;
	for (const struct route *route = routes; route->method != NULL; route++)
		if (route->listeners & listener)
			max = MAX(max, route->body_max);
	return max;
}

/*
 * libmicrohttpd keeps this much for each open connection, and wipes it after each request. Ten thousand agents keep theirs
 * open and send few headers; people send cookies.
 */
static size_t connection_memory(enum listener listener)
{
	return listener == LISTENER_AGENT ? SERVER_AGENT_MEMORY : SERVER_PEOPLE_MEMORY;
}

static bool start_daemon(struct server *server, unsigned threads, int family)
{
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_daemon, NULL },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, server->socket, NULL },
		{ MHD_OPTION_THREAD_POOL_SIZE, threads, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)connection_memory(server->listener), NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MAX, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, SERVER_IDLE_TIMEOUT_S, NULL },
		{ MHD_OPTION_END, 0, NULL }, /* with TLS two more options from here */
		{ MHD_OPTION_END, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	const size_t end = G_N_ELEMENTS(options) - 3;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | (family == AF_INET6 ? MHD_USE_IPv6 : 0);
	if (server->central->is_tls) {
		bool for_people = server->listener == LISTENER_API;
		flags |= MHD_USE_TLS;
		options[end] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)TLS_PRIORITIES };
		options[end + 1] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
							    for_people ? tls_people_callback() : tls_agents_callback() };
	}
	return ulfius_start_framework_with_mhd_options(&server->instance, flags, options) == U_OK;
}

struct server *server_start(struct central *central, enum listener listener, GError **error)
{
	const struct central_config *config = central->config;
	bool for_people = listener == LISTENER_API;
	const char *text = for_people ? config->api_listen : config->agent_listen;
	struct listen_address address;
	int fd = open_socket(text, &address, error);
	if (fd < 0)
		return NULL;
	struct server *server = g_new0(struct server, 1);
	server->central = central;
	server->listener = listener;
	server->socket = fd;
	ulfius_init_instance(&server->instance, address.port, NULL, NULL);
	bodies = central->memory;
	o_set_alloc_funcs(malloc, grow_body, free);
	server->instance.max_post_body_size = largest_body(listener) + 1;
	server->instance.allowed_post_processor = U_POST_PROCESS_NONE;
	server->instance.check_utf8 = 0;
	/* Our own table finds the route: it knows which methods a path would take, which ulfius does not tell. */
	ulfius_set_default_endpoint(&server->instance, handle, server);
	if (!start_daemon(server, (unsigned)(for_people ? config->api_threads : config->agent_threads),
			  address.address.ss_family)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot start the listener on %s", text);
		ulfius_clean_instance(&server->instance);
		close(fd);
		g_free(server);
		return NULL;
	}
	return server;
}

void server_stop(struct server *server)
{
	if (server == NULL)
		return;
	ulfius_stop_framework(&server->instance);
	ulfius_clean_instance(&server->instance);
	g_free(server);
}
