#include "central/db_sessions.h"

static enum db_status run_text(struct db_conn *conn, const char *statement, const char *text)
{
	struct db_params params = { 0 };
	db_param_text(&params, text);
	return db_run(conn, statement, &params, NULL);
}

enum db_status session_insert(struct db_conn *conn, const char *hash, struct session_owner owner, int64_t idle_ms,
			      int64_t lifetime_ms, struct wall until, struct wall *ret_expires_at)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	db_param_text(&params, owner.account);
	db_param_text(&params, owner.token_id);
	db_param_int(&params, idle_ms);
	db_param_int(&params, lifetime_ms);
	db_param_wall(&params, until);
	enum db_status status = db_run_one(conn, "session_insert", &params, &result);
	if (status == DB_OK)
		*ret_expires_at = db_wall(result, 0, 0);
	return status;
}

enum db_status session_find(struct db_conn *conn, const char *hash, struct identity *ret, bool *ret_found,
			    bool *ret_touch)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	enum db_status status = db_run(conn, "session_find", &params, &result);
	if (status != DB_OK)
		return status;
	*ret_found = db_rows(result) == 1 && role_parse(db_text(result, 0, 1), &ret->role);
	if (!*ret_found)
		return DB_OK;
	g_strlcpy(ret->name, db_text(result, 0, 0), sizeof ret->name);
	ret->is_account = db_bool(result, 0, 2);
	ret->by_session = true;
	g_strlcpy(ret->token_id, db_text(result, 0, 3), sizeof ret->token_id);
	ret->expires_at = db_wall(result, 0, 4);
	*ret_touch = db_bool(result, 0, 5);
	return DB_OK;
}

enum db_status session_touch(struct db_conn *conn, const char *hash)
{
	return run_text(conn, "session_touch", hash);
}

enum db_status session_delete(struct db_conn *conn, const char *hash)
{
	return run_text(conn, "session_delete", hash);
}

enum db_status session_delete_of_account(struct db_conn *conn, const char *account, const char *keep_hash)
{
	struct db_params params = { 0 };
	db_param_text(&params, account);
	db_param_text(&params, keep_hash);
	return db_run(conn, "session_delete_of_account", &params, NULL);
}

enum db_status login_link_insert(struct db_conn *conn, const char *hash, struct session_owner owner, int64_t ttl_ms,
				 struct wall session_until, struct wall *ret_expires_at)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	db_param_text(&params, owner.account);
	db_param_text(&params, owner.token_id);
	db_param_int(&params, ttl_ms);
	db_param_wall(&params, session_until);
	enum db_status status = db_run_one(conn, "login_link_insert", &params, &result);
	if (status == DB_OK)
		*ret_expires_at = db_wall(result, 0, 0);
	return status;
}

void login_link_row_clear(struct login_link_row *row)
{
	g_clear_pointer(&row->name, g_free);
	g_clear_pointer(&row->account, g_free);
	g_clear_pointer(&row->token_id, g_free);
}

enum db_status login_link_use(struct db_conn *conn, const char *hash, struct login_link_row *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	enum db_status status = db_run_one(conn, "login_link_use", &params, &result);
	if (status != DB_OK)
		return status;
	*ret = (struct login_link_row){
		.name = g_strdup(db_text(result, 0, 0)),
		.account = g_strdup(db_text_or_null(result, 0, 2)),
		.token_id = g_strdup(db_text_or_null(result, 0, 3)),
		.session_until = db_wall(result, 0, 4),
	};
	role_parse(db_text(result, 0, 1), &ret->role);
	return DB_OK;
}

enum db_status login_link_delete_of_account(struct db_conn *conn, const char *account)
{
	return run_text(conn, "login_link_delete_of_account", account);
}

enum db_status login_count(struct db_conn *conn, const char *key, int64_t free, int64_t longest_s, int64_t *ret_wait_s)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, key);
	db_param_int(&params, free);
	db_param_int(&params, longest_s);
	enum db_status status = db_run_one(conn, "login_count", &params, &result);
	if (status == DB_OK)
		*ret_wait_s = db_int(result, 0, 0);
	return status;
}

enum db_status login_uncount(struct db_conn *conn, const char *key)
{
	return run_text(conn, "login_uncount", key);
}

enum db_status login_forgive(struct db_conn *conn, const char *key)
{
	return run_text(conn, "login_forgive", key);
}

enum db_status account_logged_in(struct db_conn *conn, const char *name, const char *password_hash, enum role *ret_role)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, name);
	db_param_text(&params, password_hash);
	enum db_status status = db_run_one(conn, "account_logged_in", &params, &result);
	if (status == DB_OK)
		role_parse(db_text(result, 0, 0), ret_role);
	return status;
}

enum db_status session_prune(struct db_conn *conn)
{
	enum db_status status = db_run(conn, "session_prune", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "login_link_prune", NULL, NULL);
	return status == DB_OK ? db_run(conn, "login_prune", NULL, NULL) : status;
}
