#include "central/db_executions.h"

#include <string.h>

#define NO_UUID "00000000-0000-0000-0000-000000000000"
#define ALL_CAUSES ((1u << FIRE_CAUSE_MAX_) - 2)
#define ALL_STATUSES ((1u << EXECUTION_STATUS_MAX_) - 2)
/* Those that the partial indexes execution_bad and execution_bad_by_job hold. */
#define BAD_STATUSES \
	(1u << EXECUTION_FAILED | 1u << EXECUTION_TIMEOUT | 1u << EXECUTION_MISSED | 1u << EXECUTION_INTERRUPTED)

void execution_row_free(struct execution_row *row)
{
	execution_clear(&row->execution);
	g_free(row->job_name);
	g_free(row->agent_name);
	g_free(row->attempt_log);
	g_free(row);
}

void execution_page_clear(struct execution_page *page)
{
	g_clear_pointer(&page->rows, g_ptr_array_unref);
}

static int64_t int_or(const struct db_result *result, int row, int column, int64_t absent)
{
	return db_is_null(result, row, column) ? absent : db_int(result, row, column);
}

static struct wall wall_or(const struct db_result *result, int row, int column, struct wall absent)
{
	return db_is_null(result, row, column) ? absent : db_wall(result, row, column);
}

/* Columns in the order of the statements in executions.sql. */
static struct execution_row *read_row(const struct db_result *result, int i)
{
	struct execution_row *row = g_new0(struct execution_row, 1);
	struct execution *e = &row->execution;
	fire_id_parse(db_text(result, i, 0), &e->id);
	e->job_id = g_strdup(db_text(result, i, 1));
	g_strlcpy(row->agent_id, db_text(result, i, 2), sizeof row->agent_id);
	e->scheduled_at = db_wall(result, i, 3);
	e->last_scheduled_at = wall_or(result, i, 4, e->scheduled_at);
	e->armed_at = WALL_NONE;
	e->started_at = db_wall(result, i, 5);
	e->finished_at = db_wall(result, i, 6);
	row->received_at = db_wall(result, i, 7);
	e->job_revision = db_int(result, i, 8);
	e->count = db_int(result, i, 9);
	e->duration_us = db_int(result, i, 10);
	e->lateness_us = db_int(result, i, 11);
	e->timing = (struct attempt_timing){ int_or(result, i, 12, -1), int_or(result, i, 13, -1),
					     int_or(result, i, 14, -1), int_or(result, i, 15, -1),
					     int_or(result, i, 16, -1) };
	e->attempts = (int)db_int(result, i, 17);
	e->http_status = (int)db_int(result, i, 18);
	e->status = (enum execution_status)db_int(result, i, 19);
	e->cause = (enum fire_cause)db_int(result, i, 20);
	e->reason = g_strdup(db_text_or_null(result, i, 21));
	e->error = g_strdup(db_text_or_null(result, i, 22));
	e->response_body = g_strdup(db_text_or_null(result, i, 23));
	e->response_digest = g_strdup(db_text_or_null(result, i, 24));
	row->doubled = !db_is_null(result, i, 25);
	return row;
}

/* Of pages and of execution_get. */
enum { COLUMN_PLACE = 26, COLUMN_MATCHES };
enum { COLUMN_ARMED = 26, COLUMN_ATTEMPT_LOG };

static void add_bits(struct db_params *params, GString *array, unsigned bits, unsigned all)
{
	if (bits == 0 || bits == all) {
		db_param_null(params);
		return;
	}
	for (int bit = 1; bit < 32; bit++)
		if (bits & 1u << bit)
			db_array_append_int(array, bit);
	db_param_text(params, db_array_close(array));
}

/* Which index leads the scan, and how far it may go. */
static const char *choose_scan(const struct execution_filter *filter, int *ret_budget)
{
	if (filter->doubled) {
		*ret_budget = MAX(EXECUTION_DOUBLED_BUDGET, filter->limit + 1);
		return filter->job_id != NULL ? "execution_page_job_doubled" : "execution_page_doubled";
	}
	bool all_statuses = filter->statuses == 0 || filter->statuses == ALL_STATUSES;
	bool all_causes = filter->causes == 0 || filter->causes == ALL_CAUSES;
	bool filtered = filter->agent_id != NULL || !all_statuses || !all_causes;
	*ret_budget = filtered ? MAX(EXECUTION_SCAN_BUDGET, filter->limit + 1) : filter->limit + 1;
	bool only_bad = !all_statuses && (filter->statuses & ~BAD_STATUSES) == 0;
	if (filter->job_id != NULL)
		return only_bad ? "execution_page_job_bad" : "execution_page_job";
	return only_bad ? "execution_page_bad" : "execution_page";
}

