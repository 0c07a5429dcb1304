/*
 * The route that tells why a job ran or did not around an instant. Owns: the collecting of facts, its JSON. Does not own: the
 * rule (why.h).
 */
#ifndef BELFRY_API_WHY_H
#define BELFRY_API_WHY_H

#include "central/http.h"

#define WHY_HOLDERS_MAX 20 /* agents that are spoken of, silent ones first */

void api_jobs_why(const struct api_request *request, struct api_reply *reply); /* GET /api/jobs/:jobId/why */

#endif
