/*
 * What the local API, the metrics and the sync thread may see of the core. Nothing here changes anything.
 */
#include "agent/core_internal.h"

void core_get_stats(const struct core *core, struct core_stats *ret)
{
	*ret = core->stats;
	ret->jobs = core->jobs->len;
	ret->active_jobs = core->active_jobs;
	ret->fires = core->fires;
	ret->running = core->in_state[FIRE_RUNNING];
	ret->waiting = core->in_state[FIRE_READY] + core->in_state[FIRE_HELD];
	ret->backing_off = core->in_state[FIRE_BACKOFF] + core->in_state[FIRE_RETRYING];
	ret->backlog_jobs = core->backlog_jobs;
	ret->batches_unsettled = core->batches.length;
	ret->planned_until = core->state.planned_until;
	ret->outbox_max = core->config.outbox_max_records;
	ret->clock_epoch = core->state.clock_epoch;
	int64_t next = MIN(heap_top_key(&core->plan), heap_top_key(&core->due));
	ret->next_fire_at = next == INT64_MAX ? WALL_NONE : (struct wall){ next };
}

static void view_of(const struct core_job *job, struct core_job_view *ret)
{
	const struct fire *fire;
	*ret = (struct core_job_view){
		.job = job->job,
		.target_key = job->target_key,
		.next_at = job->next.us == INT64_MAX ? WALL_NONE : job->next,
		.running_since = WALL_NONE,
		.backlog = job->backlogs != NULL,
	};
	if (job->runs == NULL)
		return;
	TAILQ_FOREACH(fire, &job->runs->fires, in_job) {
		if (fire->state == FIRE_RUNNING)
			ret->running++;
		if (fire->state == FIRE_READY || fire->state == FIRE_HELD || fire->state == FIRE_BACKOFF)
			ret->waiting++;
		if (fire->begun && !wall_is_set(ret->running_since))
			ret->running_since = fire->begun_at;
		if (fire->state == FIRE_PLANNED || fire->state == FIRE_ARMED)
			ret->next_at = wall_is_set(ret->next_at) ? wall_min(ret->next_at, fire->due) : fire->due;
	}
}

bool core_find_job(const struct core *core, const char *job_id, struct core_job_view *ret)
{
	const struct core_job *job = job_table_get(core, job_id);
	if (job == NULL)
		return false;
	view_of(job, ret);
	return true;
}

void core_each_job(const struct core *core, const char *after_id,
	bool (*visit)(void *context, const struct core_job_view *view), void *context)
{
	int from = 0;
	if (after_id != NULL) {
		from = job_table_find(core, after_id);
		from = from < 0 ? -from - 1 : from + 1;
	}
	for (guint i = (guint)from; i < core->jobs->len; i++) {
		struct core_job_view view;
		view_of(core->jobs->pdata[i], &view);
		if (!visit(context, &view))
			return;
	}
}

/*
 * The k least entries of a heap without touching it: start with the root as the only candidate; take the least candidate,
 * put its children in its place. k is small, so the candidates are searched one by one.
 */
int core_next_fires(const struct core *core, struct core_next_fire *ret, int max)
{
	const struct heap *heap = &core->plan;
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(int));
	int n = 0, root = 0;
	if (heap->count > 0)
		g_array_append_val(candidates, root);
	while (n < max && candidates->len > 0) {
		guint least = 0;
		for (guint i = 1; i < candidates->len; i++)
			if (heap->entries[g_array_index(candidates, int, i)].key <
			    heap->entries[g_array_index(candidates, int, least)].key)
				least = i;
		int at = g_array_index(candidates, int, least);
		g_array_remove_index_fast(candidates, least);
		const struct core_job *job = heap->entries[at].item;
		ret[n++] = (struct core_next_fire){ job->job, job->next };
		for (int child = at * 4 + 1; child <= at * 4 + 4 && child < heap->count; child++)
			g_array_append_val(candidates, child);
	}
	return n;
}
