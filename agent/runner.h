/*
 * The runner, seen from the core: starts attempts, tells once how each ended. Owns: this contract, what ends there are. Does
 * not own: how a request is made; the daemon's runner is runner_pool.c (one or more of runner_http.c: libcurl multi on
 * libevent), the simulator's is tests/sim/sim_target.c.
 *
 * Loop thread only. The runner never queues: whatever start() is given goes out at once; admission limits are the core's
 * business (admission.c).
 */
#ifndef BELFRY_AGENT_RUNNER_H
#define BELFRY_AGENT_RUNNER_H

#include "common/clock.h"
#include "common/execution.h"
#include "common/job.h"

enum attempt_outcome {
	ATTEMPT_RESPONSE,  /* a complete HTTP response, whatever its status */
	ATTEMPT_CONNECT,   /* nothing was sent: name, connect or TLS handshake failed */
	ATTEMPT_TIMEOUT,   /* timeoutMs passed; the target may have acted */
	ATTEMPT_BROKEN,    /* connection lost or response unreadable after bytes were sent; the target may have acted */
	ATTEMPT_REFUSED,   /* the egress policy or a protocol limit forbids it; trying again is useless */
	ATTEMPT_RESOURCE,  /* no fds, memory or threads here; nothing was sent */
	ATTEMPT_CANCELLED, /* cancel() was called; the target may have acted */
	ATTEMPT_OUTCOME_MAX_
};

struct attempt_result {
	enum attempt_outcome outcome;
	int http_status;             /* 0 = none */
	int64_t retry_after_ms;      /* from Retry-After, seconds or date; -1 = none */
	const char *error;           /* transport's words, NULL = none; valid during the call */
	const char *body;            /* up to RESPONSE_BODY_MAX bytes, may hold NUL; NULL = none; valid during the call */
	size_t body_size;
	const char *body_digest;     /* hex SHA-256 or NULL; valid during the call */
	struct wall started_at;      /* when the request was handed to the transport */
	struct wall finished_at;
	int64_t duration_us;         /* monotonic */
	struct attempt_timing timing;
};

/*
 * One try at an execution. Owned by the core, stable in memory from start() until the result was reported.
 * What the runner needs to fill templates and headers: Idempotency-Key is the execution id, the default body is
 * {"jobId","scheduledTime","executionTime","executionId","attempt"}.
 */
struct attempt {
	struct job *job;          /* definition in force at this attempt; the attempt holds a reference */
	struct fire_id id;
	struct wall scheduled_at;
	enum fire_cause cause;
	int number;               /* 1 = first */
	int64_t timeout_ms;       /* 0 = the job's own; less where the time for all attempts is nearly over */
	void *runner_data;        /* the runner's own, NULL at start() */
};

static inline int64_t attempt_timeout_ms(const struct attempt *attempt)
{
	return attempt->timeout_ms > 0 ? attempt->timeout_ms : attempt->job->policy->timeout_ms;
}

struct runner {
	void *context;
	/* Never fails and never calls back synchronously: also a refusal is reported later through report. */
	void (*start)(void *context, struct attempt *attempt);
	/* Ends it soon; the result (CANCELLED, or what happened first) is still reported exactly once. */
	void (*cancel)(void *context, struct attempt *attempt);
};

#endif
