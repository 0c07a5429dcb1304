#include "central/ingest_group.h"

#include <stdlib.h>
#include <string.h>

#include "central/ingest_stream.h"
#include "central/ingest_write.h"
#include "common/rfc3339.h"

/*
 * Only days that ended a day ago are ever cleared of statuses, or closed, so rows younger than that owe the sweep nothing. The
 * hour less is for clocks that differ, and for a batch that is written while it comes of age.
 */
#define SWEPT_AGE_US (23 * 3600 * US_PER_SECOND)

/* The group's transaction: what it found out and has counted so far. */
struct group {
	struct db_conn *conn;
	struct ingest_member *const *members;
	guint n;
	bool durable;
	struct ingest_care care;
};

/* Due instant of the oldest execution; WALL_NEVER: there is none. */
static struct wall oldest_of(const struct group *group)
{
	struct wall oldest = WALL_NEVER;
	for (guint m = 0; m < group->n; m++) {
		const struct ingest_member *member = group->members[m];
		for (guint i = 0; i < member->limit; i++) {
			const struct ingest_record *record = &g_array_index(member->records, struct ingest_record, i);
			if (record->kind == INGEST_EXECUTION)
				oldest = wall_min(oldest, record->execution.scheduled_at);
		}
	}
	return oldest;
}

static enum db_status get_ready(struct group *group)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct wall oldest = oldest_of(group);
	struct db_params params = { 0 };
	enum db_status status = DB_OK;
	group->care.late = oldest.us < wall_now().us - SWEPT_AGE_US;
	if (group->care.late)
		status = db_run(group->conn, "sweep_lock_shared", NULL, NULL);
	db_param_wall(&params, oldest);
	if (status == DB_OK)
		status = db_run_one(group->conn, "ingest_prepare", &params, &result);
	if (status != DB_OK)
		return status;
	group->durable = db_bool(result, 0, 0);
	group->care.closed_to = db_wall(result, 0, 2);
	group->care.thin = db_bool(result, 0, 1) || wall_before(oldest, group->care.closed_to);
	return DB_OK;
}

/* What such a record would be known by went with its day: it is kept where somebody sees it, and not counted. */
static void refuse_closed(const struct group *group, struct ingest_member *member)
{
	char border[RFC3339_SIZE];
	for (guint i = member->from; i < member->limit; i++) {
		struct ingest_record *record = &g_array_index(member->records, struct ingest_record, i);
		if (record->kind != INGEST_EXECUTION ||
		    !wall_before(record->execution.last_scheduled_at, group->care.closed_to))
			continue;
		g_autofree char *reason = g_strdup_printf(
			"came after its day was closed: of what was due before %s nothing is kept (retention_days) that tells "
			"whether it was counted",
			rfc3339_print_seconds(group->care.closed_to, border));
		ingest_record_refuse(record, reason);
	}
}

static gint member_order(gconstpointer a, gconstpointer b)
{
	const struct ingest_member *left = *(struct ingest_member *const *)a, *right = *(struct ingest_member *const *)b;
	return memcmp(left->agent_id.bytes, right->agent_id.bytes, sizeof left->agent_id.bytes);
}

/* In the order of agents: who locks several streams does so in one order, so nobody waits in a circle. */
static enum db_status open_streams(struct group *group)
{
	g_autofree struct ingest_member **sorted = g_memdup2(group->members, group->n * sizeof *sorted);
	qsort(sorted, group->n, sizeof *sorted, member_order);
	enum db_status status = ingest_stream_lock(group->conn, sorted, group->n);
	for (guint i = 0; status == DB_OK && i < group->n; i++) {
		struct ingest_member *member = sorted[i];
		status = ingest_stream_open(group->conn, member);
		int64_t first_new = member->stream.acked_seq + 1 - member->batch->first_seq;
		member->from = (guint)CLAMP(first_new, 0, (int64_t)member->limit);
		/* Refused and early batches have nothing to write. */
		if (member->result.outcome != INGEST_TAKEN)
			member->from = member->limit;
		refuse_closed(group, member);
	}
	return status;
}

static enum db_status take(struct group *group)
{
	enum db_status status = get_ready(group);
	if (status == DB_OK && !group->durable) {
		for (guint i = 0; i < group->n; i++)
			group->members[i]->result.outcome = INGEST_NOT_DURABLE;
		return db_rollback(group->conn);
	}
	if (status == DB_OK)
		status = open_streams(group);
	if (status == DB_OK)
		status = ingest_write(group->conn, group->members, group->n, &group->care);
	if (status == DB_OK)
		status = ingest_stream_advance(group->conn, group->members, group->n);
	if (status == DB_OK)
		status = db_commit(group->conn);
	return status;
}

enum db_status ingest_group_take(struct db_conn *conn, struct ingest_member *const *members, guint n)
{
	g_autofree struct ingest_result *before = g_new(struct ingest_result, n);
	struct group group = { .conn = conn, .members = members, .n = n };
	for (guint i = 0; i < n; i++)
		before[i] = members[i]->result;
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = take(&group);
	if (db_in_transaction(conn))
		db_rollback(conn);
	for (guint i = 0; status != DB_OK && i < n; i++)
		members[i]->result = before[i];
	return status;
}
