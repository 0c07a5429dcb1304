/*
 *   resolver_wait -> name -> (line, when all threads are busy) -> thread: getaddrinfo -> mailbox -> loop: answer, waiters
 *
 * A thread shares nothing but its own struct lookup and the mailbox, which is counted: a thread that getaddrinfo holds for
 * half a minute may outlive the resolver.
 */
#include "agent/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"

#define THREADS_PAUSE_SECONDS 1 /* when the system has none for a lookup */

struct mailbox {
	gint refs;
	GMutex lock;
	GQueue lookups; /* struct lookup, finished */
	int fd;		/* eventfd */
};

struct lookup {
	struct mailbox *mailbox;
	char *(*function)(const char *host);
	char *host;
	char *addresses; /* NULL = failed */
};

struct resolver_name {
	TAILQ_ENTRY(resolver_name) line_entry;
	struct resolver *resolver;
	char *host;
	char *addresses; /* NULL = none yet */
	uint64_t generation;
	struct mono answered_at; /* by the name service */
	struct mono fresh_until;
	bool in_lookup, in_line;
	struct event *patience;
	TAILQ_HEAD(, resolver_wait) waits;
};

struct resolver {
	struct event_base *base;
	char *(*lookup)(const char *host);
	int64_t ttl_ms;
	GHashTable *names; /* host -> struct resolver_name, owned */
	GThreadPool *pool;
	struct event *threads_again;
	struct mailbox *mailbox;
	struct event *mail;
	int in_lookup;
	uint64_t generation;
	TAILQ_HEAD(, resolver_name) line;
};

static void mailbox_unref(struct mailbox *mailbox)
{
	if (!g_atomic_int_dec_and_test(&mailbox->refs))
		return;
	close(mailbox->fd);
	g_mutex_clear(&mailbox->lock);
	g_free(mailbox);
}

static void lookup_free(struct lookup *lookup)
{
	mailbox_unref(lookup->mailbox);
	g_free(lookup->host);
	g_free(lookup->addresses);
	g_free(lookup);
}

static char *lookup_by_system(const char *host)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return NULL;
	g_autoptr(GString) addresses = g_string_new(NULL);
	int n = 0;
	for (const struct addrinfo *info = found; info != NULL && n < RESOLVER_ADDRESSES_MAX; info = info->ai_next) {
		char text[INET6_ADDRSTRLEN];
		const char *comma = n == 0 ? "" : ",";
		if (info->ai_family == AF_INET) {
			inet_ntop(AF_INET, &((struct sockaddr_in *)info->ai_addr)->sin_addr, text, sizeof(text));
			g_string_append_printf(addresses, "%s%s", comma, text);
		} else if (info->ai_family == AF_INET6) {
			inet_ntop(AF_INET6, &((struct sockaddr_in6 *)info->ai_addr)->sin6_addr, text, sizeof(text));
			g_string_append_printf(addresses, "%s[%s]", comma, text);
		} else {
			continue;
		}
		n++;
	}
	freeaddrinfo(found);
	return n == 0 ? NULL : g_string_free(g_steal_pointer(&addresses), FALSE);
}

static void run_lookup(void *data, void *user_data)
{
	(void)user_data;
	struct lookup *lookup = data;
	struct mailbox *mailbox = lookup->mailbox;
	const uint64_t one = 1;
	g_atomic_int_inc(&mailbox->refs);
	lookup->addresses = lookup->function(lookup->host);
	g_mutex_lock(&mailbox->lock);
	g_queue_push_tail(&mailbox->lookups, lookup);
	bool wakes = write(mailbox->fd, &one, sizeof(one)) == sizeof(one);
	g_assert(wakes);
	g_mutex_unlock(&mailbox->lock);
	mailbox_unref(mailbox);
}

