#include "central/api_jobs.h"
#include "central/job_query.h"
#include "central/job_view.h"
#include "central/json_values.h"

static json_t *render_latest(const struct job_listed *listed)
{
	if (*listed->latest_id == '\0')
		return json_null();
	return json_pack("{s:s, s:o, s:s, s:o, s:s?}", "executionId", listed->latest_id, "scheduledAt",
			 json_wall(listed->latest_at), "status", execution_status_name(listed->latest_status),
			 "durationMs",
			 listed->latest_duration_us >= 0 ? json_ms((double)listed->latest_duration_us) : json_null(),
			 "reason", listed->latest_reason);
}

static json_t *render_listed(struct job_listed *listed, struct wall now)
{
	struct job_record record = { .row = listed->row };
	job_record_parse(&record);
	json_t *json = job_record_to_json(&record, now);
	json_object_set_new(json, "lastExecution", render_latest(listed));
	json_t *recent = json_array();
	for (int i = 0; i < listed->n_recent; i++)
		json_array_append_new(recent,
				      json_string(execution_status_name((enum execution_status)listed->recent[i])));
	json_object_set_new(json, "recent", recent);
	json_object_set_new(json, "p95Ms",
			    listed->started > 0
				    ? json_ms(histogram_quantile_us(listed->durations, 0.95, listed->duration_max_us))
				    : json_null());
	json_object_set_new(json, "lateSince", json_wall(listed->late_since));
	json_object_set_new(json, "held", json_boolean(listed->held));
	json_object_set_new(json, "unknownSince", json_wall(listed->unknown_since));
	/* The row stays the list's. */
	record.row = (struct job_row){ 0 };
	job_record_clear(&record);
	return json;
}

/* One more than the page was looked for, to know whether there is more. */
static json_t *render_list(GArray *list, int64_t found, const struct job_filter *filter, struct wall now)
{
	json_t *jobs = json_array();
	g_autofree char *next = NULL;
	guint page = MIN((guint)filter->limit - 1, list->len);
	for (guint i = 0; i < page; i++)
		json_array_append_new(jobs, render_listed(&g_array_index(list, struct job_listed, i), now));
	if (found > page) {
		const struct job_listed *last = &g_array_index(list, struct job_listed, page - 1);
		struct cursor cursor = { .at = last->sort_at };
		g_strlcpy(cursor.id, last->row.job_id, sizeof cursor.id);
		next = cursor_encode(job_query_cursor_kind(filter), &cursor);
	}
	return json_pack("{s:o, s:s?}", "jobs", jobs, "nextCursor", next);
}

void api_jobs_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", "q",    "active",  "type", "agentId", "lastStatus",
						  "late",  "held",   "unknown", "sort",    NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct job_filter filter;
	int64_t limit = JOBS_LIMIT_DEFAULT;
	struct wall now = wall_now();
	GArray *list = NULL;
	int64_t found = 0;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, JOBS_LIMIT_MAX, &limit) ||
	    !job_query_parse(request, reply, &filter) || !job_query_parse_order(request, reply, &filter))
		return;
	filter.limit = (int)limit + 1;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_job_list(conn, &filter, now, &list, &found);
	if (status != DB_OK) {
		problem_db(reply, status, "list of jobs");
		return;
	}
	api_reply_json(reply, 200, render_list(list, found, &filter, now));
	g_array_unref(list);
}
