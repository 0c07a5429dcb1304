#include "central/ingest_group.h"

#include <stdlib.h>
#include <string.h>

#include "central/ingest_stream.h"
#include "central/ingest_write.h"

/* The group's transaction: what it found out and has counted so far. */
struct group {
	struct db_conn *conn;
	struct ingest_member *const *members;
	guint n;
	bool durable, thin;
};

static enum db_status get_ready(struct group *group)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(group->conn, "ingest_prepare", NULL, &result);
	if (status != DB_OK)
		return status;
	group->durable = db_bool(result, 0, 0);
	group->thin = db_bool(result, 0, 1);
	return DB_OK;
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
		status = ingest_write(group->conn, group->members, group->n, group->thin);
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
