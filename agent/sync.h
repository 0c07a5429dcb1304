/*
 * The sync thread: tells central what was decided, hears what is to be done. Owns: the rounds and what central's answers
 * lead to. Does not own: when a round begins (sync_pace.h), the records (store), the job set (core), the agent's key
 * (rotation.h), the text of the messages (common/wire.h), the connection (central_client.h).
 *
 * One round: the next records from the store, the status from the loop, one POST, and what the answer says goes where it
 * belongs: the ack to the store, the job changes and commands to the loop. A round never overlaps another. The thread holds
 * nothing that is not also in the store: it may die at any point of a round.
 */
#ifndef BELFRY_AGENT_SYNC_H
#define BELFRY_AGENT_SYNC_H

#include "agent/central_client.h"
#include "agent/key_ring.h"
#include "agent/queue.h"
#include "agent/store_sqlite.h"

#define SYNC_BYTES_MAX (4 * 1024 * 1024) /* records in one round, about */

struct sync;

struct sync_config {
	const char *central_url, *boot_id;
	struct key_ring *keys; /* this thread's until sync_stop() */
	struct central_tls tls;
};

/* `loop` is the queue of the loop. The sync's own queue (for store_sqlite_start) lives until sync_free(). */
struct sync *sync_new(const struct sync_config *config, struct queue *loop);
struct queue *sync_queue(struct sync *sync);
void sync_start(struct sync *sync, struct store_sqlite *store);
/* Ends a round under way and joins the thread. */
void sync_stop(struct sync *sync);
/* After core and store have stopped: they may still answer. */
void sync_free(struct sync *sync);

#endif
