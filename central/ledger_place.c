#include "central/ledger_place.h"

#include <string.h>

#include "common/execution.h"

enum { PLACE_JOB_ID, PLACE_TARGET_KEY, PLACE_AGENT_ID, PLACE_CLOCK_EPOCH };

static bool fits(const struct db_result *places, int row, struct fire_id id, const char *job_id, struct wall at)
{
	const char *key = db_text(places, row, PLACE_TARGET_KEY);
	uint64_t epoch = (uint64_t)db_int(places, row, PLACE_CLOCK_EPOCH);
	return fire_id_equal(id, fire_id_scheduled(job_id, at, key, 0)) ||
	       (epoch > 0 && fire_id_equal(id, fire_id_scheduled(job_id, at, key, epoch)));
}

const char *ledger_place_of(const struct db_result *places, const char *job_id, const char *agent_id,
			    const char *execution_id, struct wall scheduled_at)
{
	const char *had_last = NULL;
	struct fire_id id;
	bool known = fire_id_parse(execution_id, &id);
	for (int i = 0; i < db_rows(places); i++) {
		if (strcmp(db_text(places, i, PLACE_JOB_ID), job_id) != 0)
			continue;
		if (known && fits(places, i, id, job_id, scheduled_at))
			return db_text(places, i, PLACE_TARGET_KEY);
		if (had_last == NULL && strcmp(db_text(places, i, PLACE_AGENT_ID), agent_id) == 0)
			had_last = db_text(places, i, PLACE_TARGET_KEY);
	}
	return had_last;
}
