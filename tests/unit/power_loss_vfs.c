/*
 * Reads and writes go through to the real file, which is what the running process sees. Beside it stands an image of what
 * the platter has: the content at the last sync and the list of changes since then.
 *
 *   write  -> real file, and into the list
 *   sync   -> the list becomes part of the image; nothing is synced for real, so this is fast
 *   loss   -> image plus a seeded part of the list becomes the real file
 *
 * Writes leave bytes around them alone, as SQLite expects (SQLITE_IOCAP_POWERSAFE_OVERWRITE); what was being written may
 * hold anything, sector by sector.
 */
#include "tests/unit/power_loss_vfs.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/front_vfs.h"

#define SECTOR 512

struct power_loss_tally power_loss_tally;

struct change { gint64 at; GByteArray *data; }; /* data NULL: truncated to `at` */

struct image {
	char *path;
	GByteArray *synced;
	GPtrArray *changes;
	gboolean name_synced;
	int flags; /* of the open: database or log */
};

static sqlite3_vfs front;
static sqlite3_io_methods methods;
static GMutex lock;
static GHashTable *images; /* path -> struct image * */
static GPtrArray *deleted; /* struct image *, whose deletion is not synced */
static GRand *dice;
static gint64 countdown;
static gboolean dark, in_sync, database_only;

static void change_free(gpointer data)
{
	struct change *change = data;
	if (change->data != NULL)
		g_byte_array_unref(change->data);
	g_free(change);
}

static void image_free(gpointer data)
{
	struct image *image = data;
	g_free(image->path);
	g_byte_array_unref(image->synced);
	g_ptr_array_unref(image->changes);
	g_free(image);
}

static gboolean chance(int percent)
{
	return g_rand_int_range(dice, 0, 100) < percent;
}

static void put(GByteArray *content, gint64 at, const guint8 *data, guint size)
{
	guint before = content->len;
	if (content->len < at + size)
		g_byte_array_set_size(content, (guint)(at + size));
	if (at > before)
		memset(content->data + before, 0, (gsize)(at - before));
	memcpy(content->data + at, data, size);
}

static void apply(GByteArray *content, const struct change *change)
{
	if (change->data != NULL)
		put(content, change->at, change->data->data, change->data->len);
	else if (change->at < content->len)
		g_byte_array_set_size(content, (guint)change->at);
}

/* Counts one operation; true when there is no power for it any more. */
static gboolean goes_dark(int flags)
{
	bool counts = !database_only || (flags & SQLITE_OPEN_MAIN_DB) != 0;
	if (!dark && counts && countdown > 0 && --countdown == 0)
		dark = TRUE;
	return dark;
}

/* A sync that the loss cut short has brought some of the writes to the platter, in no order. */
static void sync_part(struct image *image)
{
	in_sync = TRUE;
	for (guint i = 0; i < image->changes->len;) {
		if (!chance(50)) {
			i++;
			continue;
		}
		apply(image->synced, image->changes->pdata[i]);
		g_ptr_array_remove_index(image->changes, i);
	}
}

static void sync_names(void)
{
	GHashTableIter iter;
	gpointer image;
	g_hash_table_iter_init(&iter, images);
	while (g_hash_table_iter_next(&iter, NULL, &image))
		((struct image *)image)->name_synced = TRUE;
	g_ptr_array_set_size(deleted, 0);
}

static struct image *image_behind(sqlite3_file *file)
{
	return ((struct front_file *)file)->data;
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	return power_loss_is_dark() ? SQLITE_IOERR_READ : front_methods.xRead(file, data, n, at);
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	if (dark)
		return SQLITE_IOERR_WRITE;
	struct image *image = image_behind(file);
	struct change *change = g_new0(struct change, 1);
	change->at = at;
	change->data = g_byte_array_append(g_byte_array_sized_new((guint)n), data, (guint)n);
	g_ptr_array_add(image->changes, change);
	return goes_dark(image->flags) ? SQLITE_IOERR_WRITE : front_methods.xWrite(file, data, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	if (dark)
		return SQLITE_IOERR_TRUNCATE;
	struct image *image = image_behind(file);
	struct change *change = g_new0(struct change, 1);
	change->at = size;
	g_ptr_array_add(image->changes, change);
	return goes_dark(image->flags) ? SQLITE_IOERR_TRUNCATE : front_methods.xTruncate(file, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	struct image *image = image_behind(file);
	if (dark)
		return SQLITE_IOERR_FSYNC;
	if (goes_dark(image->flags)) {
		sync_part(image);
		return SQLITE_IOERR_FSYNC;
	}
	for (guint i = 0; i < image->changes->len; i++)
		apply(image->synced, image->changes->pdata[i]);
	g_ptr_array_set_size(image->changes, 0);
	/* SQLite syncs the folder after it made a log; it does not for a database. */
	if (!image->name_synced && (image->flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0)
		sync_names();
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return power_loss_is_dark() ? SQLITE_IOERR_FSTAT : front_methods.xFileSize(file, size);
}

static struct image *image_of(const char *path, int flags)
{
	struct image *image = g_hash_table_lookup(images, path);
	if (image != NULL)
		return image;
	image = g_new0(struct image, 1);
	image->path = g_strdup(path);
	image->synced = g_byte_array_new();
	image->changes = g_ptr_array_new_with_free_func(change_free);
	image->flags = flags;
	g_hash_table_insert(images, image->path, image);
	return image;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	file->pMethods = NULL;
	if (dark || name == NULL)
		return SQLITE_CANTOPEN;
	if (!g_file_test(name, G_FILE_TEST_EXISTS))
		g_hash_table_remove(images, name);
	int code = front_open(vfs, name, file, flags, out);
	if (code == SQLITE_OK)
		((struct front_file *)file)->data = image_of(name, flags);
	return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	if (goes_dark(0))
		return SQLITE_IOERR_DELETE;
	struct image *image = g_hash_table_lookup(images, name);
	if (image != NULL) {
		g_hash_table_steal(images, name);
		g_ptr_array_add(deleted, image);
	}
	if (sync)
		sync_names();
	return front_real()->xDelete(front_real(), name, 0);
}

void power_loss_install(void)
{
	methods = front_methods;
	methods.xRead = file_read;
	methods.xWrite = file_write;
	methods.xTruncate = file_truncate;
	methods.xSync = file_sync;
	methods.xFileSize = file_size;
	front_install(&front, "power-loss", &methods);
	front.xOpen = open_file;
	front.xDelete = delete_file;
	images = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, image_free);
	deleted = g_ptr_array_new_with_free_func(image_free);
	dice = g_rand_new();
}

void power_loss_reset(guint64 seed)
{
	const guint32 words[] = { (guint32)seed, (guint32)(seed >> 32) };
	g_rand_set_seed_array(dice, words, G_N_ELEMENTS(words));
	g_hash_table_remove_all(images);
	g_ptr_array_set_size(deleted, 0);
	countdown = 0;
	dark = in_sync = FALSE;
}

void power_loss_in(gint64 n, gboolean database)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	countdown = n;
	database_only = database;
}

gboolean power_loss_is_dark(void)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	return dark;
}

