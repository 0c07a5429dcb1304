/*
 * The store's thread. Batches of the core come first, as many as are waiting in one transaction (one fsync for all);
 * then, one at a time, what sync and people ask; then chores. Answers go out before the log is moved into the file, so
 * that a checkpoint delays the next batch but not the last one.
 */
#include "agent/store_internal.h"

#include "common/log.h"

#define GROUP_BATCHES_MAX 256
#define GROUP_ROWS_MAX 20000
#define CHECKPOINT_PAGES 1000 /* about 4 MB of log */
#define CHORES_MS 1000
#define PRUNE_HYSTERESIS 256  /* rows beyond the cap before a transaction starts to prune */
#define AGE_CHORE_MS 60000
#define AGE_CHORE_ROWS 10000

int64_t store_sqlite_epoch(const struct store_sqlite *store)
{
	return store->epoch;
}

int64_t store_sqlite_depth(const struct store_sqlite *store)
{
	return store->numbers.next_seq - 1 - store->numbers.acked_seq;
}

/* Asked of the file only when another record is the first that central has not got. */
static void note_oldest_unsent(struct store_sqlite *store)
{
	int64_t seq = store->numbers.acked_seq + 1;
	if (seq == store->oldest_unsent_seq)
		return;
	store->stats.oldest_unsent_at = WALL_NONE;
	store->oldest_unsent_seq = 0;
	if (seq >= store->numbers.next_seq || !store->healthy)
		return;
	sqlite3_stmt *statement = store->db.statements[STMT_outbox_at];
	sqlite3_bind_int64(statement, 1, seq);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		store->stats.oldest_unsent_at = store_column_wall(statement, 0);
		store->oldest_unsent_seq = seq;
	}
	sqlite3_reset(statement);
}

static void fill_stats(struct store_sqlite *store, struct store_stats *ret)
{
	note_oldest_unsent(store);
	store->stats.epoch = store->epoch;
	store->stats.next_seq = store->numbers.next_seq;
	store->stats.acked_seq = store->numbers.acked_seq;
	store->stats.first_seq = store->numbers.first_seq;
	store->stats.healthy = store->healthy;
	*ret = store->stats;
}

void store_send_stats(struct store_sqlite *store)
{
	if (store->loop == NULL)
		return;
	struct store_stats_message *message = g_new0(struct store_stats_message, 1);
	message->message.type = STORE_STATS;
	fill_stats(store, &message->stats);
	queue_push(store->loop, &message->message);
}

static void answer_batch(struct store_sqlite *store, struct store_batch_message *message, enum store_result result)
{
	message->batch = NULL;
	message->result = result;
	fill_stats(store, &message->stats);
	message_reply(&message->message);
}

/* The batches of one transaction. */
struct group {
	struct store_batch_message *messages[GROUP_BATCHES_MAX];
	int n;
	int64_t rows;
	bool failure; /* one of the decisions is a failure: sync should hurry */
};

static int write_group(struct store_sqlite *store, struct store_numbers *numbers, void *context)
{
	struct group *group = context;
	const struct store_state *state = NULL;
	int code = SQLITE_OK;
	for (int i = 0; i < group->n && code == SQLITE_OK; i++) {
		const struct store_batch *batch = group->messages[i]->batch;
		if (batch->number <= numbers->last_batch)
			continue;
		code = store_apply_batch(store, numbers, batch, &group->failure);
		state = &batch->state;
	}
	if (code != SQLITE_OK || state == NULL)
		return code;
	int64_t appended = numbers->next_seq - store->numbers.next_seq;
	int64_t history_end = store->keep_all ? numbers->next_seq - 1 : numbers->acked_seq;
	if (history_end - numbers->first_seq > store->history_rows + PRUNE_HYSTERESIS)
		code = store_prune(store, numbers, 2 * appended + PRUNE_HYSTERESIS, false);
	return code == SQLITE_OK ? store_apply_state(store, numbers, state) : code;
}

