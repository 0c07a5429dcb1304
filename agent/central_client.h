/*
 * Talks to central: one JSON request, one JSON answer. Owns the use of libcurl's easy interface for that; the runner has
 * its own. Does not own: what is said (enroll.c, sync.c).
 *
 * One thread at a time. The connection is kept between calls.
 */
#ifndef BELFRY_AGENT_CENTRAL_CLIENT_H
#define BELFRY_AGENT_CENTRAL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define CENTRAL_CONNECT_MS 10000
#define CENTRAL_SILENCE_SECONDS 10 /* without a byte in either direction: given up */
#define CENTRAL_TOTAL_MS 120000

struct central_client;

/* TLS with central: whom to trust ("" = the system's authorities), and what to show ("" = nothing). PEM files. */
struct central_tls { const char *ca, *certificate, *key; };

/* `url` without a slash at its end; `key` NULL = no Authorization; `wake_fd` -1, or a
 * descriptor that ends a call under way when it becomes readable. */
struct central_client *central_client_new(const char *url, const char *key, const struct central_tls *tls,
					  int wake_fd);
void central_client_free(struct central_client *client);
/* For the requests from now on. */
void central_client_set_key(struct central_client *client, const char *key);

struct central_answer {
	int status;             /* HTTP; 0 = there was none, and `error` says why */
	GString *body;
	int64_t retry_after_ms; /* from Retry-After; -1 = none */
	char error[256];        /* the transport's words, or the problem's title and detail */
	bool interrupted;       /* by wake_fd */
};
/* POSTs JSON. Answers longer than `max` bytes count as no answer. The caller clears the answer. */
void central_client_post(struct central_client *client, const char *path, const char *body, size_t size, size_t max,
			 struct central_answer *ret);
void central_answer_clear(struct central_answer *answer);

#endif
