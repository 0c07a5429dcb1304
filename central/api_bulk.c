#include "central/api_bulk.h"

#include "central/api_body.h"
#include "central/job_query.h"
#include "central/svc_bulk.h"

struct bulk_wish {
	enum bulk_action action;
	bool dry_run;
	GPtrArray *ids;		  /* NULL: the filter says which */
	struct job_filter filter; /* its texts are borrowed from the body */
};

static bool parse_ids(const json_t *list, struct api_reply *reply, GPtrArray **ret)
{
	size_t n = json_array_size(list);
	if (!json_is_array(list) || n < 1 || n > BULK_IDS_MAX) {
		problem_reply(reply, 400, NULL, "/jobIds", "must be a list of 1 to %d ids", BULK_IDS_MAX);
		return false;
	}
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < n; i++) {
		const char *id = json_string_value(json_array_get(list, i));
		if (id == NULL || !uuid_is_valid(id)) {
			g_autofree char *pointer = g_strdup_printf("/jobIds/%zu", i);
			problem_reply(reply, 400, NULL, pointer, "must be a UUID");
			return false;
		}
		g_ptr_array_add(ids, g_strdup(id));
	}
	*ret = g_steal_pointer(&ids);
	return true;
}

static bool parse_wish(const json_t *body, struct api_reply *reply, struct bulk_wish *ret)
{
	static const char *const members[] = { "action", "jobIds", "filter", "dryRun", NULL };
	const json_t *ids = json_object_get(body, "jobIds"), *filter = json_object_get(body, "filter");
	const char *action = NULL;
	if (!api_body_only(body, reply, members) || !api_body_text(body, reply, "action", 16, &action) ||
	    !api_body_bool(body, reply, "dryRun", &ret->dry_run))
		return false;
	if (action == NULL || !bulk_action_parse(action, &ret->action)) {
		problem_reply(reply, 400, NULL, "/action", "must be pause, resume, run or delete");
		return false;
	}
	if ((ids == NULL) == (filter == NULL)) {
		problem_reply(reply, 400, NULL, "", "either jobIds or filter says which jobs are meant");
		return false;
	}
	return ids != NULL ? parse_ids(ids, reply, &ret->ids) : job_query_parse_body(filter, reply, &ret->filter);
}

/* The ids that the filter finds now. */
static bool find_ids(const struct api_request *request, struct api_reply *reply, struct bulk_wish *wish)
{
	DB_AUTO struct db_conn *conn = NULL;
	if (wish->ids != NULL)
		return true;
	wish->filter.limit = BULK_MATCHES_MAX + 1;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_job_ids(conn, &wish->filter, &wish->ids);
	if (status != DB_OK)
		problem_db(reply, status, "list of jobs");
	else if (wish->ids->len > BULK_MATCHES_MAX)
		problem_reply(reply, 400, NULL, "/filter", "finds more than %d jobs; narrow it", BULK_MATCHES_MAX);
	return status == DB_OK && wish->ids->len <= BULK_MATCHES_MAX;
}

static json_t *render(const struct bulk_wish *wish, const struct bulk_result *result)
{
	g_autofree char *sentence = bulk_sentence(wish->action, result, wish->dry_run);
	json_t *failed = json_array(), *sample = json_array();
	for (guint i = 0; i < result->failures->len; i++) {
		const struct bulk_failure *failure = &g_array_index(result->failures, struct bulk_failure, i);
		json_array_append_new(failed,
				      json_pack("{s:s, s:s}", "jobId", failure->job_id, "detail", failure->detail));
	}
	for (guint i = 0; i < result->jobs->len && i < BULK_SAMPLE_MAX; i++) {
		const struct bulk_job *job = &g_array_index(result->jobs, struct bulk_job, i);
		json_array_append_new(sample, json_pack("{s:s, s:s}", "jobId", job->job_id, "name", job->name));
	}
	return json_pack("{s:I, s:I, s:I, s:o, s:s, s:o, s:b}", "matched", (json_int_t)result->jobs->len, "changed",
			 (json_int_t)result->changed, "unchanged", (json_int_t)result->unchanged, "failed", failed,
			 "sentence", sentence, "sample", sample, "dryRun", wish->dry_run);
}

static void act(const struct api_request *request, struct api_reply *reply, struct bulk_wish *wish)
{
	struct author author = api_author(request);
	struct bulk_result result = { 0 };
	if (wish->action == BULK_DELETE && request->identity.role < ROLE_EDITOR) {
		problem_reply(reply, 403, NULL, NULL, "deleting needs the role editor");
		return;
	}
	if (!find_ids(request, reply, wish))
		return;
	enum db_status status = bulk_find(request->pool, wish->ids, &result);
	if (status == DB_OK && wish->dry_run)
		bulk_foresee(wish->action, &result);
	else if (status == DB_OK)
		status = bulk_do(request->pool, &author, wish->action, &result);
	if (status == DB_OK)
		api_reply_json(reply, 200, render(wish, &result));
	else
		problem_db(reply, status, "list of jobs");
	bulk_result_clear(&result);
}

void api_bulk_jobs(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	struct bulk_wish wish = { 0 };
	json_t *body = api_query_only(request, reply, no_parameters) ? api_body_json(request, reply, 4) : NULL;
	if (body == NULL)
		return;
	if (parse_wish(body, reply, &wish))
		act(request, reply, &wish);
	g_clear_pointer(&wish.ids, g_ptr_array_unref);
	json_decref(body);
}
