/*
 * What a fire remembers of its single attempts (common/attempt_log.h). Nothing is noted of one that is settled by its first
 * attempt, and so nearly every fire costs no memory here.
 */
#include "agent/core_internal.h"

void fire_note_attempt(struct fire *fire, const struct attempt_result *result, const struct retry_verdict *verdict, bool again)
{
	if (fire->attempt_log == NULL && !again)
		return;
	bool started = wall_is_set(result->started_at);
	struct attempt_entry entry = {
		.number = fire->attempts,
		.http_status = (int16_t)CLAMP(result->http_status, 0, 999),
		.end = (uint8_t)verdict->end,
		.asked = again && verdict->asked,
		.started_us = started ? wall_diff_us(result->started_at, fire->attempt.scheduled_at) : ATTEMPT_TIME_UNKNOWN,
		.duration_us = result->duration_us,
		.wait_us = again ? verdict->delay_ms * US_PER_MS : -1,
	};
	attempt_log_note(&fire->attempt_log, &entry);
}

struct attempt_log *attempts_recovered(const struct core *core, const struct intent *intent)
{
	struct attempt_log *log = attempt_log_copy(intent->attempt_log);
	struct attempt_entry entry = {
		.number = intent->attempts + 1,
		.end = ATTEMPT_END_UNKNOWN,
		.started_us = ATTEMPT_TIME_UNKNOWN,
		.duration_us = -1,
		.wait_us = -1,
	};
	bool waits = wall_is_set(intent->not_before) && intent->not_before.us > core->now.us;
	if (intent->attempts >= 0 && !waits)
		attempt_log_note(&log, &entry);
	return log;
}
