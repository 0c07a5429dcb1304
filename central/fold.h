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
#define FOLD_PARTS_MAX 20000   /* in one transaction */
#define FOLD_VACUUM_AFTER 50000 /* parts folded */

struct fold;

/* Starts the thread; it waits until `central` is ready. */
struct fold *fold_start(struct central *central);
/* Ends the thread after the transaction it is in. NULL is fine. */
void fold_stop(struct fold *fold);
/* Parts folded since start. Any thread; NULL is fine. */
int64_t fold_count(struct fold *fold);

/* One transaction: *ret_folded = parts that were added up; 0 = none was there, or another instance is at it. */
enum db_status fold_step(struct db_conn *conn, int64_t *ret_folded);

#endif
