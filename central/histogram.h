/*
 * Histograms of durations and latenesses in the rollups. Owns: the bounds of their buckets and the reading of them.
 * Does not own: the adding in SQL (histogram_add in sql/central/definitions, for exactly HISTOGRAM_BUCKETS counts).
 *
 * Bucket i counts values v with bounds[i - 1] < v <= bounds[i], in microseconds: 1-2-5 steps from 100 us to 1000 s and
 * one last bound of an hour; the last bucket holds the rest.
 */
#ifndef BELFRY_CENTRAL_HISTOGRAM_H
#define BELFRY_CENTRAL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 24

/* Upper bounds, inclusive; the last is INT64_MAX. */
extern const int64_t histogram_bounds_us[HISTOGRAM_BUCKETS];

/* Which bucket counts this value; negative values go into the first. */
int histogram_bucket(int64_t us);

/*
 * The value below which the share `quantile` (0-1) of all counted values lies, in microseconds, linear within its
 * bucket.
 * 0 for an empty histogram. `max_us`: the largest value that was counted, if known (else 0); no result is above it.
 */
double histogram_quantile_us(const int64_t counts[static HISTOGRAM_BUCKETS], double quantile, int64_t max_us);

#endif
