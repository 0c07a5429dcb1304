/*
 * An SQLite VFS that stands in front of the real one and passes everything on: what the disks that fail on demand
 * (faulty_vfs.h) and that forget (power_loss_vfs.h) have in common. Test code only. Such a disk takes the methods here,
 * replaces the few it wants to answer itself, and becomes the default:
 *
 *	static sqlite3_vfs front;
 *	static sqlite3_io_methods methods;
 *	static int file_sync(sqlite3_file *file, int flags) { return front_inner(file)->pMethods->xSync(...); }
 *	...
 *	methods = front_methods;
 *	methods.xSync = file_sync;
 *	front_install(&front, "name", &methods);
 */
#ifndef BELFRY_TEST_FRONT_VFS_H
#define BELFRY_TEST_FRONT_VFS_H

#include <sqlite3.h>

/* What SQLite has for an open file; the real file's own memory lies behind it. */
struct front_file {
	sqlite3_file base;
	sqlite3_file *real;
	void *data; /* the front's own, NULL at first */
};

extern const sqlite3_io_methods front_methods;

sqlite3_file *front_inner(sqlite3_file *file);
/* The xOpen of a front; one that replaces it calls it. */
int front_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out);
/* The VFS behind the front. */
sqlite3_vfs *front_real(void);
/*
 * Makes `front` the default VFS, in front of the one that was it; one front in a process. `front` and `methods`, those of
 * every file that is opened, live as long as the process. Afterwards front->xOpen, front->xDelete and so on may be replaced.
 */
void front_install(sqlite3_vfs *front, const char *name, const sqlite3_io_methods *methods);

#endif
