/*
 * Enrolment: a one-time token against an identity of the agent's own. Owns: the key file <state_dir>/agent.key.
 */
#ifndef BELFRY_AGENT_ENROLL_H
#define BELFRY_AGENT_ENROLL_H

#include <stdbool.h>

#include <glib.h>

#include "agent/central_client.h"

#define ENROLL_REPLY_MAX (64 * 1024)
#define ENROLL_TOKEN_MAX 512

/* GKeyFile text with group [agent] and the keys id, key, name, central; mode 0600. */
struct agent_key {
	char *id;   /* UUID */
	char *key;  /* base64url */
	char *name; /* as central knows it */
};
bool agent_key_load(const char *state_dir, struct agent_key *ret, GError **error);
void agent_key_clear(struct agent_key *key);
bool agent_key_exists(const char *state_dir);

struct enroll_request {
	const char *state_dir, *central_url, *token, *name;
	struct central_tls tls;
};
/* Asks central and writes the key file. The error is one sentence with what to do. */
bool enroll(const struct enroll_request *request, struct agent_key *ret, GError **error);

#endif
