/*
 * Handlers: Browser sessions: logging in and out, one-time links, the own password.
 */
#ifndef BELFRY_API_SESSION_H
#define BELFRY_API_SESSION_H

#include "central/http.h"

void api_session_create(const struct api_request *request, struct api_reply *reply);
void api_session_get(const struct api_request *request, struct api_reply *reply);
void api_session_delete(const struct api_request *request, struct api_reply *reply);
void api_session_password(const struct api_request *request, struct api_reply *reply);
void api_session_link(const struct api_request *request, struct api_reply *reply);

#endif
