#include "central/svc_jobs.h"

#include <string.h>

#include "central/assign.h"
#include "central/db_audit.h"
#include "central/db_revisions.h"
#include "central/job_view.h"
#include "common/json_pointer.h"

#define EDIT_TRIES 3

void job_record_clear(struct job_record *record)
{
	job_row_clear(&record->row);
	g_clear_pointer(&record->job, job_unref);
	job_problem_clear(&record->problem);
}

void job_failure_clear(struct job_failure *failure)
{
	job_problem_clear(&failure->problem);
}

enum job_outcome job_db_failed(struct job_failure *ret_failure, enum db_status status)
{
	ret_failure->status = status;
	return JOB_DB_FAILED;
}

enum job_outcome job_invalid(struct job_failure *ret_failure, const char *pointer, const char *detail)
{
	ret_failure->problem = (struct job_problem){ g_strdup(pointer), g_strdup(detail) };
	return JOB_INVALID;
}

void job_record_parse(struct job_record *record)
{
	json_t *json = json_loads(record->row.definition, 0, NULL);
	record->job = job_parse(json, record->row.job_id, record->row.revision, true, &record->problem);
	json_decref(json);
}

/* A mask that no stored secret replaced would become the secret. */
static bool has_stray_mask(json_t *definition, char **ret_pointer)
{
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(definition, "headers"), name, value)
	{
		const char *text = json_string_value(value);
		if (text != NULL && job_header_is_secret(name) && strcmp(text, JOB_SECRET_MASK) == 0) {
			*ret_pointer = json_pointer_member("/headers", name);
			return true;
		}
	}
	return false;
}

/* Checks a definition and makes it the record's. */
static enum job_outcome take_definition(struct job_record *record, json_t *definition, bool allow_read_only,
					struct job_failure *ret_failure)
{
	g_autofree char *pointer = NULL;
	if (has_stray_mask(definition, &pointer))
		return job_invalid(ret_failure, pointer,
			       "the mask stands for a stored secret, and there is none under this name");
	record->job =
		job_parse(definition, record->row.job_id, record->row.revision, allow_read_only, &ret_failure->problem);
	if (record->job == NULL)
		return JOB_INVALID;
	char *text = json_dumps(definition, JSON_COMPACT);
	g_free(record->row.definition);
	record->row.definition = g_strdup(text);
	free(text);
	return JOB_DONE;
}

