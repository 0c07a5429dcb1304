/*
 * Who did what: one row per change, in the transaction of the change. Owns the audit table, which only grows. Does not own
 * the chain of hashes over it (audit_chain.h).
 */
#ifndef BELFRY_DB_AUDIT_H
#define BELFRY_DB_AUDIT_H

#include "central/db.h"

/* Who makes a change, and in which request (NULL = in none). */
struct author { const char *name, *request_id; };

/* `object` is the id of what was changed; `before` and `after` are JSON or words, without secrets; these two may be NULL. */
enum db_status db_audit(struct db_conn *conn, const struct author *author, const char *action, const char *object,
			const char *before, const char *after);

struct audit_filter {
	int64_t before_id;                  /* those below it, newest first */
	const char *actor, *action, *object; /* NULL = any */
	struct wall from, to;               /* WALL_NONE = open */
	int limit;
};
#define AUDIT_LIST_BYTES_MAX (4 * 1024 * 1024) /* of changes in a page, and the one that ends it */

/*
 * At most one more than the limit: audit id, at, actor, action, object, before, after, request id, hash (NULL = none), how
 * many there are for the page, more than rows where that ended by its bytes, and the object's name (NULL = none is known).
 */
enum db_status db_audit_list(struct db_conn *conn, const struct audit_filter *filter, struct db_result **ret);

#endif
