#include "central/api_observability.h"

#include "central/chores.h"
#include "central/db_executions.h"
#include "central/db_jobs.h"
#include "central/execution_view.h"
#include "central/job_view.h"
#include "central/json_values.h"
#include "central/stats.h"

#define DAY_US (24 * 3600 * US_PER_SECOND)

struct series_query {
	const struct metric *metric;
	struct rollup_window window;
};

/* "auto", "minute", "hour", "day"; a step that has no rollups there, or gives too many points, is refused. */
static bool parse_step(const struct api_request *request, struct api_reply *reply, struct wall now,
		       struct rollup_window *window)
{
	const char *text = api_query(request, "step");
	window->grain = grain_choose(window->from, window->to, now);
	if (text == NULL || g_str_equal(text, "auto"))
		return true;
	if (!grain_parse(text, &window->grain)) {
		problem_parameter(reply, "step", "must be auto, minute, hour or day");
		return false;
	}
	if (wall_diff_us(window->to, window->from) / grain_us(window->grain) >= SERIES_POINTS_MAX) {
		problem_parameter(reply, "step", "gives more than %d points; take a coarser step or a shorter time",
				  SERIES_POINTS_MAX);
		return false;
	}
	if (window->grain == ROLLUP_MINUTE && wall_diff_us(now, window->from) > CHORES_MINUTE_ROLLUP_DAYS * DAY_US) {
		problem_parameter(reply, "step", "minutes are kept for %d days; take hour or day",
				  CHORES_MINUTE_ROLLUP_DAYS);
		return false;
	}
	return true;
}

static bool parse_times(const struct api_request *request, struct api_reply *reply, struct wall now,
			struct rollup_window *window)
{
	window->to = now;
	if (!api_query_wall(request, reply, "endTime", &window->to))
		return false;
	window->to = wall_min(window->to, now);
	window->from = wall_add_us(window->to, -grain_us(ROLLUP_HOUR));
	if (!api_query_wall(request, reply, "startTime", &window->from))
		return false;
	if (!wall_before(window->from, window->to)) {
		problem_parameter(reply, "startTime", "must be earlier than endTime and than now");
		return false;
	}
	if (wall_diff_us(window->to, window->from) / DAY_US >= SERIES_POINTS_MAX) {
		problem_parameter(reply, "startTime", "lies more than %d days before endTime", SERIES_POINTS_MAX);
		return false;
	}
	return true;
}

static bool parse_series_query(const struct api_request *request, struct api_reply *reply, struct series_query *ret)
{
	static const char *const parameters[] = { "metricName", "startTime", "endTime", "jobId", "step", NULL };
	struct wall now = wall_now();
	const char *name = api_query(request, "metricName");
	struct series_query query = { .metric = name != NULL ? metric_find(name) : NULL };
	if (!api_query_only(request, reply, parameters))
		return false;
	if (query.metric == NULL) {
		g_autofree char *names = metric_names();
		problem_parameter(reply, "metricName", "must be one of: %s", names);
		return false;
	}
	query.window.job_id = api_query(request, "jobId");
	if (query.window.job_id != NULL && !uuid_is_valid(query.window.job_id)) {
		problem_parameter(reply, "jobId", "must be a UUID");
		return false;
	}
	if (!parse_times(request, reply, now, &query.window) || !parse_step(request, reply, now, &query.window))
		return false;
	query.window.from = grain_floor(query.window.from, query.window.grain);
	*ret = query;
	return true;
}

/* One point per bucket, also where nothing happened: a chart must not draw a line over a silence. */
static json_t *render_points(const struct series_query *query, const GArray *series)
{
	json_t *points = json_array();
	guint next = 0;
	for (struct wall at = query->window.from; wall_before(at, query->window.to);
	     at = wall_add_us(at, grain_us(query->window.grain))) {
		const struct rollup_sums *sums = NULL;
		if (next < series->len && g_array_index(series, struct rollup_cell, next).key.bucket_us == at.us)
			sums = &g_array_index(series, struct rollup_cell, next++).sums;
		json_array_append_new(points, json_pack("{s:o, s:o}", "t", json_wall(at), "value",
							metric_value(query->metric, sums)));
	}
	return points;
}

