/*
 * A fleet in one process: many logical agents, each with its own key and connection, that sync as central tells them to.
 *
 * usage: bench_fleet PORT KEYS JOB SECONDS WITH_RECORDS PER_SYNC
 *   KEYS: a file with one agent's key a line. The first WITH_RECORDS of them send PER_SYNC records for each 10 s that pass.
 * Each second a line "second T requests R ok O refused F errors E"; T = s since 1970. At the end, by kind of sync ("idle":
 * no records, "live": up to LIVE_MAX, "backlog": more), "kind K n N p50 X p99 Y max Z" in ms, of 200s only.
 * Waiting is done as agents do it: nextSyncMs +-10 %; after a refusal Retry-After and up to 20 % more; after an error
 * full jitter from BACKOFF_FIRST_MS doubling to BACKOFF_MAX_MS. SIGUSR1 begins the percentiles anew.
 */
#include <glib.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/rfc3339.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 30000
#define LIVE_MAX 20
#define RECORDS_MAX 2000 /* in one sync */
#define REPLY_MAX 65536
#define TICK_MS 5
#define PRODUCE_EVERY_MS 10000

enum kind { IDLE, LIVE, BACKLOG, KINDS };
static const char *const kind_names[KINDS] = { "idle", "live", "backlog" };

struct agent {
	char *key;
	int fd; /* -1 = none */
	bool busy, produces;
	int64_t next_us, sent_us, produced_us, backoff_ms;
	int64_t acked;
	int pending, sending;
	char *out, *in;
	size_t out_size, out_done, in_size;
};

struct samples {
	int64_t *us;
	size_t n, room;
};

static struct fleet {
	struct agent *agents;
	int n, epoll, per_sync;
	struct sockaddr_in address;
	const char *job;
	long requests, ok, refused, errors;
	struct samples samples[KINDS];
} fleet;
static volatile sig_atomic_t anew;

static int64_t now_us(void)
{
	return mono_now().us;
}

static double chance(void)
{
	return drand48();
}

static void note(enum kind kind, int64_t us)
{
	struct samples *samples = &fleet.samples[kind];
	if (samples->n == samples->room) {
		samples->room = samples->room * 2 + 1024;
		samples->us = g_realloc_n(samples->us, samples->room, sizeof *samples->us);
	}
	samples->us[samples->n++] = us;
}

static void hang_up(struct agent *agent)
{
	if (agent->fd >= 0)
		close(agent->fd);
	agent->fd = -1;
	agent->busy = false;
	g_clear_pointer(&agent->out, g_free);
	g_clear_pointer(&agent->in, g_free);
}

static void wait_ms(struct agent *agent, double ms)
{
	agent->next_us = now_us() + (int64_t)(ms * 1000);
}

static void failed(struct agent *agent)
{
	fleet.errors++;
	hang_up(agent);
	agent->backoff_ms = agent->backoff_ms == 0 ? BACKOFF_FIRST_MS : MIN(agent->backoff_ms * 2, BACKOFF_MAX_MS);
	wait_ms(agent, (double)agent->backoff_ms * (0.1 + 0.9 * chance()));
}

static void append_record(GString *body, int i)
{
	char at[RFC3339_SIZE + 8];
	struct wall t = wall_add_us(wall_now(), -(int64_t)i * US_PER_SECOND);
	rfc3339_print_seconds(t, at);
	g_string_append_printf(body,
			       "%s{\"executionId\":\"%08lx-%04lx-8%03lx-8%03lx-%08lx%04lx\",\"jobId\":\"%s\",\"jobRevision\":1,"
			       "\"cause\":\"schedule\",\"scheduledAt\":\"%s\",\"startedAt\":\"%s\",\"finishedAt\":\"%s\",\"durationMs\":9.5,"
			       "\"latenessMs\":0.4,\"status\":\"success\",\"attempts\":1,\"httpStatus\":200,\"responseBody\":\"{}\"}",
			       i > 0 ? "," : "", lrand48() & 0xffffffff, lrand48() & 0xffff, lrand48() & 0xfff, lrand48() & 0xfff,
			       lrand48() & 0xffffffff, lrand48() & 0xffff, fleet.job, at, at, at);

}

