/*
 * Routes of browser sessions: logging in and out, one-time links, the own password. Owns: their bodies and JSON. Does not
 * own: the rules (svc_sessions.h, svc_accounts.h), the cookie (admit.h).
 */
#ifndef BELFRY_API_SESSION_H
#define BELFRY_API_SESSION_H

#include "central/http.h"

void api_session_create(const struct api_request *request, struct api_reply *reply);   /* POST /api/session: name and password, or a link */
void api_session_get(const struct api_request *request, struct api_reply *reply);      /* GET /api/session */
void api_session_delete(const struct api_request *request, struct api_reply *reply);   /* DELETE /api/session */
void api_session_password(const struct api_request *request, struct api_reply *reply); /* POST /api/session/password */
void api_session_link(const struct api_request *request, struct api_reply *reply);     /* POST /api/session/links */

#endif
