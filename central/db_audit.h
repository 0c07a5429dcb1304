/*
 * Who did what: one row per change, in the transaction of the change. Owns the audit table, which only grows.
 */
#ifndef BELFRY_DB_AUDIT_H
#define BELFRY_DB_AUDIT_H

#include "central/db.h"

/*
 * `object` is the id of what was changed; `before` and `after` are JSON or words, without secrets; these two and
 * request_id may be NULL.
 */
enum db_status db_audit(struct db_conn *conn, const char *actor, const char *action, const char *object, const char *before,
			const char *after, const char *request_id);

#endif
