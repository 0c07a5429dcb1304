#include "agent/sync_pace.h"

#include <glib.h>

#define JITTER 0.1
#define BACKOFF_LEAST 0.1
#define RETRY_AFTER_SPREAD 0.2
/* A backlog leaves this machine, the link and central to live work most of the time: rest that long for each round. */
#define BACKLOG_REST 3

void sync_pace_begin(struct sync_pace *pace, struct mono now)
{
	pace->began_at = now;
}

void sync_pace_at(struct sync_pace *pace, int64_t ms, struct mono now)
{
	pace->next_at = mono_add_us(now, ms * US_PER_MS);
}

void sync_pace_failed(struct sync_pace *pace, int64_t at_least_ms, double chance, struct mono now)
{
	pace->backoff_ms = pace->backoff_ms == 0 ? SYNC_BACKOFF_FIRST_MS : MIN(pace->backoff_ms * 2, SYNC_BACKOFF_MAX_MS);
	double pause = (double)pace->backoff_ms * (BACKOFF_LEAST + (1 - BACKOFF_LEAST) * chance);
	if (at_least_ms > 0) {
		double asked = (double)MIN(at_least_ms, SYNC_PACE_MAX_MS);
		pause = asked + (asked * RETRY_AFTER_SPREAD + 1) * chance;
	}
	sync_pace_at(pace, (int64_t)pause, now);
}

/* None while the backlog grows all the same. */
static int64_t backlog_rest_ms(const struct sync_pace *pace, int64_t backlog, struct mono now)
{
	int64_t took_ms = mono_diff_us(now, pace->began_at) / US_PER_MS;
	return backlog < pace->backlog ? MIN(BACKLOG_REST * took_ms, SYNC_BACKLOG_REST_MAX_MS) : 0;
}

static int64_t wished_ms(int64_t wish_ms, double chance)
{
	double pace = (double)CLAMP(wish_ms, SYNC_PACE_MIN_MS, SYNC_PACE_MAX_MS);
	return (int64_t)(pace * (1 - JITTER + 2 * JITTER * chance));
}

void sync_pace_succeeded(struct sync_pace *pace, enum sync_left left, int64_t wish_ms, int64_t backlog, double chance,
			 struct mono now)
{
	int64_t pause = 0;
	if (left == SYNC_LEFT_RECORDS)
		pause = backlog_rest_ms(pace, backlog, now);
	else if (left == SYNC_LEFT_NOTHING)
		pause = wished_ms(wish_ms, chance);
	pace->backoff_ms = 0;
	pace->backlog = backlog;
	sync_pace_at(pace, pause, now);
}

int64_t sync_pace_due(const struct sync_pace *pace, bool hurry, struct mono now)
{
	struct mono next = pace->next_at;
	if (hurry && pace->backoff_ms == 0)
		next.us = MIN(next.us, mono_add_us(pace->began_at, SYNC_HURRY_MS * US_PER_MS).us);
	return mono_diff_us(next, now);
}
