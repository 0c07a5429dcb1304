#include "central/assign.h"

#include <string.h>

#include "central/http.h"
#include "central/late_rule.h"
#include "common/job_due.h"

enum db_status assign_lock_exclusive(struct db_conn *conn)
{
	return db_run(conn, "assign_lock_exclusive", NULL, NULL);
}

static void add_jobs(struct db_params *params, const char *job_ids, bool rebalance)
{
	db_param_text(params, job_ids);
	db_param_bool(params, rebalance);
}

/* A statement that takes the jobs only. */
static enum db_status run_for(struct db_conn *conn, const char *name, const char *job_ids)
{
	struct db_params params = { 0 };
	db_param_text(&params, job_ids);
	return db_run(conn, name, &params, NULL);
}

/* Columns of assign_silences. */
enum { SILENT_JOB_ID, SILENT_REVISION, SILENT_DEFINITION, SILENT_CREATED_AT, SILENT_DECIDED_UNTIL, SILENT_SINCE, SILENT_UNTIL };

/* The instant after which the heir's policy makes up what came due in the silence of the old holder. */
static struct wall begin_of(const struct db_result *silences, int row)
{
	struct wall since = db_wall(silences, row, SILENT_SINCE), until = db_wall(silences, row, SILENT_UNTIL);
	struct job *job = job_parse_stored(db_text(silences, row, SILENT_DEFINITION), db_text(silences, row, SILENT_JOB_ID),
					   db_int(silences, row, SILENT_REVISION));
	if (job == NULL)
		return since;
	struct wall anchor = late_anchor(job, db_wall(silences, row, SILENT_CREATED_AT), db_wall(silences, row, SILENT_DECIDED_UNTIL));
	struct wall begin = job_made_up_after(job, anchor, since, until);
	job_unref(job);
	return begin;
}

static enum db_status read_begins(struct db_conn *conn, const char *job_ids, GString *ret_jobs, GString *ret_begins)
{
	DB_RESULT_AUTO struct db_result *silences = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_ids);
	db_param_int(&params, ASSIGN_HEARD_MS);
	enum db_status status = db_run(conn, "assign_silences", &params, &silences);
	for (int i = 0; status == DB_OK && i < db_rows(silences); i++) {
		db_array_append(ret_jobs, db_text(silences, i, SILENT_JOB_ID));
		db_array_append_wall(ret_begins, begin_of(silences, i));
	}
	return status;
}

/* With all locks held. *ret_moves as in assign_jobs(). */
static enum db_status apply(struct db_conn *conn, const char *job_ids, bool rebalance, int64_t *ret_moves)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) jobs = g_string_new(NULL);
	g_autoptr(GString) begins = g_string_new(NULL);
	struct db_params params = { 0 };
	enum db_status status = read_begins(conn, job_ids, jobs, begins);
	if (status != DB_OK)
		return status;
	add_jobs(&params, job_ids, rebalance);
	db_param_text(&params, jobs->len > 0 ? db_array_close(jobs) : "{}");
	db_param_text(&params, begins->len > 0 ? db_array_close(begins) : "{}");
	status = db_run(conn, "assign_apply", &params, &result);
	if (status != DB_OK)
		return status;
	*ret_moves = db_affected(result);
	return run_for(conn, "assign_end", job_ids);
}

enum db_status assign_job(struct db_conn *conn, const char *job_id)
{
	g_autofree char *job_ids = g_strdup_printf("{%s}", job_id);
	struct db_params params = { 0 };
	int64_t moves;
	add_jobs(&params, job_ids, false);
	/* Each statement must see what was committed while the one before waited for its lock. */
	enum db_status status = db_run(conn, "assign_lock_shared", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "assign_lock_agents", &params, NULL);
	if (status == DB_OK)
		status = run_for(conn, "assign_lock_leases", job_ids);
	return status == DB_OK ? apply(conn, job_ids, false, &moves) : status;
}

enum db_status assign_is_held(struct db_conn *conn, const char *job_id, bool *ret_held)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	enum db_status status = db_run_one(conn, "assign_is_held", &params, &result);
	if (status == DB_OK)
		*ret_held = db_bool(result, 0, 0);
	return status;
}

enum db_status assign_jobs(struct db_conn *conn, const char *job_ids, bool rebalance, int64_t *ret_moves)
{
	enum db_status status = db_run(conn, "assign_plan_anew", NULL, NULL);
	/* Nobody else places jobs now, so agents need no order. */
	if (status == DB_OK)
		status = run_for(conn, "assign_lock_leases", job_ids);
	return status == DB_OK ? apply(conn, job_ids, rebalance, ret_moves) : status;
}

enum db_status assign_agent(struct db_conn *conn, const char *agent_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	return db_run(conn, "assign_agent_apply", &params, NULL);
}

/* Places one chunk; *after moves to its last job. *ret_n: how many jobs it had. */
static enum db_status place_concerned(struct db_conn *conn, const char *agent_id, char after[static UUID_SIZE], int *ret_n)
{
	DB_RESULT_AUTO struct db_result *jobs = NULL;
	g_autoptr(GString) array = g_string_new(NULL);
	struct db_params params = { 0 };
	int64_t moves;
	db_param_text(&params, agent_id);
	db_param_text(&params, after);
	db_param_int(&params, ASSIGN_CHUNK);
	enum db_status status = db_run(conn, "assign_agent_concerns", &params, &jobs);
	if (status != DB_OK)
		return status;
	*ret_n = db_rows(jobs);
	for (int i = 0; i < *ret_n; i++)
		db_array_append(array, db_text(jobs, i, 0));
	if (*ret_n == 0)
		return DB_OK;
	g_strlcpy(after, db_text(jobs, *ret_n - 1, 0), UUID_SIZE);
	return assign_jobs(conn, db_array_close(array), false, &moves);
}

enum db_status assign_concerned(struct db_conn *conn, const char *agent_id)
{
	char after[UUID_SIZE] = "00000000-0000-0000-0000-000000000000";
	int n = ASSIGN_CHUNK;
	enum db_status status = DB_OK;
	while (status == DB_OK && n == ASSIGN_CHUNK)
		status = place_concerned(conn, agent_id, after, &n);
	return status;
}
