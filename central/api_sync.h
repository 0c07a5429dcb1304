/*
 * POST /api/agent/sync (common/wire.h).
 */
#ifndef BELFRY_API_SYNC_H
#define BELFRY_API_SYNC_H

#include "central/http.h"

void api_sync(const struct api_request *request, struct api_reply *reply);

#endif