/* Takes waiting batches into the group; those that must not be applied now are answered at once. */
static void gather(struct store_sqlite *store, struct group *group)
{
	while (group->n < GROUP_BATCHES_MAX && group->rows < GROUP_ROWS_MAX && !g_queue_is_empty(&store->batches)) {
		struct store_batch_message *message = g_queue_pop_head(&store->batches);
		if (store->blocked_at != 0 && message->number <= store->blocked_at && store_is_usable(store))
			store->blocked_at = 0;
		if (store->blocked_at != 0 || !store_is_usable(store)) {
			if (store->blocked_at == 0)
				store->blocked_at = message->number;
			answer_batch(store, message, STORE_FAILED);
			continue;
		}
		group->rows += store_batch_rows(message->batch);
		group->messages[group->n++] = message;
	}
}

static void hurry_sync(struct store_sqlite *store)
{
	if (store->sync == NULL)
		return;
	struct message *message = g_new0(struct message, 1);
	message->type = STORE_HURRY;
	queue_push(store->sync, message);
}

static void run_group(struct store_sqlite *store)
{
	struct group group = { .n = 0 };
	gather(store, &group);
	if (group.n == 0)
		return;
	struct mono begun = mono_now();
	enum store_result result = store_transaction(store, write_group, &group, "writing a batch");
	store->stats.commit_us += mono_diff_us(mono_now(), begun);
	if (result == STORE_OK) {
		store->stats.commits++;
		store->stats.batches += group.n;
	} else {
		store->blocked_at = group.messages[0]->number;
	}
	for (int i = 0; i < group.n; i++)
		answer_batch(store, group.messages[i], result);
	if (result == STORE_OK && group.failure)
		hurry_sync(store);
}

static void serve(struct store_sqlite *store, struct message *message)
{
	switch ((enum store_request)message->type) {
	case STORE_DO_RECENT:
		store_serve_recent(store, (struct store_recent_message *)message);
		break;
	case STORE_DO_UNSENT:
		store_serve_unsent(store, (struct store_unsent_message *)message);
		break;
	case STORE_DO_ACK:
		store_serve_ack(store, (struct store_ack_message *)message);
		break;
	case STORE_DO_REPLACE:
		store_serve_replace(store, (struct store_replace_message *)message);
		break;
	case STORE_DO_BATCH:
	case STORE_DO_STOP:
		g_assert_not_reached();
	}
	if (!message_reply(message))
		message_free(message);
}

static void sort_in(struct store_sqlite *store)
{
	struct message *next;
	for (struct message *message = queue_take_all(store->queue); message != NULL; message = next) {
		next = message->next;
		if (message->type == STORE_DO_BATCH) {
			g_queue_push_tail(&store->batches, message);
		} else if (message->type == STORE_DO_STOP) {
			store->stopping = true;
			g_free(message);
		} else {
			g_queue_push_tail(&store->others, message);
		}
	}
}

static int write_pruning(struct store_sqlite *store, struct store_numbers *numbers, void *context)
{
	(void)context;
	return store_prune(store, numbers, AGE_CHORE_ROWS, true);
}

static void chores(struct store_sqlite *store)
{
	if (mono_diff_us(mono_now(), store->chores_at) < 0 || store->lost)
		return;
	store->chores_at = mono_add_us(mono_now(), CHORES_MS * US_PER_MS);
	if (!store_is_usable(store))
		return;
	if (store_file_is_gone(store)) {
		store_end_life(store, "the file was deleted or replaced");
		return;
	}
	if (!store->ballast)
		store_ballast_keep(store);
	if (mono_diff_us(mono_now(), store->age_at) < 0)
		return;
	store->age_at = mono_add_us(mono_now(), AGE_CHORE_MS * US_PER_MS);
	store_transaction(store, write_pruning, NULL, "pruning history");
}

static void checkpoint_if_due(struct store_sqlite *store)
{
	if (!store->healthy || store->db.wal_pages < CHECKPOINT_PAGES)
		return;
	int code = store_db_checkpoint(&store->db, false);
	if (code != SQLITE_OK)
		store_note_error(store, code, "moving the log into the file");
}

