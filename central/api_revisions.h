/*
 * Routes of a job's history: its revisions, what differs between two, going back to one. Owns: their parameters and JSON.
 * Does not own: the rows (db_revisions.h), the difference (json_diff.h), the edit that going back is (svc_jobs.h).
 */
#ifndef BELFRY_API_REVISIONS_H
#define BELFRY_API_REVISIONS_H

#include "central/http.h"

#define REVISIONS_LIMIT_DEFAULT 50
#define REVISIONS_LIMIT_MAX 500

void api_revisions_list(const struct api_request *request, struct api_reply *reply); /* GET /api/jobs/:jobId/revisions */
void api_revisions_get(const struct api_request *request, struct api_reply *reply);  /* GET /api/jobs/:jobId/revisions/:revision */
void api_jobs_rollback(const struct api_request *request, struct api_reply *reply);  /* POST /api/jobs/:jobId/actions/rollback */

#endif
