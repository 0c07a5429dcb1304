#include "central/svc_sessions.h"

#include <jansson.h>
#include <stdlib.h>

#include "central/db_accounts.h"
#include "central/db_audit.h"
#include "central/password.h"

/* The two keys under which a try counts. */
struct tries { char name[IDENTITY_NAME_MAX + 8], address[96]; };

static enum login_outcome db_failed(enum db_status status, struct login_result *ret)
{
	ret->status = status;
	return LOGIN_DB_FAILED;
}

/* Counts, and fetches what the password is compared with. The connection is not held while that is computed. */
static enum login_outcome begin_try(struct db_pool *pool, const struct tries *tries, const char *name, char **ret_hash,
				    struct login_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	ret->wait_s = 0;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = login_count(conn, tries->address, LOGIN_ADDRESS_FREE, LOGIN_ADDRESS_PAUSE_MAX_S, &ret->wait_s);
	if (status == DB_OK && ret->wait_s == 0)
		status = login_count(conn, tries->name, LOGIN_NAME_FREE, LOGIN_NAME_PAUSE_MAX_S, &ret->wait_s);
	if (status == DB_OK && ret->wait_s > 0)
		return LOGIN_WAIT;
	if (status == DB_OK)
		status = account_password(conn, name, ret_hash);
	return status == DB_OK ? LOGIN_OK : db_failed(status, ret);
}

/* Nothing was tried after all. */
static void take_back(struct db_pool *pool, const struct tries *tries)
{
	DB_AUTO struct db_conn *conn = NULL;
	if (db_acquire(pool, &conn) == DB_OK && login_uncount(conn, tries->name) == DB_OK)
		login_uncount(conn, tries->address);
}

/* Who was tried, how, and from where. Nobody is known to have done it: such an author is no name that an account may have. */
static enum db_status audit_refusal(struct db_conn *conn, const struct login_request *request, const char *name, const char *how)
{
	struct author author = { LOGIN_STRANGER, request->request_id };
	json_t *json = json_pack("{s:s, s:s}", "by", how, "from", request->address);
	char *after = json_dumps(json, JSON_COMPACT);
	enum db_status status = db_audit(conn, &author, "session.refuse", name, NULL, after);
	free(after);
	json_decref(json);
	return status;
}

/* Only of tries that the brake let through, so that a flood leaves as few rows as it gets tries. */
static enum login_outcome refuse_password(const struct login_request *request, const char *name, struct login_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = audit_refusal(conn, request, name, "password");
	return status == DB_OK ? LOGIN_WRONG : db_failed(status, ret);
}

/* Nobody has to wait for a link, which cannot be guessed; but what a flood of wrong ones leaves has the same bounds. */
static enum login_outcome refuse_link(struct db_conn *conn, const struct login_request *request, struct login_result *ret)
{
	char key[96];
	int64_t wait_s;
	g_snprintf(key, sizeof key, "link:%s", request->address);
	enum db_status status = login_count(conn, key, LOGIN_ADDRESS_FREE, LOGIN_ADDRESS_PAUSE_MAX_S, &wait_s);
	if (status == DB_OK && wait_s == 0)
		status = audit_refusal(conn, request, LOGIN_STRANGER, "link");
	if (status == DB_OK)
		status = db_commit(conn);
	return status == DB_OK ? LOGIN_WRONG : db_failed(status, ret);
}

/* LOGIN_OK: *ret_hash (caller frees) is what the password was compared with. */
static enum login_outcome check_password(const struct login_request *request, const char *name, const char *password,
					 struct tries *ret_tries, char **ret_hash, struct login_result *ret)
{
	g_autofree char *hash = NULL;
	g_snprintf(ret_tries->name, sizeof ret_tries->name, "name:%s", name);
	g_snprintf(ret_tries->address, sizeof ret_tries->address, "address:%s", request->address);
	enum login_outcome outcome = begin_try(request->pool, ret_tries, name, &hash, ret);
	if (outcome != LOGIN_OK)
		return outcome;
	switch (password_verify(hash, password)) {
	case PASSWORD_OK:
		*ret_hash = g_steal_pointer(&hash);
		return LOGIN_OK;
	case PASSWORD_WRONG:
		return refuse_password(request, name, ret);
	case PASSWORD_BUSY:
		break;
	}
	take_back(request->pool, ret_tries);
	return LOGIN_BUSY;
}

/* Within the transaction: the row, and the line in the audit. */
static enum db_status make_session(struct db_conn *conn, const struct login_request *request,
				   struct session_owner owner, struct wall until, const char *how,
				   struct login_result *ret)
{
	struct author author = { ret->name, request->request_id };
	char hash[CREDENTIAL_HASH_SIZE];
	credential_make("", ret->secret);
	credential_hash(ret->secret, hash);
	enum db_status status = session_insert(conn, hash, owner, request->idle_ms, request->lifetime_ms, until,
					       &ret->expires_at);
	if (status == DB_OK)
		status = db_audit(conn, &author, "session.create",
				  owner.account != NULL ? owner.account : owner.token_id, NULL, how);
	return status;
}

