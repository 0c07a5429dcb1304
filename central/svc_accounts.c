#include "central/svc_accounts.h"

#include <stdlib.h>
#include <string.h>

#include "central/db_audit.h"
#include "central/db_sessions.h"
#include "central/password.h"

#define MASK "********"

bool account_name_is_valid(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < size; i++)
		if (!g_ascii_isalnum(name[i]) && strchr("._-@", name[i]) == NULL)
			return false;
	return size > 0 && size <= ACCOUNT_NAME_MAX && *name != '.';
}

const char *password_complaint(const char *password)
{
	if (strlen(password) < PASSWORD_MIN)
		return "must have at least " G_STRINGIFY(PASSWORD_MIN) " bytes";
	if (strlen(password) > PASSWORD_MAX)
		return "must have at most " G_STRINGIFY(PASSWORD_MAX) " bytes";
	return NULL;
}

static enum account_outcome db_failed(enum db_status status, enum db_status *ret_status)
{
	*ret_status = status;
	return ACCOUNT_DB_FAILED;
}

/* What the audit tells of an account; a new password is told, not what it is. */
static char *audit_text(const struct account_row *row, bool with_password)
{
	json_t *json = json_pack("{s:s, s:b}", "role", role_name(row->role), "active", row->active);
	if (with_password)
		json_object_set_new(json, "password", json_string(MASK));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static enum db_status audit(struct db_conn *conn, const struct author *author, const char *action,
			    const struct account_row *before, const struct account_row *after, bool with_password)
{
	char *before_text = before != NULL ? audit_text(before, false) : NULL;
	char *after_text = after != NULL ? audit_text(after, with_password) : NULL;
	enum db_status status = db_audit(conn, author, action, (before != NULL ? before : after)->name, before_text,
					 after_text);
	free(before_text);
	free(after_text);
	return status;
}

enum account_outcome account_create(struct db_pool *pool, const struct author *author, const char *name,
				    enum role role, const char *password, struct account_row *ret,
				    enum db_status *ret_status)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct account_row row = { 0 };
	char hash[PASSWORD_HASH_SIZE];
	if (password_hash(password, hash) != PASSWORD_OK)
		return ACCOUNT_BUSY;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = account_insert(conn, name, role, hash, author->name);
	if (status == DB_CONFLICT)
		return ACCOUNT_TAKEN;
	if (status == DB_OK)
		status = account_get(conn, name, false, &row);
	if (status == DB_OK)
		status = audit(conn, author, "user.create", NULL, &row, true);
	if (status == DB_OK)
		status = db_commit(conn);
	if (status != DB_OK) {
		account_row_clear(&row);
		return db_failed(status, ret_status);
	}
	*ret = row;
	return ACCOUNT_DONE;
}

/* The last word before a commit that takes an admin away. */
static enum account_outcome commit_if_admin_is_left(struct db_conn *conn, enum db_status *ret_status)
{
	bool exists = false;
	enum db_status status = admin_exists(conn, &exists);
	if (status == DB_OK && !exists)
		return ACCOUNT_LAST_ADMIN;
	if (status == DB_OK)
		status = db_commit(conn);
	return status == DB_OK ? ACCOUNT_DONE : db_failed(status, ret_status);
}

static enum db_status end_sessions(struct db_conn *conn, const char *name)
{
	enum db_status status = session_delete_of_account(conn, name, NULL);
	return status == DB_OK ? login_link_delete_of_account(conn, name) : status;
}

/* Locks first the right to take admins away, then the account: the same order everywhere. */
static enum db_status lock_account(struct db_pool *pool, const char *name, struct db_conn **conn,
				   struct account_row *ret)
{
	enum db_status status = db_acquire(pool, conn);
	if (status == DB_OK)
		status = db_begin(*conn);
	if (status == DB_OK)
		status = admin_lock(*conn);
	return status == DB_OK ? account_get(*conn, name, true, ret) : status;
}

enum account_outcome account_change(struct db_pool *pool, const struct author *author, const char *name,
				    const struct account_change *change, struct account_row *ret,
				    enum db_status *ret_status)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct account_row before = { 0 }, after = { 0 };
	char hash[PASSWORD_HASH_SIZE];
	const char *new_hash = change->password != NULL ? hash : NULL;
	if (new_hash != NULL && password_hash(change->password, hash) != PASSWORD_OK)
		return ACCOUNT_BUSY;
	enum db_status status = lock_account(pool, name, &conn, &before);
	if (status == DB_OK)
		status = account_update(conn, name, change->role, new_hash, change->active, NULL, &after);
	if (status == DB_OK && (new_hash != NULL || change->active == 0))
		status = end_sessions(conn, name);
	if (status == DB_OK)
		status = audit(conn, author, "user.edit", &before, &after, new_hash != NULL);
	enum account_outcome outcome =
		status == DB_OK ? commit_if_admin_is_left(conn, ret_status) : db_failed(status, ret_status);
	account_row_clear(&before);
	if (outcome == ACCOUNT_DONE)
		*ret = after;
	else
		account_row_clear(&after);
	return outcome;
}

enum account_outcome account_remove(struct db_pool *pool, const struct author *author, const char *name,
				    enum db_status *ret_status)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct account_row before = { 0 };
	enum db_status status = lock_account(pool, name, &conn, &before);
	if (status == DB_OK)
		status = account_delete(conn, name);
	if (status == DB_OK)
		status = audit(conn, author, "user.delete", &before, NULL, false);
	account_row_clear(&before);
	return status == DB_OK ? commit_if_admin_is_left(conn, ret_status) : db_failed(status, ret_status);
}
