/*
 * What the loop's side of the pool (runner_pool.c) and a helper's side (runner_helper.c) share. Owns: the messages between
 * them. For these two, nobody else. A message and what it holds belongs to one side at a time; pushing it gives it away.
 */
#ifndef BELFRY_AGENT_RUNNER_POOL_INTERNAL_H
#define BELFRY_AGENT_RUNNER_POOL_INTERNAL_H

#include <sodium.h>
#include <sys/queue.h>

#include "agent/queue.h"
#include "agent/runner_pool.h"

#define HELD_BODY_INLINE 256 /* a longer body is allocated */

/* The first three go to a helper; START and CANCEL come back as RESULT and CANCEL_SEEN. */
enum pool_message { POOL_START, POOL_CANCEL, POOL_STOP, POOL_RESULT, POOL_CANCEL_SEEN };

/* Messages on their way into one queue. */
struct chain {
	struct message *first, *last;
};

/* An attempt under way. The loop's, but for `copy` and what follows it while a helper has it. */
struct held {
	struct message message;        /* first: there as POOL_START, back as POOL_RESULT */
	struct message cancel;         /* the same for a cancel, which may cross the result on its way */
	LIST_ENTRY(held) entry;        /* in pool->held or pool->spare */
	struct attempt *attempt;       /* the core's; NULL when it was reported */
	struct pool_member *member;
	uint64_t epoch;                /* in which it began */
	bool cancel_out;               /* the cancel is not back: this must stay where it is */

	struct attempt copy;           /* the one that the runner knows */
	struct attempt_result result;  /* points into what follows */
	char error[256];
	char digest[crypto_hash_sha256_BYTES * 2 + 1];
	char body[HELD_BODY_INLINE];
	char *long_body;               /* NULL = none */
};
LIST_HEAD(held_list, held);

/* A runner of the pool as the loop sees it. The first is the loop's own. */
struct pool_member {
	struct helper *helper;  /* NULL = the loop's */
	int running;
	int young[2];           /* attempts under way by the parity of the epoch in which they began: this one and the last */
	struct chain orders;    /* to be sent at the end of this turn */
};

/* runner_helper.c: a thread. Answers go to `results`. NULL when the host has no memory, descriptors or threads for it. */
struct helper *helper_new(const struct runner_http_config *config, struct queue *results);
void helper_push(struct helper *helper, struct chain *orders);
void helper_get_stats(struct helper *helper, struct runner_http_stats *ret);
/* After this nothing is pushed any more. */
void helper_free(struct helper *helper);

static inline void chain_add(struct chain *chain, struct message *message)
{
	message->next = NULL;
	if (chain->first == NULL)
		chain->first = message;
	else
		chain->last->next = message;
	chain->last = message;
}

static inline void chain_push(struct chain *chain, struct queue *queue)
{
	if (chain->first != NULL)
		queue_push_chain(queue, chain->first, chain->last);
	*chain = (struct chain){ 0 };
}

#endif
