/*
 * The route of what the dashboard has to know of this installation. Owns: which settings are told. Does not own: the settings
 * (central_config.h).
 */
#ifndef BELFRY_API_SETTINGS_H
#define BELFRY_API_SETTINGS_H

#include "central/http.h"

void api_settings(const struct api_request *request, struct api_reply *reply); /* GET /api/settings */

#endif
