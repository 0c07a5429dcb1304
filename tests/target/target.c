/*
 * belfry-target: an HTTP server for jobs to call, in demonstrations, tests and measurements; not installed. One thread,
 * libevent's HTTP server. Any method and path is answered (answers.c); with --log each request is one line of JSON:
 *   {"t":<microseconds since 1970>,"method":"POST","path":"/foo","key":"<Idempotency-Key>","body":"<first KiB>"}
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/target/answers.h"

#define REQUEST_BODY_MAX (16 * 1024 * 1024)
#define LOGGED_BODY_MAX 1024
#define COUNTED_PATHS_MAX 1000
#define BACKLOG 4096

struct target {
	struct event_base *base;
	struct answers *answers;
	int log_fd; /* -1 = no log */
	guint64 requests;
	GHashTable *paths; /* path -> requests */
};

static const char *method_name(struct evhttp_request *request)
{
	static const char *const names[] = { "GET",	"POST",	 "HEAD",    "PUT",  "DELETE",
					     "OPTIONS", "TRACE", "CONNECT", "PATCH" };
	unsigned bit = (unsigned)__builtin_ctz(evhttp_request_get_command(request));
	return bit < G_N_ELEMENTS(names) ? names[bit] : "other";
}

/* One write per line, so that a reader sees whole lines and a kill loses none. */
static void log_request(const struct target *target, struct evhttp_request *request, const char *path, const char *key)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	char head[LOGGED_BODY_MAX];
	ev_ssize_t size = evbuffer_copyout(input, head, sizeof head);
	g_autofree char *body = g_utf8_make_valid(head, size > 0 ? size : 0);
	g_autofree char *valid_path = g_utf8_make_valid(path, -1), *valid_key = g_utf8_make_valid(key, -1);
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s}", "t", (json_int_t)wall_now().us, "method",
				 method_name(request), "path", valid_path, "key", valid_key, "body", body);
	char *text = json_dumps(line, JSON_COMPACT);
	g_autofree char *whole = g_strconcat(text, "\n", NULL);
	free(text);
	json_decref(line);
	if (write(target->log_fd, whole, strlen(whole)) < 0)
		fprintf(stderr, "belfry-target: cannot write the log: %s\n", g_strerror(errno));
}

static void count_request(struct target *target, const char *path)
{
	target->requests++;
	gpointer count = g_hash_table_lookup(target->paths, path);
	if (count == NULL && g_hash_table_size(target->paths) >= COUNTED_PATHS_MAX)
		return;
	if (count == NULL)
		g_hash_table_insert(target->paths, g_strdup(path), g_new0(guint64, 1));
	++*(guint64 *)g_hash_table_lookup(target->paths, path);
}

static void send_counts(const struct target *target, struct evhttp_request *request)
{
	json_t *paths = json_object();
	GHashTableIter iter;
	gpointer path, count;
	g_hash_table_iter_init(&iter, target->paths);
	while (g_hash_table_iter_next(&iter, &path, &count))
		json_object_set_new(paths, path, json_integer((json_int_t) * (guint64 *)count));
	json_t *json = json_pack("{s:I, s:o}", "requests", (json_int_t)target->requests, "paths", paths);
	char *text = json_dumps(json, JSON_COMPACT);
	evbuffer_add_printf(evhttp_request_get_output_buffer(request), "%s\n", text);
	free(text);
	json_decref(json);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
	evhttp_send_reply(request, 200, NULL, NULL);
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct target *target = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	const char *key = evhttp_find_header(evhttp_request_get_input_headers(request), "Idempotency-Key");
	if (path == NULL || *path == '\0')
		path = "/";
	if (strcmp(path, "/_count") == 0) {
		send_counts(target, request);
		return;
	}
	count_request(target, path);
	if (target->log_fd >= 0)
		log_request(target, request, path, key != NULL ? key : "");
	answers_give(target->answers, request, path, key != NULL ? key : "");
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	event_base_loopbreak(context);
}

