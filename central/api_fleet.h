/*
 * Routes by which people change agents. Owns: their bodies and JSON. Does not own: the rules (svc_fleet.h).
 */
#ifndef BELFRY_API_FLEET_H
#define BELFRY_API_FLEET_H

#include "central/http.h"

void api_agent_patch(const struct api_request *request, struct api_reply *reply);        /* PATCH /api/agents/:agentId */
void api_agent_drain(const struct api_request *request, struct api_reply *reply);        /* POST /api/agents/:agentId/actions/drain */
void api_agent_undrain(const struct api_request *request, struct api_reply *reply);      /* POST .../actions/undrain */
void api_agent_rotate_order(const struct api_request *request, struct api_reply *reply); /* POST .../actions/rotate */
void api_agent_revoke(const struct api_request *request, struct api_reply *reply);       /* POST .../actions/revoke */
void api_agent_forget(const struct api_request *request, struct api_reply *reply);       /* POST .../actions/forget */
void api_fleet_rebalance(const struct api_request *request, struct api_reply *reply);    /* POST /api/agents/actions/rebalance */

#endif
