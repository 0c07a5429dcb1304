#include "central/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "central/db_accounts.h"
#include "central/migrate.h"
#include "central/password.h"
#include "central/svc_accounts.h"
#include "central/svc_auth.h"
#include "common/ask.h"

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
	struct author author = { "init", NULL };
	struct token_terms terms = { "admin", ROLE_ADMIN, WALL_NONE };
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = token_create(conn, &author, &terms, token, token_id);
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

static bool init_token(struct db_pool *pool, const char *path, bool force, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	bool exists = false, valid = false;
	g_autofree char *present = read_token(path);
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK && present != NULL)
		status = token_is_admin(conn, present, &valid);
	if (status == DB_OK)
		status = admin_exists(conn, &exists);
	if (status != DB_OK)
		return fail_db(status, conn, error);
	if (valid && !force) {
		printf("%s already holds a valid admin token; nothing to do\n", path);
		return true;
	}
	if (exists && !force) {
		g_set_error(error, INIT_ERROR, 0,
			    "admins exist already, but %s holds no valid token of one; give the right file, or --force to "
			    "make another "
			    "token",
			    path);
		return false;
	}
	return make_token(conn, path, error);
}

/* From a person at a terminal twice and without echo, else the first line of standard input; NULL with an error. */
static char *ask_password(GError **error)
{
	char line[PASSWORD_MAX + 3] = "";
	bool is_person = isatty(STDIN_FILENO);
	g_autofree char *typed = is_person ? ask_secret("Password: ") : NULL, *again = is_person ? ask_secret("Once more: ") : NULL;
	if (g_strcmp0(typed, again) != 0) {
		g_set_error(error, INIT_ERROR, 0, "the two passwords are not the same");
		return NULL;
	}
	if (typed != NULL)
		g_strlcpy(line, typed, sizeof line);
	else if (is_person || fgets(line, sizeof line, stdin) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	const char *complaint = password_complaint(line);
	if (complaint == NULL)
		return g_strdup(line);
	g_set_error(error, INIT_ERROR, 0, "the password%s %s", is_person ? "" : " on standard input", complaint);
	return NULL;
}

static char *make_password(const char *path, GError **error)
{
	char password[TOKEN_TEXT_SIZE];
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, INIT_ERROR, 0, "%s is there already, and there is no such user; remove one of them", path);
		return NULL;
	}
	credential_make("", password);
	return write_aside(path, password, error) ? g_strdup(password) : NULL;
}

static bool has_account(struct db_pool *pool, const char *name, bool *ret, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct account_row row = { 0 };
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = account_get(conn, name, false, &row);
	account_row_clear(&row);
	*ret = status == DB_OK;
	return status == DB_OK || status == DB_NOT_FOUND || fail_db(status, conn, error);
}

static bool init_admin(struct db_pool *pool, const struct init_wish *wish, GError **error)
{
	struct author author = { "init", NULL };
	struct account_row row = { 0 };
	enum db_status status = DB_OK;
	bool exists;
	if (!account_name_is_valid(wish->admin)) {
		g_set_error(error, INIT_ERROR, 0, "\"%s\" is no name: letters, digits and . _ - @ make one", wish->admin);
		return false;
	}
	if (!has_account(pool, wish->admin, &exists, error))
		return false;
	if (exists) {
		printf("there is a user %s already; nothing to do\n", wish->admin);
		return true;
	}
	g_autofree char *password =
		wish->password_file != NULL ? make_password(wish->password_file, error) : ask_password(error);
	if (password == NULL)
		return false;
	if (account_create(pool, &author, wish->admin, ROLE_ADMIN, password, &row, &status) != ACCOUNT_DONE) {
		if (wish->password_file != NULL)
			unlink(wish->password_file);
		return fail_db(status, NULL, error);
	}
	account_row_clear(&row);
	printf("made the user %s, an admin%s%s\n", wish->admin,
	       wish->password_file != NULL ? "; the password is in " : "",
	       wish->password_file != NULL ? wish->password_file : "");
	return true;
}

bool central_init(const struct central_config *config, const struct init_wish *wish, GError **error)
{
	struct migrate_done done;
	struct db_pool *pool = db_pool_new("init", config->database, 1, config->statement_timeout_ms, DB_PLANS_KEPT, error);
	if (pool == NULL)
		return false;
	bool ok = migrate_run(pool, &done, error) == MIGRATE_OK;
	if (ok && wish->token_file != NULL)
		ok = init_token(pool, wish->token_file, wish->force, error);
	if (ok && wish->admin != NULL)
		ok = init_admin(pool, wish, error);
	db_pool_free(pool);
	return ok;
}
