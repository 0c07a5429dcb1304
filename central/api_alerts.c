#include "central/api_alerts.h"

#include <inttypes.h>
#include <stdio.h>

#include "central/cursor.h"
#include "central/db_quarantine.h"
#include "central/json_values.h"
#include "central/late.h"

#define LATE_KIND 't'

static json_t *render_late(const struct late_job *job)
{
	return json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:o, s:s}", "jobId", job->job_id, "name", job->name, "agentId",
			 *job->agent_id != '\0' ? job->agent_id : NULL, "agentName", job->agent_name, "dueAt",
			 json_wall(job->due_at), "lateSince", json_wall(job->late_since), "reason", job->reason);
}

void api_alerts_late(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct cursor cursor = { .at = WALL_NONE };
	int64_t limit = ALERTS_LIMIT_DEFAULT;
	g_autofree char *next = NULL;
	GArray *list = NULL;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, ALERTS_LIMIT_MAX, &limit) ||
	    !api_query_cursor(request, reply, LATE_KIND, &cursor))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = late_list(conn, &cursor, (int)limit + 1, &list);
	if (status != DB_OK) {
		problem_db(reply, status, "list of late jobs");
		return;
	}
	json_t *late = json_array();
	for (guint i = 0; i < list->len && i < limit; i++)
		json_array_append_new(late, render_late(&g_array_index(list, struct late_job, i)));
	if (list->len > limit) {
		const struct late_job *last = &g_array_index(list, struct late_job, limit - 1);
		struct cursor place = { .at = last->late_since };
		g_strlcpy(place.id, last->job_id, sizeof place.id);
		next = cursor_encode(LATE_KIND, &place);
	}
	api_reply_json(reply, 200, json_pack("{s:o, s:s?}", "late", late, "nextCursor", next));
	g_array_unref(list);
}

/* Where a page of the quarantine ended; as text "MICROSECONDS.AGENT.EPOCH.SEQ". */
static bool read_place(const struct api_request *request, struct api_reply *reply, struct quarantine_place *ret)
{
	const char *text = api_query(request, "cursor");
	struct quarantine_place place = { 0 };
	int end = 0;
	if (text == NULL)
		return true;
	int fields = sscanf(text, "%" SCNd64 ".%36[0-9a-f-].%" SCNd64 ".%" SCNd64 "%n", &place.at.us, place.agent_id,
			    &place.epoch, &place.seq, &end);
	if (fields != 4 || text[end] != '\0' || !uuid_is_valid(place.agent_id)) {
		problem_parameter(reply, "cursor", "is not the nextCursor of this list");
		return false;
	}
	*ret = place;
	return true;
}

static json_t *render_record(const struct quarantine_record *record)
{
	return json_pack("{s:s, s:s?, s:I, s:I, s:o, s:s, s:s}", "agentId", record->place.agent_id, "agentName",
			 record->agent_name, "epoch", (json_int_t)record->place.epoch, "seq",
			 (json_int_t)record->place.seq, "at", json_wall(record->place.at), "reason", record->reason,
			 "record", record->record);
}

void api_quarantine(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct quarantine_place place = { .at = WALL_NONE };
	int64_t limit = ALERTS_LIMIT_DEFAULT;
	g_autofree char *next = NULL;
	GArray *list = NULL;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, ALERTS_LIMIT_MAX, &limit) || !read_place(request, reply, &place))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_quarantine_list(conn, &place, (int)limit + 1, &list);
	if (status != DB_OK) {
		problem_db(reply, status, "quarantine");
		return;
	}
	json_t *records = json_array();
	for (guint i = 0; i < list->len && i < limit; i++)
		json_array_append_new(records, render_record(&g_array_index(list, struct quarantine_record, i)));
	if (list->len > limit) {
		const struct quarantine_place *last = &g_array_index(list, struct quarantine_record, limit - 1).place;
		next = g_strdup_printf("%" PRId64 ".%s.%" PRId64 ".%" PRId64, last->at.us, last->agent_id, last->epoch,
				       last->seq);
	}
	api_reply_json(reply, 200, json_pack("{s:o, s:s?}", "records", records, "nextCursor", next));
	g_array_unref(list);
}