static void make_request(struct agent *agent)
{
	GString *body = g_string_sized_new(1024), *all;
	char at[RFC3339_SIZE + 8];
	rfc3339_print_seconds(wall_now(), at);
	agent->sending = MIN(agent->pending, RECORDS_MAX);
	g_string_append_printf(body,
			       "{\"version\":1,\"agentVersion\":\"0.0.1\",\"bootId\":\"bench\",\"epoch\":1,\"sentAt\":\"%s\",\"jobSet\":"
			       "{\"revision\":0,\"digest\":\"0000000000000000\"},\"firstSeq\":%" G_GINT64_FORMAT ",\"ackedSeq\":%" G_GINT64_FORMAT
			       ",\"doneCommands\":[],\"status\":{\"jobs\":0,\"running\":0,\"outboxDepth\":%d,\"clockEpoch\":0,"
			       "\"tzdata\":\"2025b\"},\"records\":[",
			       at, agent->acked + 1, agent->acked, agent->pending);
	for (int i = 0; i < agent->sending; i++)
		append_record(body, i);
	g_string_append(body, "]}");
	all = g_string_sized_new(body->len + 256);
	g_string_append_printf(all,
			       "POST /api/agent/sync HTTP/1.1\r\nHost: central\r\nAuthorization: Bearer %s\r\n"
			       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			       agent->key, body->len);
	g_string_append_len(all, body->str, (gssize)body->len);
	g_string_free(body, TRUE);
	agent->out_size = all->len;
	agent->out_done = agent->in_size = 0;
	agent->out = g_string_free(all, FALSE);
	agent->in = g_malloc(REPLY_MAX);
}

static bool dial(struct agent *agent)
{
	int one = 1;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = agent };
	agent->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (agent->fd < 0)
		return false;
	setsockopt(agent->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(agent->fd, (struct sockaddr *)&fleet.address, sizeof fleet.address) != 0 && errno != EINPROGRESS)
		return false;
	return epoll_ctl(fleet.epoll, EPOLL_CTL_ADD, agent->fd, &event) == 0;
}

static void push(struct agent *agent)
{
	while (agent->out_done < agent->out_size) {
		ssize_t n = send(agent->fd, agent->out + agent->out_done, agent->out_size - agent->out_done, MSG_NOSIGNAL);
		if (n > 0)
			agent->out_done += (size_t)n;
		else if (errno == EAGAIN || errno == ENOTCONN)
			return;
		else {
			failed(agent);
			return;
		}
	}
}

static void begin(struct agent *agent)
{
	fleet.requests++;
	agent->busy = true;
	agent->sent_us = now_us();
	make_request(agent);
	if (agent->fd < 0 && !dial(agent))
		failed(agent);
	else
		push(agent);
}

static long long number_after(const char *text, const char *name, long long absent)
{
	const char *at = strcasestr(text, name);
	return at != NULL ? strtoll(at + strlen(name), NULL, 10) : absent;
}

/* The reply is whole: what came of it, and when to come again. */
static void digest(struct agent *agent, int status)
{
	enum kind kind = agent->sending == 0 ? IDLE : agent->sending <= LIVE_MAX ? LIVE : BACKLOG;
	int64_t took = now_us() - agent->sent_us;
	long long retry_s = number_after(agent->in, "\nRetry-After: ", -1);
	agent->busy = false;
	if (status == 200) {
		fleet.ok++;
		note(kind, took);
		agent->pending -= agent->sending;
		agent->acked += agent->sending;
		agent->backoff_ms = 0;
		if (number_after(agent->in, "\"ackedSeq\":", -1) != agent->acked)
			fleet.errors++;
		double pace = (double)number_after(agent->in, "\"nextSyncMs\":", 1000);
		wait_ms(agent, agent->pending > RECORDS_MAX ? 0 : pace * (0.9 + 0.2 * chance()));
	} else if ((status == 429 || status == 503) && retry_s > 0) {
		fleet.refused++;
		wait_ms(agent, (double)retry_s * 1000 * (1 + 0.2 * chance()));
	} else {
		fprintf(stderr, "status %d: %s\n", status, agent->in);
		failed(agent);
		return;
	}
	g_clear_pointer(&agent->out, g_free);
	g_clear_pointer(&agent->in, g_free);
}

