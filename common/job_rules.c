/*
 * The one table of a job's fields, and the rules between fields. Walked one way (job_walk.c) it checks and reads JSON,
 * walked the other way it writes JSON, so that central, agent and CLI cannot disagree about a definition.
 */
#include "common/job_draft.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/selector.h"
#include "common/tz.h"

#define DAY_MS 86400000.0
#define HOUR_MS 3600000.0
#define AT(member) .offset = offsetof(struct job_draft, member)
#define CUSTOM(what) .kind = RULE_CUSTOM, .read = job_read_##what, .write = job_write_##what

const char *const job_methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL };
static const char *const type_words[] = { "ATLEAST_ONCE", "ATMOST_ONCE", NULL };
static const char *const jitter_words[] = { "full", "none", NULL };
static const char *const concurrency_words[] = { "allow", "forbid", "queue", "replace", NULL };
static const char *const catch_up_words[] = { "all", "latest", "none", NULL };
static const char *const history_words[] = { "all", "failures", "sample", NULL };
static const char *const mode_words[] = { "one", "all", "agent", "count", NULL };
static const char *const failover_words[] = { "after", "never", NULL };

static const struct job_rule retry_rules[] = {
	{ "maxAttempts", RULE_INT, AT(policy.retry.max_attempts), 1, 100, JOB_UNSET },
	{ "initialBackoffMs", RULE_MS, AT(policy.retry.initial_backoff_ms), 0, DAY_MS, 1000 },
	{ "maxBackoffMs", RULE_MS, AT(policy.retry.max_backoff_ms), 0, DAY_MS, 60000 },
	{ "multiplier", RULE_REAL, AT(policy.retry.multiplier), 1, 10, 2 },
	{ "jitter", RULE_WORD, AT(jitter), .fallback = 1, .words = jitter_words },
	{ "maxElapsedMs", RULE_MS, AT(policy.retry.max_elapsed_ms), 0, 7 * DAY_MS, 0 },
	{ "retryOn", CUSTOM(retry_on) },
	{ 0 },
};
static const struct job_rule rate_rules[] = {
	{ "perSecond", RULE_REAL, AT(policy.rate_per_second), 0, 100000, 0 },
	{ "burst", RULE_INT, AT(policy.rate_burst), 1, 100000, 1 },
	{ 0 },
};
static const struct job_rule catch_up_rules[] = {
	{ "policy", RULE_WORD, AT(policy.catch_up), .fallback = JOB_UNSET, .words = catch_up_words },
	{ "maxAgeMs", RULE_MS, AT(policy.catch_up_max_age_ms), 0, 366 * DAY_MS, 3600000 },
	{ "maxCount", RULE_INT, AT(policy.catch_up_max_count), 0, 100000, 1000 },
	{ "spacingMs", RULE_MS, AT(policy.catch_up_spacing_ms), 0, HOUR_MS, 0 },
	{ 0 },
};
static const struct job_rule history_rules[] = {
	{ "policy", RULE_WORD, AT(policy.history), .fallback = JOB_HISTORY_ALL, .words = history_words },
	{ "sampleN", RULE_INT, AT(policy.history_sample_n), 1, JOB_HISTORY_SAMPLE_MAX, 10 },
	{ 0 },
};
static const struct job_rule success_rules[] = {
	{ "statuses", CUSTOM(statuses) },
	{ "bodyRegex", CUSTOM(regex) },
	{ 0 },
};
static const struct job_rule target_rules[] = {
	{ "mode", RULE_WORD, AT(target_mode), .fallback = JOB_TARGET_ONE, .words = mode_words },
	{ "agent", RULE_TEXT, AT(target_agent), 1, JOB_NAME_MAX },
	{ "count", CUSTOM(count) },
	{ "selector", RULE_TEXT, AT(target_selector), 1, SELECTOR_TEXT_MAX },
	{ 0 },
};
static const struct job_rule failover_rules[] = {
	{ "policy", RULE_WORD, AT(policy.failover), .fallback = JOB_FAILOVER_AFTER, .words = failover_words },
	{ "afterMs", RULE_MS, AT(policy.failover_after_ms), 0, DAY_MS, 0 },
	{ 0 },
};
static const struct job_rule job_rules[] = {
	{ "name", RULE_TEXT, AT(name), 1, JOB_NAME_MAX },
	{ "schedule", RULE_TEXT, AT(schedule_text), 1, SCHEDULE_TEXT_MAX },
	{ "timezone", RULE_TEXT, AT(timezone), 1, TZ_NAME_MAX, .fallback_text = "UTC" },
	{ "api", CUSTOM(url) },
	{ "method", RULE_WORD, AT(method), .fallback = 3, .words = job_methods },
	{ "headers", CUSTOM(headers) },
	{ "body", CUSTOM(body) },
	{ "type", RULE_WORD, AT(policy.type), .fallback = JOB_ATLEAST_ONCE, .words = type_words },
	{ "timeoutMs", RULE_MS, AT(policy.timeout_ms), 1, HOUR_MS, 30000 },
	{ "connectTimeoutMs", RULE_MS, AT(policy.connect_timeout_ms), 1, HOUR_MS, 10000 },
	{ "retry", RULE_OBJECT, .members = retry_rules },
	{ "concurrency", RULE_WORD, AT(policy.concurrency), .fallback = JOB_ALLOW, .words = concurrency_words },
	{ "maxConcurrent", RULE_INT, AT(policy.max_concurrent), 0, 10000, JOB_UNSET },
	{ "queueMax", RULE_INT, AT(policy.queue_max), 1, 10000, 100 },
	{ "rateLimit", RULE_OBJECT, .members = rate_rules },
	{ "catchUp", RULE_OBJECT, .members = catch_up_rules },
	{ "jitterMs", RULE_MS, AT(policy.jitter_ms), 0, HOUR_MS, 0 },
	{ "startAt", RULE_TIME, AT(policy.start_at) },
	{ "endAt", RULE_TIME, AT(policy.end_at) },
	{ "skipAt", CUSTOM(skip_at) },
	{ "success", RULE_OBJECT, .members = success_rules },
	{ "history", RULE_OBJECT, .members = history_rules },
	{ "target", RULE_OBJECT, .members = target_rules },
	{ "failover", RULE_OBJECT, .members = failover_rules },
	{ "active", RULE_BOOL, AT(active), .fallback = 1 },
	{ 0 },
};

