#include <config.h>

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

static enum migrate_result apply(struct db_conn *conn, const struct sql_migration *migration, GError **error)
{
	g_autofree char *sum = checksum(migration);
	struct db_params params = { 0 };
	db_param_int(&params, migration->version);
	db_param_text(&params, migration->name);
	db_param_text(&params, sum);
	enum db_status status = db_run_script(conn, migration->text);
	if (status == DB_OK)
		status = db_run(conn, "migrate_record", &params, NULL);
	return status == DB_OK ? MIGRATE_OK : fail_db(status, conn, migration->name, error);
}

static enum migrate_result migrate(struct db_conn *conn, const struct db_result *known, struct migrate_done *done,
				   int *ret_newest, GError **error)
{
	for (const struct sql_migration *migration = sql_central_migrations; migration->name != NULL; migration++) {
		bool is_done;
		enum migrate_result result = compare(known, migration, &is_done, error);
		if (result == MIGRATE_OK && !is_done) {
			result = apply(conn, migration, error);
			done->migrations++;
		}
		if (result != MIGRATE_OK)
			return result;
		*ret_newest = migration->version;
	}
	return MIGRATE_OK;
}

static enum migrate_result define(struct db_conn *conn, int newest, struct migrate_done *done, GError **error)
{
	const struct sql_migration all = { 0, "definitions " PACKAGE_VERSION, sql_central_definitions };
	DB_RESULT_AUTO struct db_result *is_defined = NULL;
	g_autofree char *sum = checksum(&all);
	struct db_params params = { 0 };
	db_param_int(&params, newest);
	db_param_text(&params, all.name);
	db_param_text(&params, sum);
	enum db_status status = db_run_one(conn, "migrate_is_defined", &params, &is_defined);
	if (status != DB_OK)
		return fail_db(status, conn, all.name, error);
	if (db_bool(is_defined, 0, 0))
		return MIGRATE_OK;
	done->definitions = true;
	return apply(conn, &all, error);
}

/* Under the lock, so that of several centrals one does it and the others find it done. */
static enum migrate_result bring(struct db_conn *conn, struct migrate_done *done, GError **error)
{
	DB_RESULT_AUTO struct db_result *known = NULL;
	int newest = 0;
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = db_run(conn, "migrate_lock", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "migrate_create_table", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "migrate_list", NULL, &known);
	if (status != DB_OK)
		return fail_db(status, conn, "start", error);
	enum migrate_result result = migrate(conn, known, done, &newest, error);
	if (result == MIGRATE_OK)
		result = define(conn, newest, done, error);
	if (result != MIGRATE_OK)
		return result;
	status = db_commit(conn);
	return status == DB_OK ? MIGRATE_OK : fail_db(status, conn, "commit", error);
}

enum migrate_result migrate_run(struct db_pool *pool, struct migrate_done *ret_done, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct migrate_done done = { 0 };
	enum db_status status = db_acquire(pool, &conn);
	if (conn == NULL) {
		g_autofree char *reason = db_pool_reason(pool);
		return fail(MIGRATE_AWAY, error, "the database is away: %s",
			    reason != NULL ? reason : "no connection in time");
	}
	if (status == DB_OK)
		status = db_set_timeout(conn, MIGRATE_TIMEOUT_MS);
	if (status != DB_OK)
		return fail_db(status, conn, "start", error);
	enum migrate_result result = bring(conn, &done, error);
	if (result != MIGRATE_OK)
		return result;
	const char *bad_name = NULL;
	status = db_prepare_all(conn, &bad_name);
	if (status != DB_OK)
		return fail_db(status, conn, bad_name, error);
	*ret_done = done;
	return MIGRATE_OK;
}
