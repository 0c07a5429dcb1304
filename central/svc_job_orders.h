/*
 * Orders about a job to the agents that hold it: run now, cancel. Owns the transaction of order and audit. Does not own how
 * an order reaches its agent (commands).
 */
#ifndef BELFRY_SVC_JOB_ORDERS_H
#define BELFRY_SVC_JOB_ORDERS_H

#include "central/svc_jobs.h"

/* "Run now" at every agent that holds it, or at this one (NULL = all); *ret_agents 0 = it is not held, nothing happened. */
enum job_outcome job_run(const struct job_request *request, const char *agent_id, int *ret_agents,
			 struct job_failure *ret_failure);
/* Ends what runs of it, or this execution only (NULL = all), wherever it may run; *ret_agents as above. */
enum job_outcome job_cancel(const struct job_request *request, const char *execution_id, int *ret_agents,
			    struct job_failure *ret_failure);

#endif
