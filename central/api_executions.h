/*
 * Routes that read executions. Owns: their parameters and cursors. Does not own: the scan and its budget (db_executions.h),
 * how an execution looks (execution_view.h).
 */
#ifndef BELFRY_API_EXECUTIONS_H
#define BELFRY_API_EXECUTIONS_H

#include "central/http.h"

#define EXECUTIONS_LIMIT_DEFAULT 100
#define EXECUTIONS_OF_JOB_DEFAULT 5
#define EXECUTIONS_LIMIT_MAX 1000

/* GET /api/executions: all, newest first; filters and keyset pages. A page may hold fewer than `limit`, even none, and
 * still name a next cursor (db_executions.h). */
void api_executions_list(const struct api_request *request, struct api_reply *reply);
/* GET /api/executions/:jobId: the last ones of one job, deleted jobs too. */
void api_executions_of_job(const struct api_request *request, struct api_reply *reply);
/* GET /api/executions/:jobId/:executionId: one, with its attempts and its doubles at other agents. */
void api_executions_get(const struct api_request *request, struct api_reply *reply);

#endif
