#include "central/ingest.h"

#include <string.h>

#include "central/ingest_record.h"
#include "central/ingest_stream.h"
#include "central/ingest_write.h"
#include "common/rfc3339.h"

#define RETRY_PAUSE_US 5000 /* times the number of the try, plus chance */

struct ingest {
	GMutex lock;	  /* all below */
	GHashTable *days; /* days since 1970 whose partitions were there when last looked */
	struct ingest_stats stats;
};

/* One call of ingest_batch(). */
struct run {
	struct ingest *ingest;
	struct db_conn *conn;
	const struct ingest_batch *batch;
	GArray *records;
};

struct ingest *ingest_new(void)
{
	struct ingest *ingest = g_new0(struct ingest, 1);
	g_mutex_init(&ingest->lock);
	ingest->days = g_hash_table_new(NULL, NULL);
	return ingest;
}

void ingest_free(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	g_hash_table_unref(ingest->days);
	g_mutex_clear(&ingest->lock);
	g_free(ingest);
}

void ingest_get_stats(struct ingest *ingest, struct ingest_stats *ret)
{
	g_mutex_lock(&ingest->lock);
	*ret = ingest->stats;
	g_mutex_unlock(&ingest->lock);
}

static void count_result(struct ingest *ingest, const struct ingest_result *result, guint n)
{
	g_mutex_lock(&ingest->lock);
	ingest->stats.batches += n > 0 && result->outcome == INGEST_TAKEN;
	ingest->stats.executions += (guint64)result->executions;
	ingest->stats.duplicates += (guint64)result->duplicates;
	ingest->stats.events += (guint64)result->events;
	ingest->stats.quarantined += (guint64)result->quarantined;
	g_mutex_unlock(&ingest->lock);
}

static void count_retry(struct ingest *ingest)
{
	g_mutex_lock(&ingest->lock);
	ingest->stats.retries++;
	g_mutex_unlock(&ingest->lock);
}

static bool day_is_known(struct ingest *ingest, void *day)
{
	g_mutex_lock(&ingest->lock);
	bool known = g_hash_table_contains(ingest->days, day);
	g_mutex_unlock(&ingest->lock);
	return known;
}

static void learn_day(struct ingest *ingest, void *day)
{
	g_mutex_lock(&ingest->lock);
	g_hash_table_add(ingest->days, day);
	g_mutex_unlock(&ingest->lock);
}

static void forget_days(struct ingest *ingest)
{
	g_mutex_lock(&ingest->lock);
	g_hash_table_remove_all(ingest->days);
	g_mutex_unlock(&ingest->lock);
}

static enum db_status make_partition(struct db_conn *conn, int day)
{
	int64_t year;
	int month, day_of_month;
	civil_from_days(day, &year, &month, &day_of_month);
	g_autofree char *date = g_strdup_printf("%04d-%02d-%02d", (int)year, month, day_of_month);
	struct db_params params = { 0 };
	db_param_text(&params, date);
	return db_run(conn, "ingest_partition_make", &params, NULL);
}

/* Each in a transaction of its own, before that of the batch: its locks are held for an instant only. */
static enum db_status make_partitions(struct run *run)
{
	g_autoptr(GHashTable) days = g_hash_table_new(NULL, NULL);
	enum db_status status = DB_OK;
	GHashTableIter iter;
	void *day;
	ingest_records_days(run->records, 0, run->records->len, days);
	g_hash_table_iter_init(&iter, days);
	while (status == DB_OK && g_hash_table_iter_next(&iter, &day, NULL)) {
		if (day_is_known(run->ingest, day))
			continue;
		status = make_partition(run->conn, GPOINTER_TO_INT(day));
		if (status == DB_OK)
			learn_day(run->ingest, day);
	}
	return status;
}

