#include "central/api_jobs.h"

#include <stdlib.h>

#include "central/api_body.h"
#include "central/central.h"
#include "central/job_shown.h"
#include "central/job_view.h"
#include "central/svc_job_orders.h"
#include "central/svc_job_skip.h"

struct job_request api_jobs_request(const struct api_request *request)
{
	return (struct job_request){ .pool = request->pool,
				     .author = api_author(request),
				     .job_id = api_param(request, "jobId"),
				     .if_match = request->if_match };
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
	case JOB_FULL:
		problem_reply(reply, 409, NULL, NULL,
			      "skipAt holds %d instants already, and that is all it can; take one out first",
			      JOB_SKIPS_MAX);
		break;
	case JOB_DB_FAILED:
		problem_db(reply, failure->status, "job of this id");
		break;
	case JOB_DONE:
		break;
	}
	job_failure_clear(failure);
}

/* The job as it was created or edited, with its ETag; clears the record. */
static void reply_record(struct api_reply *reply, int status, struct job_record *record)
{
	char etag[ETAG_SIZE];
	json_t *json = job_record_to_json(record, wall_now());
	json_object_set_new(json, "held", json_boolean(record->held));
	api_reply_header(reply, "ETag", "%s", etag_print(record->row.revision, etag));
	api_reply_json(reply, status, json);
	job_record_clear(record);
}

void api_jobs_reply(struct api_reply *reply, enum job_outcome outcome, struct job_record *record,
		    struct job_failure *failure)
{
	if (outcome == JOB_DONE)
		reply_record(reply, 200, record);
	else
		reply_failure(reply, outcome, failure);
}

void api_jobs_create(const struct api_request *request, struct api_reply *reply)
{
	struct job_request wish = api_jobs_request(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	json_t *json = api_body_json(request, reply, JOB_JSON_DEPTH_MAX);
	if (json == NULL)
		return;
	enum job_outcome outcome = job_create(&wish, json, &record, &failure);
	json_decref(json);
	if (outcome != JOB_DONE) {
		reply_failure(reply, outcome, &failure);
		return;
	}
	api_reply_header(reply, "Location", "/api/jobs/%s", record.row.job_id);
	reply_record(reply, 201, &record);
}

void api_jobs_get(const struct api_request *request, struct api_reply *reply)
{
	struct job_text shown = { 0 };
	char etag[ETAG_SIZE];
	if (!api_query_none(request, reply))
		return;
	enum db_status status = job_shown_get(request->central->job_shown, request->pool, api_param(request, "jobId"),
					      wall_now(), &shown);
	if (status != DB_OK) {
		problem_db(reply, status, "job of this id");
		return;
	}
	api_reply_header(reply, "ETag", "%s", etag_print(shown.revision, etag));
	if (etag_matches(request->if_none_match, shown.revision, true)) {
		free(shown.text);
		api_reply_empty(reply, 304);
	} else {
		api_reply_text(reply, 200, "application/json", shown.text, shown.size);
	}
}

/* PUT and PATCH differ in what the body means. */
static void edit(const struct api_request *request, struct api_reply *reply, bool merges)
{
	struct job_request wish = api_jobs_request(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	json_t *json = api_body_json(request, reply, JOB_JSON_DEPTH_MAX);
	if (json == NULL)
		return;
	enum job_outcome outcome =
		merges ? job_merge(&wish, json, &record, &failure) : job_replace(&wish, json, &record, &failure);
	json_decref(json);
	api_jobs_reply(reply, outcome, &record, &failure);
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
	struct job_request wish = api_jobs_request(request);
	struct job_failure failure = { 0 };
	if (!api_query_none(request, reply))
		return;
	enum job_outcome outcome = job_delete(&wish, &failure);
	if (outcome == JOB_DONE)
		api_reply_empty(reply, 204);
	else
		reply_failure(reply, outcome, &failure);
}

static void set_active(const struct api_request *request, struct api_reply *reply, bool active)
{
	struct job_request wish = api_jobs_request(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	if (!api_query_none(request, reply) || !api_body_none(request, reply))
		return;
	enum job_outcome outcome = job_set_active(&wish, active, &record, &failure);
	api_jobs_reply(reply, outcome, &record, &failure);
}

void api_jobs_pause(const struct api_request *request, struct api_reply *reply)
{
	set_active(request, reply, false);
}

void api_jobs_resume(const struct api_request *request, struct api_reply *reply)
{
	set_active(request, reply, true);
}

void api_jobs_skip(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "scheduledAt", NULL };
	struct job_request wish = api_jobs_request(request);
	struct job_record record = { 0 };
	struct job_failure failure = { 0 };
	struct wall scheduled_at = WALL_NONE;
	json_t *body = api_body_object(request, reply, members, false);
	if (body == NULL)
		return;
	bool ok = api_body_wall(body, reply, "scheduledAt", &scheduled_at);
	json_decref(body);
	if (!ok)
		return;
	if (!wall_is_set(scheduled_at)) {
		problem_reply(reply, 400, NULL, "/scheduledAt", "is missing");
		return;
	}
	enum job_outcome outcome = job_skip(&wish, scheduled_at, &record, &failure);
	api_jobs_reply(reply, outcome, &record, &failure);
}

/* An optional member that is a UUID; NULL = it is not there. */
static bool uuid_member(const json_t *body, struct api_reply *reply, const char *name, const char **ret)
{
	g_autofree char *pointer = g_strconcat("/", name, NULL);
	if (!api_body_text(body, reply, name, 64, ret))
		return false;
	if (*ret == NULL || uuid_is_valid(*ret))
		return true;
	problem_reply(reply, 400, NULL, pointer, "must be a UUID");
	return false;
}

static void reply_order(const struct api_request *request, struct api_reply *reply, int agents, bool to_one)
{
	if (agents > 0)
		api_reply_json(reply, 202,
			       json_pack("{s:s, s:i}", "jobId", api_param(request, "jobId"), "agents", agents));
	else
		problem_reply(reply, 409, NULL, NULL,
			      to_one ? "that agent does not hold this job; see the job's assignments"
				     : "no agent holds this job yet; enrol one, or look at the job's target");
}

typedef enum job_outcome give_order(const struct job_request *request, const char *id, int *ret_agents,
				    struct job_failure *ret_failure);

/* Run and cancel: the body may name one agent (`member` = "agentId"), or one execution. */
static void order_agents(const struct api_request *request, struct api_reply *reply, const char *member, give_order *give)
{
	const char *const members[] = { member, NULL };
	struct job_request wish = api_jobs_request(request);
	struct job_failure failure = { 0 };
	const char *id = NULL;
	int agents = 0;
	json_t *body = api_body_object(request, reply, members, true);
	if (body == NULL)
		return;
	if (uuid_member(body, reply, member, &id)) {
		enum job_outcome outcome = give(&wish, id, &agents, &failure);
		if (outcome == JOB_DONE)
			reply_order(request, reply, agents, strcmp(member, "agentId") == 0 && id != NULL);
		else
			reply_failure(reply, outcome, &failure);
	}
	json_decref(body);
}

void api_jobs_run(const struct api_request *request, struct api_reply *reply)
{
	order_agents(request, reply, "agentId", job_run);
}

void api_jobs_cancel(const struct api_request *request, struct api_reply *reply)
{
	order_agents(request, reply, "executionId", job_cancel);
}