void api_metrics_series(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct series_query query;
	GArray *series = NULL;
	if (!parse_series_query(request, reply, &query))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_rollup_series(conn, &query.window, &series);
	if (status != DB_OK) {
		problem_db(reply, status, "metric");
		return;
	}
	api_reply_json(reply, 200,
		       json_pack("{s:s, s:s?, s:s, s:s, s:I, s:o, s:o, s:o}", "metricName",
				 api_query(request, "metricName"), "jobId", query.window.job_id, "unit",
				 metric_unit(query.metric), "step", grain_name(query.window.grain), "stepMs",
				 (json_int_t)(grain_us(query.window.grain) / US_PER_MS), "startTime",
				 json_wall(query.window.from), "endTime", json_wall(query.window.to), "points",
				 render_points(&query, series)));
	g_array_unref(series);
}

void api_stats_jobs(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct job_counts counts;
	if (!api_query_only(request, reply, no_parameters))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_job_counts(conn, &counts);
	if (status != DB_OK) {
		problem_db(reply, status, "jobs");
		return;
	}
	api_reply_json(reply, 200,
		       json_pack("{s:I, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I, s:I}}", "jobs",
				 (json_int_t)counts.jobs, "active", (json_int_t)counts.active, "paused",
				 (json_int_t)(counts.jobs - counts.active), "unassigned", (json_int_t)counts.unassigned,
				 "byType", "ATLEAST_ONCE", (json_int_t)counts.at_least_once, "ATMOST_ONCE",
				 (json_int_t)counts.at_most_once, "byTarget", "one", (json_int_t)counts.one, "all",
				 (json_int_t)counts.all, "count", (json_int_t)counts.count, "agent",
				 (json_int_t)counts.agent));
}

/* ?hours= -> the window of rollups. */
static bool parse_hours(const struct api_request *request, struct api_reply *reply, const char *job_id,
			int64_t *ret_hours, struct rollup_window *ret)
{
	static const char *const parameters[] = { "hours", NULL };
	int64_t hours = STATS_HOURS_DEFAULT;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "hours", 1, STATS_HOURS_MAX, &hours))
		return false;
	*ret_hours = hours;
	*ret = window_of_hours(hours, wall_now(), job_id);
	return true;
}

static json_t *render_sums(int64_t hours, const struct rollup_window *window, const struct rollup_sums *sums)
{
	return json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:I, s:o, s:o}", "hours", (json_int_t)hours, "from",
			 json_wall(window->from), "to", json_wall(window->to), "executions",
			 (json_int_t)sums_executions(sums), "byStatus", sums_by_status(sums), "successRate",
			 sums_success_rate(sums), "attempts", (json_int_t)sums->attempts, "durationMs",
			 sums_durations(sums), "latenessMs", sums_latenesses(sums));
}

void api_stats_executions(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct rollup_window window;
	struct rollup_sums sums;
	int64_t hours;
	if (!parse_hours(request, reply, NULL, &hours, &window))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_rollup_total(conn, &window, &sums);
	if (status == DB_OK)
		api_reply_json(reply, 200, render_sums(hours, &window, &sums));
	else
		problem_db(reply, status, "statistics");
}

