/*
 * Job definitions on this side of the wire: files, --set, what is read-only. Owns: the reading of them. Does not own: what is
 * valid, which central says. Pure but for reading files.
 */
#ifndef BELFRY_CTL_DEFINITION_H
#define BELFRY_CTL_DEFINITION_H

#include <jansson.h>

#include "ctl/call.h"

#define DEFINITION_FILE_MAX (64 * 1024 * 1024) /* bytes */

/* One JSON document of a file, "-" = stdin. NULL with a sentence said. */
json_t *definition_read(const char *path);

/* Sets "retry.maxAttempts" in an object; `text` is JSON if it reads as such, else a string. False: the path is none. */
bool definition_set(json_t *definition, const char *path, const char *text);

/* All --set of a call. An exit status. */
int definition_take_sets(const struct call *call, json_t *definition);

#endif
