/*
 * The route of an agent's sync: bytes to a message and back (common/wire.h). Owns: the statuses by which an agent is
 * refused or told to come later. Does not own: what a sync does (svc_sync.h), how many are let in (admission.h).
 */
#ifndef BELFRY_API_SYNC_H
#define BELFRY_API_SYNC_H

#include "central/http.h"

void api_sync(const struct api_request *request, struct api_reply *reply); /* POST /api/agent/sync */

#endif
