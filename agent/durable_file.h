/*
 * Small files that must survive a power cut: written beside, synced, renamed, the folder synced (rename(2), fsync(2)). Owns:
 * that order. Does not own: what is in them. Any thread; two writers of one file must not meet.
 */
#ifndef BELFRY_AGENT_DURABLE_FILE_H
#define BELFRY_AGENT_DURABLE_FILE_H

#include <stdbool.h>

#include <glib.h>

/*
 * Replaces the file as a whole, mode 0600; written by root it belongs to the user whose folder it is in. After a crash there is
 * the old one or the new one. False: which of the two is there is not known, and the error says what failed.
 */
bool durable_file_write(const char *path, const char *text, GError **error);
/* Makes renames in the directory durable. */
bool durable_directory_sync(const char *directory, GError **error);

#endif
