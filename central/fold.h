/*
 * Adds the parts of sums that ingest left behind to the sums by minute, hour and day. Owns: its thread, the rows of
 * rollup_sum. Does not own: parts (rollup), pruning (chores).
 *
 * A part is deleted and added in one transaction, so every reader of the view `rollup` finds it exactly once. All
 * instances try; the one that gets a lock works, in bounded transactions.
 */
#ifndef BELFRY_CENTRAL_FOLD_H
#define BELFRY_CENTRAL_FOLD_H

#include "central/central.h"

#define FOLD_ROUND_MS 2000     /* between two looks for parts */
/*
 * In one transaction. The more there are, the more of them are of one job and hour, and end in one row: where each record is of
 * another job, PostgreSQL spent 60-65 us on a record with 60,000 at once, 83-92 us with 20,000.
 */
#define FOLD_PARTS_MAX 50000
#define FOLD_PARTS_MIN 1000 /* after steps that failed, as for the statement timeout of a slow server */
#define FOLD_VACUUM_AFTER 50000 /* parts folded */

struct fold;

/* Starts the thread; it waits until `central` is ready. */
struct fold *fold_start(struct central *central);
/* Ends the thread after the transaction it is in. NULL is fine. */
void fold_stop(struct fold *fold);
/* Parts folded since start. Any thread; NULL is fine. */
int64_t fold_count(struct fold *fold);

#endif
