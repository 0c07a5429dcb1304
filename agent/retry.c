#include "agent/retry.h"

#include <glib.h>
#include <math.h>

/* Did the response satisfy the job's `success` rule? On false *ret_reason is a static sentence or NULL (status). */
static bool is_success(const struct job *job, const struct attempt_result *result, const char **ret_reason)
{
	*ret_reason = NULL;
	if (result->outcome != ATTEMPT_RESPONSE)
		return false;
	bool in_range = false;
	for (int i = 0; i < job->policy->n_success && !in_range; i++)
		in_range = result->http_status >= job->policy->success[i].low &&
			   result->http_status <= job->policy->success[i].high;
	if (!in_range)
		return false;
	if (job->body_regex == NULL)
		return true;
	if (g_regex_match_full(job->body_regex, result->body != NULL ? result->body : "",
			       (gssize)result->body_size, 0, 0, NULL, NULL))
		return true;
	*ret_reason = "the response body does not match success.bodyRegex";
	return false;
}

static bool worth_trying(const struct job *job, const struct attempt_result *result)
{
	unsigned on = job->policy->retry.retry_on;
	switch (result->outcome) {
	case ATTEMPT_RESPONSE:
		if (result->http_status == 429)
			return (on & JOB_RETRY_429) != 0;
		return result->http_status >= 500 && (on & JOB_RETRY_5XX) != 0;
	case ATTEMPT_CONNECT:
	case ATTEMPT_RESOURCE:
	case ATTEMPT_BROKEN:
		return (on & JOB_RETRY_CONNECT) != 0;
	case ATTEMPT_TIMEOUT:
		return (on & JOB_RETRY_TIMEOUT) != 0;
	case ATTEMPT_REFUSED:
	case ATTEMPT_CANCELLED:
	case ATTEMPT_OUTCOME_MAX_:
		break;
	}
	return false;
}

static enum attempt_end end_of(const struct attempt_result *result, bool body_at_fault)
{
	static const enum attempt_end ends[ATTEMPT_OUTCOME_MAX_] = {
		[ATTEMPT_RESPONSE] = ATTEMPT_END_STATUS,   [ATTEMPT_CONNECT] = ATTEMPT_END_CONNECT,
		[ATTEMPT_TIMEOUT] = ATTEMPT_END_TIMEOUT,   [ATTEMPT_BROKEN] = ATTEMPT_END_BROKEN,
		[ATTEMPT_REFUSED] = ATTEMPT_END_REFUSED,   [ATTEMPT_RESOURCE] = ATTEMPT_END_RESOURCE,
		[ATTEMPT_CANCELLED] = ATTEMPT_END_CANCELLED,
	};
	return body_at_fault ? ATTEMPT_END_BODY : ends[result->outcome];
}

static int64_t backoff_ms(const struct job_retry *retry, int attempts, double random)
{
	double ms = (double)retry->initial_backoff_ms * pow(retry->multiplier, attempts - 1);
	if (!(ms < (double)retry->max_backoff_ms))
		ms = (double)retry->max_backoff_ms;
	return (int64_t)(retry->full_jitter ? ms * random : ms);
}

static void describe(const struct retry_input *input, const char *success_reason, struct retry_verdict *ret)
{
	const struct attempt_result *result = input->result;
	const char *error = result->error != NULL ? result->error : "no details";
	char what[EXECUTION_REASON_MAX / 2];
	ret->status = EXECUTION_FAILED;
	switch (result->outcome) {
	case ATTEMPT_RESPONSE:
		if (success_reason != NULL)
			g_strlcpy(what, success_reason, sizeof(what));
		else
			g_snprintf(what, sizeof(what), "the target answered %d", result->http_status);
		break;
	case ATTEMPT_CONNECT:
		g_snprintf(what, sizeof(what), "could not connect: %s", error);
		break;
	case ATTEMPT_TIMEOUT:
		ret->status = EXECUTION_TIMEOUT;
		g_snprintf(what, sizeof(what), "no answer within %" G_GINT64_FORMAT " ms", input->timeout_ms);
		break;
	case ATTEMPT_BROKEN:
		g_snprintf(what, sizeof(what), "the connection broke after the request was sent, the target may have acted: %s",
			   error);
		break;
	case ATTEMPT_REFUSED:
		g_snprintf(what, sizeof(what), "refused: %s", error);
		break;
	case ATTEMPT_RESOURCE:
		ret->status = input->maybe_sent ? EXECUTION_FAILED : EXECUTION_SKIPPED;
		g_snprintf(what, sizeof(what), "resource: this host could not start the request: %s", error);
		break;
	default:
		ret->status = EXECUTION_INTERRUPTED;
		g_strlcpy(what, "cancelled", sizeof(what));
		break;
	}
	if (input->attempts > 1)
		g_snprintf(ret->reason, sizeof(ret->reason), "%s (%d attempts)", what, input->attempts);
	else
		g_strlcpy(ret->reason, what, sizeof(ret->reason));
}

void retry_decide(const struct retry_input *input, struct retry_verdict *ret)
{
	const struct job_policy *policy = input->job->policy;
	const char *success_reason;
	*ret = (struct retry_verdict){ 0 };
	if (is_success(input->job, input->result, &success_reason)) {
		ret->status = EXECUTION_SUCCESS;
		ret->end = ATTEMPT_END_SUCCESS;
		return;
	}
	ret->end = end_of(input->result, success_reason != NULL);
	int64_t delay_ms = backoff_ms(&policy->retry, input->attempts, input->random);
	bool asked = input->result->retry_after_ms > delay_ms;
	if (asked)
		delay_ms = MIN(input->result->retry_after_ms, RETRY_AFTER_MAX_MS);
	bool in_time = policy->retry.max_elapsed_ms == 0 || input->elapsed_ms + delay_ms <= policy->retry.max_elapsed_ms;
	if (policy->type == JOB_ATLEAST_ONCE && input->attempts < policy->retry.max_attempts && in_time &&
	    worth_trying(input->job, input->result)) {
		ret->retry = true;
		ret->delay_ms = delay_ms;
		ret->asked = asked;
		return;
	}
	describe(input, success_reason, ret);
}
