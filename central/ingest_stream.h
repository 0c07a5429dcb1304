/*
 * Where an agent's numbered stream stands, and what a batch is to it: the next part, a repetition, a gap, a clone's.
 * Owns: the rows of agent_stream. Runs in ingest's transaction.
 */
#ifndef BELFRY_CENTRAL_INGEST_STREAM_H
#define BELFRY_CENTRAL_INGEST_STREAM_H

#include "central/ingest_group.h"

/* Reads without a lock; DB_NOT_FOUND when this epoch is new. */
enum db_status ingest_stream_peek(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret);

/* Locks and reads the streams of all members, which come in the order of their agents' ids. */
enum db_status ingest_stream_lock(struct db_conn *conn, struct ingest_member *const *members, guint n);

/*
 * Makes the stream when there was none and its epoch is the newest, and judges the batch: the result gets outcome,
 * acked_seq and the hole, if records are lost that the agent no longer has. For INGEST_TAKEN records above
 * stream.acked_seq are new.
 */
enum db_status ingest_stream_open(struct db_conn *conn, struct ingest_member *member);

/* All records before each member's limit are here now. Sets the results' acked_seq. */
enum db_status ingest_stream_advance(struct db_conn *conn, struct ingest_member *const *members, guint n);

#endif
