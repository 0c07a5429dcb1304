/*
 * Placement: which agent holds which job. Owns: the rows of `assignment`, and `set_revision` and `set_digest` of
 * `agent`. Does not own: jobs (svc_jobs), agents (svc_agents), telling the agents (svc_sync).
 *
 * Both calls run inside the caller's transaction, after the caller wrote its row, and leave commit to it; any thread.
 * On a status other than DB_OK the caller rolls back.
 *
 *   mode all     every agent that is not revoked; target key = agent id
 *   mode agent   the agent of that name; nobody until it enrols; target key ''
 *   mode one     the present holder stays; without one, the agent with the highest md5(jobId || agentId) (rendezvous
 *                hashing: a new agent moves nothing, and each job finds its place without a table); target key ''
 *
 * A job that left an agent stays there as a tombstone (removed = true), so that a delta can say "delete". Each change
 * of one job on one agent takes the next `set_revision` of that agent: revisions in an agent's set are unique, and
 * "all rows above N, in order" is a complete delta, which may be cut anywhere.
 *
 * Locks, always in this order: job row (the caller's write), the placement lock (advisory; shared for a job, exclusive
 * for an enrolment, so that a job and an agent born at the same time see each other), agent rows by agent_id.
 */
#ifndef BELFRY_CENTRAL_ASSIGN_H
#define BELFRY_CENTRAL_ASSIGN_H

#include "central/db.h"

/*
 * Brings the assignments of one job in line with its row: after insert, edit, pause, resume and soft delete. Each agent
 * that holds it gets a new revision of its set, also when only the definition changed.
 */
enum db_status assign_job(struct db_conn *conn, const char *job_id);

/*
 * Gives an agent that has just been enrolled its jobs: those of mode all, those of mode agent with its name, and those
 * of mode one that nobody holds. The caller took assign_lock_exclusive() before it inserted the agent.
 */
enum db_status assign_agent(struct db_conn *conn, const char *agent_id);

/* Waits until no transaction is placing jobs, and keeps others from it until the end of this transaction. */
enum db_status assign_lock_exclusive(struct db_conn *conn);

#endif
