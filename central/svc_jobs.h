/*
 * The rules of jobs: who may change what into what. Owns create, edit, delete, run; each is one transaction that writes
 * row, history, audit and placement together. Does not own JSON's outer form (api_jobs) or statements (db_jobs).
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

/* All: `*ret` is filled on JOB_DONE only. A job_id that is no UUID is DB_NOT_FOUND. `if_match` NULL = no condition. */
enum job_outcome job_create(struct db_pool *pool, const struct author *author, json_t *definition,
			    struct job_record *ret, struct job_failure *ret_failure);
/* The row as it is, definition unread. */
enum db_status job_read_row(struct db_pool *pool, const char *job_id, struct job_row *ret);
/* An edit that changes nothing keeps the revision. */
enum job_outcome job_replace(struct db_pool *pool, const struct author *author, const char *job_id,
			     const char *if_match, const json_t *definition, struct job_record *ret,
			     struct job_failure *ret_failure);
enum job_outcome job_merge(struct db_pool *pool, const struct author *author, const char *job_id, const char *if_match,
			   const json_t *patch, struct job_record *ret, struct job_failure *ret_failure);
enum job_outcome job_set_active(struct db_pool *pool, const struct author *author, const char *job_id,
				const char *if_match, bool active, struct job_record *ret,
				struct job_failure *ret_failure);
enum job_outcome job_delete(struct db_pool *pool, const struct author *author, const char *job_id, const char *if_match,
			    struct job_failure *ret_failure);
/* The definition of an earlier revision becomes the next one. A revision that there is not: failure.problem /revision. */
enum job_outcome job_rollback(struct db_pool *pool, const struct author *author, const char *job_id,
			      const char *if_match, int64_t revision, struct job_record *ret,
			      struct job_failure *ret_failure);
/*
 * Adds a due instant that is still to come to skipAt; one that is there already changes nothing. What is no such instant
 * is JOB_INVALID at /scheduledAt. So is every instant of @every: its agent counts them from when it heard of the job,
 * which is not known here to the second.
 */
enum job_outcome job_skip(struct db_pool *pool, const struct author *author, const char *job_id, const char *if_match,
			  struct wall scheduled_at, struct job_record *ret, struct job_failure *ret_failure);
/* "Run now" at every agent that holds it, or at this one (NULL = all); *ret_agents 0 = it is not held, nothing happened. */
enum job_outcome job_run(struct db_pool *pool, const struct author *author, const char *job_id, const char *agent_id,
			 int *ret_agents, struct job_failure *ret_failure);
/* Ends what runs of it, or this execution only (NULL = all), wherever it may run; *ret_agents as above. */
enum job_outcome job_cancel(struct db_pool *pool, const struct author *author, const char *job_id,
			    const char *execution_id, int *ret_agents, struct job_failure *ret_failure);

#endif
