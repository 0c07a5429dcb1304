/*
 * What a start reads: the counters, and the snapshot from which the core goes on.
 */
#include "agent/store_internal.h"

#include <string.h>

static const char *column_text(sqlite3_stmt *statement, int index)
{
	const char *text = (const char *)sqlite3_column_text(statement, index);
	return text != NULL ? text : "";
}

bool store_load_numbers(struct store_sqlite *store, GError **error)
{
	sqlite3_stmt *state = store->db.statements[STMT_load_state], *first = store->db.statements[STMT_outbox_first];
	struct store_numbers numbers = { 0 };
	int code = sqlite3_step(state);
	if (code == SQLITE_ROW) {
		store->epoch = sqlite3_column_int64(state, 0);
		numbers.next_seq = sqlite3_column_int64(state, 1);
		numbers.acked_seq = sqlite3_column_int64(state, 2);
		numbers.last_batch = (uint64_t)sqlite3_column_int64(state, 3);
	}
	sqlite3_reset(state);
	if (code == SQLITE_DONE) {
		g_set_error_literal(error, STORE_ERROR, STORE_ERROR_CORRUPT, "the database has no state row");
		return false;
	}
	if (code != SQLITE_ROW)
		return store_set_error(error, &store->db, code, "reading the state");
	code = sqlite3_step(first);
	if (code == SQLITE_ROW)
		numbers.first_seq =
			sqlite3_column_type(first, 0) == SQLITE_NULL ? numbers.next_seq : sqlite3_column_int64(first, 0);
	sqlite3_reset(first);
	if (code != SQLITE_ROW)
		return store_set_error(error, &store->db, code, "reading the outbox");
	store->numbers = numbers;
	return true;
}

static void read_state(sqlite3_stmt *row, struct store_snapshot *snapshot)
{
	struct store_state *state = &snapshot->state;
	snapshot->last_batch = (uint64_t)sqlite3_column_int64(row, 3);
	state->planned_until = store_column_wall(row, 4);
	state->fixed_until = store_column_wall(row, 5);
	state->clock_epoch = (uint64_t)sqlite3_column_int64(row, 6);
	state->restart_epoch = (uint64_t)sqlite3_column_int64(row, 7);
	g_strlcpy(state->boot_id, column_text(row, 8), sizeof state->boot_id);
	state->clock_offset_us = sqlite3_column_int64(row, 9);
	state->next_intent_number = sqlite3_column_int64(row, 10);
	state->jobs_revision = sqlite3_column_int64(row, 11);
	state->jobs_digest = (uint64_t)sqlite3_column_int64(row, 12);
	state->lease_until = store_column_wall(row, 13);
	state->latest = store_column_wall(row, 14);
}

/* Jobs come sorted, so the id of a living job is found by halving; that of a deleted one is interned. */
static const char *stable_job_id(const struct store_snapshot *snapshot, const char *id)
{
	size_t low = 0, high = snapshot->jobs->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct stored_job *stored = &g_array_index(snapshot->jobs, struct stored_job, middle);
		int order = strcmp(id, stored->job->id);
		if (order == 0)
			return stored->job->id;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return g_intern_string(id);
}

/* What cannot be read is not known: the count of attempts stands beside it. */
static struct attempt_log *read_log(sqlite3_stmt *row, int column)
{
	struct attempt_log *log = NULL;
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return NULL;
	json_t *json = json_loads(column_text(row, column), JSON_REJECT_DUPLICATES, NULL);
	wire_parse_attempt_log(json, &log, NULL);
	json_decref(json);
	return log;
}

static void read_intent(sqlite3_stmt *row, struct store_snapshot *snapshot)
{
	struct intent intent = {
		.number = sqlite3_column_int64(row, 0),
		.job_id = stable_job_id(snapshot, column_text(row, 2)),
		.scheduled_at = store_column_wall(row, 3),
		.not_before = store_column_wall(row, 4),
		.first_started_at = store_column_wall(row, 5),
		.cause = (enum fire_cause)sqlite3_column_int(row, 6),
		.attempts = sqlite3_column_int(row, 7),
		.clock_epoch = (uint64_t)sqlite3_column_int64(row, 8),
		.attempt_log = read_log(row, 9),
	};
	if (sqlite3_column_bytes(row, 1) == sizeof intent.id.bytes)
		memcpy(intent.id.bytes, sqlite3_column_blob(row, 1), sizeof intent.id.bytes);
	g_array_append_val(snapshot->intents, intent);
}

static void read_backlog(sqlite3_stmt *row, struct store_snapshot *snapshot)
{
	struct backlog backlog = {
		.job_id = stable_job_id(snapshot, column_text(row, 0)),
		.cursor = store_column_wall(row, 1),
		.until = store_column_wall(row, 2),
		.clock_epoch = (uint64_t)sqlite3_column_int64(row, 3),
		.kind = (enum backlog_kind)sqlite3_column_int(row, 4),
	};
	g_array_append_val(snapshot->backlogs, backlog);
}

static void read_command(sqlite3_stmt *row, struct store_snapshot *snapshot)
{
	int64_t id = sqlite3_column_int64(row, 0);
	g_array_append_val(snapshot->done_commands, id);
}

static int read_rows(sqlite3_stmt *statement, struct store_snapshot *snapshot,
		     void (*read)(sqlite3_stmt *row, struct store_snapshot *snapshot))
{
	int code;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		read(statement, snapshot);
	sqlite3_reset(statement);
	return code;
}

struct store_snapshot *store_sqlite_load(struct store_sqlite *store, GError **error)
{
	static const struct {
		enum store_statement statement;
		void (*read)(sqlite3_stmt *row, struct store_snapshot *snapshot);
	} parts[] = {
		{ STMT_load_state, read_state },
		{ STMT_load_intents, read_intent },
		{ STMT_load_backlogs, read_backlog },
		{ STMT_load_commands, read_command },
	};
	sqlite3_stmt **statements = store->db.statements;
	struct store_snapshot *snapshot = store_snapshot_new();
	int code = store_load_jobs(statements[STMT_load_jobs], snapshot); /* first: the others point to ids of jobs */
	for (size_t i = 0; i < G_N_ELEMENTS(parts) && code == SQLITE_DONE; i++)
		code = read_rows(statements[parts[i].statement], snapshot, parts[i].read);
	if (code == SQLITE_DONE)
		return snapshot;
	store_set_error(error, &store->db, code, "reading the database");
	store_snapshot_free(snapshot);
	return NULL;
}
