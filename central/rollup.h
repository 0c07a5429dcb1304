/*
 * Sums over the executions that one transaction inserted, by minute, hour and day, per job and for all jobs.
 * Owns: the rows of `rollup`. Does not own: reading them (db_stats).
 */
#ifndef BELFRY_CENTRAL_ROLLUP_H
#define BELFRY_CENTRAL_ROLLUP_H

#include "central/db.h"
#include "common/execution.h"

enum rollup_grain { ROLLUP_MINUTE = 1, ROLLUP_HOUR, ROLLUP_DAY };

/* Agents write into different shards of a sum; readers add the shards up. */
#define ROLLUP_SHARDS 16

struct rollup;
struct rollup *rollup_new(const char *agent_id);
void rollup_free(struct rollup *rollup);
/* Counts one newly inserted execution. */
void rollup_count(struct rollup *rollup, struct fire_id job_id, const struct execution *execution);
/* Adds everything to the table, in the caller's transaction, in which ingest_stage_make has run. */
enum db_status rollup_write(struct rollup *rollup, struct db_conn *conn);

#endif