static void pull(struct agent *agent)
{
	for (;;) {
		char trash[64];
		bool wanted = agent->busy && agent->in != NULL;
		ssize_t n = wanted ? recv(agent->fd, agent->in + agent->in_size, REPLY_MAX - 1 - agent->in_size, 0)
				   : recv(agent->fd, trash, sizeof trash, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			/* An idle connection may end; one with a request under way may not. */
			if (agent->busy)
				failed(agent);
			else
				hang_up(agent);
			return;
		}
		if (!wanted)
			continue;
		agent->in_size += (size_t)n;
		agent->in[agent->in_size] = '\0';
		const char *end = strstr(agent->in, "\r\n\r\n");
		if (end == NULL)
			continue;
		long long length = number_after(agent->in, "\nContent-Length: ", 0);
		if (agent->in_size >= (size_t)(end + 4 - agent->in) + (size_t)length)
			digest(agent, atoi(agent->in + strlen("HTTP/1.1 ")));
	}
}

static void tick(void)
{
	int64_t now = now_us();
	for (int i = 0; i < fleet.n; i++) {
		struct agent *agent = &fleet.agents[i];
		if (agent->produces && now - agent->produced_us >= PRODUCE_EVERY_MS * INT64_C(1000)) {
			agent->produced_us += PRODUCE_EVERY_MS * INT64_C(1000);
			agent->pending += fleet.per_sync;
		}
		if (!agent->busy && now >= agent->next_us)
			begin(agent);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void print_samples(void)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct samples *samples = &fleet.samples[kind];
		qsort(samples->us, samples->n, sizeof *samples->us, compare);
		if (samples->n > 0)
			printf("kind %s n %zu p50 %.2f p99 %.2f max %.2f\n", kind_names[kind], samples->n,
			       (double)samples->us[samples->n / 2] / 1000, (double)samples->us[samples->n * 99 / 100] / 1000,
			       (double)samples->us[samples->n - 1] / 1000);
	}
}

static void on_usr1(int number)
{
	(void)number;
	anew = 1;
}

static void run(double seconds)
{
	int64_t begin_us = now_us(), line_us = begin_us + 1000000;
	struct epoll_event events[512];
	while (now_us() - begin_us < (int64_t)(seconds * 1e6)) {
		int n = epoll_wait(fleet.epoll, events, 512, TICK_MS);
		for (int i = 0; i < n; i++) {
			struct agent *agent = events[i].data.ptr;
			if ((events[i].events & EPOLLOUT) && agent->busy && agent->out != NULL)
				push(agent);
			if (agent->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
				pull(agent);
		}
		tick();
		if (anew) {
			anew = 0;
			for (enum kind kind = 0; kind < KINDS; kind++)
				fleet.samples[kind].n = 0;
		}
		if (now_us() >= line_us) {
			line_us += 1000000;
			printf("second %.2f requests %ld ok %ld refused %ld errors %ld\n", (double)wall_now().us / 1e6,
			       fleet.requests, fleet.ok, fleet.refused, fleet.errors);
			fflush(stdout);
			fleet.requests = fleet.ok = fleet.refused = fleet.errors = 0;
		}
	}
}

static void read_keys(const char *path, int with_records)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		exit(2);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
	fleet.n = (int)g_strv_length(lines);
	fleet.agents = g_new0(struct agent, fleet.n);
	for (int i = 0; i < fleet.n; i++) {
		int64_t phase = (int64_t)(chance() * PRODUCE_EVERY_MS * 1000);
		fleet.agents[i] = (struct agent){ .key = g_strdup(lines[i]), .fd = -1, .produces = i < with_records,
						  .next_us = now_us() + phase, .produced_us = now_us() + phase -
						  PRODUCE_EVERY_MS * 1000 };
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	if (argc != 7) {
		fprintf(stderr, "usage: bench_fleet PORT KEYS JOB SECONDS WITH_RECORDS PER_SYNC\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	signal(SIGUSR1, on_usr1);
	srand48(getpid());
	fleet.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	fleet.epoll = epoll_create1(0);
	fleet.job = argv[3];
	fleet.per_sync = atoi(argv[6]);
	read_keys(argv[2], atoi(argv[5]));
	run(atof(argv[4]));
	print_samples();
	return 0;
}
