#include "central/ledger_decisions.h"

#include <string.h>

#include "central/ledger_place.h"

enum { COLUMN_JOB_ID, COLUMN_AGENT_ID, COLUMN_FROM, COLUMN_TO, COLUMN_COUNT, COLUMN_EXECUTION_ID };

struct decision_row {
	char job_id[UUID_SIZE];
	char key[UUID_SIZE]; /* target key of the holder that decided, where each decides for itself */
	struct ledger_decision decision;
};

/* The execution that is the begin of the range before it. */
static bool is_begin_of_range(const struct db_result *result, int row)
{
	return row > 0 && strcmp(db_text(result, row, COLUMN_EXECUTION_ID), db_text(result, row - 1, COLUMN_EXECUTION_ID)) == 0;
}

enum db_status ledger_decisions_read(struct db_conn *conn, const char *ids, struct wall from, struct wall to,
				     const struct db_result *places, struct ledger_decisions *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	int tries = 0;
	db_param_text(&params, ids);
	db_param_wall(&params, from);
	db_param_wall(&params, to);
	db_param_int(&params, LEDGER_DECISIONS_MAX + 1);
	enum db_status status = db_run(conn, "ledger_decisions", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *rows = g_array_sized_new(FALSE, FALSE, sizeof(struct decision_row), (guint)db_rows(result));
	for (int i = 0; i < db_rows(result); i++) {
		if (is_begin_of_range(result, i))
			continue;
		const char *job_id = db_text(result, i, COLUMN_JOB_ID), *agent_id = db_text(result, i, COLUMN_AGENT_ID);
		struct decision_row row = { .decision = { db_wall(result, i, COLUMN_FROM), db_wall(result, i, COLUMN_TO),
							  db_int(result, i, COLUMN_COUNT) } };
		const char *place = ledger_place_of(places, job_id, agent_id, db_text(result, i, COLUMN_EXECUTION_ID),
						    row.decision.from, &tries);
		g_strlcpy(row.job_id, job_id, sizeof row.job_id);
		g_strlcpy(row.key, place != NULL ? place : agent_id, sizeof row.key);
		g_array_append_val(rows, row);
	}
	*ret = (struct ledger_decisions){ .rows = rows };
	if (db_rows(result) > LEDGER_DECISIONS_MAX)
		g_strlcpy(ret->cut, db_text(result, db_rows(result) - 1, COLUMN_JOB_ID), sizeof ret->cut);
	return DB_OK;
}

void ledger_decisions_clear(struct ledger_decisions *decisions)
{
	g_clear_pointer(&decisions->rows, g_array_unref);
}

static const struct decision_row *row_at(const struct ledger_decisions *decisions, guint i)
{
	return &g_array_index(decisions->rows, struct decision_row, i);
}

static guint first_of(const struct ledger_decisions *decisions, const char *job_id)
{
	guint low = 0, high = decisions->rows->len;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (strcmp(row_at(decisions, middle)->job_id, job_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static GArray *list_of(GHashTable *table, const char *key)
{
	GArray *list = g_hash_table_lookup(table, key);
	if (list == NULL) {
		list = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
		g_hash_table_insert(table, (void *)key, list);
	}
	return list;
}

GHashTable *ledger_decisions_of(const struct ledger_decisions *decisions, const char *job_id, bool each_decides)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
	GArray *list = NULL;
	for (guint i = first_of(decisions, job_id); i < decisions->rows->len; i++) {
		const struct decision_row *row = row_at(decisions, i);
		if (strcmp(row->job_id, job_id) != 0)
			break;
		if (each_decides || list == NULL)
			list = list_of(table, each_decides ? row->key : "");
		g_array_append_val(list, row->decision);
	}
	return table;
}
