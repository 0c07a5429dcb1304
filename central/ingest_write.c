#include "central/ingest_write.h"

#include <string.h>

#include "central/copy_row.h"
#include "central/rollup.h"

#define US_PER_MINUTE (60 * US_PER_SECOND)

/* Below it the savepoint costs more than the stage. */
#define INGEST_DIRECT_MIN 100

/* Sums of one agent's minute. */
struct agent_minute {
	const char *agent_id;
	int64_t minute_us, success, bad;
};

/* What is known of a group's executions while they are written. */
struct writing {
	struct db_conn *conn;
	struct ingest_member *const *members;
	guint n;
	const struct ingest_care *care;
	GString *rows;         /* their COPY image */
	int64_t executions;    /* in it */
	GHashTable *new_ones;  /* struct new_id, NULL = all are new */
	struct rollup *rollup;
	GArray *minutes;       /* struct agent_minute */
};

/* One newly inserted execution: its key, and which of two agents that may have sent it. Without padding: compared as bytes. */
struct new_id {
	struct fire_id execution_id, agent_id;
	int64_t scheduled_us;
};

static const struct ingest_record *record_at(const struct ingest_member *member, guint i)
{
	return &g_array_index(member->records, struct ingest_record, i);
}

static guint id_hash(const void *id)
{
	guint hash;
	memcpy(&hash, id, sizeof hash);
	return hash;
}

static gboolean id_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct new_id)) == 0;
}

/* Columns in the order of ingest_execution_insert. */
static void read_inserted(struct writing *writing, const struct db_result *inserted)
{
	if (db_int(inserted, 0, 0) == writing->executions)
		return;
	writing->new_ones = g_hash_table_new_full(id_hash, id_equal, g_free, NULL);
	for (int i = 0; i < db_rows(inserted); i++) {
		struct new_id id = { .scheduled_us = db_wall(inserted, i, 3).us };
		if (fire_id_parse(db_text(inserted, i, 1), &id.execution_id) &&
		    fire_id_parse(db_text(inserted, i, 2), &id.agent_id))
			g_hash_table_add(writing->new_ones, g_memdup2(&id, sizeof id));
	}
}

static void count_minute(struct writing *writing, const char *agent_id, const struct execution *execution)
{
	int64_t at = execution->scheduled_at.us, minute = at - (at % US_PER_MINUTE + US_PER_MINUTE) % US_PER_MINUTE;
	struct agent_minute *last = NULL;
	/* Records come in the order of time, more or less: the minute is among the last ones. */
	for (guint i = writing->minutes->len; last == NULL && i-- > 0;) {
		struct agent_minute *known = &g_array_index(writing->minutes, struct agent_minute, i);
		if (known->agent_id != agent_id)
			break;
		if (known->minute_us == minute)
			last = known;
	}
	if (last == NULL) {
		struct agent_minute fresh = { .agent_id = agent_id, .minute_us = minute };
		g_array_append_val(writing->minutes, fresh);
		last = &g_array_index(writing->minutes, struct agent_minute, writing->minutes->len - 1);
	}
	if (execution->status == EXECUTION_SUCCESS)
		last->success += execution->count;
	else if (execution->status != EXECUTION_SKIPPED)
		last->bad += execution->count;
}

static void count_member(struct writing *writing, struct ingest_member *member)
{
	for (guint i = member->from; i < member->limit; i++) {
		const struct ingest_record *record = record_at(member, i);
		struct new_id id = { record->execution.id, member->agent_id, record->execution.scheduled_at.us };
		if (record->kind != INGEST_EXECUTION)
			continue;
		if (writing->new_ones != NULL && !g_hash_table_remove(writing->new_ones, &id)) {
			member->result.duplicates++;
			continue;
		}
		member->result.executions++;
		rollup_count(writing->rollup, record->job_id, &record->execution);
		count_minute(writing, member->batch->agent_id, &record->execution);
	}
}

