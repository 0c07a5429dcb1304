/*
 * The life of one fire. Every change of state goes through fire_set_state(), which knows the allowed ones; what a fire
 * owes to its job (slots, lists) is taken and given back here, so that no other file can forget it.
 */
#include "agent/core_internal.h"

#include <stdarg.h>
#include <time.h>

#include "agent/redact.h"

#define LEAST_ATTEMPT_MS 100

static const struct fire_transition {
	enum fire_state from, to;
	const char *sentence;
} fire_transitions[] = {
	{ FIRE_PLANNED, FIRE_ARMED, "its intent is durable" },
	{ FIRE_PLANNED, FIRE_WITHDRAWN, "its job was edited, paused or deleted before it came due" },
	{ FIRE_PLANNED, FIRE_DECIDED, "its job was deleted or paused, or it came due while the agent was stopped and is not made up" },
	{ FIRE_ARMED, FIRE_HELD, "an earlier run of its job is still going" },
	{ FIRE_ARMED, FIRE_READY, "it is due" },
	{ FIRE_ARMED, FIRE_DECIDED, "it is due and may not run" },
	{ FIRE_ARMED, FIRE_WITHDRAWN, "its job was edited, paused or deleted before it came due" },
	{ FIRE_ARMED, FIRE_BACKOFF, "the last life of the agent had failed an attempt already" },
	{ FIRE_HELD, FIRE_READY, "the earlier run ended" },
	{ FIRE_HELD, FIRE_DECIDED, "a later run took its place, or its job was deleted or paused" },
	{ FIRE_READY, FIRE_RUNNING, "it was admitted" },
	{ FIRE_READY, FIRE_DECIDED, "its job was deleted or paused, or a later run took its place" },
	{ FIRE_RUNNING, FIRE_RETRYING, "the attempt failed and another one is due" },
	{ FIRE_RUNNING, FIRE_DECIDED, "the attempt settled it" },
	{ FIRE_RETRYING, FIRE_BACKOFF, "the attempt count is durable" },
	{ FIRE_RETRYING, FIRE_DECIDED, "its job was deleted, or a later run took its place" },
	{ FIRE_BACKOFF, FIRE_READY, "the backoff is over" },
	{ FIRE_BACKOFF, FIRE_DECIDED, "its job was deleted, or a later run took its place" },
};

const char *fire_state_name(enum fire_state state)
{
	static const char *const names[FIRE_STATE_MAX_] = { "planned", "armed", "held", "ready", "running",
							     "retrying", "backoff", "decided", "withdrawn" };
	return state < FIRE_STATE_MAX_ ? names[state] : "?";
}

bool fire_may_move(enum fire_state from, enum fire_state to)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fire_transitions); i++)
		if (fire_transitions[i].from == from && fire_transitions[i].to == to)
			return true;
	return false;
}

void fire_set_state(struct core *core, struct fire *fire, enum fire_state state)
{
	g_assert(fire_may_move(fire->state, state));
	core->in_state[fire->state]--;
	core->in_state[state]++;
	fire->state = state;
}

