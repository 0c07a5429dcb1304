/*
 * A fleet in one process: many logical agents, each with its own key and connection, that sync as central tells them to.
 *
 * usage: bench_fleet PORT KEYS JOB SECONDS WITH_RECORDS PER_SYNC
 *   KEYS: a file with one agent's key a line. The first WITH_RECORDS of them send PER_SYNC records for each 10 s that pass.
 * Each second a line "second T requests R ok O refused F errors E away A backlogs B"; T = s since 1970, at its end; away = nobody listened
 * at the port. At the end, by kind of sync ("idle": no records, "live": up to LIVE_MAX, "backlog": more, "beside": the live
 * ones while others had a backlog), "kind K n N p50 X p99 Y max Z" in ms, of 200s only. What no agent could use is an error,
 * and the first few are told: "odd STATUS REPLY".
 * An agent takes whatever set of jobs it is told, and says so in its next sync: a line "set I T R" when agent I (of KEYS, from
 * 0) heard at T of the revision R. SIGHUP: the last FALLEN agents are silent from then on ("fallen T").
 * SIGUSR1 begins the percentiles anew. SIGUSR2: of the agents that send records every second one has those of MISSED_S at once.
 *
 * Waiting is done as agent/sync_pace.c does it: nextSyncMs within bounds, +-10 %; at once while there are more records than went
 * along; HURRY_MS after a failed execution (one batch of HURRY_ONE_OF has one) while all is well; after a refusal
 * Retry-After and up to 20 % more, after an error full jitter from BACKOFF_FIRST_MS; both double the backoff. A kept
 * connection that turns out closed is no error: libcurl sends again on a new one.
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
#define PACE_MIN_MS 50
#define PACE_MAX_MS 600000
#define HURRY_MS 200
#define HURRY_ONE_OF 20
#define LIVE_MAX 200	 /* as central sees it (ingest_lanes.h) */
#define RECORDS_MAX 5000 /* in one sync */
#define MISSED_S 300
#define ODD_MAX 5
#define REPLY_MAX 262144
#define TICK_MS 5
#define FALLEN 10
#define PRODUCE_EVERY_MS 10000

enum kind { IDLE, LIVE, BACKLOG, BESIDE, KINDS };
static const char *const kind_names[KINDS] = { "idle", "live", "backlog", "beside" };

struct agent {
	char *key;
	int fd; /* -1 = none */
	bool busy, produces, hurry, fallen;
	bool kept; /* the connection served a request before */
	int64_t next_us, sent_us, produced_us, backoff_ms;
	int64_t acked, set_revision;
	char set_digest[17];
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
	struct wall records_from;
	unsigned salt; /* of this run */
	long requests, ok, refused, errors, away;
	int backlogs; /* agents with more than LIVE_MAX pending */
	int odd;
	struct samples samples[KINDS];
} fleet;
static volatile sig_atomic_t anew, missed, fall;

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

static void back_off(struct agent *agent, double at_least_ms)
{
	agent->backoff_ms = agent->backoff_ms == 0 ? BACKOFF_FIRST_MS : MIN(agent->backoff_ms * 2, BACKOFF_MAX_MS);
	if (at_least_ms > 0)
		wait_ms(agent, at_least_ms * (1 + 0.2 * chance()));
	else
		wait_ms(agent, (double)agent->backoff_ms * (0.1 + 0.9 * chance()));
}

static void failed(struct agent *agent, int error)
{
	if (error == ECONNREFUSED)
		fleet.away++;
	else
		fleet.errors++;
	hang_up(agent);
	back_off(agent, 0);
}

static void add_pending(struct agent *agent, int n)
{
	fleet.backlogs -= agent->pending > LIVE_MAX;
	agent->pending += n;
	fleet.backlogs += agent->pending > LIVE_MAX;
}

