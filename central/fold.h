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

/*
 * Between two rounds. The longer, the more parts of a job end in the same three rows, whose new versions are what a round
 * costs; but whoever reads sums goes through the parts that wait.
 */
#define FOLD_ROUND_MS 10000
#define FOLD_PARTS_MAX 50000 /* in one transaction */
#define FOLD_PARTS_MIN 1000  /* after steps that failed, as for the statement timeout of a slow server */
#define FOLD_VACUUM_AFTER 50000 /* parts folded */

struct fold;

/* Starts the thread; it waits until `central` is ready. */
struct fold *fold_start(struct central *central);
/* Ends the thread after the transaction it is in. NULL is fine. */
void fold_stop(struct fold *fold);
/* Parts folded since start. Any thread; NULL is fine. */
int64_t fold_count(struct fold *fold);

#endif
