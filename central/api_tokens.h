/*
 * Routes about people's tokens. Owns: their bodies and JSON. Does not own: the rules (svc_auth.h). A token is told once, when
 * it is made.
 */
#ifndef BELFRY_API_TOKENS_H
#define BELFRY_API_TOKENS_H

#include "central/http.h"

#define TOKEN_TTL_MIN_MS INT64_C(1000)
#define TOKEN_TTL_MAX_MS INT64_C(315360000000) /* ten years */

void api_tokens_create(const struct api_request *request, struct api_reply *reply); /* POST /api/tokens */
void api_tokens_list(const struct api_request *request, struct api_reply *reply);   /* GET /api/tokens */
void api_tokens_revoke(const struct api_request *request, struct api_reply *reply); /* DELETE /api/tokens/:tokenId */

#endif
