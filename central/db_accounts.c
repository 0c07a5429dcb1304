#include "central/db_accounts.h"

void account_row_clear(struct account_row *row)
{
	g_clear_pointer(&row->name, g_free);
	g_clear_pointer(&row->created_by, g_free);
}

enum db_status account_insert(struct db_conn *conn, const char *name, enum role role, const char *password_hash,
			      const char *author)
{
	struct db_params params = { 0 };
	db_param_text(&params, name);
	db_param_text(&params, role_name(role));
	db_param_text(&params, password_hash);
	db_param_text(&params, author);
	enum db_status status = db_run_one(conn, "account_insert", &params, NULL);
	return status == DB_NOT_FOUND ? DB_CONFLICT : status;
}

static void read_row(const struct db_result *result, int row, void *ret)
{
	struct account_row *account = ret;
	*account = (struct account_row){
		.name = g_strdup(db_text(result, row, 0)),
		.active = db_bool(result, row, 2),
		.created_at = db_wall(result, row, 3),
		.created_by = g_strdup(db_text(result, row, 4)),
		.last_login_at = db_wall(result, row, 5),
	};
	role_parse(db_text(result, row, 1), &account->role);
}

static void clear_row(void *item)
{
	account_row_clear(item);
}

enum db_status account_list(struct db_conn *conn, GArray **ret)
{
	static const struct db_list accounts = { sizeof(struct account_row), read_row, clear_row };
	return db_run_list(conn, "account_list", NULL, &accounts, ret);
}

enum db_status account_get(struct db_conn *conn, const char *name, bool lock, struct account_row *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, name);
	enum db_status status =
		db_run_one(conn, lock ? "account_get_for_update" : "account_get", &params, &result);
	if (status == DB_OK)
		read_row(result, 0, ret);
	return status;
}

enum db_status account_password(struct db_conn *conn, const char *name, char **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, name);
	enum db_status status = db_run(conn, "account_password", &params, &result);
	if (status == DB_OK)
		*ret = db_rows(result) == 1 ? g_strdup(db_text(result, 0, 0)) : NULL;
	return status;
}

enum db_status account_update(struct db_conn *conn, const char *name, enum role role, const char *password_hash,
			      int active, const char *has_hash, struct account_row *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, name);
	db_param_text(&params, role != ROLE_OPEN ? role_name(role) : NULL);
	db_param_text(&params, password_hash);
	if (active < 0)
		db_param_null(&params);
	else
		db_param_bool(&params, active != 0);
	db_param_text(&params, has_hash);
	enum db_status status = db_run_one(conn, "account_update", &params, &result);
	if (status == DB_OK)
		read_row(result, 0, ret);
	return status;
}

enum db_status account_delete(struct db_conn *conn, const char *name)
{
	struct db_params params = { 0 };
	db_param_text(&params, name);
	return db_run_one(conn, "account_delete", &params, NULL);
}

enum db_status admin_lock(struct db_conn *conn)
{
	return db_run(conn, "admin_lock", NULL, NULL);
}

enum db_status admin_exists(struct db_conn *conn, bool *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "admin_exists", NULL, &result);
	if (status == DB_OK)
		*ret = db_bool(result, 0, 0);
	return status;
}