/* A record that is sent again is the same: it follows from the agent and its number. */
static void append_record(GString *body, const struct agent *agent, int64_t seq)
{
	char at[RFC3339_SIZE + 8];
	rfc3339_print_seconds(wall_add_us(fleet.records_from, seq * US_PER_SECOND), at);
	g_string_append_printf(body,
			       "%s{\"executionId\":\"%08x-%04x-8000-8000-%012" G_GINT64_MODIFIER "x\",\"jobId\":\"%s\",\"jobRevision\":1,"
			       "\"cause\":\"schedule\",\"scheduledAt\":\"%s\",\"startedAt\":\"%s\",\"finishedAt\":\"%s\",\"durationMs\":9.5,"
			       "\"latenessMs\":0.4,\"status\":\"success\",\"attempts\":1,\"httpStatus\":200,\"responseBody\":\"{}\"}",
			       seq > agent->acked + 1 ? "," : "", fleet.salt, (unsigned)(seq & 0xffff),
			       ((gint64)(agent - fleet.agents) << 24) + seq, fleet.job, at, at, at);
}

static void make_request(struct agent *agent)
{
	GString *body = g_string_sized_new(1024), *all;
	char at[RFC3339_SIZE + 8];
	rfc3339_print_seconds(wall_now(), at);
	agent->sending = MIN(agent->pending, RECORDS_MAX);
	g_string_append_printf(body,
			       "{\"version\":1,\"agentVersion\":\"0.0.1\",\"bootId\":\"bench\",\"life\":\"bench\",\"lives\":1,\"epoch\":1,\"sentAt\":\"%s\",\"jobSet\":"
			       "{\"revision\":%" G_GINT64_FORMAT ",\"digest\":\"%s\"},\"firstSeq\":%" G_GINT64_FORMAT ",\"ackedSeq\":%" G_GINT64_FORMAT
			       ",\"doneCommands\":[],\"status\":{\"jobs\":0,\"running\":0,\"outboxDepth\":%d,\"clockEpoch\":0,"
			       "\"tzdata\":\"2025b\"},\"records\":[",
			       at, agent->set_revision, agent->set_digest, agent->acked + 1, agent->acked, agent->pending);
	for (int i = 1; i <= agent->sending; i++)
		append_record(body, agent, agent->acked + i);
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
	agent->kept = false;
	agent->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (agent->fd < 0)
		return false;
	setsockopt(agent->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(agent->fd, (struct sockaddr *)&fleet.address, sizeof fleet.address) != 0 && errno != EINPROGRESS)
		return false;
	return epoll_ctl(fleet.epoll, EPOLL_CTL_ADD, agent->fd, &event) == 0;
}

static void lost(struct agent *agent, int error);

static void push(struct agent *agent)
{
	while (agent->out_done < agent->out_size) {
		ssize_t n = send(agent->fd, agent->out + agent->out_done, agent->out_size - agent->out_done, MSG_NOSIGNAL);
		if (n > 0)
			agent->out_done += (size_t)n;
		else if (errno == EAGAIN || errno == ENOTCONN)
			return;
		else {
			lost(agent, errno);
			return;
		}
	}
}

/* The connection broke under a request. */
static void lost(struct agent *agent, int error)
{
	if (!agent->kept || agent->in_size > 0) {
		failed(agent, error);
		return;
	}
	close(agent->fd);
	agent->out_done = 0;
	if (dial(agent))
		push(agent);
	else
		failed(agent, errno);
}

static void begin(struct agent *agent)
{
	fleet.requests++;
	agent->busy = true;
	agent->hurry = false;
	agent->sent_us = now_us();
	make_request(agent);
	if (agent->fd < 0 && !dial(agent))
		failed(agent, errno);
	else
		push(agent);
}

static long long number_after(const char *text, const char *name, long long absent)
{
	const char *at = strcasestr(text, name);
	return at != NULL ? strtoll(at + strlen(name), NULL, 10) : absent;
}

static void tell_odd(int status, const char *reply)
{
	const char *body = strstr(reply, "\r\n\r\n");
	if (fleet.odd++ < ODD_MAX)
		printf("odd %d %s\n", status, body != NULL ? body + 4 : "");
}

static void take_set(struct agent *agent)
{
	const char *set = strstr(agent->in, "\"jobSet\":{"), *digest = set != NULL ? strstr(set, "\"digest\":\"") : NULL;
	int64_t revision = set != NULL ? number_after(set, "\"revision\":", 0) : 0;
	if (digest == NULL || revision == agent->set_revision)
		return;
	agent->set_revision = revision;
	g_strlcpy(agent->set_digest, digest + strlen("\"digest\":\""), sizeof agent->set_digest);
	printf("set %td %.3f %" G_GINT64_FORMAT "\n", agent - fleet.agents, (double)wall_now().us / 1e6, revision);
}

