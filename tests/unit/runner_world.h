/*
 * A world for tests of the runner: the real one on an event base, and a peer on a loopback port that answers with bytes
 * given by the test and remembers what it was sent.
 *
 *	struct world *world = world_new("egress_deny", "egress_allow");
 *	world->answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
 *	struct ended *ended = world_call(world, "{\"api\":\"http://127.0.0.1:PORT/\"}");   PORT is replaced
 */
#ifndef BELFRY_TESTS_RUNNER_WORLD_H
#define BELFRY_TESTS_RUNNER_WORLD_H

#include <event2/event.h>
#include <glib.h>

#include "agent/runner_pool.h"

struct world {
	struct event_base *base;
	struct egress_policy *egress;
	struct runner_pool *runner;
	struct runner interface;
	int port;
	const char *answer;      /* sent for each complete request; NULL = nothing is sent */
	size_t answer_size;      /* 0 = strlen */
	size_t piece;            /* the answer is sent in two, the first that long; 0 = in one */
	bool closes;             /* after the answer */
	bool floods;             /* goes on sending the answer's bytes for ever */
	bool cuts_later;         /* takes the second and later requests of a connection and closes without an answer */
	int connections, requests;
	GString *received;       /* the last request */
	GPtrArray *peers;
	uint64_t started;        /* attempts; each has an identity of its own */
	int waiting;             /* attempts not yet ended */
	struct evconnlistener *listeners[2];
	struct event *patience;
};

struct ended {
	struct attempt attempt;
	struct world *world;
	bool done;
	struct attempt_result result; /* error, body and digest are the test's own copies */
};

struct world *world_new(const char *deny, const char *allow);
/* With a name service of its own: see resolver.h. */
struct world *world_new_with_names(const char *deny, const char *allow, char *(*lookup)(const char *host), int64_t ttl_ms);
/* With up to that many helpers, the rest as world_new(NULL, NULL). */
struct world *world_new_with_helpers(int helpers, bool helpers_only);
void world_free(struct world *world);

/* Members beside schedule may be given; PORT in the text is replaced. */
struct job *world_job(const struct world *world, const char *definition);
struct ended *world_start(struct world *world, struct job *job);
/* Until all that was started has ended; fails the test after 20 s. */
void world_wait(struct world *world);
/* Both; the job is forgotten. */
struct ended *world_call(struct world *world, const char *definition);
void ended_free(struct ended *ended);

#endif
