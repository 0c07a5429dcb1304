/*
 * One batch of the core as rows. The order of the steps is the one agent/store.h promises.
 */
#include "agent/store_internal.h"

#include <string.h>

/* A statement that takes one number or one text. */
static int run_with_number(struct store_sqlite *store, enum store_statement which, int64_t number)
{
	sqlite3_stmt *statement = store->db.statements[which];
	sqlite3_bind_int64(statement, 1, number);
	return store_db_run(statement);
}

static int run_with_text(struct store_sqlite *store, enum store_statement which, const char *text)
{
	sqlite3_stmt *statement = store->db.statements[which];
	sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
	return store_db_run(statement);
}

static int delete_job(struct store_sqlite *store, const char *id)
{
	int code = run_with_text(store, STMT_job_delete_backlogs, id);
	return code == SQLITE_OK ? run_with_text(store, STMT_job_delete, id) : code;
}

static int upsert_job(struct store_sqlite *store, const struct stored_job *stored)
{
	json_t *json = job_to_short_json(stored->job);
	char *definition = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	sqlite3_stmt *statement = store->db.statements[STMT_job_upsert];
	sqlite3_bind_text(statement, 1, stored->job->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, stored->job->revision);
	sqlite3_bind_text(statement, 3, definition, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, stored->target_key, -1, SQLITE_STATIC);
	store_bind_wall(statement, 5, stored->since);
	sqlite3_bind_int64(statement, 6, (int64_t)stored->since_epoch);
	store_bind_wall(statement, 7, stored->anchor);
	sqlite3_bind_int(statement, 8, stored->handed_over);
	int code = store_db_run(statement);
	sqlite3_clear_bindings(statement);
	free(definition);
	return code;
}

static int mark_job(struct store_sqlite *store, const struct job_mark *mark)
{
	sqlite3_stmt *statement = store->db.statements[STMT_job_mark];
	sqlite3_bind_text(statement, 1, mark->job_id, -1, SQLITE_STATIC);
	store_bind_wall(statement, 2, mark->since);
	sqlite3_bind_int64(statement, 3, (int64_t)mark->since_epoch);
	store_bind_wall(statement, 4, mark->anchor);
	return store_db_run(statement);
}

static int insert_intent(struct store_sqlite *store, const struct intent *intent)
{
	sqlite3_stmt *statement = store->db.statements[STMT_intent_insert];
	sqlite3_bind_int64(statement, 1, intent->number);
	sqlite3_bind_blob(statement, 2, intent->id.bytes, sizeof intent->id.bytes, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, intent->job_id, -1, SQLITE_STATIC);
	store_bind_wall(statement, 4, intent->scheduled_at);
	store_bind_wall(statement, 5, intent->not_before);
	store_bind_wall(statement, 6, intent->first_started_at);
	sqlite3_bind_int(statement, 7, intent->cause);
	sqlite3_bind_int(statement, 8, intent->attempts);
	sqlite3_bind_int64(statement, 9, (int64_t)intent->clock_epoch);
	return store_db_run(statement);
}

static int update_intent(struct store_sqlite *store, const struct intent_update *update)
{
	sqlite3_stmt *statement = store->db.statements[STMT_intent_update];
	sqlite3_bind_int64(statement, 1, update->number);
	sqlite3_bind_int(statement, 2, update->attempts);
	store_bind_wall(statement, 3, update->not_before);
	store_bind_wall(statement, 4, update->first_started_at);
	if (update->attempt_log != NULL) {
		g_string_truncate(store->text, 0);
		wire_append_attempt_log(store->text, update->attempt_log);
		sqlite3_bind_text(statement, 5, store->text->str, (int)store->text->len, SQLITE_STATIC);
	} else {
		sqlite3_bind_null(statement, 5);
	}
	return store_db_run(statement);
}

/* The record's text is made here, on the store's thread: the loop has better things to do. */
static int append(struct store_sqlite *store, struct store_numbers *numbers, struct wall at, int kind)
{
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_insert];
	sqlite3_bind_int64(statement, 1, numbers->next_seq);
	sqlite3_bind_int64(statement, 2, at.us);
	sqlite3_bind_int(statement, 3, kind);
	sqlite3_bind_text(statement, 4, store->text->str, (int)store->text->len, SQLITE_STATIC);
	int code = store_db_run(statement);
	if (code == SQLITE_OK)
		numbers->next_seq++;
	return code;
}

int store_append_event(struct store_sqlite *store, struct store_numbers *numbers, const struct agent_event *event)
{
	g_string_truncate(store->text, 0);
	wire_append_event(store->text, event);
	return append(store, numbers, event->at, 0);
}

