#include "central/api_jobs.h"

#include <string.h>

#include "central/cursor.h"
#include "central/job_view.h"
#include "central/svc_jobs.h"

#define CURSOR_KIND 'j'

static struct author author_of(const struct api_request *request)
{
	return (struct author){ request->identity.name, request->id };
}

static void reply_failure(struct api_reply *reply, enum job_outcome outcome, struct job_failure *failure)
{
	switch (outcome) {
	case JOB_INVALID:
		problem_reply(reply, 400, "Invalid job", failure->problem.pointer, "%s", failure->problem.detail);
		break;
	case JOB_STALE:
		problem_reply(reply, 412, NULL, NULL,
			      "the job was edited since you read it; read it again and repeat the edit");
		break;
	case JOB_DB_FAILED:
		problem_db(reply, failure->status, "job of this id");
		break;
	case JOB_DONE:
		break;
	}
	job_failure_clear(failure);
}

/* The job as it is now, with its ETag; clears the record. */
static void reply_record(struct api_reply *reply, int status, struct job_record *record)
{
	char etag[ETAG_SIZE];
	api_reply_header(reply, "ETag", "%s", etag_print(record->row.revision, etag));
	api_reply_json(reply, status, job_record_to_json(record, wall_now()));
	job_record_clear(record);
}

static void reply_outcome(struct api_reply *reply, enum job_outcome outcome, struct job_record *record,
			  struct job_failure *failure)
{
	if (outcome == JOB_DONE)
		reply_record(reply, 200, record);
	else
		reply_failure(reply, outcome, failure);
}

void api_jobs_create(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	struct author author = author_of(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	if (!api_query_only(request, reply, no_parameters))
		return;
	json_t *json = api_body_json(request, reply, JOB_JSON_DEPTH_MAX);
	if (json == NULL)
		return;
	enum job_outcome outcome = job_create(request->pool, &author, json, &record, &failure);
	json_decref(json);
	if (outcome != JOB_DONE) {
		reply_failure(reply, outcome, &failure);
		return;
	}
	api_reply_header(reply, "Location", "/api/jobs/%s", record.row.job_id);
	reply_record(reply, 201, &record);
}

static json_t *render_list(GArray *records, int64_t limit)
{
	json_t *jobs = json_array(), *next = json_null();
	struct wall now = wall_now();
	/* One more than the page was read, to know whether there is more. */
	for (guint i = 0; i < records->len && i < limit; i++)
		json_array_append_new(jobs, job_record_to_json(&g_array_index(records, struct job_record, i), now));
	if (records->len > limit) {
		struct cursor cursor = { .at = { 0 } };
		const struct job_record *last = &g_array_index(records, struct job_record, limit - 1);
		g_strlcpy(cursor.id, last->row.job_id, sizeof cursor.id);
		g_autofree char *text = cursor_encode(CURSOR_KIND, &cursor);
		next = json_string(text);
	}
	return json_pack("{s:o, s:o}", "jobs", jobs, "nextCursor", next);
}

void api_jobs_list(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "limit", "cursor", "q", "active", NULL };
	struct cursor cursor = { .at = WALL_NONE };
	int64_t limit = JOBS_LIMIT_DEFAULT;
	bool active = false;
	GArray *records = NULL;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "limit", 1, JOBS_LIMIT_MAX, &limit) ||
	    !api_query_bool(request, reply, "active", &active) ||
	    !api_query_cursor(request, reply, CURSOR_KIND, &cursor))
		return;
	const char *q = api_query(request, "q");
	if (q != NULL && strlen(q) > JOB_NAME_MAX) {
		problem_parameter(reply, "q", "is longer than %d bytes", JOB_NAME_MAX);
		return;
	}
	struct job_filter filter = {
		.after_id = *cursor.id != '\0' ? cursor.id : NULL,
		.name_part = q,
		.active = api_query(request, "active") != NULL ? active : -1,
		.limit = (int)limit + 1,
	};
	enum db_status status = job_list(request->pool, &filter, &records);
	if (status != DB_OK) {
		problem_db(reply, status, "list of jobs");
		return;
	}
	api_reply_json(reply, 200, render_list(records, limit));
	g_array_unref(records);
}

void api_jobs_get(const struct api_request *request, struct api_reply *reply)
{
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	enum job_outcome outcome = job_read(request->pool, api_param(request, "jobId"), &record, &failure);
	if (outcome == JOB_DONE && etag_matches(request->if_none_match, record.row.revision, true)) {
		char etag[ETAG_SIZE];
		api_reply_header(reply, "ETag", "%s", etag_print(record.row.revision, etag));
		api_reply_empty(reply, 304);
		job_record_clear(&record);
		return;
	}
	reply_outcome(reply, outcome, &record, &failure);
}

/* PUT and PATCH differ in what the body means. */
static void edit(const struct api_request *request, struct api_reply *reply, bool merges)
{
	struct author author = author_of(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	const char *job_id = api_param(request, "jobId");
	json_t *json = api_body_json(request, reply, JOB_JSON_DEPTH_MAX);
	if (json == NULL)
		return;
	enum job_outcome outcome =
		merges ? job_merge(request->pool, &author, job_id, request->if_match, json, &record, &failure)
		       : job_replace(request->pool, &author, job_id, request->if_match, json, &record, &failure);
	json_decref(json);
	reply_outcome(reply, outcome, &record, &failure);
}

void api_jobs_put(const struct api_request *request, struct api_reply *reply)
{
	edit(request, reply, false);
}

void api_jobs_patch(const struct api_request *request, struct api_reply *reply)
{
	edit(request, reply, true);
}

void api_jobs_delete(const struct api_request *request, struct api_reply *reply)
{
	struct author author = author_of(request);
	struct job_failure failure = { 0 };
	enum job_outcome outcome =
		job_delete(request->pool, &author, api_param(request, "jobId"), request->if_match, &failure);
	if (outcome == JOB_DONE)
		api_reply_empty(reply, 204);
	else
		reply_failure(reply, outcome, &failure);
}

static void set_active(const struct api_request *request, struct api_reply *reply, bool active)
{
	struct author author = author_of(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	enum job_outcome outcome = job_set_active(request->pool, &author, api_param(request, "jobId"),
						  request->if_match, active, &record, &failure);
	reply_outcome(reply, outcome, &record, &failure);
}

void api_jobs_pause(const struct api_request *request, struct api_reply *reply)
{
	set_active(request, reply, false);
}

void api_jobs_resume(const struct api_request *request, struct api_reply *reply)
{
	set_active(request, reply, true);
}

void api_jobs_run(const struct api_request *request, struct api_reply *reply)
{
	struct author author = author_of(request);
	struct job_failure failure = { 0 };
	const char *job_id = api_param(request, "jobId");
	int agents = 0;
	enum job_outcome outcome = job_run(request->pool, &author, job_id, &agents, &failure);
	if (outcome != JOB_DONE)
		reply_failure(reply, outcome, &failure);
	else if (agents == 0)
		problem_reply(reply, 409, NULL, NULL,
			      "no agent holds this job yet; enrol one, or look at the job's target");
	else
		api_reply_json(reply, 202, json_pack("{s:s, s:i}", "jobId", job_id, "agents", agents));
}
