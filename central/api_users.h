/*
 * Handlers: People's accounts, for admins.
 */
#ifndef BELFRY_API_USERS_H
#define BELFRY_API_USERS_H

#include "central/http.h"

void api_users_list(const struct api_request *request, struct api_reply *reply);
void api_users_create(const struct api_request *request, struct api_reply *reply);
void api_users_patch(const struct api_request *request, struct api_reply *reply);
void api_users_delete(const struct api_request *request, struct api_reply *reply);

#endif
