/*
 * `belfry-central audit verify`: the audit against its chain, straight from the database. Owns: its words and exit status.
 * Does not own: the verification (audit_chain.h).
 */
#ifndef BELFRY_AUDIT_COMMAND_H
#define BELFRY_AUDIT_COMMAND_H

#include "central/central_config.h"

/*
 * `head` NULL or "NUMBER:HASH". Says what it found. Exit status: 0 all fits, 1 the database could not be read, 2 `head` is
 * none, 3 an entry was changed, removed or slipped in.
 */
int audit_command_verify(const struct central_config *config, const char *head);

#endif