/* evhttp's own listener has a backlog of 128, too short for a fleet that returns at once. */
static struct evconnlistener *open_listener(struct event_base *base, const char *address, int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
		errno = EADDRNOTAVAIL;
		return NULL;
	}
	return evconnlistener_new_bind(base, NULL, NULL,
				       LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG,
				       (struct sockaddr *)&name, sizeof name);
}

static int listener_port(struct evconnlistener *listener)
{
	struct sockaddr_in name;
	socklen_t size = sizeof name;
	getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&name, &size);
	return ntohs(name.sin_port);
}

static void serve(struct target *target, struct evconnlistener *listener)
{
	struct evhttp *http = evhttp_new(target->base);
	struct event *term = evsignal_new(target->base, SIGTERM, on_signal, target->base);
	struct event *interrupt = evsignal_new(target->base, SIGINT, on_signal, target->base);
	evhttp_bind_listener(http, listener);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						 EVHTTP_REQ_PATCH | EVHTTP_REQ_HEAD | EVHTTP_REQ_OPTIONS);
	evhttp_set_max_body_size(http, REQUEST_BODY_MAX);
	evhttp_set_gencb(http, on_request, target);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	event_base_dispatch(target->base);
	answers_free(target->answers); /* while the connections of its requests still are what they were */
	event_free(term);
	event_free(interrupt);
	evhttp_free(http);
}

static void raise_fd_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	g_autofree char *address = g_strdup("127.0.0.1"), *log_path = NULL, *port_path = NULL;
	int port = 4444;
	const GOptionEntry options[] = {
		{ "bind", 0, 0, G_OPTION_ARG_STRING, &address, "IPv4 address to listen on, default 127.0.0.1",
		  "ADDRESS" },
		{ "port", 0, 0, G_OPTION_ARG_INT, &port, "port to listen on, default 4444, 0 = any free one", "N" },
		{ "port-file", 0, 0, G_OPTION_ARG_FILENAME, &port_path, "write the port there once it listens",
		  "FILE" },
		{ "log", 0, 0, G_OPTION_ARG_FILENAME, &log_path, "append a line of JSON for each request", "FILE" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- answers whatever jobs send");
	g_autoptr(GError) error = NULL;
	g_option_context_add_main_entries(context, options, NULL);
	g_option_context_set_description(context, answers_help);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1 || port < 0 || port > 65535) {
		fprintf(stderr, "belfry-target: %s; --help tells what there is\n",
			error != NULL ? error->message
			: argc > 1    ? "there are no words beside options"
				      : "--port is 0-65535");
		return 2;
	}
	struct target target = { .log_fd = -1 };
	if (log_path != NULL && (target.log_fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) < 0) {
		fprintf(stderr, "belfry-target: cannot write %s: %s\n", log_path, g_strerror(errno));
		return 1;
	}
	raise_fd_limit();
	signal(SIGPIPE, SIG_IGN); /* agents are killed in the middle of answers */
	target.base = event_base_new();
	struct evconnlistener *listener = open_listener(target.base, address, port);
	if (listener == NULL) {
		fprintf(stderr, "belfry-target: cannot listen on %s:%d: %s; choose another with --port\n", address,
			port, g_strerror(errno));
		return 1;
	}
	g_autofree char *port_text = g_strdup_printf("%d\n", listener_port(listener));
	if (port_path != NULL && !g_file_set_contents(port_path, port_text, -1, &error)) {
		fprintf(stderr, "belfry-target: %s\n", error->message);
		return 1;
	}
	printf("target: ready on http://%s:%s", address, port_text);
	fflush(stdout);
	target.paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	target.answers = answers_new(target.base);
	serve(&target, listener);
	g_hash_table_unref(target.paths);
	event_base_free(target.base);
	if (target.log_fd >= 0)
		close(target.log_fd);
	return 0;
}
