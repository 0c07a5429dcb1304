/*
 * GET /api/agent/news: an agent asks between two syncs whether to come at once.
 */
#ifndef BELFRY_API_NEWS_H
#define BELFRY_API_NEWS_H

#include "central/http.h"

void api_news(const struct api_request *request, struct api_reply *reply);

#endif
