/*
 * `belfry-central serve`: the life of the daemon from listening to a clean stop. Owns: the making and the end of all parts
 * (central.h), the signals. Does not own: what they do.
 */
#ifndef BELFRY_SERVE_H
#define BELFRY_SERVE_H

#include "central/central_config.h"

#define SERVE_STOP_S 4 /* a stop that takes longer is cut short: nothing is lost, what was not committed was not acked */

/*
 * Returns the process' exit status after SIGTERM or SIGINT, or at once with 1 when it cannot start. Without a database
 * it starts all the same, answers 503, and goes to work when the database comes. SIGHUP reads `config_file` (NULL = none)
 * again; see reload.h.
 */
int central_serve(const struct central_config *config, const char *config_file);

#endif
