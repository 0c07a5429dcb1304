/*
 * Enrolment: a one-time token against an identity of the agent's own. Owns: the exchange with central. Does not own: the
 * key file (agent_key.h).
 */
#ifndef BELFRY_AGENT_ENROLL_H
#define BELFRY_AGENT_ENROLL_H

#include <stdbool.h>

#include <glib.h>

#include "agent/agent_key.h"
#include "agent/central_client.h"

#define ENROLL_REPLY_MAX (64 * 1024)

struct enroll_request {
	const char *state_dir, *central_url, *token, *name;
	struct central_tls tls;
};
/* Asks central and writes the key file. The error is one sentence with what to do. */
bool enroll(const struct enroll_request *request, struct agent_key *ret, GError **error);

#endif
