/*
 * Sums over executions by time of their due instants, per job and for all jobs together. Owns: struct rollup, how an
 * execution and a part of a sum count, the rows of rollup_part. Does not own: rollup_sum (fold), reading
 * (db_observability).
 *
 * Ingest counts what a transaction inserted by the minute and adds it as parts: rows that are only inserted, so no
 * transaction waits for another one's sums. The fold adds parts up, to minutes, hours and days.
 */
#ifndef BELFRY_CENTRAL_ROLLUP_H
#define BELFRY_CENTRAL_ROLLUP_H

#include "central/db.h"
#include "central/histogram.h"
#include "common/execution.h"

enum rollup_grain { ROLLUP_MINUTE = 1, ROLLUP_HOUR, ROLLUP_DAY };

struct rollup_key {
	int64_t bucket_us; /* since 1970 */
	struct fire_id job_id; /* all zero: all jobs together */
	enum rollup_grain grain;
};

/* What executions add up to: of one bucket, or of many. */
struct rollup_sums {
	int64_t by_status[EXECUTION_STATUS_MAX_];
	int64_t started, attempts; /* the histograms count those that were started */
	int64_t duration_sum_us, duration_max_us, lateness_sum_us, lateness_max_us;
	int64_t duration[HISTOGRAM_BUCKETS], lateness[HISTOGRAM_BUCKETS];
};
void rollup_sums_add(struct rollup_sums *sums, const struct rollup_sums *more);

struct rollup_cell {
	struct rollup_key key;
	struct rollup_sums sums;
};

struct rollup;
struct rollup *rollup_new(void);
void rollup_free(struct rollup *rollup);
/* Counts one newly inserted execution, by the minute. */
void rollup_count(struct rollup *rollup, struct fire_id job_id, const struct execution *execution);
/* Adds a part (its key: a minute) to its minute, hour and day. */
void rollup_fold(struct rollup *rollup, const struct rollup_cell *part);
/* All cells, in the order of the key of rollup_sum, which its index takes best; borrowed. */
typedef void (*rollup_visit)(const struct rollup_cell *cell, void *data);
void rollup_each(const struct rollup *rollup, rollup_visit visit, void *data);
/*
 * One histogram of a row of rollup_part (`pairs`: of bucket and count) or rollup_sum (a count per bucket), added to
 * `counts`; all the sums of such a row, whose columns behind the key begin with `column`.
 */
void rollup_read_histogram(const struct db_result *rows, int row, int column, bool pairs,
			   int64_t counts[static HISTOGRAM_BUCKETS]);
struct rollup_sums rollup_read_sums(const struct db_result *rows, int row, int column, bool pairs);
/* Inserts all as parts, in the caller's transaction. */
enum db_status rollup_write_parts(const struct rollup *rollup, struct db_conn *conn);

#endif
