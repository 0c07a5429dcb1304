#include "tests/unit/runner_world.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <string.h>

#define PATIENCE_SECONDS 20

struct peer {
	struct world *world;
	struct bufferevent *buffers;
	int requests;
	size_t rest; /* of the answer, still to be sent; it ends at */
	const char *end;
};

static void drop_peer(struct peer *peer)
{
	bufferevent_free(peer->buffers);
	g_ptr_array_remove_fast(peer->world->peers, peer);
	g_free(peer);
}

static void send_answer(struct peer *peer)
{
	struct world *world = peer->world;
	size_t size = world->answer_size != 0 ? world->answer_size : strlen(world->answer);
	size_t first = world->piece != 0 ? MIN(world->piece, size) : size;
	peer->rest = size - first;
	peer->end = world->answer + size;
	bufferevent_write(peer->buffers, world->answer, first);
}

static size_t body_size(const char *head)
{
	const char *found = strcasestr(head, "\r\ncontent-length:");
	return found == NULL ? 0 : strtoul(found + 17, NULL, 10);
}

static void on_bytes(struct bufferevent *buffers, void *context)
{
	struct peer *peer = context;
	struct world *world = peer->world;
	struct evbuffer *input = bufferevent_get_input(buffers);
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	if (end.pos < 0)
		return;
	g_autofree char *head = g_strndup((char *)evbuffer_pullup(input, end.pos), end.pos);
	size_t size = end.pos + 4 + body_size(head);
	if (evbuffer_get_length(input) < size)
		return;
	g_string_truncate(world->received, 0);
	g_string_append_len(world->received, (char *)evbuffer_pullup(input, size), size);
	evbuffer_drain(input, size);
	world->requests++;
	peer->requests++;
	if (world->cuts_later && peer->requests > 1)
		drop_peer(peer);
	else if (world->answer != NULL)
		send_answer(peer);
}

static void on_written(struct bufferevent *buffers, void *context)
{
	(void)buffers;
	struct peer *peer = context;
	if (peer->requests == 0)
		return;
	size_t rest = peer->rest;
	peer->rest = 0;
	if (rest > 0)
		bufferevent_write(peer->buffers, peer->end - rest, rest);
	else if (peer->world->floods)
		send_answer(peer);
	else if (peer->world->closes)
		drop_peer(peer);
}

