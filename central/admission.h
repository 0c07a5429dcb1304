/*
 * How many syncs are let in: a fleet that comes back at once is told to come one after the other. Owns: the bucket and the
 * slots. Does not own: the rate (central_config.h). No I/O, no clock of its own.
 *
 * A bucket holds tokens for ADMISSION_BURST_MS of the rate. Who finds none is given a slot of its own in the time ahead, at
 * the rate, and told to come then; so the refused spread out evenly instead of coming back together.
 */
#ifndef BELFRY_CENTRAL_ADMISSION_H
#define BELFRY_CENTRAL_ADMISSION_H

#include <glib.h>
#include <stdbool.h>

#define ADMISSION_BURST_MS 1000
#define ADMISSION_WAIT_MAX_S 60 /* longest Retry-After */

struct admission {
	GMutex lock; /* all below; times in us of the monotonic clock */
	gint64 full_at; /* when the bucket will be full again */
	gint64 next_slot;
	guint64 refused;
};

void admission_init(struct admission *admission);
void admission_done(struct admission *admission);
/*
 * May one more come in, at `per_second` in the long run? If not, *ret_retry_s is in how many seconds to come again, at
 * least 1. Any thread.
 */
bool admission_try(struct admission *admission, gint64 now_us, int per_second, int *ret_retry_s);
guint64 admission_refused(struct admission *admission);

#endif
