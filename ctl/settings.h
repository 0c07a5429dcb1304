/*
 * Where central is and with what token: options, environment, ~/.config/belfry/belfry.conf, in this order.
 * Owns: that file and the token file beside it, which `belfry login` writes.
 */
#ifndef BELFRY_CTL_SETTINGS_H
#define BELFRY_CTL_SETTINGS_H

#include "common/config.h"
#include "ctl/call.h"

#define SETTINGS_URL "http://127.0.0.1:3001" /* when nothing else is said */
#define TOKEN_MAX 4096                      /* bytes of a token file */

/* The keys of the file, also for its man page. */
extern const struct config_row settings_rows[];

struct settings {
	char *url;   /* without a slash at the end */
	char *token; /* NULL = none */
	char *ca;    /* NULL = the system's */
	int64_t timeout_ms;
};

/* EXIT_OK, or a sentence is said and its status returned. */
int settings_load(const struct call *call, struct settings *ret);
void settings_clear(struct settings *settings);

/* Writes the token file (mode 0600) and the configuration that names it; says where. Returns an exit status. */
int settings_save(const struct call *call, const struct settings *settings);

/* One line of a file, "-" = stdin; NULL with a sentence said. Caller frees. */
char *settings_read_secret(const char *path);

#endif
