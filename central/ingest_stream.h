/*
 * Where an agent's numbered stream stands, and what a batch is to it: the next part, a repetition, a gap, a clone's.
 * Owns: the rows of agent_stream. Runs in ingest's transaction.
 */
#ifndef BELFRY_CENTRAL_INGEST_STREAM_H
#define BELFRY_CENTRAL_INGEST_STREAM_H

#include "central/ingest.h"

struct ingest_stream {
	int64_t acked_seq, newest_epoch;
	char acked_md5[33]; /* of the record at acked_seq; "" = not known */
};

/* Reads without a lock; DB_NOT_FOUND when this epoch is new. */
enum db_status ingest_stream_peek(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret);

/*
 * Locks the stream (makes it, when its epoch is the newest) and judges the batch: *ret_result gets outcome, acked_seq
 * and the hole, if records are lost that the agent no longer has. For INGEST_TAKEN records above ret->acked_seq are
 * new.
 */
enum db_status ingest_stream_open(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret,
				  struct ingest_result *ret_result);

/* All up to acked_seq, a record of this batch, is here now. */
enum db_status ingest_stream_advance(struct db_conn *conn, const struct ingest_batch *batch,
				     struct ingest_stream *stream, int64_t acked_seq);

#endif
