#include "tests/unit/faulty_vfs.h"

#include <string.h>

#include "tests/unit/front_vfs.h"

struct faulty_vfs faulty_vfs;

static sqlite3_vfs front;
static sqlite3_io_methods methods;

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

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	return strike(&faulty_vfs.write_in) ? faulty_vfs.write_code : front_methods.xWrite(file, data, n, at);
}

static int file_sync(sqlite3_file *file, int flags)
{
	faulty_vfs.syncs++;
	return strike(&faulty_vfs.sync_in) ? faulty_vfs.sync_code : front_methods.xSync(file, flags);
}

void faulty_vfs_reset(void)
{
	memset(&faulty_vfs, 0, sizeof faulty_vfs);
	faulty_vfs.sync_code = SQLITE_IOERR_FSYNC;
	faulty_vfs.write_code = SQLITE_IOERR_WRITE;
}

void faulty_vfs_install(void)
{
	methods = front_methods;
	methods.xWrite = file_write;
	methods.xSync = file_sync;
	front_install(&front, "faulty", &methods);
	faulty_vfs_reset();
}
