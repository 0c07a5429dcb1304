#include "central/ingest_lanes.h"

struct ingest_lanes {
	GMutex lock; /* all below, and the members' lane */
	GCond changed;
	GQueue waiting; /* struct ingest_member *, oldest first */
	int lanes, busy;
};

struct ingest_lanes *ingest_lanes_new(int lanes)
{
	struct ingest_lanes *new = g_new0(struct ingest_lanes, 1);
	g_mutex_init(&new->lock);
	g_cond_init(&new->changed);
	g_queue_init(&new->waiting);
	new->lanes = lanes;
	return new;
}

void ingest_lanes_free(struct ingest_lanes *lanes)
{
	if (lanes == NULL)
		return;
	g_assert(g_queue_is_empty(&lanes->waiting));
	g_mutex_clear(&lanes->lock);
	g_cond_clear(&lanes->changed);
	g_free(lanes);
}

/* One agent's batches depend on each other: they go one by one. */
static bool is_in(const GPtrArray *group, const struct ingest_member *member)
{
	for (guint i = 0; i < group->len; i++) {
		const struct ingest_member *other = g_ptr_array_index(group, i);
		if (fire_id_equal(other->agent_id, member->agent_id))
			return true;
	}
	return false;
}

static bool is_live(const struct ingest_member *member)
{
	return member->records->len <= INGEST_LIVE_RECORDS_MAX;
}

/* Those that wait and are live, or are not, in the order they came, as far as there is room. */
static void add_waiting(struct ingest_lanes *lanes, GPtrArray *group, bool live, guint *records)
{
	GList *next;
	for (GList *link = lanes->waiting.head; link != NULL && group->len < INGEST_GROUP_MEMBERS_MAX; link = next) {
		struct ingest_member *member = link->data;
		next = link->next;
		if (is_live(member) != live || is_in(group, member))
			continue;
		if (*records + member->records->len > INGEST_GROUP_RECORDS_MAX)
			break;
		*records += member->records->len;
		g_queue_delete_link(&lanes->waiting, link);
		g_ptr_array_add(group, member);
	}
}

/* The leader, then the live ones, then backlog; of each those that have waited longest. */
static GPtrArray *choose_group(struct ingest_lanes *lanes, struct ingest_member *leader)
{
	GPtrArray *group = g_ptr_array_sized_new(16);
	guint records = leader->records->len;
	g_queue_remove(&lanes->waiting, leader);
	g_ptr_array_add(group, leader);
	add_waiting(lanes, group, true, &records);
	add_waiting(lanes, group, false, &records);
	for (guint i = 0; i < group->len; i++)
		((struct ingest_member *)g_ptr_array_index(group, i))->place = INGEST_IN_GROUP;
	return group;
}
enum db_status ingest_lanes_pass(struct ingest_lanes *lanes, struct ingest_member *member, ingest_lead lead, void *leader)
{
	g_mutex_lock(&lanes->lock);
	member->place = INGEST_WAITS;
	g_queue_push_tail(&lanes->waiting, member);
	while (member->place != INGEST_ANSWERED) {
		if (member->place != INGEST_WAITS || lanes->busy == lanes->lanes) {
			g_cond_wait(&lanes->changed, &lanes->lock);
			continue;
		}
		g_autoptr(GPtrArray) group = choose_group(lanes, member);
		lanes->busy++;
		g_mutex_unlock(&lanes->lock);
		lead(leader, (struct ingest_member *const *)group->pdata, group->len);
		g_mutex_lock(&lanes->lock);
		lanes->busy--;
		g_cond_broadcast(&lanes->changed);
	}
	g_mutex_unlock(&lanes->lock);
	return member->status;
}

void ingest_lanes_answer(struct ingest_lanes *lanes, struct ingest_member *member, enum db_status status)
{
	g_mutex_lock(&lanes->lock);
	member->status = status;
	member->place = INGEST_ANSWERED;
	g_cond_broadcast(&lanes->changed);
	g_mutex_unlock(&lanes->lock);
}