void power_loss_now(void)
{
	g_autoptr(GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new(&lock);
	dark = TRUE;
}

/* What may stand in a sector that was being written: old, new, zeroes, noise. */
static void scramble(GByteArray *content, const struct change *change)
{
	gboolean noise = chance(50);
	(noise ? power_loss_tally.garbled++ : power_loss_tally.torn++);
	for (guint from = 0; from < change->data->len; from += SECTOR) {
		guint8 sector[SECTOR];
		guint size = MIN(SECTOR, change->data->len - from);
		if (chance(40))
			continue;
		memcpy(sector, change->data->data + from, size);
		if (noise && chance(50))
			memset(sector, 0, size);
		else if (noise)
			for (guint i = 0; i < size; i++)
				sector[i] = (guint8)g_rand_int(dice);
		put(content, change->at + from, sector, size);
	}
}

/* `survivors`: how many in a hundred changes reach the platter as they were. */
static void settle(struct image *image, int survivors)
{
	for (guint i = 0; i < image->changes->len; i++) {
		const struct change *change = image->changes->pdata[i];
		if (chance(survivors)) {
			power_loss_tally.kept++;
			apply(image->synced, change);
		} else if (change->data != NULL && chance(30)) {
			scramble(image->synced, change);
		} else {
			power_loss_tally.dropped++;
		}
	}
}

static void write_back(const struct image *image)
{
	int fd = open(image->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	gsize size = image->synced->len;
	g_assert(fd >= 0 && (size == 0 || write(fd, image->synced->data, size) == (ssize_t)size));
	close(fd);
}

static void lose(struct image *image, int survivors)
{
	power_loss_tally.losses_with_open_log += image->changes->len > 0 && (image->flags & SQLITE_OPEN_WAL) != 0;
	power_loss_tally.losses_with_open_database += image->changes->len > 0 && (image->flags & SQLITE_OPEN_MAIN_DB) != 0;
	settle(image, survivors);
	if (!image->name_synced && chance(30)) {
		power_loss_tally.files_gone++;
		g_unlink(image->path);
		return;
	}
	write_back(image);
}

void power_loss_return(void)
{
	static const int moods[] = { 0, 20, 50, 80, 97 };
	int survivors = moods[g_rand_int_range(dice, 0, G_N_ELEMENTS(moods))];
	gint64 before = power_loss_tally.dropped + power_loss_tally.torn + power_loss_tally.garbled + power_loss_tally.files_gone;
	GHashTableIter iter;
	gpointer image;
	power_loss_tally.losses++;
	power_loss_tally.losses_during_sync += in_sync;
	g_hash_table_iter_init(&iter, images);
	while (g_hash_table_iter_next(&iter, NULL, &image)) {
		lose(image, survivors);
		g_ptr_array_set_size(((struct image *)image)->changes, 0);
		((struct image *)image)->name_synced = TRUE;
		if (!g_file_test(((struct image *)image)->path, G_FILE_TEST_EXISTS))
			g_hash_table_iter_remove(&iter);
	}
	for (guint i = 0; i < deleted->len; i++) {
		struct image *back = deleted->pdata[i];
		if (g_hash_table_contains(images, back->path) || chance(50))
			continue;
		power_loss_tally.files_back++;
		write_back(back);
		struct image *again = image_of(back->path, back->flags);
		g_byte_array_append(again->synced, back->synced->data, back->synced->len);
		again->name_synced = TRUE;
	}
	g_ptr_array_set_size(deleted, 0);
	power_loss_tally.losses_that_changed += before < power_loss_tally.dropped + power_loss_tally.torn +
							  power_loss_tally.garbled + power_loss_tally.files_gone;
	countdown = 0;
	dark = in_sync = FALSE;
}
