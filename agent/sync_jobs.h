/*
 * The job set on its way from central to the core: parts of a snapshot, and the check that both sides hold the same. Owns:
 * which part is expected, when all is asked for anew. Does not own: the set (core), the messages (common/wire.h).
 *
 * Per reply with 200: sync_jobs_change(); when that gave nothing and no more parts come, sync_jobs_check(). Pure: no thread,
 * no clock of its own.
 */
#ifndef BELFRY_AGENT_SYNC_JOBS_H
#define BELFRY_AGENT_SYNC_JOBS_H

#include "agent/core.h"

#define SYNC_SNAPSHOT_PAUSE_MS 60000 /* between two snapshots asked for because of a difference that stays */

struct sync_jobs {
	GHashTable *keep_ids;   /* ids named by a snapshot so far; NULL = none is under way */
	bool want_snapshot;     /* ask with revision 0 */
	bool left_out;          /* jobs of the last snapshot or since could not be parsed: the sets differ for good */
	struct mono asked_at;   /* when a snapshot was last asked for; 0 = never */
};
void sync_jobs_init(struct sync_jobs *jobs);
void sync_jobs_done(struct sync_jobs *jobs);

/* What to apply, or NULL when the reply brings nothing. `refused`: how many jobs of it could not be parsed. */
struct job_change *sync_jobs_change(struct sync_jobs *jobs, const struct sync_reply *reply, guint refused);

/*
 * After a reply that brought nothing: do we hold what central thinks? `revision` and `digest` are the agent's own, as sent.
 * True when they differ and a snapshot will be asked for.
 */
bool sync_jobs_check(struct sync_jobs *jobs, const struct sync_reply *reply, int64_t revision, uint64_t digest, struct mono now);

#endif
