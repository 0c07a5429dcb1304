#include "common/tz_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DIRECTORY "/usr/share/zoneinfo"
#define VERSION_MAX 15

G_DEFINE_QUARK(belfry - tz - error, tz_error)

/* A zone in the cache, with what tells that its file is another one now. */
struct cached_zone {
	struct tz *tz;
	char *path; /* NULL: built in */
	struct stat seen;
};

static GMutex cache_lock;
static GHashTable *cache;	   /* name -> struct cached_zone */
static const char *tzdata_version; /* interned; NULL = not looked up yet */

struct tz *tz_ref(struct tz *tz)
{
	g_atomic_int_inc(&tz->refs);
	return tz;
}

void tz_unref(struct tz *tz)
{
	if (!tz || !g_atomic_int_dec_and_test(&tz->refs))
		return;
	g_free(tz->changes);
	g_free(tz);
}

void tz_changes_add(GArray *changes, int64_t begin, int32_t offset)
{
	struct tz_change change = { begin, offset };

	if (changes->len > 0) {
		struct tz_change *last = &g_array_index(changes, struct tz_change, changes->len - 1);
		/* A footer that disagrees with the last transition at its own instant: the footer rules. */
		if (last->begin == begin)
			g_array_set_size(changes, changes->len - 1);
		if (changes->len > 0 && g_array_index(changes, struct tz_change, changes->len - 1).offset == offset)
			return;
	}
	g_array_append_val(changes, change);
}

static int find_change(const struct tz *tz, int64_t seconds)
{
	const struct tz_change *base = tz->changes;

	/* The last change that is not after `seconds`; written so that compilers make it free of jumps. */
	for (int n = tz->n; n > 1;) {
		int half = n / 2;
		base += base[half].begin <= seconds ? half : 0;
		n -= half;
	}
	return (int)(base - tz->changes);
}

void tz_segment_at(const struct tz *tz, int64_t seconds, struct tz_segment *ret)
{
	const struct tz_change *changes = tz->changes;
	int64_t shift = 0;

	if (tz->cycle && seconds >= changes[tz->n - 1].begin) {
		seconds = MIN(seconds, INT64_MAX - 2 * TZ_PERIOD);
		shift = (seconds - changes[tz->cycle].begin) / TZ_PERIOD * TZ_PERIOD;
	}
	int i = find_change(tz, seconds - shift);
	ret->begin = i > 0 ? changes[i].begin + shift : INT64_MIN;
	ret->end = i + 1 < tz->n ? changes[i + 1].begin + shift : INT64_MAX;
	ret->offset = changes[i].offset;
	ret->previous_offset = changes[i > 0 ? i - 1 : 0].offset;
}

int64_t tz_steady_from(const struct tz *tz)
{
	return tz->changes[tz->cycle ? tz->cycle : tz->n - 1].begin;
}

const char *tz_directory(void)
{
	const char *directory = g_getenv("TZDIR");

	return directory && *directory ? directory : DEFAULT_DIRECTORY;
}

/* Letters, digits, "_", "+", "-", parted by single slashes: neither absolute paths nor ".." can be written so. */
static bool name_is_sound(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > TZ_NAME_MAX || name[0] == '/' || name[length - 1] == '/' || strstr(name, "//"))
		return false;
	for (const char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("_+-/", *c))
			return false;
	return true;
}

static void set_unknown(GError **error, const char *name)
{
	g_autofree char *shown = g_utf8_make_valid(name, (gssize)strnlen(name, TZ_NAME_MAX));

	for (char *c = shown; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	g_set_error(error, TZ_ERROR, TZ_ERROR_UNKNOWN_ZONE, "time zone: \"%s\" is not a zone this host knows", shown);
}

/* The whole file, or NULL when there is none that could be a zone. */
static GByteArray *read_file(const char *path, struct stat *ret_seen)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;

	g_autoptr(GByteArray) bytes = g_byte_array_new();
	bool ok = fstat(fd, ret_seen) == 0 && S_ISREG(ret_seen->st_mode);
	while (ok && bytes->len <= TZ_FILE_MAX_BYTES) {
		uint8_t chunk[8192];
		ssize_t got = read(fd, chunk, sizeof(chunk));
		if (got == 0)
			break;
		if (got > 0)
			g_byte_array_append(bytes, chunk, (guint)got);
		else
			ok = errno == EINTR;
	}
	close(fd);
	return ok && bytes->len <= TZ_FILE_MAX_BYTES ? g_steal_pointer(&bytes) : NULL;
}

