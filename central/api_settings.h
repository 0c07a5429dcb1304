/*
 * Handlers: What the dashboard has to know of this installation.
 */
#ifndef BELFRY_API_SETTINGS_H
#define BELFRY_API_SETTINGS_H

#include "central/http.h"

void api_settings(const struct api_request *request, struct api_reply *reply);

#endif
