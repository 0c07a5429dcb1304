/*
 * What the files of the database share: db.c (pools), db_statement.c (statements, transactions), db_value.c (parameters,
 * results). Owns: struct db_conn. Not for others: libpq-fe.h ends here.
 */
#ifndef BELFRY_DB_INTERNAL_H
#define BELFRY_DB_INTERNAL_H

#include <libpq-fe.h>

#include "central/db.h"

#define DB_MESSAGE_MAX 512

struct db_conn {
	struct db_pool *pool;
	size_t taken;          /* from the pool's memory, for results */
	PGconn *pg;
	bool in_transaction;
	bool broken;           /* must not be used again: db_release() closes it */
	bool timeout_changed;  /* db_set_timeout() was used */
	bool plans_anew;       /* each statement is planned when it runs */
	bool warned;           /* the server sent a warning since this was last cleared */
	int timeout_ms;        /* of statements, as the server knows it */
	guint8 *prepared;      /* one byte per named statement */
	const char *statement; /* the name of the last one, for the log */
	char message[DB_MESSAGE_MAX];
	char constraint[64];
};

int db_conn_default_timeout(const struct db_conn *conn);
struct memory *db_conn_memory(const struct db_conn *conn);

#endif
