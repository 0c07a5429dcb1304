/*
 * The rows of a group, written inside its transaction. Owns: the order of writing executions and their sums, doubled
 * executions, events, quarantine. Does not own: the transaction (ingest_group.h), what poison is (ingest_record.h), the
 * sums (rollup.h).
 */
#ifndef BELFRY_CENTRAL_INGEST_WRITE_H
#define BELFRY_CENTRAL_INGEST_WRITE_H

#include "central/ingest_group.h"

/* How carefully the rows of a group have to be written. */
struct ingest_care {
	bool late;             /* some may lie where statuses were cleared: the sweep is locked out (sweep_lock_shared) */
	bool thin;             /* some may be known by a trace alone */
	struct wall closed_to; /* days before are closed: nothing that ends there is among the records */
};

/*
 * Writes records[from..limit) of each member and counts into its result. On anything but DB_OK the transaction is lost, and
 * the caller puts the results back.
 */
enum db_status ingest_write(struct db_conn *conn, struct ingest_member *const *members, guint n,
			    const struct ingest_care *care);

#endif
