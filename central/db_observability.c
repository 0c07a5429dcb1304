#include "central/db_observability.h"

#include <string.h>

#define ALL_JOBS "00000000-0000-0000-0000-000000000000"

static const char *step_text(enum rollup_grain grain)
{
	return grain == ROLLUP_MINUTE ? "1 minute" : grain == ROLLUP_HOUR ? "1 hour" : "1 day";
}

static void add_window(struct db_params *params, const struct rollup_window *window)
{
	db_param_int(params, window->grain);
	db_param_wall(params, window->from);
	db_param_wall(params, window->to);
	db_param_text(params, step_text(window->grain));
}

enum db_status db_rollup_series(struct db_conn *conn, const struct rollup_window *window, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	add_window(&params, window);
	db_param_text(&params, window->job_id != NULL ? window->job_id : ALL_JOBS);
	enum db_status status = db_run(conn, "rollup_rows", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *series = g_array_new(FALSE, TRUE, sizeof(struct rollup_cell));
	for (int i = 0; i < db_rows(result); i++) {
		struct rollup_cell row = { .key = { .bucket_us = db_wall(result, i, 0).us, .grain = window->grain } };
		row.sums = rollup_read_sums(result, i, 2, db_bool(result, i, 1));
		struct rollup_cell *last = series->len > 0 ? &g_array_index(series, struct rollup_cell, series->len - 1) : NULL;
		if (last != NULL && last->key.bucket_us == row.key.bucket_us)
			rollup_sums_add(&last->sums, &row.sums);
		else
			g_array_append_val(series, row);
	}
	*ret = series;
	return DB_OK;
}

enum db_status db_rollup_total(struct db_conn *conn, const struct rollup_window *window, struct rollup_sums *ret)
{
	g_autoptr(GArray) series = NULL;
	enum db_status status = db_rollup_series(conn, window, &series);
	if (status == DB_OK)
		*ret = rollup_series_total(series);
	return status;
}

struct rollup_sums rollup_series_total(const GArray *series)
{
	struct rollup_sums total = { 0 };
	for (guint i = 0; i < series->len; i++)
		rollup_sums_add(&total, &g_array_index(series, struct rollup_cell, i).sums);
	return total;
}

static void clear_failures(void *item)
{
	struct job_failures *failures = item;
	g_free(failures->name);
	g_free(failures->last_execution_id);
	g_free(failures->last_reason);
	g_free(failures->last_error);
}

static void read_failures(const struct db_result *result, int row, void *ret)
{
	struct job_failures *failures = ret;
	*failures = (struct job_failures){
		.name = g_strdup(db_text_or_null(result, row, 1)),
		.by_status = { [EXECUTION_FAILED] = db_int(result, row, 2),
			       [EXECUTION_TIMEOUT] = db_int(result, row, 3),
			       [EXECUTION_MISSED] = db_int(result, row, 4),
			       [EXECUTION_INTERRUPTED] = db_int(result, row, 5) },
		.first_at = db_wall(result, row, 6),
		.last_at = db_wall(result, row, 7),
		.last_execution_id = g_strdup(db_text_or_null(result, row, 8)),
		.last_status = (enum execution_status)db_int(result, row, 9),
		.last_http_status = (int)db_int(result, row, 10),
		.last_reason = g_strdup(db_text_or_null(result, row, 11)),
		.last_error = g_strdup(db_text_or_null(result, row, 12)),
	};
	g_strlcpy(failures->job_id, db_text(result, row, 0), sizeof failures->job_id);
}

static const struct db_list failures_of_jobs = { sizeof(struct job_failures), read_failures, clear_failures };

enum db_status db_failures(struct db_conn *conn, const struct rollup_window *window, GArray **ret)
{
	struct db_params params = { 0 };
	add_window(&params, window);
	db_param_int(&params, FAILURES_MAX);
	return db_run_list(conn, "rollup_failures", &params, &failures_of_jobs, ret);
}

enum db_status db_job_doubled(struct db_conn *conn, const struct rollup_window *window, int64_t *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, window->job_id);
	db_param_wall(&params, window->from);
	db_param_wall(&params, window->to);
	enum db_status status = db_run_one(conn, "job_doubled", &params, &result);
	if (status == DB_OK)
		*ret = db_int(result, 0, 0);
	return status;
}

enum db_status db_job_counts(struct db_conn *conn, struct job_counts *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "job_counts", NULL, &result);
	if (status == DB_OK)
		*ret = (struct job_counts){ db_int(result, 0, 0), db_int(result, 0, 1), db_int(result, 0, 2),
					    db_int(result, 0, 3), db_int(result, 0, 4), db_int(result, 0, 5),
					    db_int(result, 0, 6), db_int(result, 0, 7), db_int(result, 0, 8) };
	return status;
}
