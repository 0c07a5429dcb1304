/*
 * The outbox has a maximum, for a central that is away for very long. What counts against it: records that central has not
 * acknowledged, a record for every fire under way (so that each decision has its room), and records on their way to disk.
 *
 * At the maximum the planner stands still, and with it state.planned_until: no intent, no record, no space per instant, and
 * a restart finds the same. Once central has taken a tenth, planning goes on; what came due meanwhile is then one missed
 * window per job (missed_window), so every instant is accounted. Orders (edits, runs on demand, hand-overs) still plan:
 * they come from a person or from a central that is there again.
 */
#include "agent/core_internal.h"

static int64_t used(const struct core *core)
{
	return core->outbox_unsent + core->fires + core->loose_records;
}

/* Two marks: a level that hovers around one of them is one warning, and a new approach from below is a new one. */
static void note_level(struct core *core)
{
	int64_t max = core->config.outbox_max_records;
	int percent = core->stats.outbox_nearly_full ? OUTBOX_CALM_PERCENT : OUTBOX_WARN_PERCENT;
	core->stats.outbox_nearly_full = max > 0 && used(core) * 100 >= max * percent;
}

void core_note_unsent(struct core *core, int64_t records)
{
	core->outbox_unsent = records;
	note_level(core);
}

bool outbox_is_full(struct core *core)
{
	int64_t max = core->config.outbox_max_records;
	if (max == 0)
		return false;
	note_level(core);
	if (!core->stats.outbox_full) {
		core->stats.outbox_full = used(core) >= max;
	} else if (used(core) <= max - max / OUTBOX_REOPEN_PART) {
		core->stats.outbox_full = false;
		core->outbox_opened_at = core->now;
	}
	return core->stats.outbox_full;
}

bool outbox_caused(const struct core *core, struct wall first)
{
	return wall_is_set(core->outbox_opened_at) && !wall_before(core->outbox_opened_at, first);
}

void outbox_close_windows(struct core *core, struct wall border)
{
	if (!core->stats.outbox_full && !core->stats.aside)
		return;
	for (guint i = 0; i < core->jobs->len; i++) {
		struct core_job *job = core->jobs->pdata[i];
		struct wall until = wall_min(border, lease_end(core, job));
		if (job->next.us > until.us)
			continue;
		missed_record(core, job, wall_add_us(job->next, -1), until,
				       plan_count(job, wall_add_us(job->next, -1), until), core->state.clock_epoch,
				       core->stats.outbox_full
					       ? "missed: outbox full, and then the clock was set back"
					       : "missed: central refused this agent, and then the clock was set back");
		plan_schedule(core, job, until);
	}
	core->state.planned_until = wall_max(core->state.planned_until, border);
}
