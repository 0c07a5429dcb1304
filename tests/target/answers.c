#include "tests/target/answers.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DELAY_MAX_MS 3600000
#define BODY_MAX (1024L * 1024 * 1024)
#define KEYS_MAX 1000000
#define CHUNK_SIZE 65536

const char answers_help[] = "Paths:\n"
			    "  /status/CODE     that status\n"
			    "  /delay/MS        200 after a while\n"
			    "  /hang            never an answer\n"
			    "  /trickle         a byte a second, for ever\n"
			    "  /endless         a body without end\n"
			    "  /big/BYTES       a body of that size\n"
			    "  /bomb            100 MB of zeros, gzipped\n"
			    "  /headers         200 headers of 8 KiB each\n"
			    "  /close           closes the connection without an answer\n"
			    "  /flaky/N         503 to the first N attempts of each Idempotency-Key, then 200\n"
			    "  /retry-after/S   503 and Retry-After to the first attempt of each key, then 200\n"
			    "  /redirect?to=URL 302 to there\n"
			    "  /_count          how many requests came, by path\n"
			    "  all others       200 {\"ok\":true}\n";

struct answers {
	struct event_base *base;
	struct evbuffer *bomb; /* made at first use */
	GHashTable *attempts;  /* Idempotency-Key -> attempts seen */
	GHashTable *slow;      /* set of struct slow, to be freed at the end */
	char chunk[CHUNK_SIZE];
};

/* A request that is not answered at once. Each second it is looked after: its caller may have gone. */
struct slow {
	struct answers *answers;
	struct evhttp_request *request;
	struct event *timer;
	enum { SLOW_DELAY, SLOW_HANG, SLOW_TRICKLE, SLOW_ENDLESS } kind;
};

static void slow_free(void *data)
{
	struct slow *slow = data;
	event_free(slow->timer);
	g_free(slow);
}

static void send_text(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
	evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(request, status, NULL, NULL);
}

static void send_ok(struct evhttp_request *request)
{
	send_text(request, 200, "{\"ok\":true}");
}

static void send_chunk(struct slow *slow, size_t size, void (*sent)(struct evhttp_connection *, void *))
{
	struct evbuffer *buffer = evbuffer_new();
	if (size == CHUNK_SIZE)
		evbuffer_add_reference(buffer, slow->answers->chunk, size, NULL, NULL);
	else
		evbuffer_add(buffer, slow->answers->chunk, size);
	evhttp_send_reply_chunk_with_cb(slow->request, buffer, sent, slow);
	evbuffer_free(buffer);
}

static void on_endless_sent(struct evhttp_connection *connection, void *context)
{
	(void)connection;
	send_chunk(context, CHUNK_SIZE, on_endless_sent);
}

static void on_slow_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct slow *slow = context;
	bool gone = evhttp_request_get_connection(slow->request) == NULL;
	if (!gone && slow->kind == SLOW_TRICKLE)
		send_chunk(slow, 1, NULL);
	if (!gone && slow->kind != SLOW_DELAY)
		return;
	send_ok(slow->request); /* frees a request whose connection is gone */
	g_hash_table_remove(slow->answers->slow, slow);
}

static void answer_later(struct answers *answers, struct evhttp_request *request, int kind, long ms)
{
	struct slow *slow = g_new0(struct slow, 1);
	struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	slow->answers = answers;
	slow->request = request;
	slow->kind = kind;
	slow->timer = event_new(answers->base, -1, kind == SLOW_DELAY ? 0 : EV_PERSIST, on_slow_timer, slow);
	event_add(slow->timer, &delay);
	g_hash_table_add(answers->slow, slow);
	if (kind == SLOW_TRICKLE || kind == SLOW_ENDLESS)
		evhttp_send_reply_start(request, 200, NULL);
	if (kind == SLOW_ENDLESS)
		send_chunk(slow, CHUNK_SIZE, on_endless_sent);
}

/* Which attempt of this key it is, from 1. The table is emptied when it grew too large: this is a toy's memory. */
static long next_attempt(struct answers *answers, const char *key)
{
	if (g_hash_table_size(answers->attempts) >= KEYS_MAX)
		g_hash_table_remove_all(answers->attempts);
	long attempt = GPOINTER_TO_SIZE(g_hash_table_lookup(answers->attempts, key)) + 1;
	g_hash_table_insert(answers->attempts, g_strdup(key), GSIZE_TO_POINTER(attempt));
	return attempt;
}

struct bits {
	struct evbuffer *out;
	unsigned value, n;
};

/* Deflate sends the least significant bit first. */
static void put_bits(struct bits *bits, unsigned value, unsigned n)
{
	bits->value |= value << bits->n;
	bits->n += n;
	for (; bits->n >= 8; bits->n -= 8, bits->value >>= 8)
		evbuffer_add(bits->out, &(unsigned char){ (unsigned char)bits->value }, 1);
}

/*
 * One fixed-Huffman block (RFC 1951): a literal 0, then 406,000 times "the last byte 258 times more". Written by hand
 * so that a demo server does not need zlib.
 */
static struct evbuffer *make_bomb(void)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	const guint32 size = 1 + 258 * 406000, crc = 0x9b321750; /* CRC-32 of that many zeros */
	struct evbuffer *out = evbuffer_new();
	struct bits bits = { .out = out };
	evbuffer_add(out, head, sizeof head);
	put_bits(&bits, 1 | 1 << 1, 3); /* the last block, fixed codes */
	put_bits(&bits, 0x0c, 8);	/* literal 0 is 00110000, sent from its most significant bit */
	for (int i = 0; i < 406000; i++)
		put_bits(&bits, 0xa3, 13); /* length 258 is 11000101, distance 1 is 00000 */
	put_bits(&bits, 0, 7);		   /* end of block */
	put_bits(&bits, 0, 7);		   /* fill the last byte */
	evbuffer_add(out, &(guint32){ GUINT32_TO_LE(crc) }, 4);
	evbuffer_add(out, &(guint32){ GUINT32_TO_LE(size) }, 4);
	return out;
}

