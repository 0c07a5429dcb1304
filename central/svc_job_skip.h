/*
 * Leaving out one due instant of a job: an edit of its skipAt. Owns which instants can be left out. Does not own the edit
 * (svc_jobs).
 */
#ifndef BELFRY_SVC_JOB_SKIP_H
#define BELFRY_SVC_JOB_SKIP_H

#include "central/svc_jobs.h"

/*
 * Adds a due instant that is still to come to skipAt; one that is there already changes nothing. What is no such instant
 * is JOB_INVALID at /scheduledAt. So is every instant of @every: its agent counts them from when it heard of the job,
 * which is not known here to the second.
 */
enum job_outcome job_skip(const struct job_request *request, struct wall scheduled_at, struct job_record *ret,
			  struct job_failure *ret_failure);

#endif
