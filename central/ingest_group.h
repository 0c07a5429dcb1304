/*
 * Group commit: the batches of several agents in one transaction. Owns: struct ingest_member, that transaction.
 * Does not own: who is in a group (ingest_lanes), what follows when it fails (ingest).
 *
 *   BEGIN, lock the streams in the order of agents' ids, judge each batch, write the rows of all of them at once,
 *   move the streams on, COMMIT
 */
#ifndef BELFRY_CENTRAL_INGEST_GROUP_H
#define BELFRY_CENTRAL_INGEST_GROUP_H

#include "central/ingest_record.h"

struct ingest_stream {
	bool is_known; /* its row is there, and locked */
	int64_t acked_seq, newest_epoch;
	char acked_md5[33]; /* of the record at acked_seq; "" = not known */
};

/* One batch on its way in. */
struct ingest_member {
	const struct ingest_batch *batch;
	struct fire_id agent_id;
	GArray *records;             /* struct ingest_record, parsed */
	guint limit;                 /* records[..limit) are taken; the rest is for the next time */
	guint from;                  /* those before have come earlier; set when the stream is locked */
	struct ingest_stream stream; /* likewise */
	bool may_repeat;             /* known executions are likely in it; results do not hang on that */
	struct ingest_result result; /* counts add up over several transactions */
	/* Of ingest_lanes, under its lock. */
	enum { INGEST_WAITS, INGEST_IN_GROUP, INGEST_ANSWERED } place;
	enum db_status status;
};

/*
 * Takes the members' records in one transaction (the connection must have none open). Members' agents differ. On DB_OK
 * each result is set; on anything else the results are as they were, and nothing happened (DB_UNCERTAIN: who knows).
 */
enum db_status ingest_group_take(struct db_conn *conn, struct ingest_member *const *members, guint n);

#endif
