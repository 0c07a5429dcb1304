#include "central/ledger_place.h"

#include "common/execution.h"

enum { PLACE_JOB_ID, PLACE_AGENT_ID, PLACE_TARGET_KEY, PLACE_CLOCK_EPOCH };

static bool fits(struct fire_id id, const char *job_id, struct wall at, const char *key, uint64_t epoch)
{
	return fire_id_equal(id, fire_id_scheduled(job_id, at, key, 0)) ||
	       (epoch > 0 && fire_id_equal(id, fire_id_scheduled(job_id, at, key, epoch)));
}

const char *ledger_place_of(const struct db_result *places, const char *job_id, const char *agent_id,
			    const char *execution_id, struct wall scheduled_at, int *tries)
{
	struct db_range own = db_rows_where(places, job_id, agent_id), all;
	struct fire_id id;
	/* Its agent has held the job; a row of its own has a place that it had last. */
	const char *had_last = own.from < own.to ? db_text(places, own.from, PLACE_TARGET_KEY) : NULL;
	uint64_t epoch = had_last != NULL ? (uint64_t)db_int(places, own.from, PLACE_CLOCK_EPOCH) : 0;
	if (!fire_id_parse(execution_id, &id) || (had_last != NULL && fits(id, job_id, scheduled_at, had_last, epoch)))
		return had_last;
	all = db_rows_where(places, job_id, NULL);
	for (int i = all.from; i < all.to && *tries < LEDGER_PLACES_MAX; i++, ++*tries) {
		const char *key = db_text(places, i, PLACE_TARGET_KEY);
		if (fits(id, job_id, scheduled_at, key, had_last != NULL ? epoch : (uint64_t)db_int(places, i, PLACE_CLOCK_EPOCH)))
			return key;
	}
	return had_last;
}
