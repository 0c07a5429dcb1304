/*
 * Routes of the audit: a list, one entry, its verification. Owns: their parameters and JSON. Does not own: the rows
 * (db_audit.h), the chain (audit_chain.h).
 */
#ifndef BELFRY_API_AUDIT_H
#define BELFRY_API_AUDIT_H

#include "central/http.h"

#define AUDIT_LIMIT_DEFAULT 100
#define AUDIT_LIMIT_MAX 1000

void api_audit_list(const struct api_request *request, struct api_reply *reply); /* GET /api/audit */
void api_audit_get(const struct api_request *request, struct api_reply *reply);  /* GET /api/audit/:auditId */
/* GET /api/audit/verify. Reads the whole chain: one at a time in this central, others get 429. */
void api_audit_verify(const struct api_request *request, struct api_reply *reply);

#endif
