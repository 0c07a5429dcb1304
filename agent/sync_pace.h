/*
 * When the next round with central begins. Owns: the pause between two rounds and what it grows and shrinks with. Does not
 * own: the waiting itself and what a round is (sync.c).
 *
 * Pure: `now` and `chance` (in [0,1), a new one each time) come from the caller. Per round: sync_pace_begin(), then failed,
 * succeeded or at, of which the last call counts; until the next round sync_pace_due() says what is left.
 *
 *     after                            pause
 *     a good round                     central's wish, +-10 %
 *     ... with more records waiting    none; when they get fewer: three times as long as the round took, a second at most
 *     failures                         by chance between a tenth and all of 1, 2, 4 .. 30 s
 *     ... with Retry-After             that and up to a fifth more
 *
 * The chance is there so that agents that lost their central together do not come back together ("Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015).
 */
#ifndef BELFRY_AGENT_SYNC_PACE_H
#define BELFRY_AGENT_SYNC_PACE_H

#include <stdbool.h>

#include "common/clock.h"

#define SYNC_HURRY_MS 200           /* between two rounds that failures of jobs ask for */
#define SYNC_BACKOFF_FIRST_MS 1000
#define SYNC_BACKOFF_MAX_MS 30000
#define SYNC_PACE_MIN_MS 50         /* central's wish is taken within these bounds */
#define SYNC_PACE_MAX_MS 600000
#define SYNC_BACKLOG_REST_MAX_MS 1000

/* All 0 before the first round. */
struct sync_pace {
	struct mono began_at;  /* of the last round */
	struct mono next_at;   /* of the next one */
	int64_t backoff_ms;    /* the longest pause that the last failure could bring; 0 = the last round was good */
	int64_t backlog;       /* records in the outbox at the good round before */
};

void sync_pace_begin(struct sync_pace *pace, struct mono now);
/* The next round begins after `ms` whatever happened; 0 = at once. What failures have led to stays. */
void sync_pace_at(struct sync_pace *pace, int64_t ms, struct mono now);
/* `at_least_ms`: as central asks for, up to SYNC_PACE_MAX_MS; 0 or less = nothing was asked for. */
void sync_pace_failed(struct sync_pace *pace, int64_t at_least_ms, double chance, struct mono now);

enum sync_left {
	SYNC_LEFT_NOTHING, /* the outbox and the job set are as central has them */
	SYNC_LEFT_RECORDS, /* more than one round takes, and central took some of this one's */
	SYNC_LEFT_JOBS     /* parts of the job set are still to come */
};
/* `wish_ms` is central's, `backlog` the number of records in the outbox as the round began. */
void sync_pace_succeeded(struct sync_pace *pace, enum sync_left left, int64_t wish_ms, int64_t backlog, double chance,
			 struct mono now);

/* Microseconds until the next round; 0 or less = now. `hurry`: a job has failed, which central should hear soon; it shortens
 * no pause that a failed round brought. */
int64_t sync_pace_due(const struct sync_pace *pace, bool hurry, struct mono now);

#endif
