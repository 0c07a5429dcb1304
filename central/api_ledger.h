/*
 * The route of the ledger. Owns: its parameters, its pages, its JSON. Does not own: the facts (ledger.h) and the rule
 * (ledger_rule.h).
 */
#ifndef BELFRY_API_LEDGER_H
#define BELFRY_API_LEDGER_H

#include "central/http.h"

#define LEDGER_LIMIT_DEFAULT 100
#define LEDGER_LIMIT_MAX 1000
#define LEDGER_HOURS_DEFAULT 1
#define LEDGER_HOURS_MAX 24         /* of all jobs */
#define LEDGER_HOURS_MAX_JOB (24 * 31) /* of one job */

void api_ledger(const struct api_request *request, struct api_reply *reply); /* GET /api/observability/ledger */

#endif
