/*
 * Handlers: the audit as a list, one entry, and its verification.
 */
#ifndef BELFRY_API_AUDIT_H
#define BELFRY_API_AUDIT_H

#include "central/http.h"

#define AUDIT_LIMIT_DEFAULT 100
#define AUDIT_LIMIT_MAX 1000

void api_audit_list(const struct api_request *request, struct api_reply *reply);
void api_audit_get(const struct api_request *request, struct api_reply *reply);
/* One at a time in this central; others get 429. */
void api_audit_verify(const struct api_request *request, struct api_reply *reply);

#endif
