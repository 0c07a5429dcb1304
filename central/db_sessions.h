/*
 * Statements about browser sessions, login links and counted tries. Owns: these three tables. Does not own: the rules
 * (svc_sessions.h). `hash` is the SHA-256 of the credential as hex. Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_SESSIONS_H
#define BELFRY_DB_SESSIONS_H

#include "central/db.h"
#include "central/http.h"

/* Whose a session or link is: an account's, or a token's; the other is NULL. */
struct session_owner { const char *account, *token_id; };

/* Ends after `lifetime_ms`, at `until` at the latest (WALL_NONE = no such limit), or when idle. */
enum db_status session_insert(struct db_conn *conn, const char *hash, struct session_owner owner, int64_t idle_ms,
			      int64_t lifetime_ms, struct wall until, struct wall *ret_expires_at);
/* DB_OK with *ret_found false when it is unknown or over. */
enum db_status session_find(struct db_conn *conn, const char *hash, struct identity *ret, bool *ret_found,
			    bool *ret_touch);
enum db_status session_touch(struct db_conn *conn, const char *hash);
enum db_status session_delete(struct db_conn *conn, const char *hash);
/* All but `keep_hash` (NULL = none). */
enum db_status session_delete_of_account(struct db_conn *conn, const char *account, const char *keep_hash);

enum db_status login_link_insert(struct db_conn *conn, const char *hash, struct session_owner owner, int64_t ttl_ms,
				 struct wall session_until, struct wall *ret_expires_at);
struct login_link_row {
	char *name, *account, *token_id; /* account or token_id is NULL */
	enum role role;
	struct wall session_until;
};
void login_link_row_clear(struct login_link_row *row);
/* Uses it up. DB_NOT_FOUND: unknown, used, expired, or its owner is gone. */
enum db_status login_link_use(struct db_conn *conn, const char *hash, struct login_link_row *ret);
enum db_status login_link_delete_of_account(struct db_conn *conn, const char *account);

/* Counts a try under this key; *ret_wait_s > 0: too early, not counted. */
enum db_status login_count(struct db_conn *conn, const char *key, int64_t free, int64_t longest_s, int64_t *ret_wait_s);
enum db_status login_uncount(struct db_conn *conn, const char *key);
enum db_status login_forgive(struct db_conn *conn, const char *key);
/* By the password of this hash, or by a link (NULL). DB_NOT_FOUND: the account is gone, not active, or has another password. */
enum db_status account_logged_in(struct db_conn *conn, const char *name, const char *password_hash, enum role *ret_role);
/* Sessions, links and tries that are over. */
enum db_status session_prune(struct db_conn *conn);

#endif