static void answer_waits(struct resolver_name *name, const char *error)
{
	const struct resolver_answer answer = { .addresses = error == NULL ? name->addresses : NULL,
						.generation = name->generation,
						.error = error };
	for (struct resolver_wait *wait; (wait = TAILQ_FIRST(&name->waits)) != NULL;) {
		TAILQ_REMOVE(&name->waits, wait, entry);
		wait->name = NULL;
		wait->done(wait, &answer);
	}
}

static void want_threads_later(struct resolver *resolver)
{
	const struct timeval pause = { .tv_sec = THREADS_PAUSE_SECONDS };
	evtimer_add(resolver->threads_again, &pause);
}

/* GLib keeps a lookup for which it got no thread; setting the maximum is how to make it try again. */
static void on_threads_again(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct resolver *resolver = context;
	if (!g_thread_pool_set_max_threads(resolver->pool, RESOLVER_THREADS, NULL))
		want_threads_later(resolver);
}

/* A name whose waiters have all gone meanwhile is not looked up. */
static void start_lookups(struct resolver *resolver)
{
	struct resolver_name *name;
	while (resolver->in_lookup < RESOLVER_THREADS && (name = TAILQ_FIRST(&resolver->line)) != NULL) {
		TAILQ_REMOVE(&resolver->line, name, line_entry);
		name->in_line = false;
		if (TAILQ_EMPTY(&name->waits))
			continue;
		struct lookup *lookup = g_new0(struct lookup, 1);
		lookup->mailbox = resolver->mailbox;
		g_atomic_int_inc(&lookup->mailbox->refs);
		lookup->function = resolver->lookup;
		lookup->host = g_strdup(name->host);
		name->in_lookup = true;
		resolver->in_lookup++;
		if (!g_thread_pool_push(resolver->pool, lookup, NULL))
			want_threads_later(resolver);
	}
}

/* The old answer serves once more, while it is not too old. */
static bool use_stale(struct resolver_name *name)
{
	struct mono now = mono_now();
	if (name->addresses == NULL || mono_diff_us(now, name->answered_at) > RESOLVER_STALE_MS * US_PER_MS)
		return false;
	name->generation = ++name->resolver->generation;
	name->fresh_until = mono_add_us(now, RESOLVER_RETRY_MS * US_PER_MS);
	return true;
}

static void take_answer(struct resolver *resolver, struct lookup *lookup)
{
	struct resolver_name *name = g_hash_table_lookup(resolver->names, lookup->host);
	resolver->in_lookup--;
	name->in_lookup = false;
	event_del(name->patience);
	if (lookup->addresses != NULL) {
		g_free(name->addresses);
		name->addresses = g_steal_pointer(&lookup->addresses);
		name->generation = ++resolver->generation;
		name->answered_at = mono_now();
		name->fresh_until = mono_add_us(name->answered_at, resolver->ttl_ms * US_PER_MS);
		answer_waits(name, NULL);
	} else {
		answer_waits(name, use_stale(name) ? NULL : "the host name could not be resolved");
	}
}

static void on_mail(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct resolver *resolver = context;
	struct lookup *lookup;
	uint64_t count;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return;
	g_mutex_lock(&resolver->mailbox->lock);
	GQueue lookups = resolver->mailbox->lookups;
	g_queue_init(&resolver->mailbox->lookups);
	g_mutex_unlock(&resolver->mailbox->lock);
	while ((lookup = g_queue_pop_head(&lookups)) != NULL) {
		take_answer(resolver, lookup);
		lookup_free(lookup);
	}
	start_lookups(resolver);
}

static void on_patience_end(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct resolver_name *name = context;
	if (use_stale(name))
		answer_waits(name, NULL);
}

static void name_free(void *data)
{
	struct resolver_name *name = data;
	event_free(name->patience);
	g_free(name->host);
	g_free(name->addresses);
	g_free(name);
}

