/*
 * One action on many jobs. Owns: what "changed" means and how it is told. Does not own: which jobs are meant (job_query.h).
 * Each job is a transaction of its own, with its history and audit, exactly as if it had been asked for alone (svc_jobs). A
 * broken connection ends the walk: what was done is done, and doing it again changes nothing more.
 */
#ifndef BELFRY_SVC_BULK_H
#define BELFRY_SVC_BULK_H

#include "central/db_job_list.h"
#include "central/svc_jobs.h"

#define BULK_IDS_MAX 1000     /* named one by one */
#define BULK_MATCHES_MAX 10000 /* found by a filter */
#define BULK_SAMPLE_MAX 20
#define BULK_FAILURES_MAX 100 /* told; the rest is counted */

enum bulk_action { BULK_PAUSE, BULK_RESUME, BULK_RUN, BULK_DELETE, BULK_ACTIONS_ };
bool bulk_action_parse(const char *name, enum bulk_action *ret);

struct bulk_job { char job_id[UUID_SIZE]; char *name; bool active; };
struct bulk_failure { char job_id[UUID_SIZE]; char *detail; };

struct bulk_result {
	GArray *jobs;     /* struct bulk_job: what matched */
	GArray *failures; /* struct bulk_failure */
	int64_t changed, unchanged, failed;
};
void bulk_result_clear(struct bulk_result *result);

/* Live jobs among `ids` (texts, valid UUIDs); the others are failures. Fills a zeroed result. */
enum db_status bulk_find(struct db_pool *pool, GPtrArray *ids, struct bulk_result *ret);
/* Counts what the action would change. */
void bulk_foresee(enum bulk_action action, struct bulk_result *result);
/* Does it. DB_OK also when single jobs failed; else the status that ended the walk. */
enum db_status bulk_do(struct db_pool *pool, const struct author *author, enum bulk_action action,
		       struct bulk_result *result);
/* "3 of 5 jobs are paused now; 2 were already." Caller frees. */
char *bulk_sentence(enum bulk_action action, const struct bulk_result *result, bool dry_run);

#endif