/* What the API adds when it shows a job; an edited job that was read before may carry them back. */
const char *const job_read_only_names[] = {
	"jobId",      "revision",  "createdAt",	    "updatedAt", "createdBy", "updatedBy",
	"nextFireAt", "nextRunAt", "lastExecution", "agentId",	 "agents",    "assignments",
	"etag",	      "note",	   "notes",	    "status",	 "scheduleText", "state",
	"recent",     "p95Ms",	   "lateSince",	    "held",	 "unknownSince", NULL,
};

/* Defaults that depend on other fields, once all are read. */
static void settle_defaults(struct job_draft *draft)
{
	struct job_policy *policy = &draft->policy;
	bool at_most_once = policy->type == JOB_ATMOST_ONCE;
	if (policy->retry.max_attempts == JOB_UNSET)
		policy->retry.max_attempts = at_most_once ? 1 : 3;
	if ((int)policy->catch_up == JOB_UNSET)
		policy->catch_up = at_most_once ? JOB_CATCH_UP_NONE : JOB_CATCH_UP_ALL;
	if (policy->max_concurrent == JOB_UNSET)
		policy->max_concurrent = policy->concurrency == JOB_ALLOW ? 0 : 1;
	if (policy->n_success == 0) {
		policy->success[0] = (struct job_status_range){ 200, 299 };
		policy->n_success = 1;
	}
	policy->retry.full_jitter = draft->jitter == 1;
}

