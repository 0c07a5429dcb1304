/*
 * What the files of the sync thread share: the thread's state and one round's material. Owns: these two structs. For
 * sync.c (the thread, the queue, the request) and sync_answer.c (what central's answer leads to); nobody else.
 */
#ifndef BELFRY_AGENT_SYNC_INTERNAL_H
#define BELFRY_AGENT_SYNC_INTERNAL_H

#include "agent/loop_messages.h"
#include "agent/rotation.h"
#include "agent/sync.h"
#include "agent/sync_jobs.h"
#include "agent/sync_pace.h"

/* Messages on the thread's own queue, beside enum store_news. */
enum sync_message { SYNC_STATUS = STORE_NEWS_MAX_, SYNC_APPLIED, SYNC_STOP };

struct sync {
	struct queue *queue, *loop;
	struct store_sqlite *store;
	struct central_client *client;
	char *boot_id;
	char life[SYNC_LIFE_MAX + 1]; /* of this process */
	int64_t lives;                /* of this agent, as central told last */
	GThread *thread;
	int stop_fd; /* ends a POST under way */
	bool stopping;
	bool hurry;  /* a job has failed since the round began */

	struct message *waiting, **waiting_end; /* taken from the queue, not looked at yet */
	struct sync_jobs jobs;
	struct rotation rotation;
	struct sync_pace pace;
	int max_records;      /* in one round; fewer after "too large" */
	int64_t highest_sent; /* seq, in this life: a reply may have been lost after central took the records */
	struct sync_news news;
};

struct sync_round {
	struct store_unsent_message *unsent;
	struct loop_status_message *status;
	char id[SYNC_ID_MAX + 1];
	struct central_answer answer; /* not interrupted */
};

/*
 * The answer to the one request to the store or the loop that is under way: the caller frees it. NULL when the agent stops;
 * the answer is freed with the queue then. Sleeps until it is there.
 */
struct message *sync_await(struct sync *sync, int type);

/*
 * What follows from the answer of a round: the ack goes to the store, jobs and orders go to the loop, the pace is set, and the
 * loop is told how it went. Waits until changed jobs are durable.
 */
void sync_use_answer(struct sync *sync, const struct sync_round *round);

#endif
