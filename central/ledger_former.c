#include "central/ledger_former.h"

#include <stdlib.h>
#include <string.h>

/* Keys: "" of modes one and agent, "1" to the count, an agent's id of mode all. */
static bool is_number(const char *key)
{
	return *key != '\0' && key[strspn(key, "0123456789")] == '\0';
}

static bool has_place(const struct job *job, const char *key)
{
	switch (job->target_mode) {
	case JOB_TARGET_COUNT:
		return is_number(key) && atoi(key) <= job->policy->target_count;
	case JOB_TARGET_ALL:
		return *key != '\0' && !is_number(key);
	default:
		return *key == '\0';
	}
}

const char *ledger_any_place(const char *target_key)
{
	return is_number(target_key) ? "1" : target_key;
}

/* Those that have the place, or have it not; *ret_left: how many that is. */
static GArray *choose(const GArray *revisions, const char *key, bool with, guint *ret_left)
{
	GArray *list = g_array_sized_new(FALSE, FALSE, sizeof(struct ledger_revision), revisions->len);
	g_array_set_clear_func(list, (GDestroyNotify)ledger_revision_clear);
	*ret_left = 0;
	for (guint i = 0; i < revisions->len; i++) {
		struct ledger_revision revision = g_array_index(revisions, struct ledger_revision, i);
		bool stays = revision.job != NULL && has_place(revision.job, key) == with;
		revision.job = stays ? job_ref(revision.job) : NULL;
		*ret_left += stays;
		g_array_append_val(list, revision);
	}
	return list;
}

GArray *ledger_revisions_with(GArray *revisions, const char *target_key)
{
	bool all = true;
	guint left;
	for (guint i = 0; all && i < revisions->len; i++) {
		const struct job *job = g_array_index(revisions, struct ledger_revision, i).job;
		all = job == NULL || has_place(job, target_key);
	}
	return all ? g_array_ref(revisions) : choose(revisions, target_key, true, &left);
}

GArray *ledger_revisions_without(GArray *revisions, const char *target_key)
{
	guint left;
	GArray *former = choose(revisions, target_key, false, &left);
	if (left == 0)
		g_clear_pointer(&former, g_array_unref);
	return former;
}

static bool is_due_in(const GArray *revisions, struct wall at)
{
	const struct ledger_revision *last = NULL;
	for (guint i = 0; i < revisions->len; i++) {
		const struct ledger_revision *revision = &g_array_index(revisions, struct ledger_revision, i);
		if (!wall_before(at, revision->at))
			last = revision;
	}
	return last != NULL && last->job != NULL;
}

GArray *ledger_former_take(GHashTable *decisions, const GArray *former)
{
	GArray *taken = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
	GHashTableIter iter;
	gpointer list;
	g_hash_table_iter_init(&iter, decisions);
	while (g_hash_table_iter_next(&iter, NULL, &list)) {
		GArray *own = list;
		guint kept = 0;
		for (guint i = 0; i < own->len; i++) {
			struct ledger_decision decision = g_array_index(own, struct ledger_decision, i);
			if (is_due_in(former, decision.from))
				g_array_append_val(taken, decision);
			else
				g_array_index(own, struct ledger_decision, kept++) = decision;
		}
		g_array_set_size(own, kept);
	}
	g_array_sort(taken, ledger_decision_compare);
	return taken;
}
