/*
 * When the disk says no. What each error means:
 *
 *   error before COMMIT     rolled back: FAILED. After an I/O error the handle is suspect all the same
 *   I/O error from COMMIT   UNCERTAIN: the log may or may not hold the transaction
 *   any I/O error           close without touching the file, open again, quick_check, and move the whole log into the file:
 *                           after a failed fsync the kernel may call pages clean that never reached the disk, and only
 *                           writing them anew makes them durable. Until all of that worked nothing is applied
 *   corrupt                 this store's life ends; the next open renames the file and makes a new one
 *   full                    the ballast goes, the log is emptied, history makes room: a full disk refuses even DELETE
 */
#include "agent/store_internal.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/durable_file.h"
#include "common/log.h"

#define HEAL_BACKOFF_FIRST_MS 100
#define HEAL_BACKOFF_MAX_MS 5000
#define FULL_PRUNE_ROWS 2000

enum store_result store_transaction(struct store_sqlite *store, store_work work, void *context, const char *doing)
{
	struct store_db *db = &store->db;
	struct store_numbers numbers = store->numbers;
	bool in_doubt = false;
	int code = store_db_run(db->statements[STMT_begin]);
	if (code == SQLITE_OK)
		code = work(store, &numbers, context);
	if (code == SQLITE_OK) {
		code = store_db_run(db->statements[STMT_commit]);
		if (code == SQLITE_OK) {
			store->numbers = numbers;
			return STORE_OK;
		}
		in_doubt = store_code_is_io(code);
	}
	g_autofree char *message = g_strdup(sqlite3_errmsg(db->handle));
	if (!sqlite3_get_autocommit(db->handle))
		store_db_run(db->statements[STMT_rollback]);
	log_error("the store could not write", "doing", doing, "error", message, "code", log_number(code), "result",
		  in_doubt ? "uncertain" : "failed", NULL);
	store_note_error(store, code, doing);
	return in_doubt ? STORE_UNCERTAIN : STORE_FAILED;
}

static int drop_history(struct store_sqlite *store, void *context)
{
	struct store_numbers *numbers = context;
	int64_t keep = store->history_rows;
	int64_t rows = (store->keep_all ? numbers->next_seq - 1 : numbers->acked_seq) - numbers->first_seq + 1;
	store->history_rows = MIN(keep, rows / 2);
	int code = store_prune(store, numbers, FULL_PRUNE_ROWS, false);
	store->history_rows = keep;
	return code;
}

/* Not through store_transaction: a second "full" in here must not come back to here. */
static void make_room(struct store_sqlite *store)
{
	store_ballast_release(store);
	store_db_checkpoint(&store->db, true);
	struct store_numbers numbers = store->numbers;
	if (store_db_run(store->db.statements[STMT_begin]) != SQLITE_OK)
		return;
	if (drop_history(store, &numbers) == SQLITE_OK && store_db_run(store->db.statements[STMT_commit]) == SQLITE_OK)
		store->numbers = numbers;
	else if (!sqlite3_get_autocommit(store->db.handle))
		store_db_run(store->db.statements[STMT_rollback]);
	store_db_checkpoint(&store->db, true);
}

void store_note_error(struct store_sqlite *store, int code, const char *doing)
{
	store->stats.failures++;
	if ((code & 0xff) == SQLITE_FULL) {
		make_room(store);
		return;
	}
	if (!store_code_is_io(code) && !store_code_is_corrupt(code) && (code & 0xff) != SQLITE_READONLY)
		return;
	log_error("the database handle is suspect: opening it anew", "doing", doing, "code", log_number(code), NULL);
	store_db_close(&store->db, true);
	store->healthy = false;
	store->heal_at = mono_now();
	store->heal_backoff_ms = HEAL_BACKOFF_FIRST_MS;
	store_send_stats(store);
}

