/*
 * The connection: pragmas, migrations, prepared statements, error codes.
 */
#include "agent/store_internal.h"

#include <string.h>

#include "common/sql.h"

GQuark store_error_quark(void)
{
	return g_quark_from_static_string("belfry-store");
}

bool store_code_is_corrupt(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

bool store_code_is_io(int code)
{
	return (code & 0xff) == SQLITE_IOERR;
}

bool store_set_error(GError **error, struct store_db *db, int code, const char *doing)
{
	g_set_error(error, STORE_ERROR, store_code_is_corrupt(code) ? STORE_ERROR_CORRUPT : STORE_ERROR_IO,
		    "%s: %s (SQLite code %d)", doing,
		    db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code), code);
	return false;
}

void store_bind_wall(sqlite3_stmt *statement, int index, struct wall t)
{
	if (wall_is_set(t))
		sqlite3_bind_int64(statement, index, t.us);
	else
		sqlite3_bind_null(statement, index);
}

struct wall store_column_wall(sqlite3_stmt *statement, int index)
{
	if (sqlite3_column_type(statement, index) == SQLITE_NULL)
		return WALL_NONE;
	return (struct wall){ sqlite3_column_int64(statement, index) };
}

int store_db_run(sqlite3_stmt *statement)
{
	int code;
	do
		code = sqlite3_step(statement);
	while (code == SQLITE_ROW);
	int reset = sqlite3_reset(statement);
	return code == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}

bool store_db_exec(struct store_db *db, const char *query, GError **error)
{
	const char *text = sql_query_text(sql_agent_queries, query);
	g_assert(text != NULL);
	int code = sqlite3_exec(db->handle, text, NULL, NULL, NULL);
	return code == SQLITE_OK || store_set_error(error, db, code, query);
}

static sqlite3_stmt *prepare(struct store_db *db, const char *query, GError **error)
{
	const char *text = sql_query_text(sql_agent_queries, query);
	g_assert(text != NULL);
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
	if (code != SQLITE_OK)
		store_set_error(error, db, code, query);
	return statement;
}

/* quick_check answers with one row: "ok", or the first thing that is wrong. */
static bool check(struct store_db *db, GError **error)
{
	sqlite3_stmt *statement = prepare(db, "quick_check", error);
	if (statement == NULL)
		return false;
	int code = sqlite3_step(statement);
	bool good = code == SQLITE_ROW && g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	if (code == SQLITE_ROW && !good)
		g_set_error(error, STORE_ERROR, STORE_ERROR_CORRUPT, "the database is corrupt: %s",
			    (const char *)sqlite3_column_text(statement, 0));
	else if (!good)
		store_set_error(error, db, code, "quick_check");
	sqlite3_finalize(statement);
	return good;
}

enum migration_need { MIGRATION_ERROR, MIGRATION_DONE, MIGRATION_NEEDED };

static enum migration_need migration_need(struct store_db *db, const struct sql_migration *migration, const char *checksum,
					  GError **error)
{
	sqlite3_stmt *statement = prepare(db, "migration_find", error);
	if (statement == NULL)
		return MIGRATION_ERROR;
	sqlite3_bind_int(statement, 1, migration->version);
	int code = sqlite3_step(statement);
	enum migration_need need = MIGRATION_ERROR;
	if (code == SQLITE_DONE)
		need = MIGRATION_NEEDED;
	else if (code != SQLITE_ROW)
		store_set_error(error, db, code, "migration_find");
	else if (g_strcmp0((const char *)sqlite3_column_text(statement, 0), checksum) == 0)
		need = MIGRATION_DONE;
	else
		g_set_error(error, STORE_ERROR, STORE_ERROR_NEWER,
			    "the database was made by another version: migration %s is not the one known here", migration->name);
	sqlite3_finalize(statement);
	return need;
}

static bool migrate_one(struct store_db *db, const struct sql_migration *migration, GError **error)
{
	g_autofree char *checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, migration->text, -1);
	enum migration_need need = migration_need(db, migration, checksum, error);
	if (need != MIGRATION_NEEDED)
		return need == MIGRATION_DONE;
	int code = sqlite3_exec(db->handle, migration->text, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return store_set_error(error, db, code, migration->name);
	sqlite3_stmt *statement = prepare(db, "migration_insert", error);
	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, migration->version);
	sqlite3_bind_text(statement, 2, migration->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, checksum, -1, SQLITE_STATIC);
	code = store_db_run(statement);
	sqlite3_finalize(statement);
	return code == SQLITE_OK || store_set_error(error, db, code, migration->name);
}

static bool refuse_newer(struct store_db *db, GError **error)
{
	sqlite3_stmt *statement = prepare(db, "migration_newest", error);
	if (statement == NULL)
		return false;
	int newest = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
	sqlite3_finalize(statement);
	int known = 0;
	for (const struct sql_migration *migration = sql_agent_migrations; migration->name != NULL; migration++)
		known = migration->version;
	if (newest <= known)
		return true;
	g_set_error(error, STORE_ERROR, STORE_ERROR_NEWER,
		    "the database was made by a newer belfry-agent (schema %d, known here up to %d): install that version", newest,
		    known);
	return false;
}

/* All migrations in one transaction: a new database is there as a whole or not at all. */
static bool migrate(struct store_db *db, GError **error)
{
	if (!store_db_exec(db, "begin", error))
		return false;
	bool good = store_db_exec(db, "migration_table", error) && refuse_newer(db, error);
	for (const struct sql_migration *migration = sql_agent_migrations; good && migration->name != NULL; migration++)
		good = migrate_one(db, migration, error);
	if (good)
		good = store_db_exec(db, "commit", error);
	if (!good)
		store_db_exec(db, "rollback", NULL);
	return good;
}

static bool prepare_all(struct store_db *db, GError **error)
{
	static const char *const names[] = {
#define X(name) #name,
		STORE_STATEMENTS(X)
#undef X
	};
	for (int i = 0; i < STMT_MAX_; i++) {
		db->statements[i] = prepare(db, names[i], error);
		if (db->statements[i] == NULL)
			return false;
	}
	return true;
}

static int note_wal_pages(void *context, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	((struct store_db *)context)->wal_pages = pages;
	return SQLITE_OK;
}

static bool open_all(struct store_db *db, const char *path, bool with_check, GError **error)
{
	int code = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return store_set_error(error, db, code, path);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_wal_hook(db->handle, note_wal_pages, db);
	static const char *const pragmas[] = { "pragma_locking", "pragma_journal", "pragma_synchronous", "pragma_cache",
					       "pragma_temp", "pragma_secure_schema" };
	for (size_t i = 0; i < G_N_ELEMENTS(pragmas); i++)
		if (!store_db_exec(db, pragmas[i], error))
			return false;
	return (!with_check || check(db, error)) && migrate(db, error) && prepare_all(db, error);
}

bool store_db_open(struct store_db *db, const char *path, bool with_check, GError **error)
{
	memset(db, 0, sizeof *db);
	if (open_all(db, path, with_check, error))
		return true;
	store_db_close(db, true);
	return false;
}

void store_db_close(struct store_db *db, bool suspect)
{
	for (int i = 0; i < STMT_MAX_; i++)
		sqlite3_finalize(db->statements[i]);
	if (db->handle != NULL && suspect)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db->handle);
	memset(db, 0, sizeof *db);
}

int store_db_checkpoint(struct store_db *db, bool truncate)
{
	int pages = 0;
	int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
					     &pages, NULL);
	if (code == SQLITE_OK)
		db->wal_pages = 0;
	return code;
}