static bool is_failure(enum execution_status status)
{
	return status == EXECUTION_FAILED || status == EXECUTION_TIMEOUT || status == EXECUTION_INTERRUPTED;
}

static int decide(struct store_sqlite *store, struct store_numbers *numbers, const struct decision *decision, bool *ret_failure)
{
	if (decision->intent_number != 0) {
		int code = run_with_number(store, STMT_intent_delete, decision->intent_number);
		if (code != SQLITE_OK)
			return code;
	}
	const struct execution *execution = &decision->execution;
	g_string_truncate(store->text, 0);
	wire_append_execution(store->text, execution);
	*ret_failure |= is_failure(execution->status);
	return append(store, numbers, execution->finished_at, execution->status);
}

static int set_backlog(struct store_sqlite *store, const struct backlog *backlog)
{
	bool done = !wall_before(backlog->cursor, backlog->until);
	sqlite3_stmt *statement = store->db.statements[done ? STMT_backlog_delete : STMT_backlog_upsert];
	sqlite3_bind_text(statement, 1, backlog->job_id, -1, SQLITE_STATIC);
	store_bind_wall(statement, 2, backlog->until);
	sqlite3_bind_int64(statement, 3, (int64_t)backlog->clock_epoch);
	if (!done) {
		store_bind_wall(statement, 4, backlog->cursor);
		sqlite3_bind_int(statement, 5, backlog->kind);
	}
	return store_db_run(statement);
}

int store_apply_state(struct store_sqlite *store, const struct store_numbers *numbers, const struct store_state *state)
{
	sqlite3_stmt *statement = store->db.statements[STMT_state_update];
	sqlite3_bind_int64(statement, 1, (int64_t)numbers->last_batch);
	sqlite3_bind_int64(statement, 2, numbers->next_seq);
	store_bind_wall(statement, 3, state->planned_until);
	store_bind_wall(statement, 4, state->fixed_until);
	sqlite3_bind_int64(statement, 5, (int64_t)state->clock_epoch);
	sqlite3_bind_int64(statement, 6, (int64_t)state->restart_epoch);
	sqlite3_bind_text(statement, 7, state->boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 8, state->clock_offset_us);
	sqlite3_bind_int64(statement, 9, state->next_intent_number);
	sqlite3_bind_int64(statement, 10, state->jobs_revision);
	sqlite3_bind_int64(statement, 11, (int64_t)state->jobs_digest);
	store_bind_wall(statement, 12, state->lease_until);
	store_bind_wall(statement, 13, state->latest);
	return store_db_run(statement);
}

#define FOR_EACH(index, array) for (guint index = 0; code == SQLITE_OK && (index) < (array)->len; (index)++)

int store_apply_batch(struct store_sqlite *store, struct store_numbers *numbers, const struct store_batch *batch,
		      bool *ret_failure)
{
	int code = SQLITE_OK;
	FOR_EACH(i, batch->job_deletes)
		code = delete_job(store, batch->job_deletes->pdata[i]);
	FOR_EACH(i, batch->job_upserts)
		code = upsert_job(store, batch->job_upserts->pdata[i]);
	FOR_EACH(i, batch->job_marks)
		code = mark_job(store, &g_array_index(batch->job_marks, struct job_mark, i));
	FOR_EACH(i, batch->cancels)
		code = run_with_number(store, STMT_intent_delete, g_array_index(batch->cancels, int64_t, i));
	FOR_EACH(i, batch->intents)
		code = insert_intent(store, &g_array_index(batch->intents, struct intent, i));
	FOR_EACH(i, batch->updates)
		code = update_intent(store, &g_array_index(batch->updates, struct intent_update, i));
	FOR_EACH(i, batch->decisions)
		code = decide(store, numbers, batch->decisions->pdata[i], ret_failure);
	FOR_EACH(i, batch->backlogs)
		code = set_backlog(store, &g_array_index(batch->backlogs, struct backlog, i));
	FOR_EACH(i, batch->events)
		code = store_append_event(store, numbers, batch->events->pdata[i]);
	FOR_EACH(i, batch->done_commands)
		code = run_with_number(store, STMT_command_done, g_array_index(batch->done_commands, int64_t, i));
	FOR_EACH(i, batch->known_commands)
		code = run_with_number(store, STMT_command_known, g_array_index(batch->known_commands, int64_t, i));
	if (code == SQLITE_OK)
		numbers->last_batch = batch->number;
	return code;
}

int64_t store_batch_rows(const struct store_batch *batch)
{
	return (int64_t)batch->intents->len + batch->updates->len + batch->cancels->len + 2 * (int64_t)batch->decisions->len +
	       2 * (int64_t)batch->job_upserts->len + batch->job_deletes->len + batch->job_marks->len + batch->backlogs->len +
	       batch->events->len;
}
