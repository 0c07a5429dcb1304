#include "agent/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
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

bool durable_file_write(const char *path, const char *text, GError **error)
{
	g_autofree char *beside = g_strconcat(path, ".new", NULL);
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(error, beside, "open");
	bool good = (fchmod(fd, 0600) == 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0) || fail(error, beside, "write");
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
