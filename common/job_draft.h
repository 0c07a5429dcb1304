/*
 * Inside of job*.c only: a definition while it is being checked. Owns: the draft, the rule table's row, how a problem is
 * told. job_rules.c holds the table, job_walk.c walks it, job_fields.c has the fields with rules of their own, job_intern.c
 * what jobs share, job.c makes the job.
 */
#ifndef BELFRY_JOB_DRAFT_H
#define BELFRY_JOB_DRAFT_H

#include "common/job.h"

/* All texts are borrowed from the JSON or the job at hand, except where noted. */
struct job_draft {
	const char *name, *schedule_text, *timezone, *url, *body, *body_regex, *target_agent, *target_selector;
	struct job_header headers[JOB_HEADERS_MAX];
	int n_headers;
	int method;	 /* index into job_methods */
	int jitter;	 /* 1 = full, 2 = none */
	int target_mode; /* enum job_target_mode */
	bool active, body_is_json;
	struct job_policy policy;
	char *body_dump; /* owned: what `body` points to when it is JSON */
	GRegex *regex;	 /* owned until the job takes it */
};

extern const char *const job_methods[];

/* Where a value stands; a chain of these on the stack becomes the JSON pointer. */
struct job_place {
	const struct job_place *up;
	const char *name;
};

struct job_check {
	const char *id;
	bool allow_read_only;
	struct job_problem *problem;
};

enum job_rule_kind {
	RULE_TEXT,   /* const char *: min to max bytes, no control characters */
	RULE_INT,    /* int */
	RULE_MS,     /* int64_t */
	RULE_REAL,   /* double */
	RULE_BOOL,   /* bool */
	RULE_WORD,   /* int: 1 + index of the word */
	RULE_TIME,   /* struct wall, cut to milliseconds */
	RULE_OBJECT, /* members */
	RULE_CUSTOM  /* read and write */
};

struct job_rule {
	const char *name;
	enum job_rule_kind kind;
	size_t offset; /* in struct job_draft */
	double min, max;
	double fallback; /* default of numbers, switches and words; JOB_UNSET = depends on other fields */
	const char *fallback_text;
	const char *const *words;
	const struct job_rule *members; /* ends with a NULL name */
	bool (*read)(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft);
	json_t *(*write)(const struct job_draft *draft, bool mask_secrets);
};
#define JOB_UNSET (-1)

/* Fills the check's problem and returns false. The sentence is "name: reason". */
bool job_check_fail(struct job_check *check, const struct job_place *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* "a string", "an array" ... for messages. */
const char *job_json_type(const json_t *value);
/* The user's text for a message: quoted, control characters escaped, cut. Caller frees. */
char *job_quote(const char *text);
/* A string without NUL of at most `max` bytes, else a problem. */
bool job_read_text(struct job_check *check, const struct job_place *at, const json_t *value, size_t min, size_t max,
		   const char **ret);
/* RFC 3339, cut to milliseconds, and the way back; WALL_NONE is null. */
bool job_read_time(struct job_check *check, const struct job_place *at, const json_t *value, struct wall *ret);
json_t *job_time_to_json(struct wall time);
bool job_has_control(const char *text);

/* job_walk.c: one table over a draft. `at` is NULL for the definition itself. */
bool job_walk_read(struct job_check *check, const struct job_place *at, const struct job_rule *rules,
		   const json_t *json, struct job_draft *draft);
void job_walk_defaults(const struct job_rule *rules, struct job_draft *draft);
json_t *job_walk_write(const struct job_rule *rules, const struct job_draft *draft, bool mask_secrets);

/* What the API adds when it shows a job; an edited job that was read before may carry them back. Ends with NULL. */
extern const char *const job_read_only_names[];

/* job_rules.c: reads a whole definition into a zeroed draft. Cross-field rules included, schedule excepted. */
bool job_draft_read(struct job_check *check, const json_t *json, struct job_draft *draft);
json_t *job_draft_write(const struct job_draft *draft, bool mask_secrets);
void job_draft_done(struct job_draft *draft);

/* job_fields.c: rows of kind RULE_CUSTOM. */
bool job_read_url(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft);
bool job_read_headers(struct job_check *check, const struct job_place *at, const json_t *value,
		      struct job_draft *draft);
bool job_read_body(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft);
bool job_read_regex(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft);
bool job_read_statuses(struct job_check *check, const struct job_place *at, const json_t *value,
		       struct job_draft *draft);
bool job_read_retry_on(struct job_check *check, const struct job_place *at, const json_t *value,
		       struct job_draft *draft);
bool job_read_skip_at(struct job_check *check, const struct job_place *at, const json_t *value,
		      struct job_draft *draft);
json_t *job_write_url(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_headers(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_body(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_regex(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_statuses(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_retry_on(const struct job_draft *draft, bool mask_secrets);
json_t *job_write_skip_at(const struct job_draft *draft, bool mask_secrets);
bool job_read_count(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft);
json_t *job_write_count(const struct job_draft *draft, bool mask_secrets);

/* job_intern.c: what jobs share, counted. */
struct job_timetable *job_timetable_get(const char *text, const char *zone, const char *id, GError **error);
void job_timetable_release(struct job_timetable *table);
const struct job_policy *job_policy_get(const struct job_policy *policy);
void job_policy_release(const struct job_policy *policy);

#endif
