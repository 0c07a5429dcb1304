/*
 * Routes of enrolment: one-time tokens, the exchange of one for an agent's key, an agent's next key. Owns: their bodies and
 * JSON. Does not own: the rules (svc_agents.h).
 */
#ifndef BELFRY_API_ENROLMENT_H
#define BELFRY_API_ENROLMENT_H

#include "central/http.h"

#define ENROLMENT_TOKENS_SHOWN 1000 /* the newest */

void api_agent_token(const struct api_request *request, struct api_reply *reply);        /* POST /api/agents/tokens */
void api_agent_token_list(const struct api_request *request, struct api_reply *reply);   /* GET /api/agents/tokens */
void api_agent_token_delete(const struct api_request *request, struct api_reply *reply); /* DELETE /api/agents/tokens/:tokenId */
void api_agent_rotate(const struct api_request *request, struct api_reply *reply);       /* POST /api/agent/rotate */
void api_agent_enrol(const struct api_request *request, struct api_reply *reply);        /* POST /api/agent/enroll */

#endif
