/*
 * Routes of single jobs: parse and render. Owns: their bodies and ETags, the words of refusals. Does not own: the
 * rules (svc_jobs.h, svc_job_skip.h, svc_job_orders.h), how a job looks (job_view.h), lists (api_job_list.c; its route is
 * declared here), the history (api_revisions.h).
 */
#ifndef BELFRY_API_JOBS_H
#define BELFRY_API_JOBS_H

#include "central/http.h"
#include "central/svc_jobs.h"

#define JOBS_LIMIT_DEFAULT 100
#define JOBS_LIMIT_MAX 500

/* Whose wish it is, about the job in the path. */
struct job_request api_jobs_request(const struct api_request *request);
/* 200 with the job and its ETag, or the problem; clears both. */
void api_jobs_reply(struct api_reply *reply, enum job_outcome outcome, struct job_record *record,
		    struct job_failure *failure);

void api_jobs_create(const struct api_request *request, struct api_reply *reply); /* POST /api/jobs */
void api_jobs_list(const struct api_request *request, struct api_reply *reply);   /* GET /api/jobs */
void api_jobs_get(const struct api_request *request, struct api_reply *reply);    /* GET /api/jobs/:jobId */
void api_jobs_put(const struct api_request *request, struct api_reply *reply);    /* PUT /api/jobs/:jobId */
void api_jobs_patch(const struct api_request *request, struct api_reply *reply);  /* PATCH /api/jobs/:jobId */
void api_jobs_delete(const struct api_request *request, struct api_reply *reply); /* DELETE /api/jobs/:jobId */
void api_jobs_pause(const struct api_request *request, struct api_reply *reply);  /* POST /api/jobs/:jobId/actions/pause */
void api_jobs_resume(const struct api_request *request, struct api_reply *reply); /* POST .../actions/resume */
void api_jobs_skip(const struct api_request *request, struct api_reply *reply);   /* POST .../actions/skip */
void api_jobs_run(const struct api_request *request, struct api_reply *reply);    /* POST .../actions/run */
void api_jobs_cancel(const struct api_request *request, struct api_reply *reply); /* POST .../actions/cancel */

#endif
