/*
 * `belfry-central init`: migrates and makes the first admin token.
 */
#ifndef BELFRY_INIT_H
#define BELFRY_INIT_H

#include <glib.h>

#include "central/central_config.h"

/*
 * Writes a new admin token to `token_file` (mode 0600). When the file holds a valid admin token already, nothing
 * changes. When admin tokens exist but the file holds none, makes another only with `force`. Says on stdout what it did.
 */
bool central_init(const struct central_config *config, const char *token_file, bool force, GError **error);

#endif
