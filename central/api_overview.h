/*
 * The route of the whole on one screen. Owns: its JSON. Does not own: the counts (db_overview.h), for how long a reply is
 * good (kept_text.h).
 */
#ifndef BELFRY_API_OVERVIEW_H
#define BELFRY_API_OVERVIEW_H

#include "central/http.h"

void api_overview(const struct api_request *request, struct api_reply *reply); /* GET /api/observability/overview */

#endif