static void cached_zone_free(gpointer data)
{
	struct cached_zone *zone = data;

	tz_unref(zone->tz);
	g_free(zone->path);
	g_free(zone);
}

static struct tz *utc_zone(void)
{
	struct tz *tz = g_new(struct tz, 1);

	*tz = (struct tz){ .refs = 1, .n = 1, .changes = g_new(struct tz_change, 1) };
	tz->changes[0] = (struct tz_change){ INT64_MIN, 0 };
	return tz;
}

static struct cached_zone *load_zone(const char *name, GError **error)
{
	g_autofree struct cached_zone *zone = g_new0(struct cached_zone, 1);

	/* UTC is built in: a host without zone files can still run most schedules. */
	if (strcmp(name, "UTC") == 0) {
		zone->tz = utc_zone();
		return g_steal_pointer(&zone);
	}
	if (!name_is_sound(name)) {
		set_unknown(error, name);
		return NULL;
	}

	g_autofree char *path = g_build_filename(tz_directory(), name, NULL);
	g_autoptr(GByteArray) bytes = read_file(path, &zone->seen);
	if (!bytes || bytes->len < 4 || memcmp(bytes->data, "TZif", 4) != 0) {
		set_unknown(error, name);
		return NULL;
	}
	zone->tz = tz_parse(bytes->data, bytes->len, error);
	if (!zone->tz) {
		g_prefix_error(error, "time zone: \"%s\": ", name);
		return NULL;
	}
	zone->path = g_steal_pointer(&path);
	return g_steal_pointer(&zone);
}

struct tz *tz_get(const char *name, GError **error)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&cache_lock);

	if (!cache)
		cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cached_zone_free);
	struct cached_zone *zone = g_hash_table_lookup(cache, name);
	if (!zone) {
		zone = load_zone(name, error);
		if (!zone)
			return NULL;
		g_hash_table_insert(cache, g_strdup(name), zone);
	}
	return tz_ref(zone->tz);
}

bool tz_files_changed(void)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&cache_lock);
	GHashTableIter iter;
	gpointer value;

	if (!cache)
		return false;
	g_hash_table_iter_init(&iter, cache);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct cached_zone *zone = value;
		struct stat now;
		/* A file that is missing for the moment is an upgrade under way, no news. */
		if (!zone->path || stat(zone->path, &now) != 0)
			continue;
		if (now.st_mtim.tv_sec != zone->seen.st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != zone->seen.st_mtim.tv_nsec || now.st_ino != zone->seen.st_ino ||
		    now.st_size != zone->seen.st_size)
			return true;
	}
	return false;
}

void tz_reload(void)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&cache_lock);

	g_clear_pointer(&cache, g_hash_table_destroy);
	tzdata_version = NULL;
}

/* The first line of tzdata.zi reads "# version 2025b". */
static const char *read_database_version(void)
{
	g_autofree char *path = g_build_filename(tz_directory(), "tzdata.zi", NULL);
	char line[64] = "", version[VERSION_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return "unknown";
	ssize_t got = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (got <= 0 || sscanf(line, "# version %15[0-9a-zA-Z.-]", version) != 1)
		return "unknown";
	return g_intern_string(version);
}

const char *tz_database_version(void)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&cache_lock);

	if (!tzdata_version)
		tzdata_version = read_database_version();
	return tzdata_version;
}
