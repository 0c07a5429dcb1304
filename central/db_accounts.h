/*
 * Statements about accounts. Owns: the table account. Does not own: the rules (svc_accounts.h), sessions (db_sessions.h).
 *
 * Here as in all db_*.h: a call is one statement, or a few, on the caller's connection and within its transaction if it has
 * begun one; results are set on DB_OK only and are the caller's to free; DB_NOT_FOUND = there is no such row.
 */
#ifndef BELFRY_DB_ACCOUNTS_H
#define BELFRY_DB_ACCOUNTS_H

#include "central/db.h"
#include "central/http.h"

struct account_row {
	char *name, *created_by;
	enum role role;
	bool active;
	struct wall created_at, last_login_at; /* WALL_NONE = never */
};
void account_row_clear(struct account_row *row);

/* DB_CONFLICT: the name is taken. */
enum db_status account_insert(struct db_conn *conn, const char *name, enum role role, const char *password_hash,
			      const char *author);
enum db_status account_list(struct db_conn *conn, GArray **ret); /* struct account_row, by name, at most 1000 */
enum db_status account_get(struct db_conn *conn, const char *name, bool lock, struct account_row *ret);
/* What is stored of an active account's password; NULL when there is none. */
enum db_status account_password(struct db_conn *conn, const char *name, char **ret);
/*
 * NULL (for active: -1, for role: ROLE_OPEN) leaves a column as it is. has_hash: what account_password() told, DB_NOT_FOUND
 * when it is another one by now; NULL = whatever it is.
 */
enum db_status account_update(struct db_conn *conn, const char *name, enum role role, const char *password_hash,
			      int active, const char *has_hash, struct account_row *ret);
enum db_status account_delete(struct db_conn *conn, const char *name);

/* In a transaction: until it ends nobody else takes admins' credentials away. */
enum db_status admin_lock(struct db_conn *conn);
/* Is there any credential, token or account, that opens the API as admin? */
enum db_status admin_exists(struct db_conn *conn, bool *ret);

#endif
