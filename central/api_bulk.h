/*
 * The route for one action on many jobs. Owns: its body and JSON. Does not own: which jobs are meant (job_query.h), what is
 * done to each and what a dry run is (svc_bulk.h).
 */
#ifndef BELFRY_API_BULK_H
#define BELFRY_API_BULK_H

#include "central/http.h"

#define BULK_BODY_MAX (64 * 1024)

void api_bulk_jobs(const struct api_request *request, struct api_reply *reply); /* POST /api/bulk/jobs */

#endif
