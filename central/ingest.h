/*
 * Ingest: records of an agent's stream become rows, once, and only then an ack. Owns: the tables agent_stream, execution,
 * execution_range, execution_double, execution_unkept, agent_rollup, agent_rollup_hour, agent_event, quarantine, and the making
 * of partitions on demand. Does not own: HTTP and the job set (svc_sync), retention (chores).
 *
 *   batch  ->  parse (no lock held)  ->  partitions  ->  a group with other agents' batches (ingest_lanes)
 *          ->  BEGIN, lock the streams, drop what is acked already
 *          ->  execution, ON CONFLICT DO NOTHING RETURNING  ->  sums of the rows that were new
 *          ->  acked_seq  ->  COMMIT  ->  acks
 *
 * A group that fails is tried again member by member, so that one agent's records never hold up another's.
 *
 * Why a batch may come twice, split, reordered or to two centrals at once: the stream's row lock puts them in a row,
 * acked_seq drops repeated ones, the primary key drops repeated executions, and the rollups count only rows that were
 * inserted in the same transaction.
 *
 * A record that cannot be taken (poison) goes to quarantine under its number and is acked; it holds up nothing. So does an
 * execution of a day that was closed, before which nothing tells any more whether it was counted (execution_close,
 * definitions/history.sql).
 */
#ifndef BELFRY_CENTRAL_INGEST_H
#define BELFRY_CENTRAL_INGEST_H

#include <jansson.h>

#include "central/db.h"
#include "central/http.h"

/* Due instants outside of this are poison: they would make partitions without end, and decide what is years ahead. */
#define INGEST_FUTURE_MAX_DAYS 2
#define INGEST_PAST_MAX_DAYS 400
#define INGEST_QUARANTINE_RECORD_MAX 16384 /* bytes kept of a poison record */
#define INGEST_TRIES 5                     /* after deadlocks and the like */

/* One per process; any thread. Remembers which partitions exist, and counts. */
struct ingest;
struct ingest *ingest_new(int lanes); /* groups that commit at once */
void ingest_free(struct ingest *ingest);

/* What a sync says of the agent's stream. */
struct ingest_batch {
	const char *agent_id;
	int64_t epoch;
	int64_t first_seq;     /* of records[0]; the next one to come when there are no records */
	int64_t claimed_acked; /* what the agent believes to be acked */
	const json_t *records; /* array, may be empty */
};

enum ingest_outcome {
	INGEST_TAKEN,       /* committed: everything up to acked_seq is here */
	INGEST_GAP,         /* records before first_seq are missing, the agent still has them: send from acked_seq + 1 */
	INGEST_OLD_EPOCH,   /* a newer stream of this agent is known: a clone, or state from a backup */
	INGEST_CLONE,       /* another record is known under the same number */
	INGEST_NOT_DURABLE  /* PostgreSQL does not keep what it commits (fsync or synchronous_commit is off) */
};

struct ingest_result {
	enum ingest_outcome outcome;
	int64_t acked_seq;     /* for INGEST_TAKEN and INGEST_GAP */
	int64_t hole_from, hole_to; /* a hole that was found now and written down; 0 = none */
	int executions, duplicates, doubles, events, quarantined; /* doubles are among the duplicates */
};

/*
 * Takes the batch in a transaction of its own (the connection must have none open). *ret is set on DB_OK only. All
 * other statuses mean: no ack. DB_UNCERTAIN: nobody knows, which is no ack either; the agent sends again.
 */
enum db_status ingest_batch(struct ingest *ingest, struct db_conn *conn, const struct ingest_batch *batch,
			    struct ingest_result *ret);

/* Since start, for /metrics. */
struct ingest_stats { guint64 batches, executions, duplicates, doubles, events, quarantined, retries, groups, groups_split; };
void ingest_get_stats(struct ingest *ingest, struct ingest_stats *ret);

#endif
