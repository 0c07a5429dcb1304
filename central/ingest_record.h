/*
 * The records of one batch, read and judged before anything is locked. Owns: struct ingest_records, what poison is.
 * Does not own: any write (ingest.c).
 */
#ifndef BELFRY_CENTRAL_INGEST_RECORD_H
#define BELFRY_CENTRAL_INGEST_RECORD_H

#include "central/ingest.h"
#include "common/execution.h"
#include "common/wire.h"

enum ingest_kind { INGEST_EXECUTION, INGEST_EVENT, INGEST_POISON };

struct ingest_record {
	enum ingest_kind kind;
	int64_t seq;
	struct fire_id job_id;      /* the UUID, as bytes */
	struct execution execution; /* INGEST_EXECUTION */
	struct agent_event event;   /* INGEST_EVENT */
	char *reason;               /* INGEST_POISON: a sentence */
	const json_t *json;         /* borrowed from the batch */
};

/* The array's records, in order; records[i].seq = first_seq + i. Free with g_array_unref. `now` judges instants. */
GArray *ingest_records_parse(const json_t *records, int64_t first_seq, struct wall now);
/* Turns a record into poison, for a reason found later. */
void ingest_record_refuse(struct ingest_record *record, const char *reason);
/* MD5 of the record as it came, names sorted: 32 hex digits, caller frees. */
char *ingest_record_md5(const json_t *json);
/* The days (since 1970, UTC) of the executions among records[from..to). */
void ingest_records_days(const GArray *records, guint from, guint to, GHashTable *ret_days);
/* Appends one row for ingest_execution_copy. */
void ingest_record_copy(GString *out, struct fire_id agent_id, const struct ingest_record *record);

#endif