void store_end_life(struct store_sqlite *store, const char *reason)
{
	log_error("the database is lost: beginning anew", "path", store->path, "reason", reason, NULL);
	store_db_close(&store->db, true);
	store->healthy = false;
	store->lost = true;
	store_send_stats(store);
	struct message *message = g_new0(struct message, 1);
	message->type = STORE_LOST;
	queue_push(store->loop, message);
}

static bool reopen(struct store_sqlite *store, GError **error)
{
	int64_t epoch = store->epoch;
	if (!store_db_open(&store->db, store->path, true, error))
		return false;
	int code = store_db_checkpoint(&store->db, true);
	if (code != SQLITE_OK)
		return store_set_error(error, &store->db, code, "moving the log into the file");
	if (!store_load_numbers(store, error))
		return false;
	if (store->epoch == epoch)
		return true;
	g_set_error_literal(error, STORE_ERROR, STORE_ERROR_CORRUPT, "the file was replaced by another one");
	return false;
}

static void heal(struct store_sqlite *store)
{
	g_autoptr(GError) error = NULL;
	if (store_file_is_gone(store)) {
		store_end_life(store, "the file was deleted or replaced");
		return;
	}
	if (!reopen(store, &error)) {
		store_db_close(&store->db, true);
		if (g_error_matches(error, STORE_ERROR, STORE_ERROR_CORRUPT)) {
			store_end_life(store, error->message);
			return;
		}
		log_warning("the database cannot be opened yet: nothing is started until it can", "error", error->message,
			    "retryMs", log_number(store->heal_backoff_ms), NULL);
		store->heal_at = mono_add_us(mono_now(), store->heal_backoff_ms * US_PER_MS);
		store->heal_backoff_ms = MIN(store->heal_backoff_ms * 2, HEAL_BACKOFF_MAX_MS);
		return;
	}
	store->healthy = true;
	log_info("the database is good again", "lastBatch", log_number((int64_t)store->numbers.last_batch), NULL);
	store_send_stats(store);
}

bool store_is_usable(struct store_sqlite *store)
{
	if (!store->healthy && !store->lost && mono_diff_us(mono_now(), store->heal_at) >= 0)
		heal(store);
	return store->healthy;
}

bool store_file_is_gone(const struct store_sqlite *store)
{
	GStatBuf now;
	if (g_stat(store->path, &now) != 0)
		return errno == ENOENT;
	return now.st_dev != store->device || now.st_ino != store->inode;
}

/* All three files together: a log must never meet another database. */
bool store_quarantine(const struct store_sqlite *store, GError **error)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };
	int64_t now = wall_floor_seconds(wall_now());
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *from = g_strconcat(store->path, suffixes[i], NULL);
		g_autofree char *to = g_strdup_printf("%s.bad-%" G_GINT64_FORMAT "%s", store->path, now, suffixes[i]);
		if (g_rename(from, to) == 0 || errno == ENOENT)
			continue;
		g_set_error(error, STORE_ERROR, STORE_ERROR_IO, "%s cannot be renamed: %s", from, g_strerror(errno));
		return false;
	}
	return durable_directory_sync(store->directory, error);
}

static int64_t free_bytes(const struct store_sqlite *store)
{
	struct statvfs fs;
	return statvfs(store->directory, &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : 0;
}

void store_ballast_keep(struct store_sqlite *store)
{
	g_autofree char *path = g_build_filename(store->directory, "ballast", NULL);
	GStatBuf there;
	if (g_stat(path, &there) == 0 && there.st_size == STORE_BALLAST_BYTES) {
		store->ballast = true;
		return;
	}
	store->ballast = false;
	if (free_bytes(store) < 2 * STORE_BALLAST_BYTES)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	store->ballast = posix_fallocate(fd, 0, STORE_BALLAST_BYTES) == 0;
	close(fd);
	if (!store->ballast)
		g_unlink(path);
}

void store_ballast_release(struct store_sqlite *store)
{
	if (!store->ballast)
		return;
	g_autofree char *path = g_build_filename(store->directory, "ballast", NULL);
	g_unlink(path);
	store->ballast = false;
	log_warning("the disk is full: the ballast file was given up", "path", path, NULL);
}