/* For the audit: complete, without secrets. */
static char *masked_text(const struct job *job)
{
	if (job == NULL)
		return NULL;
	json_t *json = job_to_json(job, true);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static enum db_status audit(struct db_conn *conn, const struct author *author, const char *action, const char *job_id,
			    const struct job *before, const struct job *after)
{
	g_autofree char *before_text = masked_text(before), *after_text = masked_text(after);
	return db_audit(conn, author, action, job_id, before_text, after_text);
}

/* Brings its holders in line with the row, and tells whether there are any now. */
static enum db_status place(struct db_conn *conn, struct job_record *record)
{
	enum db_status status = assign_job(conn, record->row.job_id);
	return status == DB_OK ? assign_is_held(conn, record->row.job_id, &record->held) : status;
}

enum job_outcome job_create(const struct job_request *request, json_t *definition, struct job_record *ret,
			    struct job_failure *ret_failure)
{
	const struct author *author = &request->author;
	DB_AUTO struct db_conn *conn = NULL;
	struct wall now = wall_now();
	struct job_record record = { .row = { .revision = 1,
					      .created_at = now,
					      .updated_at = now,
					      .created_by = g_strdup(author->name),
					      .updated_by = g_strdup(author->name) } };
	uuid_v7(now, record.row.job_id);
	enum job_outcome outcome = take_definition(&record, definition, false, ret_failure);
	if (outcome != JOB_DONE) {
		job_record_clear(&record);
		return outcome;
	}
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = db_job_insert(conn, &record.row, record.job);
	if (status == DB_OK)
		status = place(conn, &record);
	if (status == DB_OK)
		status = audit(conn, author, "job.create", record.row.job_id, NULL, record.job);
	if (status == DB_OK)
		status = db_commit(conn);
	if (status != DB_OK) {
		job_record_clear(&record);
		return job_db_failed(ret_failure, status);
	}
	*ret = record;
	return JOB_DONE;
}

enum db_status job_read_row(struct db_pool *pool, const char *job_id, struct job_row *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(pool, &conn) : DB_NOT_FOUND;
	return status == DB_OK ? db_job_get(conn, job_id, false, ret) : status;
}

enum job_outcome job_read(const struct job_request *request, struct job_record *ret, struct job_failure *ret_failure)
{
	struct job_record record = { 0 };
	enum db_status status = job_read_row(request->pool, request->job_id, &record.row);
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	job_record_parse(&record);
	*ret = record;
	return JOB_DONE;
}

/* What an edit makes of the definition as it is; a new reference. */
struct edit {
	const char *action;  /* in history and audit */
	const json_t *patch; /* replaces, or merges when `merges` */
	bool merges;
};

static json_t *edited_definition(const struct job_record *before, const struct edit *edit)
{
	json_t *old = json_loads(before->row.definition, 0, NULL);
	json_t *next = edit->merges ? json_merge_patch(old, edit->patch) : json_deep_copy(edit->patch);
	json_decref(old);
	job_json_strip_read_only(next);
	if (before->job != NULL)
		job_json_restore_secrets(next, before->job);
	return next;
}

static bool same_meaning(const struct job *a, const struct job *b)
{
	if (a == NULL)
		return false;
	json_t *x = job_to_json(a, false), *y = job_to_json(b, false);
	json_object_del(x, "revision");
	json_object_del(y, "revision");
	bool same = json_equal(x, y) == 1;
	json_decref(x);
	json_decref(y);
	return same;
}

/* Within the transaction, with the row locked. `after` becomes the new record, or `before` when nothing changed. */
static enum job_outcome write_edit(struct db_conn *conn, const struct author *author, const struct edit *edit,
				   struct job_record *before, struct job_record *after, struct job_failure *ret_failure)
{
	json_t *definition = edited_definition(before, edit);
	after->row = before->row;
	after->row.definition = NULL;
	after->row.created_by = g_strdup(before->row.created_by);
	after->row.updated_by = g_strdup(author->name);
	after->row.updated_at = wall_now();
	after->row.revision++;
	enum job_outcome outcome = take_definition(after, definition, true, ret_failure);
	json_decref(definition);
	if (outcome != JOB_DONE)
		return outcome;
	enum db_status status;
	if (same_meaning(before->job, after->job)) {
		struct job_record unchanged = *before;
		*before = *after;
		*after = unchanged;
		status = assign_is_held(conn, after->row.job_id, &after->held);
		return status == DB_OK ? JOB_DONE : job_db_failed(ret_failure, status);
	}
	status = db_job_update(conn, &after->row, after->job, edit->action);
	if (status == DB_OK)
		status = place(conn, after);
	g_autofree char *action = g_strconcat("job.", edit->action, NULL);
	if (status == DB_OK)
		status = audit(conn, author, action, after->row.job_id, before->job, after->job);
	if (status == DB_OK)
		status = db_commit(conn);
	return status == DB_OK ? JOB_DONE : job_db_failed(ret_failure, status);
}

/* Begins a transaction and locks the job, if its revision is the one that the client has seen. */
static enum job_outcome lock_job(struct db_conn *conn, const struct job_request *request, struct job_record *ret,
				 struct job_failure *ret_failure)
{
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = db_job_get(conn, request->job_id, true, &ret->row);
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	if (request->if_match != NULL && !etag_matches(request->if_match, ret->row.revision, false))
		return JOB_STALE;
	job_record_parse(ret);
	return JOB_DONE;
}

static enum job_outcome try_edit(const struct job_request *request, const struct edit *edit, struct job_record *ret,
				 struct job_failure *ret_failure)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct job_record before = { 0 }, after = { 0 };
	enum db_status status = uuid_is_valid(request->job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	enum job_outcome outcome = lock_job(conn, request, &before, ret_failure);
	if (outcome == JOB_DONE)
		outcome = write_edit(conn, &request->author, edit, &before, &after, ret_failure);
	job_record_clear(&before);
	if (outcome == JOB_DONE)
		*ret = after;
	else
		job_record_clear(&after);
	return outcome;
}

/* A deadlock or serialization failure undid everything: nobody needs to hear of it. */
static enum job_outcome run_edit(const struct job_request *request, const struct edit *edit, struct job_record *ret,
				 struct job_failure *ret_failure)
{
	enum job_outcome outcome = JOB_DB_FAILED;
	for (int i = 0; i < EDIT_TRIES; i++) {
		outcome = try_edit(request, edit, ret, ret_failure);
		if (outcome != JOB_DB_FAILED || ret_failure->status != DB_CONFLICT)
			break;
	}
	return outcome;
}

/* The id in the URL decides; a body that names another is a mistake worth telling. */
static bool names_other_job(const json_t *json, const char *job_id)
{
	const json_t *named = json_object_get(json, "jobId");
	return named != NULL && g_strcmp0(json_string_value(named), job_id) != 0;
}

enum job_outcome job_replace(const struct job_request *request, const json_t *definition, struct job_record *ret,
			     struct job_failure *ret_failure)
{
	struct edit edit = { "replace", definition, false };
	if (names_other_job(definition, request->job_id))
		return job_invalid(ret_failure, "/jobId", "is not the id in the URL; a job's id never changes");
	return run_edit(request, &edit, ret, ret_failure);
}

enum job_outcome job_merge_as(const struct job_request *request, const char *action, const json_t *patch,
			      struct job_record *ret, struct job_failure *ret_failure)
{
	struct edit edit = { action, patch, true };
	return run_edit(request, &edit, ret, ret_failure);
}

enum job_outcome job_merge(const struct job_request *request, const json_t *patch, struct job_record *ret,
			   struct job_failure *ret_failure)
{
	if (!json_is_object(patch))
		return job_invalid(ret_failure, "", "a merge patch (RFC 7396) must be a JSON object");
	if (names_other_job(patch, request->job_id))
		return job_invalid(ret_failure, "/jobId", "is not the id in the URL; a job's id never changes");
	return job_merge_as(request, "edit", patch, ret, ret_failure);
}

enum job_outcome job_set_active(const struct job_request *request, bool active, struct job_record *ret,
				struct job_failure *ret_failure)
{
	json_t *patch = json_pack("{s:b}", "active", active);
	enum job_outcome outcome = job_merge_as(request, active ? "resume" : "pause", patch, ret, ret_failure);
	json_decref(patch);
	return outcome;
}

enum job_outcome job_rollback(const struct job_request *request, int64_t revision, struct job_record *ret,
			      struct job_failure *ret_failure)
{
	struct job_revision old = { 0 };
	DB_AUTO struct db_conn *conn = NULL;
	enum db_status status = uuid_is_valid(request->job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = db_job_known(conn, request->job_id);
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	status = db_revision_get(conn, request->job_id, revision, &old);
	db_release(g_steal_pointer(&conn));
	if (status == DB_NOT_FOUND || (status == DB_OK && old.definition == NULL)) {
		job_revision_clear(&old);
		return job_invalid(ret_failure, "/revision", "the job has no definition under this number");
	}
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	json_t *definition = json_loads(old.definition, 0, NULL);
	struct edit edit = { "rollback", definition, false };
	enum job_outcome outcome = run_edit(request, &edit, ret, ret_failure);
	json_decref(definition);
	job_revision_clear(&old);
	return outcome;
}

static enum job_outcome try_delete(const struct job_request *request, struct job_failure *ret_failure)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct job_record before = { 0 };
	enum db_status status = uuid_is_valid(request->job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	enum job_outcome outcome = lock_job(conn, request, &before, ret_failure);
	if (outcome == JOB_DONE) {
		status = db_job_delete(conn, &before.row, wall_now(), request->author.name);
		if (status == DB_OK)
			status = assign_job(conn, request->job_id);
		if (status == DB_OK)
			status = audit(conn, &request->author, "job.delete", request->job_id, before.job, NULL);
		if (status == DB_OK)
			status = db_commit(conn);
		outcome = status == DB_OK ? JOB_DONE : job_db_failed(ret_failure, status);
	}
	job_record_clear(&before);
	return outcome;
}

enum job_outcome job_delete(const struct job_request *request, struct job_failure *ret_failure)
{
	enum job_outcome outcome = JOB_DB_FAILED;
	for (int i = 0; i < EDIT_TRIES; i++) {
		outcome = try_delete(request, ret_failure);
		if (outcome != JOB_DB_FAILED || ret_failure->status != DB_CONFLICT)
			break;
	}
	return outcome;
}
