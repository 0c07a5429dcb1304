/*
 * The job: its definition as people write it, checked in one place for central, agent and CLI.
 * Owns: struct job, limits, the one table that validates, JSON in both directions. Does not own: storage, placement.
 *
 * JSON -> job_parse() -> struct job (immutable, ref-counted) -> job_to_json(). Any thread.
 */
#ifndef BELFRY_JOB_H
#define BELFRY_JOB_H

#include <glib.h>
#include <jansson.h>

#include "common/clock.h"
#include "common/execution.h"
#include "common/schedule.h"

#define JOB_NAME_MAX 128
#define JOB_URL_MAX 2048
#define JOB_METHOD_MAX 16
#define JOB_HEADERS_MAX 32
#define JOB_HEADER_NAME_MAX 128
#define JOB_HEADER_VALUE_MAX 2048
#define JOB_BODY_MAX (64 * 1024)
#define JOB_REGEX_MAX 256
#define JOB_REGEX_LIMIT "(*LIMIT_MATCH=10000)"
#define JOB_STATUS_RANGES_MAX 8
#define JOB_SKIPS_MAX 8
#define JOB_HISTORY_SAMPLE_MAX 1000000
#define JOB_TARGET_COUNT_MAX 1000 /* agents of mode count */
#define JOB_JSON_DEPTH_MAX 32
#define JOB_JSON_MAX (256 * 1024) /* bytes of one definition */

enum job_type { JOB_ATLEAST_ONCE = 1, JOB_ATMOST_ONCE = 2 };
enum job_concurrency { JOB_ALLOW = 1, JOB_FORBID, JOB_QUEUE, JOB_REPLACE };
enum job_catch_up { JOB_CATCH_UP_ALL = 1, JOB_CATCH_UP_LATEST, JOB_CATCH_UP_NONE };
/* Which executions central keeps one by one; its sums count all. Bad ones are always kept. */
enum job_history_policy { JOB_HISTORY_ALL = 1, JOB_HISTORY_FAILURES, JOB_HISTORY_SAMPLE };
enum job_target_mode { JOB_TARGET_ONE = 1, JOB_TARGET_ALL, JOB_TARGET_AGENT, JOB_TARGET_COUNT };
enum job_failover { JOB_FAILOVER_AFTER = 1, JOB_FAILOVER_NEVER };
enum job_retry_on { JOB_RETRY_CONNECT = 1, JOB_RETRY_TIMEOUT = 2, JOB_RETRY_429 = 4, JOB_RETRY_5XX = 8 };

struct job_header { char *name, *value; };
struct job_status_range { int16_t low, high; };

struct job_retry {
	int max_attempts;           /* 1-100; default 3, 1 and nothing else for ATMOST_ONCE */
	int64_t initial_backoff_ms; /* default 1000 */
	int64_t max_backoff_ms;     /* default 60000 */
	double multiplier;          /* 1-10, default 2 */
	bool full_jitter;           /* "jitter": "full" (default) or "none" */
	int64_t max_elapsed_ms;     /* of all attempts together: none begins later, one under way is ended; 0 = no limit (default) */
	unsigned retry_on;          /* job_retry_on bits; default all four */
};

/* When a job is due: equal schedules and zones are one object. Valid as long as a job that has it. */
struct job_timetable {
	struct schedule *schedule;
	const char *text;           /* as it was written */
	const char *zone;           /* default "UTC" */
	const char *seed;           /* the job's id where the text uses H, else "" */
	int refs;
	bool forgotten;             /* job_forget_schedules() */
};

/* Numbers and switches only: equal policies of a million jobs are one object. Valid as long as a job that has it. */
struct job_policy {
	enum job_type type;
	int64_t timeout_ms;         /* one attempt, 1-3600000, default 30000 */
	int64_t connect_timeout_ms; /* default 10000 */
	struct job_retry retry;
	enum job_concurrency concurrency; /* default allow */
	int max_concurrent;         /* runs of this job at once: default 1 for forbid, queue and replace; 0 = no limit for allow */
	int queue_max;              /* concurrency queue: fires that may wait, default 100 */
	double rate_per_second;     /* 0 = no limit */
	int rate_burst;             /* default 1 */
	enum job_catch_up catch_up; /* default all for ATLEAST_ONCE, none for ATMOST_ONCE */
	int64_t catch_up_max_age_ms; /* default 3600000 */
	int catch_up_max_count;     /* default 1000 */
	int64_t catch_up_spacing_ms; /* default 0 */
	enum job_history_policy history; /* default all */
	int history_sample_n;       /* policy sample: one of so many, default 10 */
	int64_t jitter_ms;          /* send up to that much later, deterministic per job and agent; default 0, max 3600000 */
	struct wall start_at, end_at; /* WALL_NONE = open; due instants lie in [start_at, end_at) */
	struct job_status_range success[JOB_STATUS_RANGES_MAX]; /* default 200-299 */
	int n_success;
	struct wall skip_at[JOB_SKIPS_MAX]; /* due instants that are to be skipped */
	int n_skip_at;
	int target_count;           /* mode count: how many agents run it; 0 with other modes */
	enum job_failover failover; /* modes one and count: does another agent take over when its agent falls silent? */
	int64_t failover_after_ms;  /* silence that it takes; 0 = central's offline_after_ms (default) */
};

