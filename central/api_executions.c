#include "central/api_executions.h"

#include <string.h>

#include "central/db_executions.h"
#include "central/db_jobs.h"
#include "central/db_revisions.h"
#include "central/execution_view.h"
#include "central/job_view.h"
#include "central/json_values.h"

#define CURSOR_KIND 'e'

static bool query_words(const struct api_request *request, struct api_reply *reply, struct execution_filter *ret)
{
	const char *status = api_query(request, "status"), *cause = api_query(request, "cause");
	if (status != NULL && !execution_statuses_parse(status, &ret->statuses)) {
		problem_parameter(reply, "status",
				  "must be some of success, failed, timeout, skipped, missed, interrupted, parted by commas");
		return false;
	}
	if (cause != NULL && !fire_causes_parse(cause, &ret->causes)) {
		problem_parameter(reply, "cause", "must be some of schedule, catchUp, manual, parted by commas");
		return false;
	}
	return true;
}

static bool parse_filter(const struct api_request *request, struct api_reply *reply, int64_t default_limit,
			 struct execution_filter *ret)
{
	struct execution_filter filter = { .from = WALL_NONE, .to = WALL_NONE };
	int64_t limit = default_limit;
	if (!api_query_int(request, reply, "limit", 1, EXECUTIONS_LIMIT_MAX, &limit) ||
	    !api_query_uuid(request, reply, "jobId", &filter.job_id) ||
	    !api_query_uuid(request, reply, "agentId", &filter.agent_id) ||
	    !query_words(request, reply, &filter) ||
	    !api_query_bool(request, reply, "doubled", &filter.doubled) ||
	    !api_query_wall(request, reply, "from", &filter.from) ||
	    !api_query_wall(request, reply, "to", &filter.to) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &filter.after))
		return false;
	if (wall_is_set(filter.from) && wall_is_set(filter.to) && !wall_before(filter.from, filter.to)) {
		problem_parameter(reply, "to", "must be later than from");
		return false;
	}
	filter.limit = (int)limit;
	*ret = filter;
	return true;
}

static void reply_page(struct api_reply *reply, const struct execution_page *page)
{
	json_t *executions = json_array();
	for (guint i = 0; i < page->rows->len; i++)
		json_array_append_new(executions, execution_row_to_json(g_ptr_array_index(page->rows, i)));
	g_autofree char *next = page->more ? cursor_encode(CURSOR_KIND, &page->last) : NULL;
	api_reply_json(reply, 200, json_pack("{s:o, s:s?}", "executions", executions, "nextCursor", next));
}

void api_executions_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor",  "jobId", "agentId", "status",
						  "cause", "doubled", "from",  "to",	  NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct execution_filter filter;
	struct execution_page page = { 0 };
	if (!api_query_only(request, reply, parameters) ||
	    !parse_filter(request, reply, EXECUTIONS_LIMIT_DEFAULT, &filter))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_execution_page(conn, &filter, &page);
	if (status == DB_OK)
		status = db_execution_add_names(conn, page.rows);
	if (status == DB_OK)
		reply_page(reply, &page);
	else
		problem_db(reply, status, "list of executions");
	execution_page_clear(&page);
}

void api_executions_of_job(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor",  "agentId", "status",
						  "cause", "doubled", "from",	 "to",	   NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct execution_filter filter;
	struct execution_page page = { 0 };
	const char *job_id = api_param(request, "jobId");
	if (!api_query_only(request, reply, parameters) ||
	    !parse_filter(request, reply, EXECUTIONS_OF_JOB_DEFAULT, &filter))
		return;
	filter.job_id = job_id;
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_execution_page(conn, &filter, &page);
	if (status == DB_OK)
		status = db_execution_add_names(conn, page.rows);
	if (status == DB_OK && page.rows->len == 0)
		status = db_job_known(conn, job_id);
	if (status == DB_OK)
		reply_page(reply, &page);
	else
		problem_db(reply, status, "job of this id");
	execution_page_clear(&page);
}

/* The definition as it was then, masked; null when that revision is not known here. */
static enum db_status add_definition(struct db_conn *conn, const struct execution_row *row, json_t *json)
{
	const struct execution *e = &row->execution;
	struct job_revision revision = { 0 };
	enum db_status status = db_revision_get(conn, e->job_id, e->job_revision, &revision);
	json_object_set_new(json, "definition",
			    status == DB_OK && revision.definition != NULL
				    ? job_definition_to_json(e->job_id, e->job_revision, revision.definition)
				    : json_null());
	job_revision_clear(&revision);
	return status == DB_NOT_FOUND ? DB_OK : status;
}

/* What a list does not carry. */
static void add_attempts(const struct execution_row *row, json_t *json)
{
	json_t *log = row->attempt_log != NULL ? json_loads(row->attempt_log, 0, NULL) : NULL;
	if (log != NULL && json_object_get(log, "omitted") == NULL)
		json_object_set_new(log, "omitted", json_integer(0));
	json_object_set_new(json, "armedAt", json_wall(row->execution.armed_at));
	json_object_set_new(json, "attemptLog", log != NULL ? log : json_null());
}

static enum db_status add_doubles(struct db_conn *conn, const struct execution_row *row, json_t *json)
{
	GArray *list = NULL;
	enum db_status status = db_execution_doubles(conn, row, &list);
	if (status != DB_OK)
		return status;
	json_t *doubles = json_array();
	for (guint i = 0; i < list->len; i++) {
		const struct execution_double *twin = &g_array_index(list, struct execution_double, i);
		json_array_append_new(doubles,
				      json_pack("{s:s, s:s?, s:o, s:s?, s:o}", "agentId", twin->agent_id, "agentName",
						twin->agent_name, "startedAt", json_wall(twin->started_at), "status",
						execution_status_name(twin->status), "receivedAt",
						json_wall(twin->received_at)));
	}
	json_object_set_new(json, "doubles", doubles);
	g_array_unref(list);
	return DB_OK;
}

void api_executions_get(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "scheduledAt", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct execution_row *row = NULL;
	struct wall scheduled_at = WALL_NONE;
	const char *job_id = api_param(request, "jobId"), *execution_id = api_param(request, "executionId");
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_wall(request, reply, "scheduledAt", &scheduled_at))
		return;
	bool valid = uuid_is_valid(job_id) && uuid_is_valid(execution_id);
	enum db_status status = valid ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_execution_get(conn, job_id, execution_id, scheduled_at, &row);
	json_t *json = status == DB_OK ? execution_row_to_json(row) : NULL;
	if (json != NULL)
		add_attempts(row, json);
	if (status == DB_OK)
		status = add_definition(conn, row, json);
	if (status == DB_OK)
		status = add_doubles(conn, row, json);
	if (status == DB_OK)
		api_reply_json(reply, 200, json_incref(json));
	else
		problem_db(reply, status, "such execution of this job");
	json_decref(json);
	if (row != NULL)
		execution_row_free(row);
}
