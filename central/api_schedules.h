/*
 * Routes about schedules alone: what one means and when it is due, the zones there are. No database.
 */
#ifndef BELFRY_API_SCHEDULES_H
#define BELFRY_API_SCHEDULES_H

#include "central/http.h"

#define PREVIEW_COUNT_DEFAULT 10
#define PREVIEW_COUNT_MAX 100

void api_schedules_preview(const struct api_request *request, struct api_reply *reply);
void api_schedules_zones(const struct api_request *request, struct api_reply *reply);

#endif