/* The transaction, for records[..limit); what lies before acked_seq is passed over. */
static enum db_status take(struct run *run, guint limit, struct ingest_result *ret)
{
	const struct ingest_batch *batch = run->batch;
	struct ingest_stream stream;
	enum db_status status = db_begin(run->conn);
	if (status == DB_OK)
		status = ingest_stream_open(run->conn, batch, &stream, ret);
	if (status != DB_OK || ret->outcome != INGEST_TAKEN)
		return status;
	int64_t first_new = CLAMP(stream.acked_seq + 1 - batch->first_seq, 0, (int64_t)limit);
	status = ingest_write(run->conn, batch, run->records, (guint)first_new, limit, ret);
	if (status == DB_OK && first_new < limit)
		status = ingest_stream_advance(run->conn, batch, &stream, batch->first_seq + limit - 1);
	if (status == DB_OK)
		status = db_commit(run->conn);
	ret->acked_seq = stream.acked_seq;
	return status;
}

static enum db_status take_or_roll_back(struct run *run, guint limit, struct ingest_result *ret)
{
	struct ingest_result result = { 0 };
	enum db_status status = take(run, limit, &result);
	if (db_in_transaction(run->conn))
		db_rollback(run->conn);
	if (status == DB_OK) {
		result.executions += ret->executions;
		result.duplicates += ret->duplicates;
		result.events += ret->events;
		result.quarantined += ret->quarantined;
		*ret = result;
	}
	return status;
}

/*
 * Repeats what may go well the next time, and finds the record that PostgreSQL refuses by halving: each part that goes
 * through stays, and the one record left over becomes poison.
 */
static enum db_status take_all(struct run *run, struct ingest_result *ret)
{
	guint n = run->records->len, limit = n, done = 0;
	bool looked_for_partitions = false;
	int tries = 0;
	for (;;) {
		enum db_status status = take_or_roll_back(run, limit, ret);
		if (status == DB_OK && (limit == n || ret->outcome != INGEST_TAKEN))
			return DB_OK;
		if (status == DB_OK) {
			done = limit;
			limit = n;
		} else if (status == DB_CONFLICT && ++tries < INGEST_TRIES) {
			count_retry(run->ingest);
			g_usleep((gulong)(tries * RETRY_PAUSE_US + g_random_int_range(0, RETRY_PAUSE_US)));
		} else if (status == DB_REFUSED && !looked_for_partitions) {
			looked_for_partitions = true;
			forget_days(run->ingest);
			status = make_partitions(run);
			if (status != DB_OK)
				return status;
		} else if (status == DB_REFUSED && limit - done > 1) {
			limit = done + (limit - done) / 2;
		} else if (status == DB_REFUSED && limit - done == 1 &&
			   g_array_index(run->records, struct ingest_record, done).kind != INGEST_POISON) {
			ingest_record_refuse(&g_array_index(run->records, struct ingest_record, done),
					     db_message(run->conn));
		} else {
			return status;
		}
	}
}

static enum db_status peek(struct run *run, struct ingest_result *ret, bool *ret_done)
{
	struct ingest_stream stream;
	const struct ingest_batch *batch = run->batch;
	*ret_done = false;
	if (json_array_size(batch->records) > 0)
		return DB_OK;
	enum db_status status = ingest_stream_peek(run->conn, batch, &stream);
	if (status == DB_OK && stream.newest_epoch == batch->epoch && batch->first_seq <= stream.acked_seq + 1) {
		ret->outcome = INGEST_TAKEN;
		ret->acked_seq = stream.acked_seq;
		*ret_done = true;
	}
	return status == DB_NOT_FOUND ? DB_OK : status;
}

enum db_status ingest_batch(struct ingest *ingest, struct db_conn *conn, const struct ingest_batch *batch,
			    struct ingest_result *ret)
{
	struct run run = { .ingest = ingest, .conn = conn, .batch = batch };
	struct ingest_result result = { 0 };
	bool done, durable = false;
	enum db_status status = peek(&run, &result, &done);
	if (status == DB_OK && !done)
		status = db_is_durable(conn, &durable);
	if (status == DB_OK && !done && !durable) {
		result.outcome = INGEST_NOT_DURABLE;
		done = true;
	}
	if (status == DB_OK && !done) {
		run.records = ingest_records_parse(batch->records, batch->first_seq, wall_now());
		status = make_partitions(&run);
		if (status == DB_OK)
			status = take_all(&run, &result);
		g_array_unref(run.records);
	}
	if (status != DB_OK)
		return status;
	count_result(ingest, &result, (guint)json_array_size(batch->records));
	*ret = result;
	return DB_OK;
}
