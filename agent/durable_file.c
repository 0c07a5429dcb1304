#include "agent/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(GError **error, const char *path, const char *doing)
{
	int code = errno;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "%s: %s: %s", path, doing, g_strerror(code));
	return false;
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		text += written;
		size -= (size_t)written;
	}
	return true;
}

bool durable_directory_sync(const char *directory, GError **error)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(error, directory, "open");
	bool good = fsync(fd) == 0 || fail(error, directory, "fsync");
	close(fd);
	return good;
}

/* What root writes (an enrolment) is for the agent, which runs as the user whose folder it is. */
static bool give_to_owner(int fd, const char *directory)
{
	struct stat folder;
	return geteuid() != 0 || (stat(directory, &folder) == 0 && fchown(fd, folder.st_uid, folder.st_gid) == 0);
}

bool durable_file_write(const char *path, const char *text, GError **error)
{
	g_autofree char *beside = g_strconcat(path, ".new", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	/* Never one that was there: it may be another file's second name. */
	g_unlink(beside);
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(error, beside, "open");
	bool good = (fchmod(fd, 0600) == 0 && give_to_owner(fd, directory) && write_all(fd, text, strlen(text)) && fsync(fd) == 0) || fail(error, beside, "write");
	if (close(fd) != 0 && good)
		good = fail(error, beside, "close");
	if (good && g_rename(beside, path) != 0)
		good = fail(error, path, "rename");
	if (!good) {
		g_unlink(beside);
		return false;
	}
	return durable_directory_sync(directory, error);
}
