#include "central/ingest.h"

#include <string.h>

#include "central/ingest_lanes.h"
#include "central/ingest_stream.h"
#include "common/rfc3339.h"

#define RETRY_PAUSE_US 5000 /* times the number of the try, plus chance */

struct ingest {
	struct ingest_lanes *lanes;
	GMutex lock;	  /* all below */
	GHashTable *days; /* days since 1970 whose partitions were there when last looked */
	GHashTable *repeating; /* struct fire_id *: agents whose last batch had executions that were known */
	struct ingest_stats stats;
};

/* One call of ingest_batch(): its own member, and the connection for the group when it leads one. */
struct run {
	struct ingest *ingest;
	struct db_conn *conn;
	struct ingest_member member;
};

static guint id_hash(const void *id)
{
	guint hash;
	memcpy(&hash, id, sizeof hash);
	return hash;
}

static gboolean id_equal(const void *a, const void *b)
{
	return fire_id_equal(*(const struct fire_id *)a, *(const struct fire_id *)b);
}

struct ingest *ingest_new(int lanes)
{
	struct ingest *ingest = g_new0(struct ingest, 1);
	ingest->lanes = ingest_lanes_new(lanes);
	g_mutex_init(&ingest->lock);
	ingest->days = g_hash_table_new(NULL, NULL);
	ingest->repeating = g_hash_table_new_full(id_hash, id_equal, g_free, NULL);
	return ingest;
}

