/*
 * Routes of jobs: parse and render; the rules are in svc_jobs.
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

void api_jobs_create(const struct api_request *request, struct api_reply *reply);
void api_jobs_list(const struct api_request *request, struct api_reply *reply);
void api_jobs_get(const struct api_request *request, struct api_reply *reply);
void api_jobs_put(const struct api_request *request, struct api_reply *reply);
void api_jobs_patch(const struct api_request *request, struct api_reply *reply);
void api_jobs_delete(const struct api_request *request, struct api_reply *reply);
void api_jobs_pause(const struct api_request *request, struct api_reply *reply);
void api_jobs_resume(const struct api_request *request, struct api_reply *reply);
void api_jobs_skip(const struct api_request *request, struct api_reply *reply);
void api_jobs_run(const struct api_request *request, struct api_reply *reply);
void api_jobs_cancel(const struct api_request *request, struct api_reply *reply);

#endif
