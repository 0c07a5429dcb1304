/*
 * Routes for machines that watch central: alive, ready, figures. Owns: what they say. Does not own: the counters
 * (metrics.h). No credential is needed; nothing here tells of jobs.
 */
#ifndef BELFRY_API_HEALTH_H
#define BELFRY_API_HEALTH_H

#include "central/http.h"

void api_healthz(const struct api_request *request, struct api_reply *reply); /* GET /healthz: the process answers */
void api_readyz(const struct api_request *request, struct api_reply *reply);  /* GET /readyz: the database answers, migrated */
void api_metrics(const struct api_request *request, struct api_reply *reply); /* GET /metrics */

#endif