const char *fire_clock_text(const struct core *core, struct wall t, char buffer[static FIRE_CLOCK_SIZE])
{
	time_t seconds = (time_t)wall_floor_seconds(t), now = (time_t)wall_floor_seconds(core->now);
	struct tm parts, today;
	gmtime_r(&seconds, &parts);
	gmtime_r(&now, &today);
	bool is_today = parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday;
	strftime(buffer, FIRE_CLOCK_SIZE, is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
	return buffer;
}

struct job_runs *fire_runs(struct core *core, struct core_job *job)
{
	(void)core;
	if (job->runs == NULL) {
		job->runs = g_new0(struct job_runs, 1);
		job->runs->job = job;
		job->runs->heap_index = -1;
		job->runs->catch_up_next = WALL_NONE;
		TAILQ_INIT(&job->runs->fires);
		TAILQ_INIT(&job->runs->ready);
		TAILQ_INIT(&job->runs->held);
	}
	return job->runs;
}

struct fire *fire_new(struct core *core, struct core_job *job)
{
	struct fire *fire = TAILQ_FIRST(&core->spare);
	if (fire != NULL) {
		TAILQ_REMOVE(&core->spare, fire, in_job);
		core->spares--;
	} else {
		fire = g_new(struct fire, 1);
	}
	*fire = (struct fire){ .job = job, .state = FIRE_PLANNED, .heap_index = -1 };
	fire->attempt.job = job_ref(job->job);
	fire->armed_at = fire->first_started_at = fire->begun_at = WALL_NONE;
	fire->intent_number = core->state.next_intent_number++;
	struct job_runs *runs = fire_runs(core, job);
	TAILQ_INSERT_TAIL(&runs->fires, fire, in_job);
	runs->live++;
	core->fires++;
	core->in_state[FIRE_PLANNED]++;
	return fire;
}

bool fire_is_unbegun(const struct fire *fire)
{
	bool waits = fire->state == FIRE_PLANNED || fire->state == FIRE_ARMED || fire->state == FIRE_HELD || fire->state == FIRE_READY;
	return waits && fire->attempts == 0 && !fire->maybe_sent;
}

/* The job's live part goes with its last fire, unless its rate limit still has to remember. */
void fire_runs_left(struct core *core, struct core_job *job)
{
	struct job_runs *runs = job->runs;
	if (runs == NULL || runs->live > 0 || runs->parked)
		return;
	if (!job->deleted && job->job->policy->rate_per_second > 0)
		return;
	if (job->backlogs != NULL && !job->deleted)
		return;
	heap_remove(&core->parked_jobs, runs);
	g_free(runs);
	job->runs = NULL;
	if (!job->deleted)
		return;
	core_job_ended(core, job);
	core_job_free(core, job);
}

static void fire_free(struct core *core, struct fire *fire)
{
	struct core_job *job = fire->job;
	struct job_runs *runs = job->runs;
	TAILQ_REMOVE(&runs->fires, fire, in_job);
	runs->live--;
	core->fires--;
	core->in_state[fire->state]--;
	if (fire->attempt.cause == FIRE_CATCH_UP) {
		runs->catch_up_live--;
		core->catch_up_live--;
	}
	job_unref(fire->attempt.job);
	g_clear_pointer(&fire->attempt_log, g_free);
	if (core->spares < SPARE_FIRES) {
		TAILQ_INSERT_HEAD(&core->spare, fire, in_job);
		core->spares++;
	} else {
		g_free(fire);
	}
	fire_runs_left(core, job);
}

void fire_unpin(struct core *core, struct fire *fire)
{
	fire->pins--;
	if (fire->pins == 0 && (fire->state == FIRE_DECIDED || fire->state == FIRE_WITHDRAWN))
		fire_free(core, fire);
}

void fire_arm(struct core *core, struct fire *fire)
{
	fire_set_state(core, fire, FIRE_ARMED);
	heap_set(&core->due, fire, fire->due.us);
}

void fire_resume_backoff(struct core *core, struct fire *fire)
{
	fire_set_state(core, fire, FIRE_ARMED);
	fire_set_state(core, fire, FIRE_BACKOFF);
	fire->begun = true;
	fire->begun_at = core->now;
	fire->job->runs->begun++;
}

/* Gives back what the fire holds of its job and target; the next held one moves up. */
static void leave(struct core *core, struct fire *fire)
{
	struct job_runs *runs = fire->job->runs;
	if (fire->state == FIRE_ARMED)
		heap_remove(&core->due, fire);
	if (fire->state == FIRE_BACKOFF)
		heap_remove(&core->waits, fire);
	if (fire->state == FIRE_READY)
		admission_remove(core, fire);
	if (fire->state == FIRE_HELD) {
		TAILQ_REMOVE(&runs->held, fire, in_queue);
		runs->held_count--;
	}
	if (fire->begun) {
		fire->begun = false;
		runs->begun--;
	}
}

static void next_held(struct core *core, struct core_job *job)
{
	struct job_runs *runs = job->runs;
	int max = job->job->policy->max_concurrent;
	while (runs->held_count > 0 && (max == 0 || runs->begun < max)) {
		struct fire *fire = TAILQ_FIRST(&runs->held);
		TAILQ_REMOVE(&runs->held, fire, in_queue);
		runs->held_count--;
		fire_begin(core, fire);
	}
}

void fire_fill_execution(const struct fire *fire, struct execution *ret)
{
	*ret = (struct execution){
		.id = fire->attempt.id,
		.job_id = g_strdup(fire->attempt.job->id),
		.job_revision = fire->attempt.job->revision,
		.cause = fire->attempt.cause,
		.scheduled_at = fire->attempt.scheduled_at,
		.last_scheduled_at = fire->attempt.scheduled_at,
		.count = 1,
		.armed_at = fire->armed_at,
		.started_at = fire->first_started_at,
		.attempts = fire->attempts,
		.lateness_us = fire->first_lateness_us,
		.timing = { -1, -1, -1, -1, -1 },
	};
}

static void add_result(struct execution *execution, const struct job *job, const struct attempt_result *result)
{
	execution->duration_us = result->duration_us;
	execution->http_status = result->http_status;
	execution->timing = result->timing;
	if (result->error != NULL)
		execution->error = g_utf8_make_valid(result->error, -1);
	if (result->body != NULL && result->body_size > 0)
		execution->response_body = g_utf8_make_valid(result->body, (gssize)MIN(result->body_size, RESPONSE_BODY_MAX));
	if (result->body_digest != NULL)
		execution->response_digest = g_strdup(result->body_digest);
	redact_secrets(job, execution->error, false);
	redact_secrets(job, execution->response_body, result->body_size >= RESPONSE_BODY_MAX);
}

void fire_decide(struct core *core, struct fire *fire, enum execution_status status, const char *reason,
	const struct attempt_result *result)
{
	leave(core, fire);
	struct execution *execution = batch_add_decision(core, fire);
	fire_fill_execution(fire, execution);
	execution->attempt_log = g_steal_pointer(&fire->attempt_log);
	execution->status = status;
	execution->finished_at = result != NULL ? result->finished_at : core->now;
	execution->reason = reason != NULL && reason[0] != '\0' ? g_strdup(reason) : NULL;
	if (result != NULL)
		add_result(execution, fire->attempt.job, result);
	core->stats.decided[status]++;
	fire_set_state(core, fire, FIRE_DECIDED);
	next_held(core, fire->job);
}

void fire_withdraw(struct core *core, struct fire *fire)
{
	leave(core, fire);
	fire_set_state(core, fire, FIRE_WITHDRAWN);
	batch_add_cancel(core, fire);
}

/* concurrency "replace": the newest run wins. Those that are not under way end at once, a running one is cancelled. */
static void replace_earlier(struct core *core, struct fire *newest)
{
	char reason[EXECUTION_REASON_MAX], clock[FIRE_CLOCK_SIZE];
	struct fire *fire, *next;
	g_snprintf(reason, sizeof(reason), "replaced by the run of %s", fire_clock_text(core, newest->attempt.scheduled_at, clock));
	for (fire = TAILQ_FIRST(&newest->job->runs->fires); fire != NULL; fire = next) {
		next = TAILQ_NEXT(fire, in_job);
		if (fire == newest)
			continue;
		if (fire->state == FIRE_RUNNING && !fire->replaced) {
			fire->replaced = true;
			core->runner.cancel(core->runner.context, &fire->attempt);
		} else if (fire->state == FIRE_HELD || fire->state == FIRE_READY) {
			fire_decide(core, fire, fire->attempts > 0 || fire->maybe_sent ? EXECUTION_INTERRUPTED : EXECUTION_SKIPPED,
				    reason, NULL);
		} else if (fire->state == FIRE_BACKOFF || fire->state == FIRE_RETRYING) {
			fire_decide(core, fire, EXECUTION_INTERRUPTED, reason, NULL);
		}
	}
}

static struct wall oldest_begun(const struct job_runs *runs)
{
	const struct fire *fire;
	struct wall oldest = WALL_NEVER;
	TAILQ_FOREACH(fire, &runs->fires, in_job)
		if (fire->begun)
			oldest = wall_min(oldest, wall_is_set(fire->first_started_at) ? fire->first_started_at : fire->begun_at);
	return oldest;
}

static void hold(struct core *core, struct fire *fire)
{
	struct job_runs *runs = fire->job->runs;
	fire_set_state(core, fire, FIRE_HELD);
	TAILQ_INSERT_TAIL(&runs->held, fire, in_queue);
	runs->held_count++;
}

void fire_due(struct core *core, struct fire *fire)
{
	const struct job_policy *policy = fire->job->job->policy;
	struct job_runs *runs = fire->job->runs;
	char reason[EXECUTION_REASON_MAX], clock[FIRE_CLOCK_SIZE];
	if (fire->to_skip) {
		fire_decide(core, fire, EXECUTION_SKIPPED, PLAN_SKIP_REASON, NULL);
		return;
	}
	if (fire->order != 0 && fire->order < fire->job->cancelled_to && !fire->maybe_sent) {
		fire_decide(core, fire, EXECUTION_SKIPPED, "skipped: cancelled before it began", NULL);
		return;
	}
	if (policy->max_concurrent == 0 || runs->begun < policy->max_concurrent) {
		fire_begin(core, fire);
		return;
	}
	if (fire->maybe_sent && policy->concurrency != JOB_REPLACE) {
		hold(core, fire); /* what the target may have seen is not called skipped: it is tried again in its turn */
		return;
	}
	switch (policy->concurrency) {
	case JOB_FORBID:
		g_snprintf(reason, sizeof(reason), "skipped: previous run still going since %s",
			   fire_clock_text(core, oldest_begun(runs), clock));
		fire_decide(core, fire, EXECUTION_SKIPPED, reason, NULL);
		break;
	case JOB_REPLACE:
		replace_earlier(core, fire);
		if (runs->begun < policy->max_concurrent)
			fire_begin(core, fire);
		else
			hold(core, fire);
		break;
	default:
		if (runs->held_count >= policy->queue_max) {
			g_snprintf(reason, sizeof(reason), "skipped: %d runs of this job wait already", runs->held_count);
			fire_decide(core, fire, EXECUTION_SKIPPED, reason, NULL);
		} else {
			hold(core, fire);
		}
		break;
	}
}

void fire_begin(struct core *core, struct fire *fire)
{
	if (!fire->begun) {
		fire->begun = true;
		fire->begun_at = core->now;
		fire->job->runs->begun++;
	}
	admission_push(core, fire);
}

/* All attempts together have retry.maxElapsedMs, the first included; one that was held up still gets a moment. */
static int64_t time_left_ms(const struct core *core, const struct fire *fire)
{
	const struct job_policy *policy = fire->attempt.job->policy;
	if (policy->retry.max_elapsed_ms == 0)
		return policy->timeout_ms;
	int64_t left_ms = policy->retry.max_elapsed_ms;
	if (wall_is_set(fire->first_started_at))
		left_ms -= mono_diff_us(core->mono, fire->first_started_mono) / US_PER_MS;
	return MIN(MAX(left_ms, LEAST_ATTEMPT_MS), policy->timeout_ms);
}

void fire_start(struct core *core, struct fire *fire)
{
	if (fire->attempt.job != fire->job->job) {
		job_unref(fire->attempt.job);
		fire->attempt.job = job_ref(fire->job->job);
	}
	fire->attempt.number = fire->attempts + 1;
	fire->attempt.timeout_ms = time_left_ms(core, fire);
	if (!fire->tried) {
		fire->tried = true;
		fire->tried_at = core->mono;
	}
	fire_set_state(core, fire, FIRE_RUNNING);
	core->stats.attempts++;
	core->runner.start(core->runner.context, &fire->attempt);
}

static void count_lateness(struct core *core, int64_t lateness_us)
{
	double limit_us = 62.5;
	int bucket = 0;
	while (bucket < (int)G_N_ELEMENTS(core->stats.lateness_bucket) - 1 && (double)lateness_us > limit_us) {
		limit_us *= 2;
		bucket++;
	}
	core->stats.lateness_bucket[bucket]++;
	core->stats.lateness_sum_ms += (double)lateness_us / 1000;
}

static void note_first_attempt(struct core *core, struct fire *fire, const struct attempt_result *result)
{
	if (wall_is_set(fire->first_started_at) || !wall_is_set(result->started_at))
		return;
	fire->first_started_at = result->started_at;
	fire->first_started_mono = mono_add_us(core->mono, -result->duration_us);
	/* What is made up was due at its instant, however soon after its turn it is sent. */
	struct wall due = fire->attempt.cause == FIRE_CATCH_UP ? fire->attempt.scheduled_at : fire->due;
	fire->first_lateness_us = MAX(wall_diff_us(result->started_at, due), 0);
	if (fire->attempt.cause == FIRE_SCHEDULE)
		count_lateness(core, fire->first_lateness_us);
}

const char *fire_no_retry_reason(const struct fire *fire)
{
	if (fire->job->deleted && !fire->job->handed_over)
		return "the attempt failed and the job was deleted before the next one";
	if (fire->job->job->policy->type == JOB_ATMOST_ONCE)
		return "the attempt failed and the job became ATMOST_ONCE before the next one";
	return NULL;
}

void core_attempt_done(struct core *core, struct attempt *attempt, const struct attempt_result *result)
{
	struct fire *fire = (struct fire *)attempt;
	struct retry_verdict verdict;
	core_read_clock(core);
	admission_closed(core, fire);
	fire->attempts++;
	fire->sent |= result->outcome != ATTEMPT_CONNECT && result->outcome != ATTEMPT_RESOURCE && result->outcome != ATTEMPT_REFUSED;
	note_first_attempt(core, fire, result);
	struct retry_input input = {
		.job = attempt->job,
		.result = result,
		.attempts = fire->attempts,
		.elapsed_ms = mono_diff_us(core->mono, fire->first_started_mono) / US_PER_MS,
		.random = core_random(core),
		.maybe_sent = fire->sent || fire->maybe_sent,
		.timeout_ms = attempt_timeout_ms(attempt),
	};
	retry_decide(&input, &verdict);
	bool ended = fire->cancelled || fire->replaced;
	fire_note_attempt(fire, result, &verdict, verdict.retry && !ended && fire_no_retry_reason(fire) == NULL);
	if (fire->cancelled && verdict.status != EXECUTION_SUCCESS) {
		fire_decide(core, fire, EXECUTION_INTERRUPTED, cancel_reason(core, fire), result);
	} else if (fire->replaced && verdict.status != EXECUTION_SUCCESS) {
		fire_decide(core, fire, EXECUTION_INTERRUPTED, "cancelled: a later run of this job took its place", result);
	} else if (verdict.retry && fire_no_retry_reason(fire) != NULL) {
		fire_decide(core, fire, EXECUTION_FAILED, fire_no_retry_reason(fire), result);
	} else if (verdict.retry) {
		fire->wake = mono_add_us(core->mono, verdict.delay_ms * US_PER_MS);
		fire_set_state(core, fire, FIRE_RETRYING);
		batch_add_update(core, fire, wall_add_ms(core->now, verdict.delay_ms));
	} else {
		fire_decide(core, fire, verdict.status, verdict.reason, result);
	}
	if (fire->cancelled)
		cancel_settle(core);
	core_turn(core);
}
