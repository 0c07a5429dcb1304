#include "central/api_ledger.h"

#include "central/central.h"
#include "central/json_values.h"
#include "central/ledger.h"

#define CURSOR_KIND 'k'
#define US_PER_HOUR (3600 * US_PER_SECOND)

static bool parse_question(const struct api_request *request, struct api_reply *reply, struct cursor *cursor,
			   struct ledger_question *ret)
{
	static const char *const parameters[] = { "jobId", "agentId", "from", "to", "limit", "cursor", NULL };
	struct wall now = wall_now();
	int64_t limit = LEDGER_LIMIT_DEFAULT;
	*ret = (struct ledger_question){ .now = now, .to = now, .offline_ms = request->central->config->offline_after_ms };
	if (!api_query_only(request, reply, parameters) || !api_query_uuid(request, reply, "jobId", &ret->job_id) ||
	    !api_query_uuid(request, reply, "agentId", &ret->agent_id) ||
	    !api_query_int(request, reply, "limit", 1, LEDGER_LIMIT_MAX, &limit) ||
	    !api_query_wall(request, reply, "to", &ret->to) || !api_query_cursor(request, reply, CURSOR_KIND, cursor))
		return false;
	ret->to = wall_min(ret->to, cursor_window_end(cursor, now));
	ret->from = wall_add_us(ret->to, -LEDGER_HOURS_DEFAULT * US_PER_HOUR);
	if (!api_query_wall(request, reply, "from", &ret->from))
		return false;
	int hours = ret->job_id != NULL ? LEDGER_HOURS_MAX_JOB : LEDGER_HOURS_MAX;
	if (!wall_before(ret->from, ret->to)) {
		problem_parameter(reply, "from", "must be earlier than to and than now");
		return false;
	}
	if (wall_before(ret->from, wall_add_us(ret->to, -hours * US_PER_HOUR))) {
		problem_parameter(reply, "from", "lies more than %d hours before to", hours);
		return false;
	}
	ret->limit = (int)limit;
	ret->after_id = *cursor->id != '\0' ? cursor->id : NULL;
	return true;
}

static json_t *render_job(const struct ledger_job *job)
{
	json_t *holes = json_array();
	for (guint i = 0; i < job->sums.holes->len; i++) {
		const struct ledger_hole *hole = &g_array_index(job->sums.holes, struct ledger_hole, i);
		json_array_append_new(holes, json_pack("{s:o, s:o, s:I}", "from", json_wall(hole->from), "to",
						       json_wall(hole->to), "count", (json_int_t)hole->count));
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "jobId", job->job_id, "name", job->name, "due",
			 (json_int_t)job->sums.due, "decided", (json_int_t)job->sums.decided, "unaccounted",
			 (json_int_t)job->sums.unaccounted, "unknown", (json_int_t)job->sums.unknown, "unknownSince",
			 json_wall(job->sums.unknown_since), "holes", holes);
}

/* Streams with holes, or all of one agent; on the first page only. */
static enum db_status add_agents(struct db_conn *conn, const struct ledger_question *question, json_t *json)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	json_t *agents = json_array();
	json_object_set_new(json, "agents", agents);
	if (question->after_id != NULL)
		return DB_OK;
	db_param_text(&params, question->agent_id);
	enum db_status status = db_run(conn, "ledger_streams", &params, &result);
	for (int i = 0; status == DB_OK && i < db_rows(result); i++) {
		json_t *holes = json_loads(db_text(result, i, 4), 0, NULL);
		json_array_append_new(agents, json_pack("{s:s, s:s, s:I, s:I, s:o}", "agentId", db_text(result, i, 0),
							"name", db_text(result, i, 1), "epoch",
							(json_int_t)db_int(result, i, 2), "ackedSeq",
							(json_int_t)db_int(result, i, 3), "holes",
							holes != NULL ? holes : json_array()));
	}
	return status;
}

static json_t *render(const struct ledger_question *question, const struct ledger_page *page)
{
	struct ledger_sums total = { 0 };
	json_t *jobs = json_array();
	g_autofree char *next = NULL;
	for (guint i = 0; i < page->jobs->len; i++) {
		const struct ledger_job *job = &g_array_index(page->jobs, struct ledger_job, i);
		json_array_append_new(jobs, render_job(job));
		total.due += job->sums.due;
		total.decided += job->sums.decided;
		total.unaccounted += job->sums.unaccounted;
		total.unknown += job->sums.unknown;
	}
	if (page->more && page->jobs->len > 0) {
		struct cursor cursor = { .at = question->to };
		g_strlcpy(cursor.id, g_array_index(page->jobs, struct ledger_job, page->jobs->len - 1).job_id,
			  sizeof cursor.id);
		next = cursor_encode(CURSOR_KIND, &cursor);
	}
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:s?}", "from", json_wall(page->from), "to",
			 json_wall(question->to), "due", (json_int_t)total.due, "decided", (json_int_t)total.decided,
			 "unaccounted", (json_int_t)total.unaccounted, "unknown", (json_int_t)total.unknown, "jobs", jobs,
			 "nextCursor", next);
}

void api_ledger(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct cursor cursor = { .at = WALL_NONE };
	struct ledger_question question;
	struct ledger_page page = { 0 };
	if (!parse_question(request, reply, &cursor, &question))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = ledger_read(conn, &question, &page);
	if (status == DB_OK && page.too_much) {
		problem_parameter(reply, "from",
				  "the window holds more of one job than %d decisions, or than %d fires of all who hold it; take a "
				  "shorter one",
				  LEDGER_DECISIONS_MAX, LEDGER_DUE_MAX);
		ledger_page_clear(&page);
		return;
	}
	json_t *json = status == DB_OK ? render(&question, &page) : NULL;
	if (status == DB_OK)
		status = add_agents(conn, &question, json);
	if (status == DB_OK)
		api_reply_json(reply, 200, json_incref(json));
	else
		problem_db(reply, status, "ledger");
	json_decref(json);
	ledger_page_clear(&page);
}
