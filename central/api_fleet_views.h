/*
 * Routes that show the fleet at work: who holds a job, and when agents were silent or busy. Owns: the choice of the
 * timeline's steps, their JSON. Does not own: who holds what (assign.h), who is silent (failover.h).
 */
#ifndef BELFRY_API_FLEET_VIEWS_H
#define BELFRY_API_FLEET_VIEWS_H

#include "central/http.h"

#define ASSIGNMENTS_SHOWN 1000
#define TIMELINE_LIMIT_DEFAULT 50
#define TIMELINE_LIMIT_MAX 200
#define TIMELINE_BARS_MAX 120 /* about */
#define TIMELINE_MINUTES_MAX_HOURS 24 /* longer ones have steps of hours */
#define TIMELINE_RANGE_MAX_DAYS 31

void api_job_assignments(const struct api_request *request, struct api_reply *reply); /* GET /api/jobs/:jobId/assignments */
void api_fleet_timeline(const struct api_request *request, struct api_reply *reply);  /* GET /api/observability/timeline */

#endif
