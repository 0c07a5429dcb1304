/*
 * Opening: the lock against a second agent, the file, the epoch of the outbox, and what is done when the file is lost.
 *
 * The epoch must grow whenever a database is made anew, or central would take new records for old ones. It is the time of
 * creation, and a copy stands in the file `epoch` beside the database: with a clock that went back, or a database that is
 * gone, the next one is greater all the same.
 */
#include "agent/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/durable_file.h"

#define CHECK_AT_START_MAX (64 * 1024 * 1024) /* bytes; a greater file is checked when something in it looks wrong */

static bool set_io_error(GError **error, const char *path, const char *doing)
{
	g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "%s: %s: %s", path, doing, g_strerror(errno));
	return false;
}

static bool take_lock(struct store_sqlite *store, GError **error)
{
	g_autofree char *path = g_build_filename(store->directory, "agent.lock", NULL);
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (store->lock_fd < 0)
		return set_io_error(error, path, "open");
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0) {
		/* The pid is for people only; the lock is what counts. */
		g_autofree char *pid = g_strdup_printf("%d\n", (int)getpid());
		if (ftruncate(store->lock_fd, 0) != 0 || pwrite(store->lock_fd, pid, strlen(pid), 0) < 0)
			return set_io_error(error, path, "write");
		return true;
	}
	char pid[16] = "";
	if (pread(store->lock_fd, pid, sizeof pid - 1, 0) < 0)
		pid[0] = '\0';
	g_set_error(error, STORE_ERROR, STORE_ERROR_LOCKED,
		    "another belfry-agent (pid %s) works with the state folder %s: stop it, or choose another state_dir",
		    g_strstrip(pid), store->directory);
	return false;
}

static int64_t read_epoch_file(const struct store_sqlite *store)
{
	g_autofree char *path = g_build_filename(store->directory, "epoch", NULL);
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	return MAX(g_ascii_strtoll(text, NULL, 10), 0);
}

static bool write_epoch_file(const struct store_sqlite *store, int64_t epoch, GError **error)
{
	g_autofree char *path = g_build_filename(store->directory, "epoch", NULL);
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "\n", epoch);
	return durable_file_write(path, text, error);
}

struct creation { int64_t epoch; const char *lost; };

static int write_creation(struct store_sqlite *store, struct store_numbers *numbers, void *context)
{
	const struct creation *creation = context;
	sqlite3_stmt *statement = store->db.statements[STMT_state_create];
	sqlite3_bind_int64(statement, 1, creation->epoch);
	int code = store_db_run(statement);
	if (code != SQLITE_OK || creation->lost == NULL)
		return code;
	struct agent_event event = { .kind = "databaseLost", .at = wall_now() };
	event.detail = g_utf8_make_valid(creation->lost, -1);
	numbers->next_seq = 1;
	code = store_append_event(store, numbers, &event);
	g_free(event.detail);
	statement = store->db.statements[STMT_state_update_seq];
	sqlite3_bind_int64(statement, 1, numbers->next_seq);
	return code == SQLITE_OK ? store_db_run(statement) : code;
}

static bool has_state(struct store_sqlite *store)
{
	sqlite3_stmt *statement = store->db.statements[STMT_load_state];
	int code = sqlite3_step(statement);
	sqlite3_reset(statement);
	return code != SQLITE_DONE;
}

/*
 * A new file gets its state row. The file `epoch` follows at the end of open_store, before the epoch is used: written
 * first, a first start that was killed in between would look like a lost database to the second.
 */
static bool create_state(struct store_sqlite *store, int64_t known_epoch, char **lost, GError **error)
{
	if (*lost == NULL && known_epoch != 0)
		*lost = g_strdup("the agent's database was missing; jobs, unfinished runs and unsent records in it are lost");
	struct creation creation = { MAX(wall_now().us, known_epoch + 1), *lost };
	store->healthy = true;
	if (store_transaction(store, write_creation, &creation, "making the database") == STORE_OK)
		return true;
	g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "%s could not be made", store->path);
	return false;
}

static bool open_or_quarantine(struct store_sqlite *store, bool with_check, char **lost, GError **error)
{
	g_autoptr(GError) failure = NULL;
	GStatBuf file;
	bool is_small = g_stat(store->path, &file) == 0 && file.st_size <= CHECK_AT_START_MAX;
	if (store_db_open(&store->db, store->path, with_check || is_small, &failure))
		return true;
	if (!g_error_matches(failure, STORE_ERROR, STORE_ERROR_CORRUPT)) {
		g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", store->path);
		return false;
	}
	*lost = g_strdup_printf("the agent's database was corrupt and was set aside (%s); jobs, unfinished runs and unsent "
				"records in it are lost",
				failure->message);
	return store_quarantine(store, error) && store_db_open(&store->db, store->path, false, error);
}

static bool open_store(struct store_sqlite *store, bool with_check, char **lost, GError **error)
{
	if (g_mkdir_with_parents(store->directory, 0700) != 0)
		return set_io_error(error, store->directory, "mkdir");
	if (!take_lock(store, error) || !open_or_quarantine(store, with_check, lost, error))
		return false;
	int64_t known_epoch = read_epoch_file(store);
	if (!has_state(store) && !create_state(store, known_epoch, lost, error))
		return false;
	if (!store_load_numbers(store, error))
		return false;
	if (store->epoch > known_epoch && !write_epoch_file(store, store->epoch, error))
		return false;
	GStatBuf file;
	if (g_stat(store->path, &file) != 0)
		return set_io_error(error, store->path, "stat");
	store->device = file.st_dev;
	store->inode = file.st_ino;
	store->healthy = true;
	store_ballast_keep(store);
	return true;
}

struct store_sqlite *store_sqlite_open(const struct store_config *config, char **ret_lost, GError **error)
{
	struct store_sqlite *store = g_new0(struct store_sqlite, 1);
	store->directory = g_strdup(config->state_dir);
	store->path = g_build_filename(config->state_dir, "agent.db", NULL);
	store->keep_all = config->keep_all;
	store->history_rows = config->history_rows;
	store->history_ms = config->history_ms;
	store->lock_fd = -1;
	store->text = g_string_sized_new(16384);
	store->queue = queue_new();
	g_autofree char *lost = NULL;
	if (!open_store(store, config->check, &lost, error)) {
		store_sqlite_free(store);
		return NULL;
	}
	*ret_lost = g_steal_pointer(&lost);
	return store;
}

void store_sqlite_free(struct store_sqlite *store)
{
	if (store == NULL)
		return;
	g_assert(store->thread == NULL);
	store_db_close(&store->db, !store->healthy);
	queue_free(store->queue);
	g_string_free(store->text, TRUE);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	g_free(store->directory);
	g_free(store->path);
	g_free(store);
}
