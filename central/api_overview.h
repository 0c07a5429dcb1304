/*
 * The route of the whole on one screen.
 */
#ifndef BELFRY_API_OVERVIEW_H
#define BELFRY_API_OVERVIEW_H

#include "central/http.h"

void api_overview(const struct api_request *request, struct api_reply *reply);

#endif