/* The page ends at the last row that is handed out, or where the scan stopped when it found fewer. */
static void collect(const struct db_result *result, const struct execution_filter *filter, int budget,
		    struct execution_page *ret)
{
	*ret = (struct execution_page){ .rows = g_ptr_array_new_with_free_func((GDestroyNotify)execution_row_free) };
	for (int i = 0; i < db_rows(result); i++) {
		if (ret->rows->len == (guint)filter->limit) {
			ret->more = true;
			return;
		}
		ret->last.at = db_wall(result, i, 3);
		g_strlcpy(ret->last.id, db_text(result, i, 0), sizeof ret->last.id);
		if (db_bool(result, i, COLUMN_MATCHES))
			g_ptr_array_add(ret->rows, read_row(result, i));
		ret->more = db_int(result, i, COLUMN_PLACE) == budget;
	}
}

enum db_status db_execution_page(struct db_conn *conn, const struct execution_filter *filter,
				 struct execution_page *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) statuses = g_string_new(NULL);
	g_autoptr(GString) causes = g_string_new(NULL);
	struct db_params params = { 0 };
	struct wall end = wall_is_set(filter->to) ? filter->to : WALL_NEVER;
	bool continues = *filter->after.id != '\0' && wall_before(filter->after.at, end);
	int budget;
	const char *statement = choose_scan(filter, &budget);
	db_param_wall(&params, continues ? filter->after.at : end);
	db_param_text(&params, continues ? filter->after.id : NO_UUID);
	if (wall_is_set(filter->from))
		db_param_wall(&params, filter->from);
	else
		db_param_text(&params, "-infinity");
	db_param_int(&params, budget);
	db_param_text(&params, filter->agent_id);
	add_bits(&params, statuses, filter->statuses, ALL_STATUSES);
	db_param_int(&params, filter->limit + 1);
	add_bits(&params, causes, filter->causes, ALL_CAUSES);
	if (filter->job_id != NULL)
		db_param_text(&params, filter->job_id);
	enum db_status status = db_run(conn, statement, &params, &result);
	if (status == DB_OK)
		collect(result, filter, budget, ret);
	return status;
}

enum db_status db_execution_add_names(struct db_conn *conn, GPtrArray *rows)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) jobs = g_string_new(NULL);
	g_autoptr(GString) agents = g_string_new(NULL);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	struct db_params params = { 0 };
	for (guint i = 0; i < rows->len; i++) {
		const struct execution_row *row = g_ptr_array_index(rows, i);
		if (g_hash_table_add(names, row->execution.job_id))
			db_array_append(jobs, row->execution.job_id);
		if (g_hash_table_add(names, (char *)row->agent_id))
			db_array_append(agents, row->agent_id);
	}
	if (rows->len == 0)
		return DB_OK;
	db_param_text(&params, db_array_close(jobs));
	db_param_text(&params, db_array_close(agents));
	enum db_status status = db_run(conn, "names", &params, &result);
	if (status != DB_OK)
		return status;
	g_hash_table_remove_all(names);
	for (int i = 0; i < db_rows(result); i++)
		g_hash_table_insert(names, (char *)db_text(result, i, 0), (char *)db_text(result, i, 1));
	for (guint i = 0; i < rows->len; i++) {
		struct execution_row *row = g_ptr_array_index(rows, i);
		row->job_name = g_strdup(g_hash_table_lookup(names, row->execution.job_id));
		row->agent_name = g_strdup(g_hash_table_lookup(names, row->agent_id));
	}
	return DB_OK;
}

enum db_status db_execution_get(struct db_conn *conn, const char *job_id, const char *execution_id,
				struct wall scheduled_at, struct execution_row **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_text(&params, execution_id);
	db_param_wall(&params, scheduled_at);
	enum db_status status = db_run_one(conn, "execution_get", &params, &result);
	if (status != DB_OK)
		return status;
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)execution_row_free);
	struct execution_row *row = read_row(result, 0);
	g_ptr_array_add(rows, row);
	row->execution.armed_at = db_wall(result, 0, COLUMN_ARMED);
	row->attempt_log = g_strdup(db_text_or_null(result, 0, COLUMN_ATTEMPT_LOG));
	status = db_execution_add_names(conn, rows);
	if (status == DB_OK)
		*ret = g_ptr_array_steal_index(rows, 0);
	return status;
}

static void clear_double(void *item)
{
	g_free(((struct execution_double *)item)->agent_name);
}

static void read_double(const struct db_result *result, int i, void *ret)
{
	struct execution_double *twin = ret;
	*twin = (struct execution_double){ .agent_name = g_strdup(db_text_or_null(result, i, 1)),
					   .started_at = db_wall(result, i, 2),
					   .status = (enum execution_status)db_int(result, i, 3),
					   .received_at = db_wall(result, i, 4) };
	g_strlcpy(twin->agent_id, db_text(result, i, 0), sizeof twin->agent_id);
}

static const struct db_list doubles = { sizeof(struct execution_double), read_double, clear_double };

enum db_status db_execution_doubles(struct db_conn *conn, const struct execution_row *row, GArray **ret)
{
	struct db_params params = { 0 };
	char id[FIRE_ID_TEXT_SIZE];
	db_param_wall(&params, row->execution.scheduled_at);
	db_param_text(&params, fire_id_print(row->execution.id, id));
	return db_run_list(conn, "execution_doubles", &params, &doubles, ret);
}
