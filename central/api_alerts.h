/*
 * Routes of what is overdue and of what could not be taken.
 */
#ifndef BELFRY_API_ALERTS_H
#define BELFRY_API_ALERTS_H

#include "central/http.h"

#define ALERTS_LIMIT_DEFAULT 100
#define ALERTS_LIMIT_MAX 1000

void api_alerts_late(const struct api_request *request, struct api_reply *reply);
void api_quarantine(const struct api_request *request, struct api_reply *reply);

#endif
