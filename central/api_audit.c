#include "central/api_audit.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "central/audit_chain.h"
#include "central/cursor.h"
#include "central/db_audit.h"
#include "central/json_values.h"

#define CURSOR_KIND 'u'

static bool parse_filter(const struct api_request *request, struct api_reply *reply, struct audit_filter *ret)
{
	struct cursor cursor = { .at = WALL_NONE };
	int64_t limit = AUDIT_LIMIT_DEFAULT;
	*ret = (struct audit_filter){ .before_id = G_MAXINT64, .from = WALL_NONE, .to = WALL_NONE };
	if (!api_query_int(request, reply, "limit", 1, AUDIT_LIMIT_MAX, &limit) ||
	    !api_query_wall(request, reply, "from", &ret->from) || !api_query_wall(request, reply, "to", &ret->to) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &cursor))
		return false;
	if (wall_is_set(cursor.at))
		ret->before_id = cursor.at.us;
	ret->actor = api_query(request, "actor");
	ret->action = api_query(request, "action");
	ret->object = api_query(request, "object");
	ret->limit = (int)limit;
	return true;
}

/* Most are JSON; the few words of old entries stay words. */
static json_t *change_json(const char *text)
{
	json_t *json = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null();
	return json != NULL ? json : json_string(text);
}

static json_t *render(const struct db_result *rows, int row)
{
	return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s?, s:o, s:o, s:s?, s:s?}", "auditId", (json_int_t)db_int(rows, row, 0),
			 "at", json_wall(db_wall(rows, row, 1)), "actor", db_text(rows, row, 2), "action",
			 db_text(rows, row, 3), "object", db_text(rows, row, 4), "objectName",
			 db_text_or_null(rows, row, 10), "before",
			 change_json(db_text_or_null(rows, row, 5)), "after", change_json(db_text_or_null(rows, row, 6)),
			 "requestId", db_text_or_null(rows, row, 7), "hash", db_text_or_null(rows, row, 8));
}

void api_audit_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "actor", "action", "object", "from", "to", "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct audit_filter filter;
	if (!api_query_only(request, reply, parameters) || !parse_filter(request, reply, &filter))
		return;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_audit_list(conn, &filter, &rows);
	if (status != DB_OK) {
		problem_db(reply, status, "audit");
		return;
	}
	json_t *entries = json_array();
	g_autofree char *next = NULL;
	int page = MIN(db_rows(rows), filter.limit);
	for (int i = 0; i < page; i++)
		json_array_append_new(entries, render(rows, i));
	if (page > 0 && db_int(rows, 0, 9) > page) {
		struct cursor cursor = { .at = { db_int(rows, page - 1, 0) }, .id = "" };
		g_strlcpy(cursor.id, "00000000-0000-0000-0000-000000000000", sizeof cursor.id);
		next = cursor_encode(CURSOR_KIND, &cursor);
	}
	api_reply_json(reply, 200, json_pack("{s:o, s:s?}", "entries", entries, "nextCursor", next));
}

/* The first entry before the next one: this one, if it is there. */
void api_audit_get(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct audit_filter filter = { .from = WALL_NONE, .to = WALL_NONE, .limit = 1 };
	gint64 id = 0;
	if (!api_query_only(request, reply, no_parameters))
		return;
	bool valid = g_ascii_string_to_signed(api_param(request, "auditId"), 10, 1, G_MAXINT64 - 1, &id, NULL);
	filter.before_id = id + 1;
	enum db_status status = valid ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_audit_list(conn, &filter, &rows);
	if (status == DB_OK && (db_rows(rows) == 0 || db_int(rows, 0, 0) != id))
		status = DB_NOT_FOUND;
	if (status == DB_OK)
		api_reply_json(reply, 200, render(rows, 0));
	else
		problem_db(reply, status, "such entry");
}

static json_t *report_json(const struct audit_report *report)
{
	json_t *first = report->bad ? json_pack("{s:o, s:s}", "auditId",
						report->bad_id != 0 ? json_integer(report->bad_id) : json_null(), "detail",
						report->detail)
				    : json_null();
	json_t *head = report->head.seq > 0 ? json_pack("{s:I, s:I, s:s}", "seq", (json_int_t)report->head.seq, "auditId",
							(json_int_t)report->head.audit_id, "hash", report->head.hash)
					    : json_null();
	return json_pack("{s:b, s:I, s:o, s:o}", "ok", !report->bad, "entries", (json_int_t)report->entries, "firstBad",
			 first, "head", head);
}

void api_audit_verify(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	static atomic_flag at_work = ATOMIC_FLAG_INIT;
	DB_AUTO struct db_conn *conn = NULL;
	struct audit_report report = { 0 };
	if (!api_query_only(request, reply, no_parameters))
		return;
	if (atomic_flag_test_and_set(&at_work)) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 429, NULL, NULL, "the audit is being verified for somebody else; try again in 1 s");
		return;
	}
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = audit_verify(conn, NULL, &report);
	atomic_flag_clear(&at_work);
	if (status == DB_OK)
		api_reply_json(reply, 200, report_json(&report));
	else
		problem_db(reply, status, "audit");
	audit_report_clear(&report);
}
