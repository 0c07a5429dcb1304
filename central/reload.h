/*
 * What SIGHUP takes over while central runs: reloadable keys of the configuration, the certificate, the dashboard's files.
 * Owns: the configurations that were in force. Does not own: which keys can be reloaded (central_config.h).
 *
 * A part that is broken is told and stays as it was. Main thread only; other threads see a new configuration whole.
 */
#ifndef BELFRY_CENTRAL_RELOAD_H
#define BELFRY_CENTRAL_RELOAD_H

#include "central/central.h"

struct reload;
/* `config_file` NULL = there is none, and the configuration stays. Both must outlive the reload. */
struct reload *reload_new(struct central *central, const char *config_file);
/* At SIGHUP. Logs what it took over and what needs a restart. */
void reload_run(struct reload *reload);
/* Frees the configurations that were put in place: when nobody reads them any more. NULL is fine. */
void reload_free(struct reload *reload);

/* Reads the dashboard's files; logs how it went. */
void reload_web(struct central *central);

#endif