static void answer_status(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)answers;
	(void)key;
	int status = atoi(rest);
	send_text(request, status >= 200 && status <= 999 ? status : 400, "{\"ok\":false}");
}

static void answer_delay(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)key;
	answer_later(answers, request, SLOW_DELAY, CLAMP(atol(rest), 0, DELAY_MAX_MS));
}

static void answer_hang(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)rest;
	(void)key;
	answer_later(answers, request, SLOW_HANG, 1000);
}

static void answer_trickle(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)rest;
	(void)key;
	answer_later(answers, request, SLOW_TRICKLE, 1000);
}

static void answer_endless(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)rest;
	(void)key;
	answer_later(answers, request, SLOW_ENDLESS, 1000);
}

static void answer_big(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)key;
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	for (long left = CLAMP(atol(rest), 0, BODY_MAX); left > 0; left -= CHUNK_SIZE)
		evbuffer_add_reference(body, answers->chunk, (size_t)MIN(left, CHUNK_SIZE), NULL, NULL);
	evhttp_send_reply(request, 200, NULL, NULL);
}

static void answer_bomb(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)rest;
	(void)key;
	if (answers->bomb == NULL)
		answers->bomb = make_bomb();
	size_t size = evbuffer_get_length(answers->bomb);
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	evbuffer_add(body, evbuffer_pullup(answers->bomb, -1), size);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Encoding", "gzip");
	evhttp_send_reply(request, 200, NULL, NULL);
}

static void answer_headers(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)answers;
	(void)rest;
	(void)key;
	g_autofree char *value = g_strnfill(8192, 'h');
	for (int i = 0; i < 200; i++) {
		char name[16];
		g_snprintf(name, sizeof name, "X-Filler-%d", i);
		evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
	}
	send_ok(request);
}

static void answer_close(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)answers;
	(void)rest;
	(void)key;
	struct bufferevent *stream = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	shutdown(bufferevent_getfd(stream), SHUT_RDWR);
	send_ok(request); /* its write fails, and evhttp drops connection and request */
}

static void answer_flaky(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	if (next_attempt(answers, key) <= atol(rest))
		send_text(request, 503, "{\"ok\":false}");
	else
		send_ok(request);
}

static void answer_retry_after(struct answers *answers, struct evhttp_request *request, const char *rest,
			       const char *key)
{
	if (next_attempt(answers, key) > 1) {
		send_ok(request);
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", rest);
	send_text(request, 503, "{\"ok\":false}");
}

static void answer_redirect(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key)
{
	(void)answers;
	(void)rest;
	(void)key;
	struct evkeyvalq query;
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	bool parsed = text != NULL && evhttp_parse_query_str(text, &query) == 0;
	const char *to = parsed ? evhttp_find_header(&query, "to") : NULL;
	/* evhttp refuses a value with a line break by itself. */
	if (to != NULL)
		evhttp_add_header(evhttp_request_get_output_headers(request), "Location", to);
	send_text(request, to != NULL ? 302 : 400, "{\"ok\":false}");
	if (parsed)
		evhttp_clear_headers(&query);
}

static const struct {
	const char *prefix; /* ends with '/': something follows */
	void (*give)(struct answers *answers, struct evhttp_request *request, const char *rest, const char *key);
} table[] = {
	{ "/status/", answer_status },
	{ "/delay/", answer_delay },
	{ "/hang", answer_hang },
	{ "/trickle", answer_trickle },
	{ "/endless", answer_endless },
	{ "/big/", answer_big },
	{ "/bomb", answer_bomb },
	{ "/headers", answer_headers },
	{ "/close", answer_close },
	{ "/flaky/", answer_flaky },
	{ "/retry-after/", answer_retry_after },
	{ "/redirect", answer_redirect },
};

void answers_give(struct answers *answers, struct evhttp_request *request, const char *path, const char *key)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		size_t size = strlen(table[i].prefix);
		if (strncmp(path, table[i].prefix, size) != 0 ||
		    (table[i].prefix[size - 1] != '/' && path[size] != '\0'))
			continue;
		table[i].give(answers, request, path + size, key);
		return;
	}
	send_ok(request);
}

struct answers *answers_new(struct event_base *base)
{
	struct answers *answers = g_new(struct answers, 1);
	*answers = (struct answers){ .base = base };
	memset(answers->chunk, 'x', sizeof answers->chunk);
	answers->attempts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	answers->slow = g_hash_table_new_full(NULL, NULL, slow_free, NULL);
	return answers;
}

void answers_free(struct answers *answers)
{
	GHashTableIter iter;
	gpointer slow;
	g_hash_table_iter_init(&iter, answers->slow);
	while (g_hash_table_iter_next(&iter, &slow, NULL)) {
		struct evhttp_request *request = ((struct slow *)slow)->request;
		if (evhttp_request_get_connection(request) == NULL)
			send_ok(request); /* frees it: nobody else will */
	}
	g_hash_table_unref(answers->slow);
	g_hash_table_unref(answers->attempts);
	if (answers->bomb != NULL)
		evbuffer_free(answers->bomb);
	g_free(answers);
}