/* The job itself when it is not deleted, and its latest execution. */
static enum db_status add_job(struct db_conn *conn, const char *job_id, json_t *json)
{
	struct job_record record = { 0 };
	struct execution_page page = { 0 };
	struct execution_filter filter = { .job_id = job_id, .from = WALL_NONE, .to = WALL_NONE, .limit = 1 };
	enum db_status status = db_job_get(conn, job_id, false, &record.row);
	bool deleted = status == DB_NOT_FOUND;
	if (status == DB_OK)
		job_record_parse(&record);
	if (deleted)
		status = db_job_known(conn, job_id);
	if (status == DB_OK)
		status = db_execution_page(conn, &filter, &page);
	if (status == DB_OK)
		status = db_execution_add_names(conn, page.rows);
	if (status == DB_OK) {
		struct wall next = WALL_NONE;
		if (record.job != NULL)
			job_next_fire(record.job, record.row.created_at, wall_now(), &next);
		json_object_set_new(json, "jobId", json_string(job_id));
		json_object_set_new(json, "name", record.job != NULL ? json_string(record.job->name) : json_null());
		json_object_set_new(json, "active", json_boolean(record.job != NULL && record.job->active));
		json_object_set_new(json, "deleted", json_boolean(deleted));
		json_object_set_new(json, "nextFireAt", json_wall(next));
		json_object_set_new(json, "lastExecution",
				    page.rows->len > 0 ? execution_row_to_json(g_ptr_array_index(page.rows, 0))
						       : json_null());
	}
	job_record_clear(&record);
	execution_page_clear(&page);
	return status;
}

void api_stats_job(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct rollup_window window;
	struct rollup_sums sums;
	int64_t hours, doubled = 0;
	const char *job_id = api_param(request, "jobId");
	if (!parse_hours(request, reply, job_id, &hours, &window))
		return;
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_rollup_total(conn, &window, &sums);
	if (status == DB_OK)
		status = db_job_doubled(conn, &window, &doubled);
	json_t *json = status == DB_OK ? render_sums(hours, &window, &sums) : NULL;
	if (status == DB_OK)
		json_object_set_new(json, "doubled", json_integer(doubled));
	if (status == DB_OK)
		status = add_job(conn, job_id, json);
	if (status == DB_OK)
		api_reply_json(reply, 200, json_incref(json));
	else
		problem_db(reply, status, "job of this id");
	json_decref(json);
}

static json_t *render_failures(const struct job_failures *failures)
{
	const int64_t *n = failures->by_status;
	json_int_t count = n[EXECUTION_FAILED] + n[EXECUTION_TIMEOUT] + n[EXECUTION_MISSED] + n[EXECUTION_INTERRUPTED];
	return json_pack("{s:s, s:s?, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:{s:s?, s:s?, s:o, s:s?, s:s?}}", "jobId",
			 failures->job_id, "name", failures->name, "count", count, "byStatus", "failed",
			 (json_int_t)n[EXECUTION_FAILED], "timeout", (json_int_t)n[EXECUTION_TIMEOUT], "missed",
			 (json_int_t)n[EXECUTION_MISSED], "interrupted", (json_int_t)n[EXECUTION_INTERRUPTED],
			 "firstAt", json_wall(failures->first_at), "lastAt", json_wall(failures->last_at), "last",
			 "executionId", failures->last_execution_id, "status",
			 failures->last_status != 0 ? execution_status_name(failures->last_status) : NULL, "httpStatus",
			 failures->last_http_status != 0 ? json_integer(failures->last_http_status) : json_null(),
			 "error", failures->last_error, "reason", failures->last_reason);
}

void api_alerts_failures(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct rollup_window window;
	GArray *list = NULL;
	int64_t hours;
	if (!parse_hours(request, reply, NULL, &hours, &window))
		return;
	/* Tables of all jobs read every row of the window: minutes only where hours would be too coarse. */
	if (window.grain == ROLLUP_MINUTE && hours > 2) {
		window.grain = ROLLUP_HOUR;
		window.from = grain_floor(window.from, ROLLUP_HOUR);
	}
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_failures(conn, &window, &list);
	if (status != DB_OK) {
		problem_db(reply, status, "failures");
		return;
	}
	json_t *failures = json_array();
	for (guint i = 0; i < list->len; i++)
		json_array_append_new(failures, render_failures(&g_array_index(list, struct job_failures, i)));
	api_reply_json(reply, 200,
		       json_pack("{s:I, s:o, s:o, s:o}", "hours", (json_int_t)hours, "from", json_wall(window.from),
				 "to", json_wall(window.to), "failures", failures));
	g_array_unref(list);
}
