/*
 * The jobs, sorted by id in one array: a lookup is a binary search (only changes and the local API look jobs up, fires
 * hold pointers), listing in order is free, and there is no second structure to keep in step. Changes come in chunks of
 * up to a thousand and are merged in one pass: a million pointers move in a millisecond or two.
 */
#include "agent/core_internal.h"

#include <string.h>

static struct core_job *at(const struct core *core, int index)
{
	return core->jobs->pdata[index];
}

int job_table_find(const struct core *core, const char *job_id)
{
	int low = 0, high = (int)core->jobs->len - 1;
	while (low <= high) {
		int middle = low + (high - low) / 2;
		int order = strcmp(at(core, middle)->job->id, job_id);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -low - 1;
}

struct core_job *job_table_get(const struct core *core, const char *job_id)
{
	int index = job_table_find(core, job_id);
	return index < 0 ? NULL : at(core, index);
}

static gint by_id(gconstpointer a, gconstpointer b)
{
	const struct core_job *const *one = a, *const *other = b;
	return strcmp((*one)->job->id, (*other)->job->id);
}

void job_table_merge(struct core *core, GPtrArray *added)
{
	if (added->len == 0)
		return;
	g_ptr_array_sort(added, by_id);
	int old = (int)core->jobs->len - 1, new = (int)added->len - 1;
	g_ptr_array_set_size(core->jobs, (gint)(core->jobs->len + added->len));
	for (int to = (int)core->jobs->len - 1; new >= 0; to--) {
		struct core_job *candidate = added->pdata[new];
		if (old >= 0 && strcmp(at(core, old)->job->id, candidate->job->id) > 0) {
			core->jobs->pdata[to] = core->jobs->pdata[old--];
		} else {
			core->jobs->pdata[to] = candidate;
			new--;
		}
	}
}

void job_table_drop_deleted(struct core *core)
{
	guint kept = 0;
	for (guint i = 0; i < core->jobs->len; i++)
		if (!at(core, (int)i)->deleted)
			core->jobs->pdata[kept++] = core->jobs->pdata[i];
	g_ptr_array_set_size(core->jobs, (gint)kept);
}
