#include "agent/jobs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* What is known of a file: unchanged ones are not read again. */
struct jobs_file {
	ino_t inode;
	off_t size;
	struct timespec modified;
	int64_t revision; /* of its text; 0 = no valid job */
	unsigned seen;    /* in which reading */
};

struct jobs_dir {
	char *path;
	int fd, watch;
	GHashTable *files; /* job id -> struct jobs_file */
	GHashTable *told;  /* names that can be no job: complained about once */
	unsigned reading;
};

static void watch_folder(struct jobs_dir *dir)
{
	dir->watch = inotify_add_watch(dir->fd, dir->path,
				       IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |
					       IN_MOVE_SELF | IN_ONLYDIR);
}

struct jobs_dir *jobs_dir_new(const char *path, GError **error)
{
	g_autoptr(GDir) there = g_dir_open(path, 0, error);
	if (there == NULL)
		return NULL;
	struct jobs_dir *dir = g_new0(struct jobs_dir, 1);
	dir->path = g_strdup(path);
	dir->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	dir->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	dir->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (dir->fd >= 0)
		watch_folder(dir);
	return dir;
}

void jobs_dir_free(struct jobs_dir *dir)
{
	if (dir == NULL)
		return;
	if (dir->fd >= 0)
		close(dir->fd);
	g_hash_table_unref(dir->files);
	g_hash_table_unref(dir->told);
	g_free(dir->path);
	g_free(dir);
}

int jobs_dir_fd(const struct jobs_dir *dir)
{
	return dir->fd;
}

void jobs_dir_drain(struct jobs_dir *dir)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	while (read(dir->fd, buffer, sizeof buffer) > 0)
		;
	/* The same folder again gives the same watch; a new folder under the name is watched from here on. */
	watch_folder(dir);
}

/* The first 62 bits of SHA-256 of the text, never 0. */
static int64_t revision_of(const char *text, size_t size)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize digest_size = sizeof digest;
	g_checksum_update(checksum, (const guchar *)text, (gssize)size);
	g_checksum_get_digest(checksum, digest, &digest_size);
	uint64_t bits = 0;
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | digest[i];
	return MAX((int64_t)(bits >> 2), 1);
}

static void complain(GPtrArray *problems, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void complain(GPtrArray *problems, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(problems, g_strdup_printf("%s: %s", name, text));
}

static struct job *parse_file(const char *name, const char *id, const char *text, size_t size, GPtrArray *problems)
{
	json_error_t json_error;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &json_error);
	if (json == NULL) {
		complain(problems, name, "line %d column %d: %s", json_error.line, json_error.column, json_error.text);
		return NULL;
	}
	struct job_problem problem = { .pointer = NULL };
	struct job *job = job_parse(json, id, revision_of(text, size), true, &problem);
	if (job == NULL)
		complain(problems, name, "%s: %s", *problem.pointer != '\0' ? problem.pointer : "/", problem.detail);
	job_problem_clear(&problem);
	json_decref(json);
	return job;
}

/* Reads at most one byte more than a definition may have. */
static struct job *load_file(const struct jobs_dir *dir, const char *name, const char *id, GPtrArray *problems)
{
	g_autofree char *path = g_build_filename(dir->path, name, NULL);
	g_autofree char *text = g_malloc(JOB_JSON_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t size = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0 && size <= JOB_JSON_MAX) {
		got = read(fd, text + size, JOB_JSON_MAX + 1 - size);
		size += got > 0 ? (size_t)got : 0;
	}
	int code = errno;
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		complain(problems, name, "%s", g_strerror(code));
		return NULL;
	}
	if (size > JOB_JSON_MAX) {
		complain(problems, name, "a job definition has at most %d bytes", JOB_JSON_MAX);
		return NULL;
	}
	return parse_file(name, id, text, size, problems);
}

static bool is_same(const struct jobs_file *file, const GStatBuf *now)
{
	return file->inode == now->st_ino && file->size == now->st_size && file->modified.tv_sec == now->st_mtim.tv_sec &&
	       file->modified.tv_nsec == now->st_mtim.tv_nsec;
}

static void read_file(struct jobs_dir *dir, const char *name, const char *id, const GStatBuf *now, jobs_dir_revision revision,
		      void *context, struct job_change *change, GPtrArray *problems)
{
	struct jobs_file *file = g_hash_table_lookup(dir->files, id);
	bool known = file != NULL && is_same(file, now);
	g_hash_table_add(change->keep_ids, g_strdup(id));
	if (file == NULL) {
		file = g_new0(struct jobs_file, 1);
		g_hash_table_insert(dir->files, g_strdup(id), file);
	}
	file->seen = dir->reading;
	if (known && (file->revision == 0 || revision(context, id) == file->revision))
		return;
	struct job *job = load_file(dir, name, id, problems);
	file->inode = now->st_ino;
	file->size = now->st_size;
	file->modified = now->st_mtim;
	file->revision = job == NULL ? 0 : job->revision;
	if (job == NULL || revision(context, id) == job->revision) {
		job_unref(job);
		return;
	}
	g_ptr_array_add(change->upserts, stored_job_new(job));
}

static gboolean was_not_seen(gpointer id, gpointer file, gpointer dir)
{
	(void)id;
	return ((struct jobs_file *)file)->seen != ((struct jobs_dir *)dir)->reading;
}

static void read_entry(struct jobs_dir *dir, const char *name, jobs_dir_revision revision, void *context,
		       struct job_change *change, GPtrArray *problems)
{
	if (*name == '.' || !g_str_has_suffix(name, ".json"))
		return;
	g_autofree char *path = g_build_filename(dir->path, name, NULL);
	g_autofree char *id = g_strndup(name, strlen(name) - strlen(".json"));
	GStatBuf now;
	if (g_stat(path, &now) != 0 || !S_ISREG(now.st_mode))
		return;
	if (job_id_is_valid(id) && g_hash_table_size(change->keep_ids) < JOBS_DIR_FILES_MAX)
		read_file(dir, name, id, &now, revision, context, change, problems);
	else if (g_hash_table_add(dir->told, g_strdup(name)))
		complain(problems, name, job_id_is_valid(id) ? "a folder holds at most %d jobs" :
			 "a job's name has at most %d letters, digits, '.', '_' or '-'",
			 job_id_is_valid(id) ? JOBS_DIR_FILES_MAX : JOB_ID_MAX);
}

struct job_change *jobs_dir_read(struct jobs_dir *dir, jobs_dir_revision revision, void *context, GPtrArray *problems,
				 guint *ret_changed)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) folder = g_dir_open(dir->path, 0, &error);
	if (folder == NULL) {
		g_ptr_array_add(problems, g_strdup(error->message));
		return NULL;
	}
	struct job_change *change = job_change_new();
	change->keep_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	dir->reading++;
	for (const char *name; (name = g_dir_read_name(folder)) != NULL;)
		read_entry(dir, name, revision, context, change, problems);
	g_hash_table_foreach_remove(dir->files, was_not_seen, dir);
	*ret_changed = change->upserts->len;
	return change;
}
