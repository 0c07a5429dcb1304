/*
 * Enrolment: a one-time token against an identity of the agent's own. Owns: the exchange with central (POST
 * /api/agent/enroll). Does not own: the key file (agent_key.h). Blocks; for the command `belfry-agent enroll`, before any
 * other thread.
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
/*
 * Asks central and writes the key file; *ret is the caller's to clear. The error is one sentence with what to do. When the
 * answer or the file is lost the token is used up all the same, and another one is needed.
 */
bool enroll(const struct enroll_request *request, struct agent_key *ret, GError **error);

#endif
