/*
 * Host names to addresses, off the loop. Owns: the lookup threads, their bound, the cache. Does not own: which address may be
 * connected to (egress.h). libcurl is handed finished addresses, because its own resolver starts one thread per transfer
 * without a bound.
 *
 * - At most RESOLVER_THREADS names are looked up at once; more names wait in line. One lookup serves all who wait for it.
 * - An answer is good for RESOLVER_TTL_MS. When it has to be renewed and the name service is slow or gone, the old answer
 *   is used again after RESOLVER_PATIENCE_MS, for up to RESOLVER_STALE_MS: a schedule goes on ringing without DNS.
 *
 * Loop thread only; `done` is called from the loop, never from within resolver_wait().
 */
#ifndef BELFRY_AGENT_RESOLVER_H
#define BELFRY_AGENT_RESOLVER_H

#include <event2/event.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define RESOLVER_THREADS 16
#define RESOLVER_NAMES_MAX 4096   /* in the cache */
#define RESOLVER_ADDRESSES_MAX 8  /* of one name */
#define RESOLVER_TTL_MS 60000
#define RESOLVER_PATIENCE_MS 500
#define RESOLVER_RETRY_MS 10000   /* an old answer serves that long before the name service is tried again */
#define RESOLVER_STALE_MS 3600000

struct resolver;
struct resolver_name;

struct resolver_answer {
	const char *addresses; /* "192.0.2.1,[2001:db8::1]"; NULL = failed. Valid during the call that handed it out */
	uint64_t generation;   /* grows with every answer and every re-use of an old one; never 0 */
	const char *error;     /* a sentence, when failed */
};

/* One who waits. Embedded in the waiter's own struct, zeroed before the first use. */
struct resolver_wait {
	TAILQ_ENTRY(resolver_wait) entry;
	struct resolver_name *name; /* NULL = not waiting */
	void (*done)(struct resolver_wait *wait, const struct resolver_answer *answer);
};

/*
 * NULL with errno when there is no descriptor left. `lookup` stands in for getaddrinfo in tests (NULL = the system's):
 * returns addresses as above, to be freed with g_free, or NULL; called from the threads. `ttl_ms` 0 = RESOLVER_TTL_MS.
 */
struct resolver *resolver_new(struct event_base *base, char *(*lookup)(const char *host), int64_t ttl_ms);
/* Nobody may be waiting. Threads still in a lookup are left to end by themselves. */
void resolver_free(struct resolver *resolver);

/* True when there is an answer that needs no lookup now. */
bool resolver_get(struct resolver *resolver, const char *host, struct resolver_answer *ret);
void resolver_wait(struct resolver *resolver, const char *host, struct resolver_wait *wait);
void resolver_cancel(struct resolver_wait *wait);

#endif
