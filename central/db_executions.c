#include "central/db_executions.h"

#include <string.h>

#define NO_UUID "00000000-0000-0000-0000-000000000000"
#define ALL_STATUSES ((1u << EXECUTION_STATUS_MAX_) - 2)
/* Those that the partial index execution_bad holds. */
#define BAD_STATUSES \
	(1u << EXECUTION_FAILED | 1u << EXECUTION_TIMEOUT | 1u << EXECUTION_MISSED | 1u << EXECUTION_INTERRUPTED)

void execution_row_free(struct execution_row *row)
{
	execution_clear(&row->execution);
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
	return row;
}

enum { COLUMN_PLACE = 25, COLUMN_MATCHES };

static void add_statuses(struct db_params *params, GString *array, unsigned statuses)
{
	if (statuses == 0 || statuses == ALL_STATUSES) {
		db_param_null(params);
		return;
	}
	for (int status = 1; status < EXECUTION_STATUS_MAX_; status++)
		if (statuses & 1u << status)
			db_array_append_int(array, status);
	db_param_text(params, db_array_close(array));
}

/* Which index leads the scan, and how far it may go. */
static const char *choose_scan(const struct execution_filter *filter, int *ret_budget)
{
	bool all_statuses = filter->statuses == 0 || filter->statuses == ALL_STATUSES;
	bool filtered = filter->agent_id != NULL || !all_statuses;
	*ret_budget = filtered ? MAX(EXECUTION_SCAN_BUDGET, filter->limit + 1) : filter->limit + 1;
	if (filter->job_id != NULL)
		return "execution_page_job";
	return !all_statuses && (filter->statuses & ~BAD_STATUSES) == 0 ? "execution_page_bad" : "execution_page";
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
	add_statuses(&params, statuses, filter->statuses);
	db_param_int(&params, filter->limit + 1);
	if (filter->job_id != NULL)
		db_param_text(&params, filter->job_id);
	enum db_status status = db_run(conn, statement, &params, &result);
	if (status == DB_OK)
		collect(result, filter, budget, ret);
	return status;
}
