#include "central/assign.h"

enum db_status assign_lock_exclusive(struct db_conn *conn)
{
	return db_run(conn, "assign_lock_exclusive", NULL, NULL);
}

enum db_status assign_job(struct db_conn *conn, const char *job_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	/* Three statements, because each must see what was committed while the one before waited for its lock. */
	enum db_status status = db_run(conn, "assign_lock_shared", NULL, NULL);
	if (status == DB_OK)
		status = db_run(conn, "assign_job_lock_agents", &params, NULL);
	if (status == DB_OK)
		status = db_run(conn, "assign_job_apply", &params, NULL);
	return status;
}

enum db_status assign_agent(struct db_conn *conn, const char *agent_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	return db_run(conn, "assign_agent_apply", &params, NULL);
}
