/*
 * The rules of jobs: who may change what into what. Owns create, edit, delete; each is one transaction that writes row,
 * history, audit and placement together. Does not own JSON's outer form (api_jobs), statements (db_jobs), leaving out an
 * instant (svc_job_skip) or orders to agents (svc_job_orders).
 *
 * The definition is kept as its author wrote it, so that a default stays a default: PATCH merges on that, and a job that
 * never said maxAttempts can change its type without tripping over a number nobody chose. What reads is always complete.
 */
#ifndef BELFRY_SVC_JOBS_H
#define BELFRY_SVC_JOBS_H

#include "central/db_audit.h"
#include "central/db_jobs.h"

/* A job with its row; job is NULL when the stored definition is no longer valid (a time zone that is gone). */
struct job_record {
	struct job_row row;
	struct job *job;
	struct job_problem problem; /* why job is NULL */
	bool held;                  /* after job_create() and edits: an agent has it; false = none fits it yet */
};
void job_record_clear(struct job_record *record);
/* Fills job, or problem, from the row. */
void job_record_parse(struct job_record *record);

enum job_outcome {
	JOB_DONE,
	JOB_INVALID, /* failure.problem */
	JOB_STALE,   /* If-Match named another revision */
	JOB_FULL,    /* skipAt holds all it can */
	JOB_DB_FAILED /* failure.status */
};
struct job_failure {
	enum db_status status;
	struct job_problem problem;
};
void job_failure_clear(struct job_failure *failure);

/* What is asked for of which job, and by whom. */
struct job_request {
	struct db_pool *pool;
	struct author author;
	const char *job_id;   /* one that is no UUID is DB_NOT_FOUND; job_create() makes its own */
	const char *if_match; /* NULL = no condition */
};

/* All: `*ret` is filled on JOB_DONE only. */
enum job_outcome job_create(const struct job_request *request, json_t *definition, struct job_record *ret,
			    struct job_failure *ret_failure);
/* The row as it is, definition unread. */
enum db_status job_read_row(struct db_pool *pool, const char *job_id, struct job_row *ret);
/* The row with its definition read. */
enum job_outcome job_read(const struct job_request *request, struct job_record *ret, struct job_failure *ret_failure);
/* An edit that changes nothing keeps the revision. */
enum job_outcome job_replace(const struct job_request *request, const json_t *definition, struct job_record *ret,
			     struct job_failure *ret_failure);
enum job_outcome job_merge(const struct job_request *request, const json_t *patch, struct job_record *ret,
			   struct job_failure *ret_failure);
/* The same, called `action` in history and audit. */
enum job_outcome job_merge_as(const struct job_request *request, const char *action, const json_t *patch,
			      struct job_record *ret, struct job_failure *ret_failure);
enum job_outcome job_set_active(const struct job_request *request, bool active, struct job_record *ret,
				struct job_failure *ret_failure);
enum job_outcome job_delete(const struct job_request *request, struct job_failure *ret_failure);
/* The definition of an earlier revision becomes the next one. A revision that there is not: failure.problem /revision. */
enum job_outcome job_rollback(const struct job_request *request, int64_t revision, struct job_record *ret,
			      struct job_failure *ret_failure);

/* For what is said of a job elsewhere (svc_job_skip, svc_job_orders): JOB_DB_FAILED, JOB_INVALID. */
enum job_outcome job_db_failed(struct job_failure *ret_failure, enum db_status status);
enum job_outcome job_invalid(struct job_failure *ret_failure, const char *pointer, const char *detail);

#endif
