#include "central/admission.h"

#define US_PER_S G_GINT64_CONSTANT(1000000)

void admission_init(struct admission *admission)
{
	*admission = (struct admission){ 0 };
	g_mutex_init(&admission->lock);
}

void admission_done(struct admission *admission)
{
	g_mutex_clear(&admission->lock);
}

bool admission_try(struct admission *admission, gint64 now_us, int per_second, int *ret_retry_s)
{
	gint64 cost = US_PER_S / MAX(per_second, 1), burst = ADMISSION_BURST_MS * G_GINT64_CONSTANT(1000);
	g_mutex_lock(&admission->lock);
	gint64 full_at = MAX(admission->full_at, now_us) + cost;
	bool admitted = full_at - now_us <= MAX(burst, cost);
	if (admitted) {
		admission->full_at = full_at;
	} else {
		gint64 last = now_us + ADMISSION_WAIT_MAX_S * US_PER_S;
		admission->refused++;
		/* Past the longest wait the slots begin anew: better a second refusal than an agent that stays away. */
		if (admission->next_slot < now_us || admission->next_slot > last)
			admission->next_slot = now_us + burst;
		admission->next_slot += cost;
		*ret_retry_s = (int)CLAMP((admission->next_slot - now_us + US_PER_S - 1) / US_PER_S, 1, ADMISSION_WAIT_MAX_S);
	}
	g_mutex_unlock(&admission->lock);
	return admitted;
}

guint64 admission_refused(struct admission *admission)
{
	g_mutex_lock(&admission->lock);
	guint64 refused = admission->refused;
	g_mutex_unlock(&admission->lock);
	return refused;
}