static bool check_policy(struct job_check *check, const struct job_policy *policy)
{
	struct job_place retry = { NULL, "retry" }, rate = { NULL, "rateLimit" };
	if (policy->type == JOB_ATMOST_ONCE && policy->retry.max_attempts > 1)
		return job_check_fail(check, &(struct job_place){ &retry, "maxAttempts" },
				      "a job of type ATMOST_ONCE is tried once only; leave it out or write 1");
	if (policy->retry.initial_backoff_ms > policy->retry.max_backoff_ms)
		return job_check_fail(check, &(struct job_place){ &retry, "initialBackoffMs" },
				      "is longer than maxBackoffMs (%" PRId64 "); raise that one too",
				      policy->retry.max_backoff_ms);
	if (policy->concurrency != JOB_ALLOW && policy->max_concurrent == 0)
		return job_check_fail(check, &(struct job_place){ NULL, "maxConcurrent" },
				      "0 (no limit) goes with concurrency \"allow\" only");
	if (policy->rate_per_second > 0 && policy->rate_per_second < 0.0001)
		return job_check_fail(check, &(struct job_place){ &rate, "perSecond" },
				      "less than 0.0001 is no rate; use a schedule, or 0 for no limit");
	if (wall_is_set(policy->start_at) && wall_is_set(policy->end_at) &&
	    !wall_before(policy->start_at, policy->end_at))
		return job_check_fail(check, &(struct job_place){ NULL, "endAt" }, "must be later than startAt");
	return true;
}

static bool check_selector(struct job_check *check, const struct job_draft *draft)
{
	struct job_place target = { NULL, "target" }, selector = { &target, "selector" };
	char problem[128];
	if (draft->target_selector == NULL)
		return true;
	if (draft->target_mode == JOB_TARGET_AGENT)
		return job_check_fail(check, &selector, "goes with modes \"one\", \"count\" and \"all\" only; with \"agent\", set it to null");
	json_t *compiled = selector_compile(draft->target_selector, problem, sizeof problem);
	if (compiled == NULL)
		return job_check_fail(check, &selector, "is no selector like env=prod,role in (web,api),!legacy: %s", problem);
	json_decref(compiled);
	return true;
}

static bool check_target(struct job_check *check, const struct job_draft *draft)
{
	struct job_place target = { NULL, "target" }, agent = { &target, "agent" }, count = { &target, "count" };
	if (draft->target_mode == JOB_TARGET_AGENT && draft->target_agent == NULL)
		return job_check_fail(check, &agent, "is required with mode \"agent\": the name of an agent");
	if (draft->target_mode != JOB_TARGET_AGENT && draft->target_agent != NULL)
		return job_check_fail(check, &agent, "goes with mode \"agent\" only; with another, set it to null");
	if (draft->target_mode == JOB_TARGET_COUNT && draft->policy.target_count == 0)
		return job_check_fail(check, &count, "is required with mode \"count\": how many agents run the job");
	if (draft->target_mode != JOB_TARGET_COUNT && draft->policy.target_count != 0)
		return job_check_fail(check, &count, "goes with mode \"count\" only; with another, set it to null");
	return check_selector(check, draft);
}

bool job_draft_read(struct job_check *check, const json_t *json, struct job_draft *draft)
{
	job_walk_defaults(job_rules, draft);
	draft->policy.retry.retry_on = JOB_RETRY_CONNECT | JOB_RETRY_TIMEOUT | JOB_RETRY_429 | JOB_RETRY_5XX;
	if (!job_walk_read(check, NULL, job_rules, json, draft))
		return false;
	if (draft->schedule_text == NULL)
		return job_check_fail(check, &(struct job_place){ NULL, "schedule" },
				      "is required: when to call, like \"*/5 * * * *\"");
	if (draft->url == NULL)
		return job_check_fail(check, &(struct job_place){ NULL, "api" }, "is required: the URL to call");
	settle_defaults(draft);
	return check_policy(check, &draft->policy) && check_target(check, draft);
}

json_t *job_draft_write(const struct job_draft *draft, bool mask_secrets)
{
	return job_walk_write(job_rules, draft, mask_secrets);
}

void job_draft_done(struct job_draft *draft)
{
	free(draft->body_dump);
	g_clear_pointer(&draft->regex, g_regex_unref);
}