static void on_end(struct bufferevent *buffers, short what, void *context)
{
	(void)buffers, (void)what;
	drop_peer(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
		      void *context)
{
	(void)listener, (void)address, (void)size;
	struct world *world = context;
	struct peer *peer = g_new0(struct peer, 1);
	peer->world = world;
	peer->buffers = bufferevent_socket_new(world->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(peer->buffers, on_bytes, on_written, on_end, peer);
	bufferevent_enable(peer->buffers, EV_READ | EV_WRITE);
	g_ptr_array_add(world->peers, peer);
	world->connections++;
}

static void listen_on(struct world *world)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	socklen_t size = sizeof v4;
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE;
	world->listeners[0] =
		evconnlistener_new_bind(world->base, on_accept, world, flags, 128, (struct sockaddr *)&v4, sizeof v4);
	g_assert(world->listeners[0] != NULL);
	getsockname(evconnlistener_get_fd(world->listeners[0]), (struct sockaddr *)&v4, &size);
	world->port = ntohs(v4.sin_port);
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	world->listeners[1] = evconnlistener_new_bind(world->base, on_accept, world, flags | LEV_OPT_BIND_IPV6ONLY, 128,
						      (struct sockaddr *)&v6, sizeof v6);
}

static void on_done(void *context, struct attempt *attempt, const struct attempt_result *result)
{
	struct world *world = context;
	struct ended *ended = (struct ended *)((char *)attempt - offsetof(struct ended, attempt));
	g_assert(!ended->done);
	ended->done = true;
	ended->result = *result;
	ended->result.error = g_strdup(result->error);
	ended->result.body = result->body == NULL ? NULL : g_memdup2(result->body, result->body_size);
	ended->result.body_digest = g_strdup(result->body_digest);
	if (--world->waiting == 0)
		event_base_loopbreak(world->base);
}

static void on_patience_end(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	event_base_loopbreak(((struct world *)context)->base);
}

static struct world *make_world(const char *deny, const char *allow, struct runner_pool_config config)
{
	GError *error = NULL;
	struct world *world = g_new0(struct world, 1);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	world->base = event_base_new();
	world->patience = evtimer_new(world->base, on_patience_end, world);
	world->received = g_string_new(NULL);
	world->peers = g_ptr_array_new();
	world->egress = egress_policy_new(deny, allow, &error);
	g_assert_no_error(error);
	config.http.agent_id = "agent-1";
	config.http.max_open_transfers = 64;
	config.http.egress = world->egress;
	world->runner = runner_pool_new(world->base, &config, on_done, world, &error);
	g_assert_no_error(error);
	world->interface = runner_pool_interface(world->runner);
	world->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	listen_on(world);
	return world;
}

struct world *world_new_with_names(const char *deny, const char *allow, char *(*lookup)(const char *host), int64_t ttl_ms)
{
	const struct runner_pool_config config = { .http.lookup = lookup, .http.name_ttl_ms = ttl_ms };
	return make_world(deny, allow, config);
}

struct world *world_new(const char *deny, const char *allow)
{
	return make_world(deny, allow, (struct runner_pool_config){ .helpers = 0 });
}

struct world *world_new_with_helpers(int helpers, bool helpers_only)
{
	return make_world(NULL, NULL, (struct runner_pool_config){ .helpers = helpers, .helpers_only = helpers_only });
}

void world_free(struct world *world)
{
	runner_pool_free(world->runner);
	while (world->peers->len > 0)
		drop_peer(world->peers->pdata[0]);
	for (int i = 0; i < 2; i++)
		if (world->listeners[i] != NULL)
			evconnlistener_free(world->listeners[i]);
	event_free(world->patience);
	event_base_free(world->base);
	egress_policy_free(world->egress);
	g_ptr_array_unref(world->peers);
	g_string_free(world->received, TRUE);
	curl_global_cleanup();
	g_free(world);
}

struct job *world_job(const struct world *world, const char *definition)
{
	struct job_problem problem = { 0 };
	g_autofree char *port = g_strdup_printf("%d", world->port);
	g_autoptr(GString) text = g_string_new(definition);
	g_string_replace(text, "PORT", port, 0);
	json_t *json = json_loads(text->str, 0, NULL);
	if (json == NULL)
		g_error("no JSON: %s", text->str);
	json_object_set_new(json, "schedule", json_string("* * * * *"));
	struct job *job = job_parse(json, "job-1", 1, false, &problem);
	if (job == NULL)
		g_error("%s: %s", problem.pointer, problem.detail);
	json_decref(json);
	return job;
}

struct ended *world_start(struct world *world, struct job *job)
{
	struct ended *ended = g_new0(struct ended, 1);
	ended->world = world;
	ended->attempt = (struct attempt){ .job = job_ref(job), .number = 1, .cause = FIRE_SCHEDULE };
	ended->attempt.scheduled_at = wall_from_seconds(1700000000);
	ended->attempt.id = fire_id_scheduled(job->id, ended->attempt.scheduled_at, "", world->started++);
	world->waiting++;
	world->interface.start(world->interface.context, &ended->attempt);
	g_assert(!ended->done);
	return ended;
}

void world_wait(struct world *world)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	if (world->waiting > 0) {
		evtimer_add(world->patience, &patience);
		event_base_dispatch(world->base);
		evtimer_del(world->patience);
	}
	if (world->waiting != 0)
		g_error("%d attempts have not ended", world->waiting);
}

struct ended *world_call(struct world *world, const char *definition)
{
	struct job *job = world_job(world, definition);
	struct ended *ended = world_start(world, job);
	world_wait(world);
	job_unref(job);
	return ended;
}

void ended_free(struct ended *ended)
{
	job_unref(ended->attempt.job);
	g_free((char *)ended->result.error);
	g_free((char *)ended->result.body);
	g_free((char *)ended->result.body_digest);
	g_free(ended);
}