struct resolver *resolver_new(struct event_base *base, char *(*lookup)(const char *host), int64_t ttl_ms)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	struct resolver *resolver = g_new0(struct resolver, 1);
	resolver->base = base;
	resolver->lookup = lookup == NULL ? lookup_by_system : lookup;
	resolver->ttl_ms = ttl_ms == 0 ? RESOLVER_TTL_MS : ttl_ms;
	resolver->names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, name_free);
	resolver->pool = g_thread_pool_new(run_lookup, NULL, RESOLVER_THREADS, FALSE, NULL);
	resolver->threads_again = evtimer_new(base, on_threads_again, resolver);
	resolver->mailbox = g_new0(struct mailbox, 1);
	resolver->mailbox->refs = 1;
	g_mutex_init(&resolver->mailbox->lock);
	g_queue_init(&resolver->mailbox->lookups);
	resolver->mailbox->fd = fd;
	resolver->mail = event_new(base, resolver->mailbox->fd, EV_READ | EV_PERSIST, on_mail, resolver);
	event_add(resolver->mail, NULL);
	TAILQ_INIT(&resolver->line);
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	g_thread_pool_free(resolver->pool, TRUE, FALSE);
	event_free(resolver->threads_again);
	event_free(resolver->mail);
	g_mutex_lock(&resolver->mailbox->lock);
	GQueue lookups = resolver->mailbox->lookups;
	g_queue_init(&resolver->mailbox->lookups);
	g_mutex_unlock(&resolver->mailbox->lock);
	for (struct lookup *lookup; (lookup = g_queue_pop_head(&lookups)) != NULL;)
		lookup_free(lookup);
	mailbox_unref(resolver->mailbox);
	g_hash_table_unref(resolver->names);
	g_free(resolver);
}

bool resolver_get(struct resolver *resolver, const char *host, struct resolver_answer *ret)
{
	const struct resolver_name *name = g_hash_table_lookup(resolver->names, host);
	if (name == NULL || name->addresses == NULL || mono_diff_us(name->fresh_until, mono_now()) <= 0)
		return false;
	*ret = (struct resolver_answer){ .addresses = name->addresses, .generation = name->generation };
	return true;
}

static gboolean is_unused(void *key, void *value, void *user_data)
{
	(void)key;
	const struct resolver_name *name = value;
	bool also_fresh = *(const bool *)user_data;
	return !name->in_lookup && !name->in_line && TAILQ_EMPTY(&name->waits) &&
	       (also_fresh || mono_diff_us(name->fresh_until, mono_now()) <= 0);
}

static struct resolver_name *get_name(struct resolver *resolver, const char *host)
{
	struct resolver_name *name = g_hash_table_lookup(resolver->names, host);
	if (name != NULL)
		return name;
	for (int also_fresh = 0; also_fresh < 2 && g_hash_table_size(resolver->names) >= RESOLVER_NAMES_MAX;
	     also_fresh++)
		g_hash_table_foreach_remove(resolver->names, is_unused, &(bool){ also_fresh });
	name = g_new0(struct resolver_name, 1);
	name->resolver = resolver;
	name->host = g_strdup(host);
	name->fresh_until = mono_now();
	name->patience = evtimer_new(resolver->base, on_patience_end, name);
	TAILQ_INIT(&name->waits);
	g_hash_table_insert(resolver->names, name->host, name);
	return name;
}

void resolver_wait(struct resolver *resolver, const char *host, struct resolver_wait *wait)
{
	struct resolver_name *name = get_name(resolver, host);
	TAILQ_INSERT_TAIL(&name->waits, wait, entry);
	wait->name = name;
	if (name->addresses != NULL && !evtimer_pending(name->patience, NULL)) {
		const struct timeval patience = { .tv_usec = RESOLVER_PATIENCE_MS * 1000 };
		evtimer_add(name->patience, &patience);
	}
	if (name->in_lookup || name->in_line)
		return;
	name->in_line = true;
	TAILQ_INSERT_TAIL(&resolver->line, name, line_entry);
	start_lookups(resolver);
}

void resolver_cancel(struct resolver_wait *wait)
{
	if (wait->name == NULL)
		return;
	TAILQ_REMOVE(&wait->name->waits, wait, entry);
	wait->name = NULL;
}
