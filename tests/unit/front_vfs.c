#include "tests/unit/front_vfs.h"

#include <stddef.h>

static sqlite3_vfs *real;
static const sqlite3_io_methods *methods_of_files;

sqlite3_file *front_inner(sqlite3_file *file)
{
	return ((struct front_file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
	return front_inner(file)->pMethods->xClose(front_inner(file));
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	return front_inner(file)->pMethods->xRead(front_inner(file), data, n, at);
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	return front_inner(file)->pMethods->xWrite(front_inner(file), data, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return front_inner(file)->pMethods->xTruncate(front_inner(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	return front_inner(file)->pMethods->xSync(front_inner(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return front_inner(file)->pMethods->xFileSize(front_inner(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return front_inner(file)->pMethods->xLock(front_inner(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return front_inner(file)->pMethods->xUnlock(front_inner(file), level);
}

static int file_reserved(sqlite3_file *file, int *out)
{
	return front_inner(file)->pMethods->xCheckReservedLock(front_inner(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	return front_inner(file)->pMethods->xFileControl(front_inner(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
	return front_inner(file)->pMethods->xSectorSize(front_inner(file));
}

static int file_traits(sqlite3_file *file)
{
	return front_inner(file)->pMethods->xDeviceCharacteristics(front_inner(file));
}

/* Version 1: no shared memory. The store locks the file exclusively and needs none. */
const sqlite3_io_methods front_methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

int front_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs;
	struct front_file *opened = (struct front_file *)file;
	opened->real = (sqlite3_file *)(void *)(opened + 1);
	opened->data = NULL;
	int code = real->xOpen(real, name, opened->real, flags, out);
	opened->base.pMethods = code == SQLITE_OK ? methods_of_files : NULL;
	return code;
}

sqlite3_vfs *front_real(void)
{
	return real;
}

void front_install(sqlite3_vfs *front, const char *name, const sqlite3_io_methods *methods)
{
	real = sqlite3_vfs_find(NULL);
	methods_of_files = methods;
	*front = *real;
	front->zName = name;
	front->szOsFile = (int)sizeof(struct front_file) + real->szOsFile;
	front->xOpen = front_open;
	front->pNext = NULL;
	sqlite3_vfs_register(front, 1);
}
