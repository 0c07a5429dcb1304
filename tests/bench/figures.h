/*
 * What benches print: requests per second of the wall clock, which a busy machine spoils, and processor time per request.
 */
#ifndef BELFRY_TESTS_BENCH_FIGURES_H
#define BELFRY_TESTS_BENCH_FIGURES_H

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/clock.h"

static inline void print_figures(const char *name, uint64_t n, uint64_t failed, struct mono begin)
{
	struct rusage usage;
	double took = (double)mono_diff_us(mono_now(), begin) / 1e6;
	getrusage(RUSAGE_SELF, &usage);
	double user = (double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec;
	double system = (double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec;
	printf("%s: %.0f requests/s, %.2f us of processor each (%.2f user, %.2f system); %" PRIu64 " in %.2f s, %" PRIu64 " failed\n",
	       name, (double)n / took, (user + system) / (double)n, user / (double)n, system / (double)n, n, took, failed);
}

#endif