enum login_outcome login_by_password(const struct login_request *request, const char *name, const char *password,
				     struct login_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct tries tries;
	struct session_owner owner = { .account = name };
	g_autofree char *stored = NULL;
	enum login_outcome outcome = check_password(request, name, password, &tries, &stored, ret);
	if (outcome != LOGIN_OK)
		return outcome;
	g_strlcpy(ret->name, name, sizeof ret->name);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = account_logged_in(conn, name, stored, &ret->role);
	if (status == DB_NOT_FOUND)
		return LOGIN_WRONG;
	if (status == DB_OK)
		status = login_forgive(conn, tries.name);
	if (status == DB_OK)
		status = login_uncount(conn, tries.address);
	if (status == DB_OK)
		status = make_session(conn, request, owner, WALL_NONE, "{\"by\":\"password\"}", ret);
	if (status == DB_OK)
		status = db_commit(conn);
	return status == DB_OK ? LOGIN_OK : db_failed(status, ret);
}

enum login_outcome login_by_link(const struct login_request *request, const char *link, struct login_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct login_link_row row = { 0 };
	char hash[CREDENTIAL_HASH_SIZE];
	credential_hash(link, hash);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = login_link_use(conn, hash, &row);
	/* The account is locked: a new password ends this session too, or came before and ended the link. */
	if (status == DB_OK && row.account != NULL)
		status = account_logged_in(conn, row.account, NULL, &row.role);
	if (status == DB_NOT_FOUND) {
		login_link_row_clear(&row);
		return refuse_link(conn, request, ret);
	}
	if (status == DB_OK) {
		struct session_owner owner = { row.account, row.token_id };
		g_strlcpy(ret->name, row.name, sizeof ret->name);
		ret->role = row.role;
		status = make_session(conn, request, owner, row.session_until, "{\"by\":\"link\"}", ret);
	}
	if (status == DB_OK)
		status = db_commit(conn);
	login_link_row_clear(&row);
	return status == DB_OK ? LOGIN_OK : db_failed(status, ret);
}

enum db_status login_link_create(struct db_pool *pool, const struct identity *identity, const char *request_id,
				 int64_t ttl_ms, char ret_link[static TOKEN_TEXT_SIZE], struct wall *ret_expires_at)
{
	DB_AUTO struct db_conn *conn = NULL;
	char hash[CREDENTIAL_HASH_SIZE];
	struct session_owner owner = { 0 };
	struct author author = { identity->name, request_id };
	struct wall until = identity->by_session ? identity->expires_at : WALL_NONE;
	if (identity->is_account)
		owner.account = identity->name;
	else
		owner.token_id = identity->token_id;
	credential_make("", ret_link);
	credential_hash(ret_link, hash);
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = login_link_insert(conn, hash, owner, ttl_ms, until, ret_expires_at);
	if (status == DB_OK)
		status = db_audit(conn, &author, "sessionLink.create",
				  owner.account != NULL ? owner.account : owner.token_id, NULL, NULL);
	return status == DB_OK ? db_commit(conn) : status;
}

enum db_status logout(struct db_pool *pool, const struct identity *identity, const char *request_id, const char *session_hash)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = { identity->name, request_id };
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = session_delete(conn, session_hash);
	if (status == DB_OK)
		status = db_audit(conn, &author, "session.delete", identity->name, NULL, NULL);
	return status == DB_OK ? db_commit(conn) : status;
}

enum login_outcome password_change(const struct login_request *request, const char *name, const char *session_hash,
				   const char *old, const char *new, struct login_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = { name, request->request_id };
	struct account_row row = { 0 };
	struct tries tries;
	char hash[PASSWORD_HASH_SIZE];
	g_autofree char *stored = NULL;
	enum login_outcome outcome = check_password(request, name, old, &tries, &stored, ret);
	if (outcome != LOGIN_OK)
		return outcome;
	if (password_hash(new, hash) != PASSWORD_OK)
		return LOGIN_BUSY;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = account_update(conn, name, ROLE_OPEN, hash, -1, stored, &row);
	account_row_clear(&row);
	if (status == DB_NOT_FOUND)
		return LOGIN_WRONG;
	if (status == DB_OK)
		status = session_delete_of_account(conn, name, session_hash);
	if (status == DB_OK)
		status = login_link_delete_of_account(conn, name);
	if (status == DB_OK)
		status = login_forgive(conn, tries.name);
	if (status == DB_OK)
		status = login_uncount(conn, tries.address);
	if (status == DB_OK)
		status = db_audit(conn, &author, "user.password", name, NULL, NULL);
	if (status == DB_OK)
		status = db_commit(conn);
	return status == DB_OK ? LOGIN_OK : db_failed(status, ret);
}
