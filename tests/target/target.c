/*
 * belfry-target: an HTTP server for jobs to call, for demonstrations and measurements. It answers POST /foo (and every
 * other path) with 200 and writes one line of JSON per request to a log:
 *   {"at":"..","method":"POST","path":"/foo","key":"<Idempotency-Key>","body":"<its text>"}
 * One thread, libevent's own HTTP server. It is no part of what gets installed.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/rfc3339.h"

#define BODY_MAX (1024 * 1024)
#define DELAY_MAX_MS 3600000

struct target {
	struct event_base *base;
	FILE *log;
	int status;   /* answered to everything */
	int delay_ms; /* before each answer */
	guint64 requests;
};

/* A request that waits for its delay to pass. */
struct pending {
	struct target *target;
	struct evhttp_request *request;
};

static const char *method_name(struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	default:
		return "other";
	}
}

static void log_request(struct target *target, struct evhttp_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t size = evbuffer_get_length(input);
	const char *body = size ? (const char *)evbuffer_pullup(input, -1) : "";
	g_autofree char *text = g_utf8_make_valid(body, (gssize)size);
	const char *key = evhttp_find_header(evhttp_request_get_input_headers(request), "Idempotency-Key");
	char at[RFC3339_SIZE];
	json_t *line =
		json_pack("{s:s, s:s, s:s, s:s*, s:s}", "at", rfc3339_print_ms(wall_now(), at), "method",
			  method_name(request), "path", evhttp_request_get_uri(request), "key", key, "body", text);

	if (line) {
		json_dumpf(line, target->log, JSON_COMPACT);
		fputc('\n', target->log);
		fflush(target->log);
	}
	json_decref(line);
}

static void send_answer(struct target *target, struct evhttp_request *request)
{
	struct evbuffer *output = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
	evbuffer_add_printf(output, "request %" G_GUINT64_FORMAT "\n", target->requests);
	evhttp_send_reply(request, target->status, NULL, output);
	evbuffer_free(output);
}

static void on_delay_passed(evutil_socket_t fd, short what, void *context)
{
	struct pending *pending = context;

	(void)fd;
	(void)what;
	send_answer(pending->target, pending->request);
	g_free(pending);
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct target *target = context;

	target->requests++;
	if (target->log)
		log_request(target, request);
	if (target->delay_ms == 0) {
		send_answer(target, request);
	} else {
		struct timeval delay = { target->delay_ms / 1000, target->delay_ms % 1000 * 1000 };
		struct pending *pending = g_new(struct pending, 1);

		*pending = (struct pending){ target, request };
		event_base_once(target->base, -1, EV_TIMEOUT, on_delay_passed, pending, &delay);
	}
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	event_base_loopbreak(context);
}

static bool serve(struct target *target, const char *address, int port)
{
	struct evhttp *http = evhttp_new(target->base);
	struct event *term = evsignal_new(target->base, SIGTERM, on_signal, target->base);
	struct event *interrupt = evsignal_new(target->base, SIGINT, on_signal, target->base);
	bool ok = evhttp_bind_socket(http, address, (ev_uint16_t)port) == 0;

	if (ok) {
		evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
							 EVHTTP_REQ_PATCH | EVHTTP_REQ_HEAD);
		evhttp_set_max_body_size(http, BODY_MAX);
		evhttp_set_gencb(http, on_request, target);
		event_add(term, NULL);
		event_add(interrupt, NULL);
		printf("target: ready on http://%s:%d\n", address, port);
		fflush(stdout);
		event_base_dispatch(target->base);
	} else {
		fprintf(stderr, "belfry-target: cannot listen on %s:%d: choose another with --port\n", address, port);
	}
	event_free(term);
	event_free(interrupt);
	evhttp_free(http);
	return ok;
}

int main(int argc, char **argv)
{
	g_autofree char *address = g_strdup("127.0.0.1");
	g_autofree char *log_path = NULL;
	int port = 4444;
	struct target target = { .status = 200 };
	GOptionEntry options[] = {
		{ "listen", 0, 0, G_OPTION_ARG_STRING, &address, "address to listen on, default 127.0.0.1", "ADDRESS" },
		{ "port", 0, 0, G_OPTION_ARG_INT, &port, "port to listen on, default 4444", "N" },
		{ "log", 0, 0, G_OPTION_ARG_FILENAME, &log_path, "append a line of JSON for each request", "FILE" },
		{ "status", 0, 0, G_OPTION_ARG_INT, &target.status, "HTTP status of every answer, default 200", "N" },
		{ "delay-ms", 0, 0, G_OPTION_ARG_INT, &target.delay_ms, "wait that long before each answer", "N" },
		{ 0 }
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- answers whatever jobs send");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "belfry-target: %s; --help tells what there is\n", error->message);
		return 2;
	}
	if (argc > 1 || port < 1 || port > 65535 || target.status < 200 || target.status > 599 || target.delay_ms < 0 ||
	    target.delay_ms > DELAY_MAX_MS) {
		fprintf(stderr,
			"belfry-target: --port is 1-65535, --status 200-599, --delay-ms 0-%d, and there are no other "
			"words\n",
			DELAY_MAX_MS);
		return 2;
	}
	if (log_path && !(target.log = fopen(log_path, "ae"))) {
		fprintf(stderr, "belfry-target: cannot write %s: %s\n", log_path, g_strerror(errno));
		return 1;
	}
	signal(SIGPIPE, SIG_IGN); /* agents are killed in the middle of answers */
	target.base = event_base_new();
	bool ok = serve(&target, address, port);
	event_base_free(target.base);
	if (target.log)
		fclose(target.log);
	return ok ? 0 : 1;
}
