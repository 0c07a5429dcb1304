/*
 * Routes about people's accounts, for admins. Owns: their bodies and JSON. Does not own: the rules (svc_accounts.h).
 */
#ifndef BELFRY_API_USERS_H
#define BELFRY_API_USERS_H

#include "central/http.h"

void api_users_list(const struct api_request *request, struct api_reply *reply);   /* GET /api/users */
void api_users_create(const struct api_request *request, struct api_reply *reply); /* POST /api/users */
void api_users_patch(const struct api_request *request, struct api_reply *reply);  /* PATCH /api/users/:userName */
void api_users_delete(const struct api_request *request, struct api_reply *reply); /* DELETE /api/users/:userName */

#endif
