/*
 * Routes that show agents: lists, one, what of its records could not be read. Owns: their parameters and JSON. Does not own:
 * statements (db_agents.h), how an agent looks (agent_view.h), changes (api_fleet.h), enrolment (api_enrolment.h).
 */
#ifndef BELFRY_API_AGENTS_H
#define BELFRY_API_AGENTS_H

#include "central/http.h"

#define AGENTS_LIMIT_DEFAULT 100
#define AGENTS_LIMIT_MAX 1000
#define AGENT_STREAMS_SHOWN 10 /* the newest, of one agent */
#define AGENT_EVENTS_SHOWN 20  /* likewise */
#define ENROL_BODY_MAX 4096
#define TOKEN_BYTES_MAX 128    /* of a one-time token */

/* The agent's id from the path; anything that is no UUID is an agent that does not exist: the problem is in the reply. */
const char *api_agent_id(const struct api_request *request, struct api_reply *reply);

void api_agent_list(const struct api_request *request, struct api_reply *reply);       /* GET /api/agents */
void api_agent_get(const struct api_request *request, struct api_reply *reply);        /* GET /api/agents/:agentId */
void api_agent_quarantine(const struct api_request *request, struct api_reply *reply); /* GET /api/agents/:agentId/quarantine */

#endif
