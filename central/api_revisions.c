#include "central/api_revisions.h"

#include <inttypes.h>

#include "central/api_body.h"
#include "central/api_jobs.h"
#include "central/cursor.h"
#include "central/db_revisions.h"
#include "central/job_view.h"
#include "central/json_diff.h"
#include "central/json_values.h"

static json_t *render_list(const GArray *list, guint page)
{
	json_t *revisions = json_array();
	g_autofree char *next = NULL;
	for (guint i = 0; i < list->len && i < page; i++) {
		const struct job_revision *revision = &g_array_index(list, struct job_revision, i);
		json_array_append_new(revisions,
				      json_pack("{s:I, s:o, s:s, s:s}", "revision", (json_int_t)revision->revision,
						"at", json_wall(revision->at), "author", revision->author, "action",
						revision->action));
		if (i + 1 == page && list->len > page)
			next = g_strdup_printf("%" PRId64, revision->revision);
	}
	return json_pack("{s:o, s:s?}", "revisions", revisions, "nextCursor", next);
}

/* The cursor is the revision that the last page ended with. */
void api_revisions_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	const char *job_id = api_param(request, "jobId");
	int64_t limit = REVISIONS_LIMIT_DEFAULT, before = INT64_MAX;
	GArray *list = NULL;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, REVISIONS_LIMIT_MAX, &limit) ||
	    !api_query_int(request, reply, "cursor", 1, INT64_MAX, &before))
		return;
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_job_known(conn, job_id);
	if (status == DB_OK)
		status = db_revision_list(conn, job_id, before, (int)limit + 1, &list);
	if (status != DB_OK) {
		problem_db(reply, status, "job of this id");
		return;
	}
	api_reply_json(reply, 200, render_list(list, (guint)limit));
	g_array_unref(list);
}

static json_t *shown(const char *job_id, const struct job_revision *revision)
{
	json_t *json = revision->definition != NULL
			       ? job_definition_to_json(job_id, revision->revision, revision->definition)
			       : NULL;
	json_object_del(json, "revision");
	return json;
}

static json_t *render_revision(const char *job_id, const struct job_revision *revision,
			       const struct job_revision *other)
{
	json_t *definition = shown(job_id, revision), *before = other->revision != 0 ? shown(job_id, other) : NULL;
	json_t *json =
		json_pack("{s:I, s:o, s:s, s:s, s:o, s:o, s:o}", "revision", (json_int_t)revision->revision, "at",
			  json_wall(revision->at), "author", revision->author, "action", revision->action, "against",
			  other->revision != 0 ? json_integer(other->revision) : json_null(), "diff",
			  json_diff(before, definition), "definition", definition != NULL ? definition : json_null());
	json_decref(before);
	return json;
}

static bool param_revision(const struct api_request *request, int64_t *ret)
{
	const char *text = api_param(request, "revision");
	return g_ascii_string_to_signed(text, 10, 1, INT64_MAX, ret, NULL);
}

/* ?against= names the other revision, the one before by default; 0 = against nothing. */
void api_revisions_get(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "against", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct job_revision revision = { 0 }, other = { 0 };
	const char *job_id = api_param(request, "jobId");
	int64_t number = 0, against = 0;
	bool valid = uuid_is_valid(job_id) && param_revision(request, &number);
	against = number - 1;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "against", 0, INT64_MAX, &against))
		return;
	enum db_status status = valid ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_revision_get(conn, job_id, number, &revision);
	if (status == DB_OK && against > 0)
		status = db_revision_get(conn, job_id, against, &other);
	if (status == DB_OK)
		api_reply_json(reply, 200, render_revision(job_id, &revision, &other));
	else
		problem_db(reply, status, "such revision of this job");
	job_revision_clear(&revision);
	job_revision_clear(&other);
}

static bool parse_rollback(const struct api_request *request, struct api_reply *reply, int64_t *ret)
{
	static const char *const members[] = { "revision", NULL };
	json_t *body = api_body_json(request, reply, 2);
	if (body == NULL)
		return false;
	*ret = 0;
	bool ok = api_body_only(body, reply, members) && api_body_int(body, reply, "revision", 1, INT64_MAX, ret);
	if (ok && *ret == 0)
		problem_reply(reply, 400, NULL, "/revision", "is missing");
	json_decref(body);
	return ok && *ret != 0;
}

void api_jobs_rollback(const struct api_request *request, struct api_reply *reply)
{
	struct job_request wish = api_jobs_request(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	int64_t revision;
	if (!parse_rollback(request, reply, &revision))
		return;
	enum job_outcome outcome = job_rollback(&wish, revision, &record, &failure);
	api_jobs_reply(reply, outcome, &record, &failure);
}
