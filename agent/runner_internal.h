/*
 * What the files of one runner share. Owns: definitions worked out (struct call), easy handles (struct transfer), the runner.
 * For runner_http.c, runner_request.c, runner_response.c and runner_socket.c, nobody else. All on the thread of the runner's
 * event base.
 *
 *     start(): IDLE -> NAME -> RUNNING -> FINISHED -> reported -> IDLE
 *
 * NAME is passed over where there is nothing to look up; whatever fails goes to FINISHED at once. Only runner_http.c changes
 * a state.
 */
#ifndef BELFRY_AGENT_RUNNER_INTERNAL_H
#define BELFRY_AGENT_RUNNER_INTERNAL_H

#include <curl/curl.h>
#include <sodium.h>
#include <sys/queue.h>

#include "agent/resolver.h"
#include "agent/runner_http.h"
#include "common/template.h"

/*
 * How one job definition is called: worked out once, shared by all transfers that have served it. Lives as long as one
 * transfer remembers it.
 */
struct call {
	struct job *job;
	const char *refusal; /* why it can never be called; NULL = it can */
	bool has_body;
	char *host;          /* the name to look up; NULL: a numeric address, or localhost, which libcurl knows */
	int port;
	struct template *url_template, *body_template; /* NULL = fixed text */
	GString *default_body_head;      /* of the default body: {"jobId":"..","scheduledTime":" */
	GArray *lines;                   /* struct call_line */
	int n_transfers;
	TAILQ_HEAD(, transfer) idle;     /* that served it last */
};

#define PLACES_MAX 4096

/* Where URLs of one origin lead. */
struct place {
	const char *refusal; /* why it can never be called; NULL = it can */
	char *host;          /* as struct call's */
	int port;
};

struct call_line {
	char *text;                /* "Name: value"; of a template only "Name: " */
	char *owned;               /* text, where it is not a constant; else NULL */
	struct template *compiled; /* NULL = fixed */
};

enum transfer_state {
	TRANSFER_IDLE,
	TRANSFER_NAME,     /* waits for the address of its host */
	TRANSFER_RUNNING,  /* libcurl has it */
	TRANSFER_FINISHED, /* result stands, to be delivered */
};

/*
 * One easy handle and the memory around it, used again and again. A transfer that served a job keeps that job's options:
 * serving it again changes only what differs from fire to fire.
 */
struct transfer {
	struct runner_http *runner;
	TAILQ_ENTRY(transfer) call_entry;  /* in call->idle */
	TAILQ_ENTRY(transfer) state_entry; /* in runner->idle, ->busy or ->finished */
	enum transfer_state state;
	CURL *easy;
	struct call *call;
	struct attempt *attempt; /* NULL when idle */
	struct mono started;

	/* request */
	struct curl_slist *headers;        /* one block of nodes; texts are the call's or those below */
	guint headers_room;
	bool method_has_body;
	char method_set[JOB_METHOD_MAX + 1]; /* "" = none yet */
	char idempotency_key[64], traceparent[80];
	GPtrArray *rendered;               /* GString: header lines of templates */
	GString *url, *body;               /* of templates, and the default body */
	const char *body_set;              /* what POSTFIELDS points to, */
	gsize body_set_size;               /*   and its size */
	int64_t timeout_set_ms, connect_timeout_set_ms;

	/* address */
	struct resolver_wait wait;
	struct event *name_timer;          /* NULL until first needed */
	struct curl_slist resolve;         /* "+host:port:addresses" */
	uint64_t resolve_generation;       /* that libcurl was given; 0 = none */
	int64_t name_us;                   /* waited for the address */

	/* response */
	int sendings;                      /* times the request was (about to be) sent */
	int sockets_opened;
	int socket_errno;                  /* of the last socket() that failed; 0 = none */
	const char *denied;                /* by the egress policy; NULL = not */
	size_t header_bytes, body_bytes;
	bool status_seen, header_seen;     /* of the block of header lines that is being read; of the whole response */
	bool headers_ended;                /* the empty line of the final response came */
	const char *limit;                 /* which limit ended it, a sentence; NULL = none */
	char *kept;                        /* RESPONSE_BODY_MAX bytes; NULL until first needed */
	size_t kept_size;
	crypto_hash_sha256_state digest;
	char error[CURL_ERROR_SIZE];
	struct attempt_result result;
};
TAILQ_HEAD(transfer_list, transfer);

struct runner_http {
	struct event_base *base;
	CURLM *multi;
	struct resolver *resolver;
	const struct egress_policy *egress;
	char *agent_id;
	runner_http_done *done;
	void *context;

	GHashTable *calls;                 /* struct job -> struct call, owned */
	GHashTable *places;                /* scheme://host:port as written -> struct place, owned; at most PLACES_MAX */
	struct transfer_list idle, busy, finished; /* idle: last used first */
	int n_idle;
	struct event *deliver;             /* made active after each call into libcurl's multi, and when something finished without it */

	struct event *timer;               /* libcurl's one timer */
	GPtrArray *sockets;                /* by descriptor: struct runner_socket or NULL */

	char *report_body;                 /* RESPONSE_BODY_MAX bytes that take the place of the body being reported; or NULL */
	struct runner_http_stats stats;
};

/* runner_request.c */
struct call *call_new(struct runner_http *runner, struct job *job);
GHashTable *places_new(void);
void call_free(struct call *call);
/* Options that are the same for every transfer, and those of a definition. */
bool transfer_set_common(struct transfer *transfer);
void transfer_adopt(struct transfer *transfer, struct call *call);
/* What differs from fire to fire. */
void transfer_fill(struct transfer *transfer);
void transfer_set_timeouts(struct transfer *transfer, int64_t timeout_ms, int64_t connect_timeout_ms);
void transfer_forget(struct transfer *transfer);

/* runner_response.c */
void response_begin(struct transfer *transfer);
size_t response_on_bytes(char *bytes, size_t size, size_t n, void *context);
size_t response_on_header(char *bytes, size_t size, size_t n, void *context);
int response_on_sending(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port);
/* Fills transfer->result from what libcurl says. */
void response_judge(struct transfer *transfer, CURLcode code);
/* The same for an end that libcurl does not know of. */
void response_end(struct transfer *transfer, enum attempt_outcome outcome, const char *error);

/* runner_socket.c */
bool runner_sockets_init(struct runner_http *runner);
void runner_sockets_done(struct runner_http *runner);
curl_socket_t runner_socket_open(void *context, curlsocktype purpose, struct curl_sockaddr *address);
int runner_socket_close(void *context, curl_socket_t fd);

#endif
