#include "central/api_executions.h"

#include <string.h>

#include "central/db_executions.h"
#include "central/db_jobs.h"
#include "central/execution_view.h"

#define CURSOR_KIND 'e'

static bool query_uuid(const struct api_request *request, struct api_reply *reply, const char *name, const char **ret)
{
	const char *text = api_query(request, name);
	if (text != NULL && !uuid_is_valid(text)) {
		problem_parameter(reply, name, "must be a UUID");
		return false;
	}
	*ret = text;
	return true;
}

/* "failed" or "failed,timeout". */
static bool query_statuses(const struct api_request *request, struct api_reply *reply, unsigned *ret)
{
	const char *text = api_query(request, "status");
	g_auto(GStrv) names = g_strsplit(text != NULL ? text : "", ",", EXECUTION_STATUS_MAX_);
	unsigned statuses = 0;
	for (int i = 0; names[i] != NULL; i++) {
		enum execution_status status;
		if (!execution_status_parse(names[i], &status)) {
			problem_parameter(reply, "status",
					  "\"%.32s\" is none of success, failed, timeout, skipped, missed, interrupted",
					  names[i]);
			return false;
		}
		statuses |= 1u << status;
	}
	*ret = statuses;
	return true;
}

static bool parse_filter(const struct api_request *request, struct api_reply *reply, int64_t default_limit,
			 struct execution_filter *ret)
{
	struct execution_filter filter = { .from = WALL_NONE, .to = WALL_NONE };
	int64_t limit = default_limit;
	if (!api_query_int(request, reply, "limit", 1, EXECUTIONS_LIMIT_MAX, &limit) ||
	    !query_uuid(request, reply, "jobId", &filter.job_id) ||
	    !query_uuid(request, reply, "agentId", &filter.agent_id) ||
	    !query_statuses(request, reply, &filter.statuses) ||
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
	static const char *const parameters[] = { "limit", "cursor", "jobId", "agentId", "status", "from", "to", NULL };
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
		reply_page(reply, &page);
	else
		problem_db(reply, status, "list of executions");
	execution_page_clear(&page);
}

void api_executions_of_job(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", "agentId", "status", "from", "to", NULL };
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
	if (status == DB_OK && page.rows->len == 0)
		status = db_job_known(conn, job_id);
	if (status == DB_OK)
		reply_page(reply, &page);
	else
		problem_db(reply, status, "job of this id");
	execution_page_clear(&page);
}
