/*
 * The rows of a batch, written inside ingest's transaction: executions and their sums, events, quarantine.
 */
#ifndef BELFRY_CENTRAL_INGEST_WRITE_H
#define BELFRY_CENTRAL_INGEST_WRITE_H

#include "central/ingest.h"

/* Writes records[from..to) and counts into *result. */
enum db_status ingest_write(struct db_conn *conn, const struct ingest_batch *batch, const GArray *records, guint from,
			    guint to, struct ingest_result *result);

#endif
