/*
 * What other threads tell the loop and ask of it. Owns: these messages, how they are made and freed, what the loop does with
 * each. Does not own: the queue (queue.h), the store's news (enum store_news in store_sqlite.h), what the core makes of it.
 *
 * Any thread makes a message and pushes it to loop_queue(); it is the loop's from then on. A question (status, apply) comes
 * back to the queue `reply_to` with the type `reply_type`, and is the asker's then, who frees it with message_free(). What the
 * loop has not looked at when it ends is freed with its queue.
 */
#ifndef BELFRY_AGENT_LOOP_MESSAGES_H
#define BELFRY_AGENT_LOOP_MESSAGES_H

#include "agent/core.h"
#include "agent/store_sqlite.h"

/* Beside enum store_news. */
enum loop_request { LOOP_STATUS = STORE_NEWS_MAX_, LOOP_APPLY_JOBS, LOOP_COMMANDS, LOOP_SYNC_NEWS };

/* A question: what central is to hear of this agent. The loop fills it in. */
struct loop_status_message {
	struct message message;
	struct sync_status status; /* without outbox_depth and oldest_unsent_at: the store knows those */
	int64_t jobs_revision;     /* core_job_set() */
	uint64_t jobs_digest;
	int64_t done_commands[SYNC_COMMANDS_MAX]; /* ids of orders that were carried out */
	int n_done_commands;
};
struct loop_status_message *loop_status_message_new(struct queue *reply_to, int reply_type);

/* A question: change the job set. It comes back when the change is durable, or will never be. */
struct loop_apply_message {
	struct message message;
	struct job_change *change; /* passes to the core; NULL then */
	bool ok;                   /* it is durable; false: the core did not take it (struct job_change), or has gone */
};
/* Takes `change`. */
struct loop_apply_message *loop_apply_message_new(struct job_change *change, struct queue *reply_to, int reply_type);
/* Frees a change that no core took over. */
void loop_drop_change(struct job_change *change);

/* News of central's orders. */
struct loop_commands_message {
	struct message message;
	GArray *commands;        /* struct sync_command to carry out; owned */
	GArray *known;           /* int64_t: central has heard that these are done; owned */
	struct wall lease_until; /* core_lease(); WALL_NONE = no news */
};
/* Empty, for the caller to fill. */
struct loop_commands_message *loop_commands_message_new(void);

/* How sync stands; told after each round. */
struct sync_news {
	bool enabled;                /* there is a central */
	bool connected;              /* the last round was good */
	bool refused;                /* by central, as revoked or as a copy of another agent: nothing new is started */
	struct wall last_success_at; /* WALL_NONE = never in this life */
	struct mono asked_at;        /* when the round began after which the job set was as central has it; INT64_MIN = none yet */
	int64_t rounds, failures;    /* in this life */
	char error[256];             /* of the last failed round; "" after a good one */
};
struct loop_sync_news_message {
	struct message message;
	struct sync_news news;
};
struct loop_sync_news_message *loop_sync_news_message_new(const struct sync_news *news);

#endif
