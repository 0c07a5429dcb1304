/*
 * An agent holds up to a million jobs, yet they have few different schedules and policies. Equal ones are one object here,
 * counted, and freed with the last job that has it: a central that checks definitions all day must not grow.
 */
#include "common/job_draft.h"

#include <string.h>

struct shared_policy {
	struct job_policy policy; /* first: a pointer to the policy is a pointer to this */
	int refs;
};

static GMutex lock; /* guards all below, and every refs */
static GHashTable *timetables, *policies;

static guint timetable_hash(gconstpointer data)
{
	const struct job_timetable *table = data;
	return g_str_hash(table->text) * 31 * 31 + g_str_hash(table->zone) * 31 + g_str_hash(table->seed);
}

static gboolean timetable_equal(gconstpointer a, gconstpointer b)
{
	const struct job_timetable *x = a, *y = b;
	return strcmp(x->text, y->text) == 0 && strcmp(x->zone, y->zone) == 0 && strcmp(x->seed, y->seed) == 0;
}

static struct job_timetable *timetable_new(const char *text, const char *zone, const char *seed)
{
	size_t text_size = strlen(text) + 1, zone_size = strlen(zone) + 1, seed_size = strlen(seed) + 1;
	struct job_timetable *table = g_malloc0(sizeof *table + text_size + zone_size + seed_size);
	char *texts = (char *)(table + 1);
	table->text = memcpy(texts, text, text_size);
	table->zone = memcpy(texts + text_size, zone, zone_size);
	table->seed = memcpy(texts + text_size + zone_size, seed, seed_size);
	table->refs = 1;
	return table;
}

struct job_timetable *job_timetable_get(const char *text, const char *zone, const char *id, GError **error)
{
	struct job_timetable *made = timetable_new(text, zone, schedule_text_uses_hash(text) ? id : "");
	g_mutex_lock(&lock);
	if (timetables == NULL)
		timetables = g_hash_table_new(timetable_hash, timetable_equal);
	struct job_timetable *found = g_hash_table_lookup(timetables, made);
	if (found != NULL) {
		found->refs++;
	} else if ((made->schedule = schedule_new(text, zone, made->seed, error)) != NULL) {
		found = g_steal_pointer(&made);
		g_hash_table_add(timetables, found);
	}
	g_mutex_unlock(&lock);
	g_free(made);
	return found;
}

void job_timetable_release(struct job_timetable *table)
{
	g_mutex_lock(&lock);
	bool last = --table->refs == 0;
	if (last && !table->forgotten)
		g_hash_table_remove(timetables, table);
	g_mutex_unlock(&lock);
	if (!last)
		return;
	schedule_unref(table->schedule);
	g_free(table);
}

void job_forget_schedules(void)
{
	g_mutex_lock(&lock);
	if (timetables != NULL) {
		GHashTableIter iter;
		gpointer table;
		g_hash_table_iter_init(&iter, timetables);
		while (g_hash_table_iter_next(&iter, &table, NULL))
			((struct job_timetable *)table)->forgotten = true;
		g_hash_table_remove_all(timetables);
	}
	g_mutex_unlock(&lock);
}

/*
 * Padding included: drafts are zeroed first, and a difference in padding would only cost an object. Word by word (FNV-1a's step):
 * byte by byte it was a tenth of the start of a million jobs.
 */
static guint policy_hash(gconstpointer data)
{
	const uint64_t *words = data;
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < sizeof(struct job_policy) / sizeof *words; i++)
		hash = (hash ^ words[i]) * 1099511628211u;
	return (guint)(hash ^ hash >> 32);
}
G_STATIC_ASSERT(sizeof(struct job_policy) % sizeof(uint64_t) == 0);

static gboolean policy_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct job_policy)) == 0;
}

const struct job_policy *job_policy_get(const struct job_policy *policy)
{
	g_mutex_lock(&lock);
	if (policies == NULL)
		policies = g_hash_table_new(policy_hash, policy_equal);
	struct shared_policy *shared = g_hash_table_lookup(policies, policy);
	if (shared == NULL) {
		shared = g_new0(struct shared_policy, 1);
		memcpy(&shared->policy, policy, sizeof *policy);
		g_hash_table_add(policies, shared);
	}
	shared->refs++;
	g_mutex_unlock(&lock);
	return &shared->policy;
}

void job_policy_release(const struct job_policy *policy)
{
	struct shared_policy *shared = (struct shared_policy *)policy;
	g_mutex_lock(&lock);
	bool last = --shared->refs == 0;
	if (last)
		g_hash_table_remove(policies, shared);
	g_mutex_unlock(&lock);
	if (last)
		g_free(shared);
}