static enum db_status write_minutes(struct writing *writing)
{
	g_autoptr(GString) agents = g_string_new(NULL);
	g_autoptr(GString) minutes = g_string_new(NULL);
	g_autoptr(GString) successes = g_string_new(NULL);
	g_autoptr(GString) bads = g_string_new(NULL);
	struct db_params params = { 0 };
	for (guint i = 0; i < writing->minutes->len; i++) {
		const struct agent_minute *minute = &g_array_index(writing->minutes, struct agent_minute, i);
		db_array_append(agents, minute->agent_id);
		db_array_append_wall(minutes, (struct wall){ minute->minute_us });
		db_array_append_int(successes, minute->success);
		db_array_append_int(bads, minute->bad);
	}
	if (writing->minutes->len == 0)
		return DB_OK;
	db_param_text(&params, db_array_close(agents));
	db_param_text(&params, db_array_close(minutes));
	db_param_text(&params, db_array_close(successes));
	db_param_text(&params, db_array_close(bads));
	return db_run(writing->conn, "ingest_agent_add", &params, NULL);
}

static enum db_status write_sums(struct writing *writing)
{
	for (guint i = 0; i < writing->n; i++)
		count_member(writing, writing->members[i]);
	enum db_status status = rollup_write_parts(writing->rollup, writing->conn);
	if (status == DB_OK)
		status = write_minutes(writing);
	return status;
}

/* One COPY image for both ways. */
static void collect(struct writing *writing)
{
	guint n = 0;
	for (guint i = 0; i < writing->n; i++)
		n += writing->members[i]->limit - writing->members[i]->from;
	writing->rows = g_string_sized_new(n * 384 + 64);
	copy_begin(writing->rows);
	for (guint m = 0; m < writing->n; m++) {
		const struct ingest_member *member = writing->members[m];
		for (guint i = member->from; i < member->limit; i++) {
			if (record_at(member, i)->kind != INGEST_EXECUTION)
				continue;
			ingest_record_copy(writing->rows, member->agent_id, record_at(member, i));
			writing->executions++;
		}
	}
	copy_end(writing->rows);
}

/*
 * Many rows go straight into the table, all or none: where one is known already, none, and PostgreSQL logs an error. That is
 * rare, since the number of a record tells whether it came before; what is left are fires that two agents ran, and streams
 * that begin anew. The savepoint stays open until the end of the transaction.
 */
static enum db_status write_directly(struct writing *writing, bool *ret_written)
{
	enum db_status status = db_run(writing->conn, "ingest_direct_begin", NULL, NULL);
	if (status == DB_OK)
		status = db_copy_in(writing->conn, "ingest_direct_copy", writing->rows->str, writing->rows->len);
	*ret_written = status == DB_OK;
	/* A unique key has a name, which tells it from a deadlock. */
	if (status == DB_CONFLICT && *db_constraint(writing->conn) != '\0')
		status = db_run(writing->conn, "ingest_direct_undo", NULL, NULL);
	return status;
}

static enum db_status write_doubles(struct writing *writing)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run(writing->conn, "ingest_double_insert", NULL, &result);
	for (int i = 0; status == DB_OK && i < db_rows(result); i++)
		for (guint m = 0; m < writing->n; m++)
			if (strcmp(writing->members[m]->batch->agent_id, db_text(result, i, 0)) == 0)
				writing->members[m]->result.doubles += (int)db_int(result, i, 1);
	return status;
}

/* By way of the stage, where each row is looked at. Late rows: what was cleared of their days is open again. */
static enum db_status write_staged(struct writing *writing)
{
	DB_RESULT_AUTO struct db_result *inserted = NULL;
	const struct ingest_care *care = writing->care;
	struct db_params params = { 0 };
	enum db_status status =
		db_copy_in(writing->conn, "ingest_execution_copy", writing->rows->str, writing->rows->len);
	if (status == DB_OK && care->late)
		status = db_run(writing->conn, "sweep_reopen", NULL, NULL);
	db_param_int(&params, writing->executions);
	if (care->thin)
		db_param_wall(&params, care->closed_to);
	if (status == DB_OK)
		status = db_run_one(writing->conn, care->thin ? "ingest_execution_thin" : "ingest_execution_insert",
				    &params, &inserted);
	if (status != DB_OK)
		return status;
	read_inserted(writing, inserted);
	return writing->new_ones != NULL ? write_doubles(writing) : DB_OK;
}

