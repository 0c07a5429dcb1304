/*
 * A temporary folder of one test: g_dir_make_tmp() before it, folder_remove() after it. Owns: the end of it.
 */
#ifndef BELFRY_TESTS_FOLDER_H
#define BELFRY_TESTS_FOLDER_H

#include <glib/gstdio.h>

/* Removes it with the files in it, and frees the name. It has no folders within. */
static inline void folder_remove(char *folder)
{
	g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
	for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_remove(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

#endif
