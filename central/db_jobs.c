#include "central/db_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "common/selector.h"

void job_row_clear(struct job_row *row)
{
	g_clear_pointer(&row->definition, g_free);
	g_clear_pointer(&row->created_by, g_free);
	g_clear_pointer(&row->updated_by, g_free);
}

struct job_row db_job_read_row(const struct db_result *result, int i)
{
	struct job_row row = {
		.revision = db_int(result, i, 1),
		.definition = g_strdup(db_text(result, i, 2)),
		.created_at = db_wall(result, i, 3),
		.created_by = g_strdup(db_text(result, i, 4)),
		.updated_at = db_wall(result, i, 5),
		.updated_by = g_strdup(db_text(result, i, 6)),
	};
	g_strlcpy(row.job_id, db_text(result, i, 0), sizeof row.job_id);
	return row;
}

enum db_status db_job_get(struct db_conn *conn, const char *job_id, bool for_update, struct job_row *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	enum db_status status = db_run_one(conn, for_update ? "job_get_for_update" : "job_get", &params, &result);
	if (status == DB_OK)
		*ret = db_job_read_row(result, 0);
	return status;
}

enum db_status db_job_known(struct db_conn *conn, const char *job_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	return db_run_one(conn, "job_known", &params, NULL);
}

static const char *target_mode_name(enum job_target_mode mode)
{
	static const char *const names[] = { "", "one", "all", "agent", "count" };
	return names[mode];
}

/* The selector as SQL takes it. Caller frees. */
static char *compiled_selector(const struct job *job)
{
	char problem[128];
	json_t *json = selector_compile(job->target_selector != NULL ? job->target_selector : "", problem, sizeof problem);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

/* $1..$13, the same in insert and update. */
static void add_row(struct db_params *params, const struct job_row *row, const struct job *job, const char *selector)
{
	db_param_text(params, row->job_id);
	db_param_int(params, row->revision);
	db_param_text(params, job->name);
	db_param_bool(params, job->active);
	db_param_text(params, job->policy->type == JOB_ATMOST_ONCE ? "ATMOST_ONCE" : "ATLEAST_ONCE");
	db_param_text(params, target_mode_name(job->target_mode));
	db_param_text(params, job->target_mode == JOB_TARGET_AGENT ? job->target_agent : NULL);
	db_param_text(params, row->definition);
	db_param_wall(params, row->updated_at);
	db_param_text(params, row->updated_by);
	if (job->target_mode == JOB_TARGET_COUNT)
		db_param_int(params, job->policy->target_count);
	else
		db_param_null(params);
	db_param_text(params, selector);
	if (job->policy->failover == JOB_FAILOVER_NEVER)
		db_param_null(params);
	else
		db_param_int(params, job->policy->failover_after_ms);
}

static enum db_status insert_revision(struct db_conn *conn, const char *job_id, int64_t revision, struct wall at,
				      const char *author, const char *action, const char *definition)
{
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_int(&params, revision);
	db_param_wall(&params, at);
	db_param_text(&params, author);
	db_param_text(&params, action);
	db_param_text(&params, definition);
	return db_run(conn, "job_revision_insert", &params, NULL);
}

enum db_status db_job_insert(struct db_conn *conn, const struct job_row *row, const struct job *job)
{
	struct db_params params = { 0 };
	char *selector = compiled_selector(job);
	add_row(&params, row, job, selector);
	enum db_status status = db_run(conn, "job_insert", &params, NULL);
	free(selector);
	if (status == DB_OK)
		status = insert_revision(conn, row->job_id, row->revision, row->updated_at, row->updated_by, "create",
					 row->definition);
	return status;
}

enum db_status db_job_update(struct db_conn *conn, const struct job_row *row, const struct job *job, const char *action)
{
	struct db_params params = { 0 };
	char *selector = compiled_selector(job);
	add_row(&params, row, job, selector);
	enum db_status status = db_run_one(conn, "job_update", &params, NULL);
	free(selector);
	if (status == DB_OK)
		status = insert_revision(conn, row->job_id, row->revision, row->updated_at, row->updated_by, action,
					 row->definition);
	return status;
}

enum db_status db_job_delete(struct db_conn *conn, const struct job_row *row, struct wall now, const char *author)
{
	struct db_params params = { 0 };
	db_param_text(&params, row->job_id);
	db_param_wall(&params, now);
	db_param_text(&params, author);
	enum db_status status = db_run_one(conn, "job_delete", &params, NULL);
	if (status == DB_OK)
		status = insert_revision(conn, row->job_id, row->revision + 1, now, author, "delete", NULL);
	return status;
}
