/*
 * Routes of a job's history: its revisions, what differs between two, going back to one.
 */
#ifndef BELFRY_API_REVISIONS_H
#define BELFRY_API_REVISIONS_H

#include "central/http.h"

#define REVISIONS_LIMIT_DEFAULT 50
#define REVISIONS_LIMIT_MAX 500

void api_revisions_list(const struct api_request *request, struct api_reply *reply);
void api_revisions_get(const struct api_request *request, struct api_reply *reply);
void api_jobs_rollback(const struct api_request *request, struct api_reply *reply);

#endif
