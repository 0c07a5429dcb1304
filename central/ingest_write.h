/*
 * The rows of a group, written inside its transaction: executions and their sums, doubled executions, events, quarantine.
 */
#ifndef BELFRY_CENTRAL_INGEST_WRITE_H
#define BELFRY_CENTRAL_INGEST_WRITE_H

#include "central/ingest_group.h"

/*
 * Writes records[from..limit) of each member and counts into its result. `thin`: some jobs keep only part of their
 * history.
 */
enum db_status ingest_write(struct db_conn *conn, struct ingest_member *const *members, guint n, bool thin);

#endif
