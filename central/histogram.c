#include "central/histogram.h"

const int64_t histogram_bounds_us[HISTOGRAM_BUCKETS] = {
	100, 200, 500,
	1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
	1000000, 2000000, 5000000, 10000000, 20000000, 50000000, 100000000, 200000000, 500000000,
	1000000000, 3600000000, INT64_MAX,
};

int histogram_bucket(int64_t us)
{
	int low = 0, high = HISTOGRAM_BUCKETS - 1;

	while (low < high) {
		int middle = (low + high) / 2;

		if (us <= histogram_bounds_us[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

double histogram_quantile_us(const int64_t counts[static HISTOGRAM_BUCKETS], double quantile, int64_t max_us)
{
	int64_t total = 0, below = 0;
	double result = 0;
	int bucket = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += counts[i];
	if (total == 0)
		return 0;
	double rank = quantile * (double)total;
	while (bucket < HISTOGRAM_BUCKETS - 1 && (counts[bucket] == 0 || (double)(below + counts[bucket]) < rank))
		below += counts[bucket++];
	double low = bucket == 0 ? 0 : (double)histogram_bounds_us[bucket - 1];
	/* The last bucket has no upper bound: its values are told by the largest one, or by its lower bound. */
	double high = bucket == HISTOGRAM_BUCKETS - 1 ? low : (double)histogram_bounds_us[bucket];
	if (max_us > 0 && (bucket == HISTOGRAM_BUCKETS - 1 || (double)max_us < high))
		high = (double)max_us;
	if (counts[bucket] > 0 && high > low)
		result = low + (high - low) * (rank - (double)below) / (double)counts[bucket];
	else
		result = high;
	return result;
}
