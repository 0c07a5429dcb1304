#include "tests/unit/faulty_vfs.h"

#include <sqlite3.h>
#include <string.h>

struct faulty_vfs faulty_vfs;

static sqlite3_vfs *real;
static sqlite3_vfs front;

struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_file *inner(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

/* Counts down; from 1 on it fails, `times` times. */
static int strike(int *in)
{
	if (*in == 0 || --*in > 0)
		return 0;
	faulty_vfs.hits++;
	if (faulty_vfs.times > 1) {
		faulty_vfs.times--;
		*in = 1;
	}
	return 1;
}

static int file_close(sqlite3_file *file) { return inner(file)->pMethods->xClose(inner(file)); }
static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
	return inner(file)->pMethods->xRead(inner(file), data, n, at);
}
static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	return strike(&faulty_vfs.write_in) ? faulty_vfs.write_code : inner(file)->pMethods->xWrite(inner(file), data, n, at);
}
static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return inner(file)->pMethods->xTruncate(inner(file), size);
}
static int file_sync(sqlite3_file *file, int flags)
{
	faulty_vfs.syncs++;
	return strike(&faulty_vfs.sync_in) ? faulty_vfs.sync_code : inner(file)->pMethods->xSync(inner(file), flags);
}
static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return inner(file)->pMethods->xFileSize(inner(file), size);
}
static int file_lock(sqlite3_file *file, int lock) { return inner(file)->pMethods->xLock(inner(file), lock); }
static int file_unlock(sqlite3_file *file, int lock) { return inner(file)->pMethods->xUnlock(inner(file), lock); }
static int file_reserved(sqlite3_file *file, int *out)
{
	return inner(file)->pMethods->xCheckReservedLock(inner(file), out);
}
static int file_control(sqlite3_file *file, int op, void *arg)
{
	return inner(file)->pMethods->xFileControl(inner(file), op, arg);
}
static int file_sector(sqlite3_file *file) { return inner(file)->pMethods->xSectorSize(inner(file)); }
static int file_traits(sqlite3_file *file) { return inner(file)->pMethods->xDeviceCharacteristics(inner(file)); }

/* Version 1: no shared memory. The store locks the file exclusively and needs none. */
static const sqlite3_io_methods methods = {
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

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs;
	struct faulty_file *faulty = (struct faulty_file *)file;
	faulty->real = (sqlite3_file *)(void *)(faulty + 1);
	int code = real->xOpen(real, name, faulty->real, flags, out);
	faulty->base.pMethods = code == SQLITE_OK ? &methods : NULL;
	return code;
}

void faulty_vfs_reset(void)
{
	memset(&faulty_vfs, 0, sizeof faulty_vfs);
	faulty_vfs.sync_code = SQLITE_IOERR_FSYNC;
	faulty_vfs.write_code = SQLITE_IOERR_WRITE;
}

void faulty_vfs_install(void)
{
	real = sqlite3_vfs_find(NULL);
	front = *real;
	front.zName = "faulty";
	front.szOsFile = (int)sizeof(struct faulty_file) + real->szOsFile;
	front.xOpen = open_file;
	front.pNext = NULL;
	sqlite3_vfs_register(&front, 1);
	faulty_vfs_reset();
}
