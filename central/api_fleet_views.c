#include "central/api_fleet_views.h"

#include "central/cursor.h"
#include "central/db_jobs.h"
#include "central/json_values.h"

#define CURSOR_KIND 't'
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)

static json_t *assignment_to_json(const struct db_result *rows, int i)
{
	json_t *json = json_object();
	json_set_text(json, "agentId", db_text(rows, i, 0));
	json_set_text(json, "agentName", db_text(rows, i, 1));
	json_set_text(json, "agentState", db_text(rows, i, 2));
	json_set_int(json, "epoch", db_int(rows, i, 3));
	json_set_wall(json, "since", db_wall(rows, i, 4));
	json_set_int(json, "revision", db_int(rows, i, 5));
	json_set_wall(json, "appliedAt", db_wall(rows, i, 6));
	json_set_text(json, "place", db_text(rows, i, 7));
	json_set_wall(json, "until", db_wall(rows, i, 8));
	return json;
}

static char *sentence_of(const struct db_result *rows)
{
	int n = 0;
	while (n < db_rows(rows) && db_is_null(rows, n, 8))
		n++;
	if (n == 0)
		return g_strdup("No agent holds this job: none fits its target, or none is enrolled.");
	if (n > 1)
		return g_strdup_printf("%s%d agents hold this job.", n == ASSIGNMENTS_SHOWN ? "At least " : "", n);
	return g_strdup_printf("%s holds this job%s.", db_text(rows, 0, 1),
			       !db_is_null(rows, 0, 6) ? "" : " and has not applied its latest change yet");
}

void api_job_assignments(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct db_params params = { 0 };
	const char *job_id = api_param(request, "jobId");
	if (!api_query_only(request, reply, no_parameters))
		return;
	db_param_text(&params, job_id);
	db_param_int(&params, ASSIGNMENTS_SHOWN);
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_job_known(conn, job_id);
	if (status == DB_OK)
		status = db_run(conn, "job_assignments", &params, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "job of this id");
		return;
	}
	json_t *list = json_array();
	for (int i = 0; i < db_rows(rows); i++)
		json_array_append_new(list, assignment_to_json(rows, i));
	g_autofree char *sentence = sentence_of(rows);
	api_reply_json(reply, 200, json_pack("{s:o, s:s}", "assignments", list, "sentence", sentence));
}

static struct wall from_ms(const json_t *ms)
{
	return json_is_integer(ms) ? (struct wall){ json_integer_value(ms) * US_PER_MS } : WALL_NONE;
}

/* [[from, to], ..] and [[t, success, bad], ..] of SQL as the API has them. */
static json_t *track_to_json(const struct db_result *rows, int row)
{
	json_t *json = json_object(), *offline = json_array(), *bars = json_array(), *item;
	json_t *windows = json_loads(db_text(rows, row, 3), 0, NULL), *sums = json_loads(db_text(rows, row, 4), 0, NULL);
	size_t i;
	json_array_foreach(windows, i, item)
	{
		json_t *window = json_object();
		json_set_wall(window, "from", from_ms(json_array_get(item, 0)));
		json_set_wall(window, "to", from_ms(json_array_get(item, 1)));
		json_array_append_new(offline, window);
	}
	json_array_foreach(sums, i, item)
	{
		json_t *bar = json_object();
		json_set_wall(bar, "t", from_ms(json_array_get(item, 0)));
		json_object_set(bar, "success", json_array_get(item, 1));
		json_object_set(bar, "bad", json_array_get(item, 2));
		json_array_append_new(bars, bar);
	}
	json_decref(windows);
	json_decref(sums);
	json_set_text(json, "agentId", db_text(rows, row, 0));
	json_set_text(json, "name", db_text(rows, row, 1));
	json_set_text(json, "state", db_text(rows, row, 2));
	json_object_set_new(json, "offline", offline);
	json_object_set_new(json, "bars", bars);
	return json;
}

struct range { struct wall from, to; int64_t step_ms; bool hours; };

static bool read_range(const struct api_request *request, struct api_reply *reply, const struct cursor *cursor,
		       struct range *ret)
{
	ret->to = cursor_window_end(cursor, wall_now());
	if (!api_query_wall(request, reply, "to", &ret->to))
		return false;
	ret->from = wall_add_ms(ret->to, -HOUR_MS);
	if (!api_query_wall(request, reply, "from", &ret->from))
		return false;
	int64_t ms = wall_diff_us(ret->to, ret->from) / US_PER_MS;
	if (ms <= 0 || ms > TIMELINE_RANGE_MAX_DAYS * 24 * HOUR_MS) {
		problem_parameter(reply, "from", "must lie before \"to\", by at most %d days", TIMELINE_RANGE_MAX_DAYS);
		return false;
	}
	ret->hours = ms > TIMELINE_MINUTES_MAX_HOURS * HOUR_MS;
	int64_t unit_ms = ret->hours ? HOUR_MS : MINUTE_MS;
	ret->step_ms = MAX(1, (ms / unit_ms + TIMELINE_BARS_MAX - 1) / TIMELINE_BARS_MAX) * unit_ms;
	ret->from.us -= ret->from.us % (unit_ms * US_PER_MS);
	return true;
}

static void reply_timeline(struct api_reply *reply, const struct range *range, const struct db_result *rows, int limit)
{
	g_autofree char *next = NULL;
	json_t *agents = json_array(), *json = json_object();
	for (int i = 0; i < MIN(db_rows(rows), limit); i++)
		json_array_append_new(agents, track_to_json(rows, i));
	if (db_rows(rows) > limit) {
		struct cursor cursor = { .at = range->to };
		g_strlcpy(cursor.id, db_text(rows, limit - 1, 0), sizeof cursor.id);
		next = cursor_encode(CURSOR_KIND, &cursor);
	}
	json_set_wall(json, "from", range->from);
	json_set_wall(json, "to", range->to);
	json_set_int(json, "stepMs", range->step_ms);
	json_object_set_new(json, "agents", agents);
	json_set_text(json, "nextCursor", next);
	api_reply_json(reply, 200, json);
}

void api_fleet_timeline(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "agentId", "from", "to", "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct cursor cursor = { .at = WALL_NONE, .id = "" };
	struct db_params params = { 0 };
	struct range range;
	const char *agent_id = NULL;
	int64_t limit = TIMELINE_LIMIT_DEFAULT;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, TIMELINE_LIMIT_MAX, &limit) ||
	    !api_query_uuid(request, reply, "agentId", &agent_id) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &cursor) || !read_range(request, reply, &cursor, &range))
		return;
	db_param_wall(&params, range.from);
	db_param_wall(&params, range.to);
	db_param_int(&params, range.step_ms);
	db_param_text(&params, *cursor.id != '\0' ? cursor.id : NULL);
	db_param_int(&params, limit + 1);
	db_param_text(&params, agent_id);
	db_param_bool(&params, range.hours);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_run(conn, "fleet_timeline", &params, &rows);
	if (status == DB_OK)
		reply_timeline(reply, &range, rows, (int)limit);
	else
		problem_db(reply, status, "timeline");
}