static bool may_repeat(const struct writing *writing)
{
	bool any = false;
	for (guint i = 0; !any && i < writing->n; i++)
		any = writing->members[i]->may_repeat;
	return any;
}

static enum db_status write_rows(struct writing *writing)
{
	bool looks = writing->care->thin || writing->care->late || may_repeat(writing), written = false;
	enum db_status status = DB_OK;
	if (writing->executions >= INGEST_DIRECT_MIN && !looks)
		status = write_directly(writing, &written);
	return status == DB_OK && !written ? write_staged(writing) : status;
}

static enum db_status write_executions(struct db_conn *conn, struct ingest_member *const *members, guint n,
				       const struct ingest_care *care)
{
	struct writing writing = { .conn = conn, .members = members, .n = n, .care = care };
	enum db_status status = DB_OK;
	collect(&writing);
	writing.rollup = rollup_new();
	writing.minutes = g_array_new(FALSE, TRUE, sizeof(struct agent_minute));
	if (writing.executions > 0)
		status = write_rows(&writing);
	if (status == DB_OK)
		status = write_sums(&writing);
	g_string_free(writing.rows, TRUE);
	rollup_free(writing.rollup);
	g_array_unref(writing.minutes);
	g_clear_pointer(&writing.new_ones, g_hash_table_unref);
	return status;
}

static enum db_status write_event(struct db_conn *conn, const struct ingest_batch *batch,
				  const struct ingest_record *record)
{
	struct db_params params = { 0 };
	db_param_text(&params, batch->agent_id);
	db_param_int(&params, batch->epoch);
	db_param_int(&params, record->seq);
	db_param_text(&params, record->event.kind);
	db_param_wall(&params, record->event.at);
	db_param_text(&params, record->event.detail);
	return db_run(conn, "ingest_event_insert", &params, NULL);
}

static enum db_status write_poison(struct db_conn *conn, const struct ingest_batch *batch,
				   const struct ingest_record *record)
{
	char *dump = json_dumps(record->json, JSON_COMPACT | JSON_ENCODE_ANY);
	g_autofree char *text = g_strndup(dump != NULL ? dump : "", INGEST_QUARANTINE_RECORD_MAX);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	struct db_params params = { 0 };
	free(dump);
	db_param_text(&params, batch->agent_id);
	db_param_int(&params, batch->epoch);
	db_param_int(&params, record->seq);
	db_param_text(&params, record->reason);
	db_param_text(&params, valid);
	return db_run(conn, "ingest_quarantine_insert", &params, NULL);
}

static enum db_status write_others(struct db_conn *conn, struct ingest_member *member)
{
	enum db_status status = DB_OK;
	for (guint i = member->from; status == DB_OK && i < member->limit; i++) {
		const struct ingest_record *record = record_at(member, i);
		if (record->kind == INGEST_EVENT) {
			status = write_event(conn, member->batch, record);
			member->result.events++;
		} else if (record->kind == INGEST_POISON) {
			status = write_poison(conn, member->batch, record);
			member->result.quarantined++;
		}
	}
	return status;
}

enum db_status ingest_write(struct db_conn *conn, struct ingest_member *const *members, guint n,
			    const struct ingest_care *care)
{
	enum db_status status = DB_OK;
	for (guint i = 0; status == DB_OK && i < n; i++)
		status = write_others(conn, members[i]);
	if (status == DB_OK)
		status = write_executions(conn, members, n, care);
	return status;
}