/*
 * A parsed, valid job. Built by job_parse() only. Fields are read-only after that: strings and headers lie behind the
 * struct in one block, or are shared with other jobs (timetable, policy, method); a simple job takes about 150 bytes.
 * JSON names: jobId, revision, name, schedule, timezone, api, method, headers, body, type, timeoutMs, connectTimeoutMs,
 * retry{maxAttempts,initialBackoffMs,maxBackoffMs,multiplier,jitter,maxElapsedMs,retryOn[]}, concurrency, maxConcurrent,
 * queueMax, rateLimit{perSecond,burst}, catchUp{policy,maxAgeMs,maxCount,spacingMs}, jitterMs, startAt, endAt,
 * skipAt["2026-11-23T12:00:00Z",..], success{statuses["200-299",..],bodyRegex}, history{policy,sampleN},
 * target{mode,agent,count,selector}, failover{policy,afterMs}, active.
 */
struct job {
	char *id;                     /* "" before central has given one */
	int64_t revision;             /* grows with every edit; 0 before the first */
	char *name;                   /* default: the URL's host and path */
	struct job_timetable *timetable; /* shared */
	char *url;                    /* "api" */
	char *method;                 /* default "POST" */
	struct job_header *headers;
	char *body;                   /* NULL = the default body (design.md section 6). A JSON string is sent as its text, any other JSON value as JSON */
	GRegex *body_regex;           /* NULL = none; made with JOB_REGEX_LIMIT in front, so that no pattern can hang */
	const struct job_policy *policy; /* shared */
	char *target_agent;           /* mode agent */
	char *target_selector;        /* common/selector.h; NULL = every agent */
	int refs;                     /* atomic */
	uint8_t n_headers;
	enum job_target_mode target_mode : 8;
	bool active;
	bool body_is_json;
};

/* What is wrong with a definition: a JSON pointer (RFC 6901) and a sentence. */
struct job_problem {
	char *pointer; /* "/retry/maxAttempts", "" = the whole document */
	char *detail;
};

/*
 * Checks and builds. `id` and `revision` are given by the caller (central or the file name); in the JSON "jobId",
 * "revision", "createdAt", "updatedAt" and other read-only members are ignored when `allow_read_only`, else refused as
 * unknown. Returns NULL and fills *ret_problem (caller: job_problem_clear) with the first problem in document order.
 */
struct job *job_parse(const json_t *json, const char *id, int64_t revision, bool allow_read_only, struct job_problem *ret_problem);
void job_problem_clear(struct job_problem *problem);

/* A definition as a database keeps it, by job_parse() with its read-only members ignored; NULL when it cannot be read. */
struct job *job_parse_stored(const char *text, const char *id, int64_t revision);
/* Takes out of an object what the API adds when it shows a job: ids, revision, times, figures. */
void job_json_strip_read_only(json_t *json);

struct job *job_ref(struct job *job);
void job_unref(struct job *job);

/*
 * Jobs with equal schedule and zone share one struct schedule. After tz_reload(): job_forget_schedules(), so that jobs
 * made from now on read their zone anew; then job_renew() each job: a new object, equal but for its schedule. When the
 * zone can no longer be read, job_renew() returns a new reference to the job as it was.
 */
void job_forget_schedules(void);
struct job *job_renew(struct job *job);

/* The full definition with all defaults written out. `mask_secrets`: values of secret headers become JOB_SECRET_MASK. */
#define JOB_SECRET_MASK "********"
json_t *job_to_json(const struct job *job, bool mask_secrets);
/* The same definition without what a job has by default, for storage: job_parse() reads it back to an equal job, and several
 * times faster. Secrets are written out. */
json_t *job_to_short_json(const struct job *job);
/* Names like Authorization, Cookie, or with token, secret, password or key in them. */
bool job_header_is_secret(const char *name);
/* In an edit, a masked value means "keep what is stored": copies secrets of `old` into `json` where the mask stands. */
void job_json_restore_secrets(json_t *json, const struct job *old);

bool job_id_is_valid(const char *id);

#endif
