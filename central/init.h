/*
 * `belfry-central init`: migrates, and makes the first admin token and the first admin who can log in. Owns: its words and
 * the files it writes. Does not own: the schema (migrate.h), tokens (svc_auth.h), accounts (svc_accounts.h).
 */
#ifndef BELFRY_INIT_H
#define BELFRY_INIT_H

#include <glib.h>

#include "central/central_config.h"

struct init_wish {
	const char *token_file;    /* NULL = no token */
	const char *admin;         /* name of an account; NULL = none */
	const char *password_file; /* NULL = its password is typed at a terminal, or the first line of standard input */
	bool force;
};

/*
 * Writes a new admin token to `token_file` (mode 0600). When the file holds a valid admin token already, nothing
 * changes. When admins exist but the file holds no token of one, makes another only with `force`. Then makes the account
 * `admin`, unless there is one of this name; with `password_file` the password is made up and written there (0600).
 * Says on stdout what it did. False with `error`: one sentence with what to do; what was done before it stays, and another
 * call goes on from there.
 */
bool central_init(const struct central_config *config, const struct init_wish *wish, GError **error);

#endif
