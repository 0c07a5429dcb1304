/*
 * What has to be done now and then, by one central of all: partitions for the days to come, and clearing away.
 * Owns: its thread, and when which chore is due. Does not own: offline detection and fail-over.
 *
 * The instance that holds an advisory lock does the chores; the lock goes with its session, so another instance takes
 * over when it stops, dies, or loses PostgreSQL. All instances count the fleet, for the pace of syncs.
 */
#ifndef BELFRY_CENTRAL_CHORES_H
#define BELFRY_CENTRAL_CHORES_H

#include "central/central.h"

#define CHORES_ROUND_MS 5000         /* looks for due chores, the lock and the size of the fleet this often */
#define CHORES_PARTITIONS_DAYS 3     /* made ahead, today not counted */
#define CHORES_TOMBSTONE_DAYS 30     /* an agent away for longer finds differing digests and gets a snapshot */
#define CHORES_MINUTE_ROLLUP_DAYS 8  /* longer views use hours */
#define CHORES_AGENT_HOURS_DAYS 92   /* how far back the timeline goes */

struct chores;

/* Starts the thread; it waits until `central` is ready. */
struct chores *chores_start(struct central *central);
/* Ends the thread and gives up the lock. Call before the pools end. NULL is fine. */
void chores_stop(struct chores *chores);

/* Agents that are not revoked, as counted last; 0 before the first count. NULL is fine. Any thread. */
int64_t chores_fleet_size(struct chores *chores);
/* Jobs whose decision is overdue, as counted last. NULL is fine. Any thread. */
int64_t chores_late_jobs(struct chores *chores);
/* Does this instance do the chores? For /metrics. */
bool chores_is_leader(struct chores *chores);

#endif
