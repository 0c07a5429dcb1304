/*
 * The outbox as others see it: records to send, acks, recent records for people, and the pruning of what central has.
 */
#include "agent/store_internal.h"

#include "common/log.h"

#define PRUNE_CHUNK 1000 /* rows that one ack or chore drops at most: live work must not wait for tidying */

static char *copy_record(sqlite3_stmt *row, int column)
{
	return g_strndup((const char *)sqlite3_column_text(row, column), (gsize)sqlite3_column_bytes(row, column));
}

void store_serve_unsent(struct store_sqlite *store, struct store_unsent_message *message)
{
	message->records = g_ptr_array_new_with_free_func(g_free);
	message->oldest_at = WALL_NONE;
	message->ok = store_is_usable(store); /* first: it may read the counters again */
	message->epoch = store->epoch;
	message->acked_seq = store->numbers.acked_seq;
	message->first_seq = store->numbers.acked_seq + 1;
	message->depth = store->numbers.next_seq - 1 - store->numbers.acked_seq;
	if (!message->ok)
		return;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_unsent];
	sqlite3_bind_int64(statement, 1, store->numbers.acked_seq);
	sqlite3_bind_int(statement, 2, message->max_records);
	int64_t bytes = 0;
	int code;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		bytes += sqlite3_column_bytes(statement, 2) + 1;
		if (bytes > message->max_bytes && message->records->len > 0)
			break;
		if (message->records->len == 0) {
			message->first_seq = sqlite3_column_int64(statement, 0);
			message->oldest_at = (struct wall){ sqlite3_column_int64(statement, 1) };
		}
		g_ptr_array_add(message->records, copy_record(statement, 2));
	}
	sqlite3_reset(statement);
	message->more = message->first_seq + message->records->len < store->numbers.next_seq;
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return;
	g_ptr_array_set_size(message->records, 0);
	message->ok = false;
	store_note_error(store, code, "reading the outbox");
}

void store_serve_recent(struct store_sqlite *store, struct store_recent_message *message)
{
	if (!store_is_usable(store))
		return;
	g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(int64_t));
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_recent];
	sqlite3_bind_int64(statement, 1, message->before_seq);
	sqlite3_bind_int(statement, 2, CLAMP(message->limit, 1, STORE_RECENT_MAX));
	int code;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(statement, 0);
		g_array_append_val(seqs, seq);
		g_ptr_array_add(records, copy_record(statement, 1));
	}
	sqlite3_reset(statement);
	if (code != SQLITE_DONE) {
		store_note_error(store, code, "reading recent records");
		return;
	}
	message->records = g_steal_pointer(&records);
	message->seqs = g_steal_pointer(&seqs);
}

static int drop_up_to(struct store_sqlite *store, struct store_numbers *numbers, int64_t seq)
{
	if (seq < numbers->first_seq)
		return SQLITE_OK;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_prune];
	sqlite3_bind_int64(statement, 1, seq);
	int code = store_db_run(statement);
	if (code == SQLITE_OK)
		numbers->first_seq = seq + 1;
	return code;
}

int store_prune(struct store_sqlite *store, struct store_numbers *numbers, int64_t max, bool by_age)
{
	int64_t history_end = store->keep_all ? numbers->next_seq - 1 : numbers->acked_seq;
	int64_t chunk_end = MIN(history_end, numbers->first_seq + max - 1);
	int code = drop_up_to(store, numbers, MIN(history_end - store->history_rows, chunk_end));
	if (code != SQLITE_OK || !by_age || chunk_end < numbers->first_seq)
		return code;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_old];
	sqlite3_bind_int64(statement, 1, chunk_end);
	sqlite3_bind_int64(statement, 2, wall_add_ms(wall_now(), -store->history_ms).us);
	int64_t old = 0;
	if (sqlite3_step(statement) == SQLITE_ROW)
		old = sqlite3_column_int64(statement, 0);
	code = sqlite3_reset(statement);
	return code == SQLITE_OK ? drop_up_to(store, numbers, old) : code;
}

static int write_ack(struct store_sqlite *store, struct store_numbers *numbers, void *context)
{
	const struct store_ack_message *message = context;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_ack];
	numbers->acked_seq = message->seq;
	sqlite3_bind_int64(statement, 1, numbers->acked_seq);
	int code = store_db_run(statement);
	return code == SQLITE_OK ? store_prune(store, numbers, PRUNE_CHUNK, false) : code;
}

/* An ack that does not become durable is no loss: central takes the same records again and counts them once. */
void store_serve_ack(struct store_sqlite *store, struct store_ack_message *message)
{
	if (!store_is_usable(store) || message->epoch != store->epoch)
		return;
	if (message->seq <= store->numbers.acked_seq || message->seq >= store->numbers.next_seq)
		return;
	store_transaction(store, write_ack, message, "writing an ack");
	store_send_stats(store);
}

static int write_replacement(struct store_sqlite *store, struct store_numbers *numbers, void *context)
{
	(void)numbers;
	const struct store_replace_message *message = context;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_replace];
	sqlite3_bind_int64(statement, 1, message->seq);
	sqlite3_bind_text(statement, 2, message->record, -1, SQLITE_STATIC);
	return store_db_run(statement);
}

void store_serve_replace(struct store_sqlite *store, struct store_replace_message *message)
{
	if (store_is_usable(store))
		store_transaction(store, write_replacement, message, "replacing a record");
}
