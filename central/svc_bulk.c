#include "central/svc_bulk.h"

#include <inttypes.h>
#include <string.h>

#include "central/svc_job_orders.h"

static const struct {
	const char *name, *done, *foreseen, *unchanged;
} actions[BULK_ACTIONS_] = {
	[BULK_PAUSE] = { "pause", "paused", "would be paused", "paused already" },
	[BULK_RESUME] = { "resume", "resumed", "would be resumed", "active already" },
	[BULK_RUN] = { "run", "ordered to run", "would be ordered to run", "held by no agent" },
	[BULK_DELETE] = { "delete", "deleted", "would be deleted", "deleted already" },
};

bool bulk_action_parse(const char *name, enum bulk_action *ret)
{
	for (int i = 0; i < BULK_ACTIONS_; i++) {
		if (strcmp(actions[i].name, name) == 0) {
			*ret = (enum bulk_action)i;
			return true;
		}
	}
	return false;
}

static void clear_job(struct bulk_job *job)
{
	g_free(job->name);
}

static void clear_failure(struct bulk_failure *failure)
{
	g_free(failure->detail);
}

void bulk_result_clear(struct bulk_result *result)
{
	g_clear_pointer(&result->jobs, g_array_unref);
	g_clear_pointer(&result->failures, g_array_unref);
}

static void add_failure(struct bulk_result *result, const char *job_id, const char *detail)
{
	struct bulk_failure failure = { .detail = g_strdup(detail) };
	result->failed++;
	if (result->failures->len == BULK_FAILURES_MAX) {
		clear_failure(&failure);
		return;
	}
	g_strlcpy(failure.job_id, job_id, sizeof failure.job_id);
	g_array_append_val(result->failures, failure);
}

static void add_unknown(GPtrArray *ids, struct bulk_result *result)
{
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < result->jobs->len; i++)
		g_hash_table_add(known, g_array_index(result->jobs, struct bulk_job, i).job_id);
	for (guint i = 0; i < ids->len; i++) {
		g_autofree char *id = g_ascii_strdown(g_ptr_array_index(ids, i), -1);
		if (!g_hash_table_contains(known, id))
			add_failure(result, id, "there is no such job");
	}
}

enum db_status bulk_find(struct db_pool *pool, GPtrArray *ids, struct bulk_result *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *found = NULL;
	g_autoptr(GString) array = g_string_new(NULL);
	struct db_params params = { 0 };
	for (guint i = 0; i < ids->len; i++)
		db_array_append(array, g_ptr_array_index(ids, i));
	db_param_text(&params, db_array_close(array));
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_run(conn, "job_brief", &params, &found);
	if (status != DB_OK)
		return status;
	ret->jobs = g_array_new(FALSE, FALSE, sizeof(struct bulk_job));
	g_array_set_clear_func(ret->jobs, (GDestroyNotify)clear_job);
	ret->failures = g_array_new(FALSE, FALSE, sizeof(struct bulk_failure));
	g_array_set_clear_func(ret->failures, (GDestroyNotify)clear_failure);
	for (int i = 0; i < db_rows(found); i++) {
		struct bulk_job job = { .name = g_strdup(db_text(found, i, 1)), .active = db_bool(found, i, 2) };
		g_strlcpy(job.job_id, db_text(found, i, 0), sizeof job.job_id);
		g_array_append_val(ret->jobs, job);
	}
	add_unknown(ids, ret);
	return DB_OK;
}

static bool is_so_already(enum bulk_action action, const struct bulk_job *job)
{
	return (action == BULK_PAUSE && !job->active) || (action == BULK_RESUME && job->active);
}

void bulk_foresee(enum bulk_action action, struct bulk_result *result)
{
	for (guint i = 0; i < result->jobs->len; i++) {
		if (is_so_already(action, &g_array_index(result->jobs, struct bulk_job, i)))
			result->unchanged++;
		else
			result->changed++;
	}
}

/* *ret_changed is set on JOB_DONE. */
static enum job_outcome do_one(const struct job_request *request, enum bulk_action action, bool *ret_changed,
			       struct job_failure *failure)
{
	struct job_record record = { 0 };
	enum job_outcome outcome = JOB_DONE;
	int agents = 1;
	if (action == BULK_DELETE)
		outcome = job_delete(request, failure);
	else if (action == BULK_RUN)
		outcome = job_run(request, NULL, &agents, failure);
	else
		outcome = job_set_active(request, action == BULK_RESUME, &record, failure);
	job_record_clear(&record);
	*ret_changed = agents > 0;
	return outcome;
}

/* Holds for the jobs that are left as well. */
static bool stops_all(enum db_status status)
{
	return status == DB_AWAY || status == DB_FULL || status == DB_LARGE || status == DB_TIMEOUT || status == DB_UNCERTAIN;
}

static const char *failure_text(enum job_outcome outcome, const struct job_failure *failure)
{
	if (outcome == JOB_INVALID)
		return failure->problem.detail;
	if (outcome == JOB_DB_FAILED && failure->status == DB_UNCERTAIN)
		return "the connection to the database broke half-way: whether it was done is not known";
	return outcome == JOB_DB_FAILED ? db_status_name(failure->status) : "failed";
}

/* Those from `from` on that would have been changed. */
static void leave_undone(struct bulk_result *result, enum bulk_action action, guint from)
{
	for (guint i = from; i < result->jobs->len; i++) {
		const struct bulk_job *job = &g_array_index(result->jobs, struct bulk_job, i);
		if (is_so_already(action, job))
			result->unchanged++;
		else
			add_failure(result, job->job_id, "not tried: the database failed before its turn");
	}
}

enum db_status bulk_do(struct db_pool *pool, const struct author *author, enum bulk_action action,
		       struct bulk_result *result)
{
	for (guint i = 0; i < result->jobs->len; i++) {
		const struct bulk_job *job = &g_array_index(result->jobs, struct bulk_job, i);
		struct job_request request = { .pool = pool, .author = *author, .job_id = job->job_id };
		struct job_failure failure = { 0 };
		bool changed = false;
		enum job_outcome outcome = is_so_already(action, job)
						   ? JOB_DONE
						   : do_one(&request, action, &changed, &failure);
		enum db_status status = outcome == JOB_DB_FAILED ? failure.status : DB_OK;
		if (outcome == JOB_DONE && changed)
			result->changed++;
		else if (outcome == JOB_DONE || status == DB_NOT_FOUND)
			result->unchanged++;
		else
			add_failure(result, job->job_id, failure_text(outcome, &failure));
		job_failure_clear(&failure);
		if (!stops_all(status))
			continue;
		/* "Nothing was changed, try again" would have those that are done repeated. */
		if (result->changed == 0)
			return status;
		leave_undone(result, action, i + 1);
		break;
	}
	return DB_OK;
}

char *bulk_sentence(enum bulk_action action, const struct bulk_result *result, bool dry_run)
{
	guint n = result->jobs->len;
	GString *out = g_string_new(NULL);
	g_string_append_printf(out, "%" PRId64 " of %u job%s %s%s", result->changed, n, n == 1 ? "" : "s",
			       dry_run				? ""
			       : result->changed == 1 || n == 1 ? "was "
								: "were ",
			       dry_run ? actions[action].foreseen : actions[action].done);
	if (result->unchanged > 0)
		g_string_append_printf(out, "; %" PRId64 " %s %s", result->unchanged,
				       result->unchanged == 1 ? "is" : "are", actions[action].unchanged);
	if (result->failed > 0)
		g_string_append_printf(out, "; %" PRId64 " failed", result->failed);
	g_string_append_c(out, '.');
	return g_string_free(out, FALSE);
}
