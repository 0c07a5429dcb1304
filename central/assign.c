#include "central/assign.h"

#include <string.h>

#include "central/http.h"

enum db_status assign_lock_exclusive(struct db_conn *conn)
{
	return db_run(conn, "assign_lock_exclusive", NULL, NULL);
}

static void add_jobs(struct db_params *params, const char *job_ids, bool rebalance)
{
	db_param_text(params, job_ids);
	db_param_bool(params, rebalance);
}

/* The statement takes the jobs only. */
static enum db_status lock_leases(struct db_conn *conn, const char *job_ids)
{
	struct db_params params = { 0 };
	db_param_text(&params, job_ids);
	return db_run(conn, "assign_lock_leases", &params, NULL);
}

enum db_status assign_job(struct db_conn *conn, const char *job_id)
{
	g_autofree char *job_ids = g_strdup_printf("{%s}", job_id);
	struct db_params params = { 0 };
	add_jobs(&params, job_ids, false);
	/* Each statement must see what was committed while the one before waited for its lock. */
	enum db_status status = db_run(conn, "assign_lock_shared", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "assign_lock_agents", &params, NULL);
	if (status == DB_OK)
		status = lock_leases(conn, job_ids);
	if (status == DB_OK)
		status = db_run(conn, "assign_apply", &params, NULL);
	return status;
}

enum db_status assign_jobs(struct db_conn *conn, const char *job_ids, bool rebalance, int64_t *ret_moves)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	add_jobs(&params, job_ids, rebalance);
	enum db_status status = db_run(conn, "assign_plan_anew", NULL, NULL);
	/* Nobody else places jobs now, so agents need no order. */
	if (status == DB_OK)
		status = lock_leases(conn, job_ids);
	if (status == DB_OK)
		status = db_run(conn, "assign_apply", &params, &result);
	if (status == DB_OK)
		*ret_moves = db_affected(result);
	return status;
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
	return status == DB_OK ? assign_agent(conn, agent_id) : status;
}
