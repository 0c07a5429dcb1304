/*
 * Routes about schedules alone: what one means and when it is due, the zones there are. Owns: their parameters and JSON.
 * Does not own: the words (common/schedule_explain.h). No database.
 */
#ifndef BELFRY_API_SCHEDULES_H
#define BELFRY_API_SCHEDULES_H

#include "central/http.h"

#define PREVIEW_COUNT_DEFAULT 10
#define PREVIEW_COUNT_MAX 100

void api_schedules_preview(const struct api_request *request, struct api_reply *reply); /* POST /api/schedules/preview */
void api_schedules_zones(const struct api_request *request, struct api_reply *reply);   /* GET /api/schedules/zones */

#endif