void ingest_free(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	ingest_lanes_free(ingest->lanes);
	g_hash_table_unref(ingest->days);
	g_hash_table_unref(ingest->repeating);
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
	ingest->stats.doubles += (guint64)result->doubles;
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

static void count_group(struct ingest *ingest, guint members)
{
	g_mutex_lock(&ingest->lock);
	ingest->stats.groups += members > 0;
	ingest->stats.groups_split += members == 0;
	g_mutex_unlock(&ingest->lock);
}

/* Known executions come in runs: from an agent that had been cut off while another one ran its jobs. */
static bool did_repeat(struct ingest *ingest, const struct ingest_member *member)
{
	g_mutex_lock(&ingest->lock);
	bool repeated = g_hash_table_contains(ingest->repeating, &member->agent_id);
	g_mutex_unlock(&ingest->lock);
	return repeated;
}

static void note_repeats(struct ingest *ingest, const struct ingest_member *member)
{
	g_mutex_lock(&ingest->lock);
	if (member->result.duplicates > 0)
		g_hash_table_add(ingest->repeating, g_memdup2(&member->agent_id, sizeof member->agent_id));
	else
		g_hash_table_remove(ingest->repeating, &member->agent_id);
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

static enum db_status make_partition(struct db_conn *conn, int day, bool *ret_made)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	int64_t year;
	int month, day_of_month;
	civil_from_days(day, &year, &month, &day_of_month);
	g_autofree char *date = g_strdup_printf("%04d-%02d-%02d", (int)year, month, day_of_month);
	struct db_params params = { 0 };
	db_param_text(&params, date);
	enum db_status status = db_run_one(conn, "ingest_partition_make", &params, &result);
	if (status == DB_OK)
		*ret_made = *ret_made || db_bool(result, 0, 0);
	return status;
}

/*
 * Each in a transaction of its own, before that of the batch: its locks are held for an instant only. *ret_made is set when
 * one was not there.
 */
static enum db_status make_partitions(struct ingest *ingest, struct db_conn *conn, const GArray *records, bool *ret_made)
{
	g_autoptr(GHashTable) days = g_hash_table_new(NULL, NULL);
	enum db_status status = DB_OK;
	GHashTableIter iter;
	void *day;
	ingest_records_days(records, 0, records->len, days);
	g_hash_table_iter_init(&iter, days);
	while (status == DB_OK && g_hash_table_iter_next(&iter, &day, NULL)) {
		if (day_is_known(ingest, day))
			continue;
		status = make_partition(conn, GPOINTER_TO_INT(day), ret_made);
		if (status == DB_OK)
			learn_day(ingest, day);
	}
	return status;
}

/* Retention may have dropped days that were there: true when one had to be made again. */
static enum db_status look_for_partitions(struct ingest *ingest, struct db_conn *conn, const GArray *records, bool *ret_made)
{
	forget_days(ingest);
	*ret_made = false;
	return make_partitions(ingest, conn, records, ret_made);
}

/*
 * Repeats what may go well the next time, and finds the record that PostgreSQL refuses by halving: each part that goes
 * through stays, and the one record left over becomes poison.
 */
static enum db_status take_alone(struct ingest *ingest, struct db_conn *conn, struct ingest_member *member)
{
	guint n = member->records->len, done = 0;
	int tries = 0, dropped = 0;
	for (;;) {
		enum db_status status = ingest_group_take(conn, &member, 1);
		g_autofree char *reason = status == DB_REFUSED ? g_strdup(db_message(conn)) : NULL;
		bool made = false;
		if (status == DB_REFUSED) {
			enum db_status looked = look_for_partitions(ingest, conn, member->records, &made);
			if (looked != DB_OK)
				return looked;
		}
		/* Not the records' fault: the agent sends them again. */
		if (made && ++dropped == INGEST_TRIES)
			return DB_TIMEOUT;
		if (status == DB_OK && (member->limit == n || member->result.outcome != INGEST_TAKEN))
			return DB_OK;
		if (status == DB_OK) {
			done = member->limit;
			member->limit = n;
		} else if (status == DB_CONFLICT && ++tries < INGEST_TRIES) {
			count_retry(ingest);
			g_usleep((gulong)(tries * RETRY_PAUSE_US + g_random_int_range(0, RETRY_PAUSE_US)));
		} else if (made) {
			count_retry(ingest);
		} else if (status == DB_REFUSED && member->limit - done > 1) {
			member->limit = done + (member->limit - done) / 2;
		} else if (status == DB_REFUSED && member->limit - done == 1 &&
			   g_array_index(member->records, struct ingest_record, done).kind != INGEST_POISON) {
			ingest_record_refuse(&g_array_index(member->records, struct ingest_record, done), reason);
		} else {
			return status;
		}
	}
}

/* What one member is to blame for must not fail the others; a lost connection is nobody's fault and fails all. */
static bool may_be_one_members_fault(enum db_status status)
{
	return status == DB_CONFLICT || status == DB_REFUSED || status == DB_TIMEOUT || status == DB_FAILED;
}

static void lead(void *data, struct ingest_member *const *members, guint n)
{
	struct run *run = data;
	enum db_status status = DB_CONFLICT;
	if (n > 1) {
		status = ingest_group_take(run->conn, members, n);
		count_group(run->ingest, status == DB_OK ? n : 0);
	}
	for (guint i = 0; i < n; i++) {
		enum db_status own = status;
		if (may_be_one_members_fault(status))
			own = take_alone(run->ingest, run->conn, members[i]);
		ingest_lanes_answer(run->ingest->lanes, members[i], own);
	}
}

/* A batch without records seldom has anything to write: a look at the stream tells. */
static enum db_status peek(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_result *ret, bool *ret_done)
{
	struct ingest_stream stream;
	*ret_done = false;
	if (json_array_size(batch->records) > 0)
		return DB_OK;
	enum db_status status = ingest_stream_peek(conn, batch, &stream);
	if (status == DB_OK && stream.newest_epoch == batch->epoch && batch->first_seq <= stream.acked_seq + 1) {
		ret->outcome = INGEST_TAKEN;
		ret->acked_seq = stream.acked_seq;
		*ret_done = true;
	}
	return status == DB_NOT_FOUND ? DB_OK : status;
}

static enum db_status pass(struct run *run)
{
	struct ingest_member *member = &run->member;
	member->records = ingest_records_parse(member->batch->records, member->batch->first_seq, wall_now());
	member->limit = member->records->len;
	member->may_repeat = did_repeat(run->ingest, member);
	bool made = false;
	enum db_status status = make_partitions(run->ingest, run->conn, member->records, &made);
	if (status == DB_OK)
		status = ingest_lanes_pass(run->ingest->lanes, member, lead, run);
	if (status == DB_OK && member->records->len > 0)
		note_repeats(run->ingest, member);
	g_array_unref(member->records);
	return status;
}

enum db_status ingest_batch(struct ingest *ingest, struct db_conn *conn, const struct ingest_batch *batch,
			    struct ingest_result *ret)
{
	struct run run = { .ingest = ingest, .conn = conn, .member = { .batch = batch } };
	bool done;
	if (!fire_id_parse(batch->agent_id, &run.member.agent_id))
		return DB_REFUSED;
	enum db_status status = peek(conn, batch, &run.member.result, &done);
	if (status == DB_OK && !done)
		status = pass(&run);
	if (status != DB_OK)
		return status;
	count_result(ingest, &run.member.result, (guint)json_array_size(batch->records));
	*ret = run.member.result;
	return DB_OK;
}
