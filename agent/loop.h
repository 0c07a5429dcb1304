/*
 * The loop: libevent, the two timers of the core, the queue on which other threads post, the signals. It drives the core
 * and is the only caller of it. Owns: the event base, the core's clock, the stop. Does not own: core, runner, store.
 *
 * One turn is: wait, run all events that are ready, tick the core once, set the timers to what it wants next. The clock
 * is read once per turn and stands still in between (agent/core.h).
 *
 * The stop (SIGTERM, SIGINT): from then on time stands still for the core, so nothing more comes due, and no attempt starts.
 * What runs gets LOOP_DRAIN_MS to end; its decisions become durable; then loop_run() returns.
 */
#ifndef BELFRY_AGENT_LOOP_H
#define BELFRY_AGENT_LOOP_H

#include <event2/event.h>

#include "agent/core.h"
#include "agent/store_sqlite.h"

#define LOOP_DRAIN_MS 5000

struct loop;

struct loop *loop_new(GError **error);
void loop_free(struct loop *loop);

struct event_base *loop_base(struct loop *loop);
struct queue *loop_queue(struct loop *loop);
struct core_clock loop_clock(struct loop *loop);

/* The runner as the core is to see it: counts what runs, and starts nothing more once the stop has begun. */
struct runner loop_runner(struct loop *loop, struct runner inner);
/* For the inner runner to report to: hands the result to the core. `context` is the loop. */
void loop_report(void *context, struct attempt *attempt, const struct attempt_result *result);

enum loop_end {
	LOOP_STOPPED,      /* by signal */
	LOOP_DATABASE_LOST /* begin a new life */
};
/* Before core_start and loop_run. */
void loop_set_core(struct loop *loop, struct core *core);
/* From the thread that will run the loop: real time while it is calm (host.h). False when the host does not grant it. */
bool loop_make_realtime(struct loop *loop);
/* `reload` is called on SIGHUP. */
enum loop_end loop_run(struct loop *loop, void (*reload)(void *context), void *context);

/* The last that store and sync told. */
struct sync_news {
	bool enabled, connected;
	bool refused;                /* by central, as revoked or as a copy of another agent: nothing new is started */
	struct wall last_success_at; /* WALL_NONE = never in this life */
	struct mono asked_at;        /* when the round began after which the job set was as central has it; INT64_MIN = none yet */
	int64_t rounds, failures;
	char error[256];             /* of the last failed round; "" after a good one */
};
const struct store_stats *loop_store_stats(const struct loop *loop);
const struct sync_news *loop_sync_news(const struct loop *loop);

/* What other threads may ask; the store's news have the types of enum store_news. Answers come back in the same message. */
enum loop_request { LOOP_STATUS = STORE_NEWS_MAX_, LOOP_APPLY_JOBS, LOOP_COMMANDS, LOOP_SYNC_NEWS };

/* Filled by the loop. */
struct loop_status_message {
	struct message message;
	struct sync_status status; /* without outbox_depth and oldest_unsent_at: the store knows those */
	int64_t jobs_revision;
	uint64_t jobs_digest;
	int64_t done_commands[SYNC_COMMANDS_MAX];
	int n_done_commands;
};
/* Comes back when the change is durable (ok) or the core has gone. */
struct loop_apply_message {
	struct message message;
	struct job_change *change; /* passes to the core */
	bool ok;
};
/* Nothing comes back. */
struct loop_commands_message {
	struct message message;
	GArray *commands; /* struct sync_command to carry out */
	GArray *known;    /* int64_t: central has heard that these are done */
	struct wall lease_until; /* core_lease(); WALL_NONE = no news */
};
/* Frees a change that no core took over. */
void loop_drop_change(struct job_change *change);

struct loop_sync_news_message { struct message message; struct sync_news news; };

struct loop_status_message *loop_status_message_new(struct queue *reply_to, int reply_type);
struct loop_apply_message *loop_apply_message_new(struct job_change *change, struct queue *reply_to, int reply_type);
struct loop_commands_message *loop_commands_message_new(void);

#endif
