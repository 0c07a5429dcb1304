/*
 * A disk that fails on demand: an SQLite VFS in front of the real one. Test code only; set the counts while the store's
 * thread is idle.
 */
#ifndef BELFRY_TEST_FAULTY_VFS_H
#define BELFRY_TEST_FAULTY_VFS_H

struct faulty_vfs {
	int sync_in, write_in; /* the n-th fsync or write from now fails, 1 = the next; 0 = none does */
	int sync_code, write_code;
	int times;             /* how many in a row fail from then on; 0 = one */
	int hits;              /* failures so far */
	int syncs;             /* fsyncs so far */
};
extern struct faulty_vfs faulty_vfs;

/* Becomes the default VFS. */
void faulty_vfs_install(void);
void faulty_vfs_reset(void);

#endif