static bool taken(struct agent *agent)
{
	enum kind kind = agent->sending == 0 ? IDLE : agent->sending <= LIVE_MAX ? LIVE : BACKLOG;
	int64_t took = now_us() - agent->sent_us;
	bool more = agent->pending > agent->sending;
	if (number_after(agent->in, "\"ackedSeq\":", -1) != agent->acked + agent->sending)
		return false;
	fleet.ok++;
	note(kind, took);
	if (kind == LIVE && fleet.backlogs > 0)
		note(BESIDE, took);
	add_pending(agent, -agent->sending);
	agent->acked += agent->sending;
	agent->backoff_ms = 0;
	take_set(agent);
	double pace = (double)CLAMP(number_after(agent->in, "\"nextSyncMs\":", 1000), PACE_MIN_MS, PACE_MAX_MS);
	wait_ms(agent, more && agent->sending > 0 ? 0 : pace * (0.9 + 0.2 * chance()));
	return true;
}

/* The reply is whole: what came of it, and when to come again. */
static void digest(struct agent *agent, int status)
{
	long long retry_s = number_after(agent->in, "\nRetry-After: ", -1);
	agent->busy = false;
	agent->kept = true;
	if ((status == 429 || status == 503) && retry_s > 0) {
		fleet.refused++;
		back_off(agent, (double)retry_s * 1000);
	} else if (status != 200 || !taken(agent)) {
		tell_odd(status, agent->in);
		failed(agent, 0);
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
				lost(agent, n < 0 ? errno : 0);
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
			add_pending(agent, fleet.per_sync);
			agent->hurry |= chance() * HURRY_ONE_OF < 1;
		}
		int64_t next = agent->next_us;
		if (agent->hurry && agent->backoff_ms == 0)
			next = MIN(next, agent->sent_us + HURRY_MS * INT64_C(1000));
		if (!agent->busy && !agent->fallen && now >= next)
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

static void on_usr2(int number)
{
	(void)number;
	missed = 1;
}

static void on_hup(int number)
{
	(void)number;
	fall = 1;
}

static void fall_silent(void)
{
	for (int i = MAX(0, fleet.n - FALLEN); i < fleet.n; i++) {
		fleet.agents[i].fallen = true;
		hang_up(&fleet.agents[i]);
	}
	printf("fallen %.3f\n", (double)wall_now().us / 1e6);
}

static void obey_signals(void)
{
	if (anew)
		for (enum kind kind = 0; kind < KINDS; kind++)
			fleet.samples[kind].n = 0;
	if (missed)
		for (int i = 0; i < fleet.n; i += 2)
			if (fleet.agents[i].produces)
				add_pending(&fleet.agents[i], fleet.per_sync * (MISSED_S * 1000 / PRODUCE_EVERY_MS));
	if (fall)
		fall_silent();
	anew = missed = fall = 0;
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
		obey_signals();
		if (now_us() >= line_us) {
			line_us += 1000000;
			printf("second %.2f requests %ld ok %ld refused %ld errors %ld away %ld backlogs %d\n",
			       (double)wall_now().us / 1e6, fleet.requests, fleet.ok, fleet.refused, fleet.errors, fleet.away,
			       fleet.backlogs);
			fflush(stdout);
			fleet.requests = fleet.ok = fleet.refused = fleet.errors = fleet.away = 0;
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
						  PRODUCE_EVERY_MS * 1000, .set_digest = "0000000000000000" };
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
	signal(SIGUSR2, on_usr2);
	signal(SIGHUP, on_hup);
	srand48(getpid());
	fleet.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	fleet.epoll = epoll_create1(0);
	fleet.job = argv[3];
	fleet.salt = (unsigned)lrand48();
	fleet.records_from = wall_add_us(wall_now(), -2 * MISSED_S * US_PER_SECOND);
	fleet.per_sync = atoi(argv[6]);
	read_keys(argv[2], atoi(argv[5]));
	run(atof(argv[4]));
	print_samples();
	return 0;
}
