/*
 * Routes of what is overdue and of what could not be taken. Owns: their parameters, cursors and JSON. Does not own: what
 * counts as overdue (late.h), the quarantine (db_quarantine.h), failures (api_observability.h).
 */
#ifndef BELFRY_API_ALERTS_H
#define BELFRY_API_ALERTS_H

#include "central/http.h"

#define ALERTS_LIMIT_DEFAULT 100
#define ALERTS_LIMIT_MAX 1000

void api_alerts_late(const struct api_request *request, struct api_reply *reply); /* GET /api/observability/alerts/late */
void api_quarantine(const struct api_request *request, struct api_reply *reply);  /* GET /api/observability/quarantine */

#endif
