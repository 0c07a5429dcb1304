#include "central/migrate.h"

#include <string.h>

#include "common/sql.h"

static enum migrate_result fail(enum migrate_result kind, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static enum migrate_result fail(enum migrate_result kind, GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, g_quark_from_static_string("belfry-migrate"), kind, message);
	return kind;
}

static enum migrate_result fail_db(enum db_status status, struct db_conn *conn, const char *what, GError **error)
{
	bool away = status == DB_AWAY || status == DB_FULL || status == DB_UNCERTAIN || status == DB_TIMEOUT ||
		    status == DB_CONFLICT;
	return fail(away ? MIGRATE_AWAY : MIGRATE_REFUSED, error, "migration: %s: %s", what, db_message(conn));
}

static char *checksum(const struct sql_migration *migration)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, migration->text, -1);
}

/* Is this one recorded? A recorded one must be the same text. */
static enum migrate_result compare(const struct db_result *done, const struct sql_migration *migration,
				   bool *ret_is_done, GError **error)
{
	*ret_is_done = false;
	for (int i = 0; i < db_rows(done); i++) {
		if (db_int(done, i, 0) != migration->version)
			continue;
		g_autofree char *ours = checksum(migration);
		if (strcmp(db_text(done, i, 2), ours) != 0)
			return fail(MIGRATE_REFUSED, error,
				    "migration %s was applied to this database with another text (%.12s, here %.12s): "
				    "use the program "
				    "that made this database, or a newer one",
				    migration->name, db_text(done, i, 2), ours);
		*ret_is_done = true;
	}
	return MIGRATE_OK;
}

static enum db_status apply(struct db_conn *conn, const struct sql_migration *migration)
{
	g_autofree char *sum = checksum(migration);
	struct db_params params = { 0 };
	db_param_int(&params, migration->version);
	db_param_text(&params, migration->name);
	db_param_text(&params, sum);
	enum db_status status = db_run_script(conn, migration->text);
	if (status == DB_OK)
		status = db_run(conn, "migrate_record", &params, NULL);
	return status;
}

/* One transaction: under the lock, look again whether it is still to be done, then do it. */
static enum migrate_result step(struct db_conn *conn, const struct sql_migration *migration, int *applied,
				GError **error)
{
	DB_RESULT_AUTO struct db_result *done = NULL;
	bool is_done;
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = db_run(conn, "migrate_lock", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "migrate_list", NULL, &done);
	if (status != DB_OK)
		return fail_db(status, conn, migration->name, error);
	enum migrate_result result = compare(done, migration, &is_done, error);
	if (result == MIGRATE_OK && !is_done) {
		status = apply(conn, migration);
		if (status != DB_OK)
			return fail_db(status, conn, migration->name, error);
		(*applied)++;
	}
	status = db_commit(conn);
	if (result == MIGRATE_OK && status != DB_OK)
		return fail_db(status, conn, migration->name, error);
	return result;
}

static enum db_status create_table(struct db_conn *conn)
{
	/* CREATE TABLE IF NOT EXISTS alone fails when two centrals do it at the same instant. */
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = db_run(conn, "migrate_lock", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "migrate_create_table", NULL, NULL);
	return status == DB_OK ? db_commit(conn) : status;
}

enum migrate_result migrate_run(struct db_pool *pool, int *ret_applied, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	int applied = 0;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_set_timeout(conn, MIGRATE_TIMEOUT_MS);
	if (status == DB_OK)
		status = create_table(conn);
	if (status != DB_OK && conn == NULL) {
		g_autofree char *reason = db_pool_reason(pool);
		return fail(MIGRATE_AWAY, error, "the database is away: %s",
			    reason != NULL ? reason : "no connection in time");
	}
	if (status != DB_OK)
		return fail_db(status, conn, "start", error);
	for (const struct sql_migration *migration = sql_central_migrations; migration->name != NULL; migration++) {
		enum migrate_result result = step(conn, migration, &applied, error);
		if (result != MIGRATE_OK)
			return result;
	}
	const char *bad_name = NULL;
	status = db_prepare_all(conn, &bad_name);
	if (status != DB_OK)
		return fail_db(status, conn, bad_name, error);
	*ret_applied = applied;
	return MIGRATE_OK;
}