static void *store_main(void *data)
{
	struct store_sqlite *store = data;
	for (;;) {
		sort_in(store);
		if (!g_queue_is_empty(&store->batches))
			run_group(store);
		else if (!g_queue_is_empty(&store->others))
			serve(store, g_queue_pop_head(&store->others));
		else if (store->stopping)
			return NULL;
		else
			queue_wait(store->queue, CHORES_MS);
		checkpoint_if_due(store);
		chores(store);
	}
}

void store_sqlite_start(struct store_sqlite *store, struct queue *loop, struct queue *sync)
{
	store->loop = loop;
	store->sync = sync;
	store->chores_at = mono_add_us(mono_now(), CHORES_MS * US_PER_MS);
	store->thread = g_thread_new("store", store_main, store);
}

static void release_unsent(struct message *message)
{
	struct store_unsent_message *unsent = (struct store_unsent_message *)message;
	if (unsent->records != NULL)
		g_ptr_array_unref(unsent->records);
}

static void release_recent(struct message *message)
{
	struct store_recent_message *recent = (struct store_recent_message *)message;
	if (recent->records != NULL)
		g_ptr_array_unref(recent->records);
	if (recent->seqs != NULL)
		g_array_unref(recent->seqs);
}

static void release_replace(struct message *message)
{
	g_free(((struct store_replace_message *)message)->record);
}

static void push(struct store_sqlite *store, struct message *message, enum store_request type)
{
	message->type = type;
	queue_push(store->queue, message);
}

void store_sqlite_stop(struct store_sqlite *store)
{
	push(store, g_new0(struct message, 1), STORE_DO_STOP);
	g_thread_join(store->thread);
	store->thread = NULL;
}

static void submit(void *context, const struct store_batch *batch)
{
	struct store_sqlite *store = context;
	struct store_batch_message *message = g_new0(struct store_batch_message, 1);
	message->batch = batch;
	message->number = batch->number;
	message->message.reply_to = store->loop;
	message->message.reply_type = STORE_BATCH_DONE;
	push(store, &message->message, STORE_DO_BATCH);
}

struct store store_sqlite_interface(struct store_sqlite *store)
{
	return (struct store){ store, submit };
}

void store_sqlite_recent(struct store_sqlite *store, int limit, int64_t before_seq,
			 void (*done)(void *context, GPtrArray *records, const int64_t *seqs), void *context)
{
	struct store_recent_message *message = g_new0(struct store_recent_message, 1);
	message->message.reply_to = store->loop;
	message->message.reply_type = STORE_RECENT_DONE;
	message->message.release = release_recent;
	message->limit = limit;
	message->before_seq = before_seq;
	message->done = done;
	message->context = context;
	push(store, &message->message, STORE_DO_RECENT);
}

void store_sqlite_unsent(struct store_sqlite *store, int max_records, int64_t max_bytes, struct queue *reply_to)
{
	struct store_unsent_message *message = g_new0(struct store_unsent_message, 1);
	message->message.reply_to = reply_to;
	message->message.reply_type = STORE_UNSENT_DONE;
	message->message.release = release_unsent;
	message->max_records = max_records;
	message->max_bytes = max_bytes;
	push(store, &message->message, STORE_DO_UNSENT);
}

void store_sqlite_ack(struct store_sqlite *store, int64_t epoch, int64_t seq)
{
	struct store_ack_message *message = g_new0(struct store_ack_message, 1);
	message->epoch = epoch;
	message->seq = seq;
	push(store, &message->message, STORE_DO_ACK);
}

void store_sqlite_replace(struct store_sqlite *store, int64_t seq, const char *record)
{
	struct store_replace_message *message = g_new0(struct store_replace_message, 1);
	message->seq = seq;
	message->message.release = release_replace;
	message->record = g_strdup(record);
	push(store, &message->message, STORE_DO_REPLACE);
}
