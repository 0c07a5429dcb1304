#include "central/ingest_write.h"

#include <string.h>

#include "central/ingest_record.h"
#include "central/rollup.h"

static const struct ingest_record *record_at(const GArray *records, guint i)
{
	return &g_array_index(records, struct ingest_record, i);
}

static guint id_hash(const void *id)
{
	guint hash;
	memcpy(&hash, id, sizeof hash);
	return hash;
}

static gboolean id_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct fire_id)) == 0;
}

/* The ids that were inserted, as a set (keys owned). */
static GHashTable *read_ids(const struct db_result *inserted)
{
	GHashTable *ids = g_hash_table_new_full(id_hash, id_equal, g_free, NULL);
	for (int i = 0; i < db_rows(inserted); i++) {
		struct fire_id id;
		if (fire_id_parse(db_text(inserted, i, 0), &id))
			g_hash_table_add(ids, g_memdup2(&id, sizeof id));
	}
	return ids;
}

/* Counts those that are new; usually all are. */
static void count_new(struct rollup *rollup, const GArray *records, guint from, guint to,
		      const struct db_result *inserted, int n)
{
	g_autoptr(GHashTable) ids = db_rows(inserted) < n ? read_ids(inserted) : NULL;
	for (guint i = from; i < to; i++) {
		const struct ingest_record *record = record_at(records, i);
		if (record->kind == INGEST_EXECUTION &&
		    (ids == NULL || g_hash_table_remove(ids, &record->execution.id)))
			rollup_count(rollup, record->job_id, &record->execution);
	}
}

static enum db_status write_executions(struct db_conn *conn, const struct ingest_batch *batch, const GArray *records,
				       guint from, guint to, struct ingest_result *result)
{
	DB_RESULT_AUTO struct db_result *inserted = NULL;
	g_autoptr(GString) text = g_string_sized_new((to - from) * 320);
	struct db_params params = { 0 };
	int n = 0;
	for (guint i = from; i < to; i++) {
		if (record_at(records, i)->kind != INGEST_EXECUTION)
			continue;
		ingest_record_copy(text, record_at(records, i));
		n++;
	}
	if (n == 0)
		return DB_OK;
	db_param_text(&params, batch->agent_id);
	enum db_status status = db_run(conn, "ingest_stage_make", NULL, NULL);
	if (status == DB_OK)
		status = db_copy_in(conn, "ingest_execution_copy", text->str, text->len);
	if (status == DB_OK)
		status = db_run(conn, "ingest_execution_insert", &params, &inserted);
	if (status != DB_OK)
		return status;
	result->executions += db_rows(inserted);
	result->duplicates += n - db_rows(inserted);
	struct rollup *rollup = rollup_new(batch->agent_id);
	count_new(rollup, records, from, to, inserted, n);
	status = rollup_write(rollup, conn);
	rollup_free(rollup);
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

enum db_status ingest_write(struct db_conn *conn, const struct ingest_batch *batch, const GArray *records, guint from,
			    guint to, struct ingest_result *result)
{
	enum db_status status = DB_OK;
	for (guint i = from; status == DB_OK && i < to; i++) {
		const struct ingest_record *record = record_at(records, i);
		if (record->kind == INGEST_EVENT) {
			status = write_event(conn, batch, record);
			result->events++;
		} else if (record->kind == INGEST_POISON) {
			status = write_poison(conn, batch, record);
			result->quarantined++;
		}
	}
	/* Last, because the sums are what transactions wait for each other on. */
	if (status == DB_OK)
		status = write_executions(conn, batch, records, from, to, result);
	return status;
}
