#include "central/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "central/migrate.h"
#include "central/svc_auth.h"

#define INIT_ERROR (g_quark_from_static_string("belfry-init"))

static bool fail_db(enum db_status status, struct db_conn *conn, GError **error)
{
	g_set_error(error, INIT_ERROR, 0, "the database: %s: %s", db_status_name(status),
		    conn != NULL ? db_message(conn) : "");
	return false;
}

/* The whole of a short file, without surrounding blanks; NULL when there is none. */
static char *read_token(const char *path)
{
	char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_strstrip(text);
}

/* Durable under a temporary name beside `path`, for the owner only. */
static bool write_aside(const char *aside, const char *token, GError **error)
{
	unlink(aside);
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && dprintf(fd, "%s\n", token) > 0 && fsync(fd) == 0;
	if (!ok)
		g_set_error(error, INIT_ERROR, 0, "cannot write %s: %s", aside, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!ok)
		unlink(aside);
	return ok;
}

/* The file is complete before the commit and gets its name after it: neither can be there without the other for long. */
static bool make_token(struct db_conn *conn, const char *path, GError **error)
{
	char token[TOKEN_TEXT_SIZE], token_id[UUID_SIZE];
	g_autofree char *aside = g_strdup_printf("%s.new", path);
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = token_create(conn, "admin", ROLE_ADMIN, WALL_NONE, "init", NULL, token, token_id);
	if (status != DB_OK)
		return fail_db(status, conn, error);
	if (!write_aside(aside, token, error))
		return false;
	status = db_commit(conn);
	if (status != DB_OK) {
		unlink(aside);
		return fail_db(status, conn, error);
	}
	if (rename(aside, path) != 0) {
		g_set_error(error, INIT_ERROR, 0, "cannot rename %s to %s: %s", aside, path, g_strerror(errno));
		return false;
	}
	printf("made an admin token and wrote it to %s\n", path);
	return true;
}

static bool init_with(struct db_pool *pool, const char *path, bool force, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	bool exists = false, valid = false;
	int applied = 0;
	if (migrate_run(pool, &applied, error) != MIGRATE_OK)
		return false;
	g_autofree char *present = read_token(path);
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK && present != NULL)
		status = token_is_admin(conn, present, &valid);
	if (status == DB_OK)
		status = token_admin_exists(conn, &exists);
	if (status != DB_OK)
		return fail_db(status, conn, error);
	if (valid && !force) {
		printf("%s already holds a valid admin token; nothing to do\n", path);
		return true;
	}
	if (exists && !force) {
		g_set_error(error, INIT_ERROR, 0,
			    "admin tokens exist already, but %s holds none of them; give the right file, or --force to "
			    "make another "
			    "token",
			    path);
		return false;
	}
	return make_token(conn, path, error);
}

bool central_init(const struct central_config *config, const char *token_file, bool force, GError **error)
{
	struct db_pool *pool = db_pool_new("init", config->database, 1, config->statement_timeout_ms, error);
	if (pool == NULL)
		return false;
	bool ok = init_with(pool, token_file, force, error);
	db_pool_free(pool);
	return ok;
}
