/*
 * The watch over the fleet: who is silent, and who takes over. Owns: its thread, the row of `fleet`, agent.offline_at and
 * failover_at, the rows of agent_presence. Does not own: where a job goes and from which fire on (assign.h).
 *
 * The instance that holds an advisory lock watches, once in FAILOVER_ROUND_MS; the lock goes with its session, so another
 * one follows within a round. A round: the heartbeat, agents that are heard again, agents that fell silent, and the jobs of
 * those that are silent, draining or revoked, by chunks, each a transaction. Its cost is that of reading agent_state once;
 * jobs are looked at only of agents with something to move (failover_at).
 *
 * An agent hears of its new jobs at its next sync, and in a large fleet these are far between. So an agent that is overdue
 * for longer than any pause between syncs is foreseen to be given up: its heirs are asked to sync right after that would
 * happen (table `heir`, next_look_ms). It is a guess that costs a few early syncs; who gets the jobs is decided by placement.
 *
 * Silence counts only while somebody listens. After a gap in the heartbeat of more than FAILOVER_GAP_MS, when all centrals
 * or the database were away, it counts from FAILOVER_GRACE_MS later, since agents come back with backoff; after a restart
 * of the server (which may have forgotten the last instants) from that restart.
 */
#ifndef BELFRY_CENTRAL_FAILOVER_H
#define BELFRY_CENTRAL_FAILOVER_H

#include "central/central.h"

#define FAILOVER_ROUND_MS 1000
#define FAILOVER_GAP_MS 5000
#define FAILOVER_GRACE_MS 30000  /* the longest pause of an agent that could not reach central (agent/sync_pace.h) */
#define FAILOVER_RETRY_MS 60000  /* jobs for which there is no better agent are looked at again after this, or when one comes */
/* Heirs look this long after the silent agent should be given up: after the round that does so, and once more. */
#define FAILOVER_LOOK_MS 2000
#define FAILOVER_LOOK_AGAIN_MS 3500
#define FAILOVER_FORESEEN_MAX 300 /* places a round, each compared with the whole fleet */
#define FAILOVER_PACE_PERCENT 125 /* the longest pause between two syncs, of the pace: both sides add up to 10 % of chance */
/* A lease is this part of offline_after_ms. */
#define LEASE_NUMERATOR 2
#define LEASE_DENOMINATOR 3

struct failover;

/* Starts the thread; it waits until `central` is ready. */
struct failover *failover_start(struct central *central);
/* Ends the thread and gives up the lock. NULL is fine. */
void failover_stop(struct failover *failover);

/*
 * Silent for how long is an agent overdue: its heirs must still sync once before it is given up, and agents that only keep
 * the pace are not. 0: nobody needs to be foreseen, since all sync before the second look anyway.
 */
int64_t failover_overdue_ms(int64_t offline_after_ms, int64_t pace_ms);

/*
 * Moves one chunk of what is to be moved off agents that are silent, draining or revoked, from jobs after `after` (a UUID,
 * which it sets to the last it looked at). *ret_jobs: how many it looked at, fewer than ASSIGN_CHUNK = that was all;
 * *ret_moves: changes made. Own transaction; any thread.
 */
enum db_status failover_move(struct db_conn *conn, char *after, int *ret_jobs, int64_t *ret_moves);

#endif
