/*
 * How a job is shown and how a merge patch changes JSON. Owns: the members that a job has beside its definition. Does not
 * own: the definition's JSON and what is secret in it (common/job.h). Pure: no database, no clock; any thread.
 */
#ifndef BELFRY_JOB_VIEW_H
#define BELFRY_JOB_VIEW_H

#include "central/svc_jobs.h"

/* The first due instant after `now`, false when there is none (paused, over, @reboot). Jitter is not in it. */
bool job_next_fire(const struct job *job, struct wall created_at, struct wall now, struct wall *ret);
/* The complete job for readers: secrets masked, with createdAt, updatedAt, nextFireAt. */
json_t *job_record_to_json(const struct job_record *record, struct wall now);

/* A definition of the job's history, complete and masked; a new reference. */
json_t *job_definition_to_json(const char *job_id, int64_t revision, const char *definition);

/* RFC 7396: `target` changed by `patch`; a new reference. */
json_t *json_merge_patch(const json_t *target, const json_t *patch);

#endif
