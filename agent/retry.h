/*
 * What follows from one attempt: the decision, or another try and when. Owns: that rule. Does not own: how the attempt ended
 * (runner.h), the fire's state (fire.c). Pure: no state, no clock; any thread.
 */
#ifndef BELFRY_AGENT_RETRY_H
#define BELFRY_AGENT_RETRY_H

#include "agent/runner.h"

struct retry_input {
	const struct job *job;
	const struct attempt_result *result;
	int attempts;           /* finished so far, this one included */
	int64_t elapsed_ms;     /* since the first attempt started */
	double random;          /* [0, 1), for full jitter */
	bool maybe_sent;        /* an attempt may have reached the target */
	int64_t timeout_ms;     /* that this attempt had */
};

struct retry_verdict {
	bool retry;
	int64_t delay_ms;              /* when retry */
	bool asked;                    /* the delay is what the target asked for */
	enum attempt_end end;          /* how this attempt ended */
	enum execution_status status;  /* when not */
	char reason[EXECUTION_REASON_MAX]; /* "" for plain success */
};

/*
 * Backoff: min(maxBackoffMs, initialBackoffMs * multiplier^(attempts-1)); with full jitter uniform in [0, that] ("Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015). Retry-After wins when it is longer, up to RETRY_AFTER_MAX_MS.
 * ATMOST_ONCE is never tried again. An attempt that lacked local resources is tried again like a failed connect, and
 * ends as skipped (resource) when nothing was sent by any attempt.
 */
#define RETRY_AFTER_MAX_MS (INT64_C(3600) * 1000)
void retry_decide(const struct retry_input *input, struct retry_verdict *ret);

#endif
