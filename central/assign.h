/*
 * Placement: which agent holds which job. Owns: the rows of `assignment`, and `set_revision` and `set_digest` of
 * `agent`. Does not own: jobs (svc_jobs), agents (svc_agents), who is silent (failover), telling the agents (svc_sync).
 *
 * All calls run inside the caller's transaction, after the caller wrote its row, and leave commit to it; any thread.
 * On a status other than DB_OK the caller rolls back.
 *
 *   mode all     every agent that fits the selector and is not revoked; target key = agent id
 *   mode agent   the agent of that name; nobody until it enrols; target key ''
 *   mode one     one agent that fits the selector; target key ''
 *   mode count   N of them; target keys '1' to 'N': each is a place that one agent has, and passes on when it leaves
 *
 * For one and count a holder stays while it is good: it fits, is not draining, and is not silent for longer than the job
 * allows (failover, default offline_after_ms). A place without a good holder goes to the agent with the best claim among
 * those that are heard, not draining, and have a weight: weighted rendezvous hashing, claim = -weight / ln(hash(job,
 * agent)). So an agent that leaves moves its own jobs only, and no table of places is needed. With no better agent the old
 * holder keeps the job. An agent that joins gets what nobody has; its fair share comes with a rebalance, which is an order
 * of a person (svc_agents.h): jobs then go to the best claim, which moves 1 of n jobs when the n-th agent came. All and
 * agent are not moved by draining or silence: they belong to that host.
 *
 * A job that left an agent stays there as a tombstone (removed = true), so that a delta can say "delete". Each change
 * of one job on one agent takes the next `set_revision` of that agent: revisions in an agent's set are unique, and
 * "all rows above N, in order" is a complete delta, which may be cut anywhere.
 *
 * The border. When a place passes from one agent to another, one instant B divides its fires: due instants up to B belong
 * to the old holder, those after B to the new one. Both sides get B (`since_at`), and compare it with due instants, never
 * with a clock: so no two clocks have to agree. Fire ids contain the target key, not the agent.
 *
 *   the old holder               type            B                         what follows
 *   is heard, hears of it        both            end of its lease          it plans its fires up to B and lets go; the new one
 *                                                                          begins after B: none lost, none twice
 *   silent (fail-over),          ATMOST_ONCE     end of its lease          it starts no fire after B, dead or not; the new one
 *   revoked                                                                decides what was due after B by its catch-up policy
 *                                ATLEAST_ONCE    where the new one's       the new one makes up what is due since then; the old one
 *                                                policy begins to make up  may have run it too: a double. What the policy would
 *                                                                          not make up stays the old one's, and unknown
 *   returns later                both            as above                  drops what is after B without a decision; what it
 *                                                                          ran is ingested; up to B it decides itself
 *   was not told of the job      both            the border it got itself, else when it got the place
 *   was told, did not hear       both            as above                  it is told both its borders and the job: what lies
 *                                                                          between them it decides when it is heard again
 *   got a border still ahead     both            not before that border    up to there it is the one's before it
 *   never heard that it left,    both            as above                  `away` tells all times in which others had it, since
 *   and has it again                                                       what it confirmed: it decides what lies around them
 *   job edited meanwhile         both            not before the edit       an edit never fires in the past
 *   job deleted, paused, or      both            none                      the old one stops at once and decides what is open
 *   the place is gone
 *   the same, before a border    both            as it is                  the old one is told again, and skips what has not begun
 *
 * Until a silent agent returns, its fires up to B are unknown: nobody invents them. So of an ATLEAST_ONCE job B is not when it
 * was last heard where the heir would only call missed what followed (policy none, or older than maxAge and maxCount or the
 * latest reach): it is the instant after which the heir makes up (job_made_up_after), reckoned up to ASSIGN_HEARD_MS ahead,
 * when the heir has heard. A lease is a due instant as well (lease_until, given with each sync): an agent plans fires of
 * ATMOST_ONCE jobs of modes one, count and agent up to it only, and central never takes it back, so B >= every lease that was
 * given. A server may have forgotten the latest ones, since syncs of idle agents do not wait for the disk: until an agent is
 * heard again after `trusted_since`, the lease that it could have got just before counts. Of who was told what, and has
 * confirmed what: agent_state.told_revision, confirmed_revision, revisions of its set.
 *
 * What this leaves open: a job that is moved while it is paused, and its holder has not confirmed the pause, may be at work
 * there once it is resumed; must it not run twice, nobody else runs it until that lease ends.
 *
 * Locks, always in this order: job row (the caller's write), the placement lock (advisory; shared for one job, exclusive
 * for all else, so that what is born at the same time sees each other), agent rows by agent_id, then agent_state rows by
 * agent_id: a sync, which extends a lease, waits there or is waited for. One that waited must not go by what it read of the
 * set before: a sync of several statements reads it afterwards, one of a single statement is stopped by lease_fence.
 */
#ifndef BELFRY_CENTRAL_ASSIGN_H
#define BELFRY_CENTRAL_ASSIGN_H

#include "central/db.h"

#define ASSIGN_CHUNK 5000 /* jobs placed by one statement */
/* An heir has heard of its jobs by then: it syncs each second or two in a small fleet, and is foreseen in a large one
 * (failover.h). */
#define ASSIGN_HEARD_MS 2500

/*
 * Brings the assignments of one job in line with its row: after insert, edit, pause, resume and soft delete. Each agent
 * that holds it gets a new revision of its set, also when only the definition changed.
 */
enum db_status assign_job(struct db_conn *conn, const char *job_id);

/*
 * The same for those jobs (a closed db_array of ids, at most ASSIGN_CHUNK). The caller took assign_lock_exclusive(). With
 * `rebalance` jobs of modes one and count go to the best claim though their holder is good. *ret_moves: rows that changed.
 */
enum db_status assign_jobs(struct db_conn *conn, const char *job_ids, bool rebalance, int64_t *ret_moves);

/* Does any agent have it? A job that none has is due in vain. */
enum db_status assign_is_held(struct db_conn *conn, const char *job_id, bool *ret_held);

/*
 * Gives an agent that has just been enrolled its jobs: those of mode all, those of mode agent with its name, and the
 * places of one and count that nobody has. The caller took assign_lock_exclusive() before it inserted the agent.
 */
enum db_status assign_agent(struct db_conn *conn, const char *agent_id);

/* After its labels, name or weight changed: places all jobs that this concerns. With the exclusive lock. */
enum db_status assign_concerned(struct db_conn *conn, const char *agent_id);

/* Waits until no transaction is placing jobs, and keeps others from it until the end of this transaction. */
enum db_status assign_lock_exclusive(struct db_conn *conn);

#endif
