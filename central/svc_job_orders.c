#include "central/svc_job_orders.h"

#include "central/commands.h"

/* One order to agents, with its entry in the audit, in one transaction. */
struct order {
	const char *audited_as;
	bool cancels;
	const char *id; /* run: of the agent; cancel: of the execution; NULL = all */
};

static enum db_status send_order(struct db_conn *conn, const struct job_request *request, const struct order *order,
				 int *ret_agents)
{
	if (order->cancels)
		return command_cancel(conn, request->job_id, order->id, request->author.name, ret_agents);
	return command_run(conn, request->job_id, order->id, ret_agents);
}

static enum job_outcome give_order(const struct job_request *request, const struct order *order, int *ret_agents,
				   struct job_failure *ret_failure)
{
	const char *job_id = request->job_id;
	DB_AUTO struct db_conn *conn = NULL;
	struct job_row row = { 0 };
	int agents = 0;
	if (!uuid_is_valid(job_id))
		return job_db_failed(ret_failure, DB_NOT_FOUND);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = db_job_get(conn, job_id, false, &row);
	if (status == DB_NOT_FOUND && order->cancels)
		status = db_job_known(conn, job_id); /* what it had begun goes on after it was deleted */
	job_row_clear(&row);
	if (status == DB_OK)
		status = send_order(conn, request, order, &agents);
	if (status == DB_OK && agents > 0)
		status = db_audit(conn, &request->author, order->audited_as, job_id, NULL, NULL);
	if (status == DB_OK)
		status = db_commit(conn);
	if (status != DB_OK)
		return job_db_failed(ret_failure, status);
	*ret_agents = agents;
	return JOB_DONE;
}

enum job_outcome job_run(const struct job_request *request, const char *agent_id, int *ret_agents,
			 struct job_failure *ret_failure)
{
	struct order order = { "job.run", false, agent_id };
	return give_order(request, &order, ret_agents, ret_failure);
}

enum job_outcome job_cancel(const struct job_request *request, const char *execution_id, int *ret_agents,
			    struct job_failure *ret_failure)
{
	struct order order = { "job.cancel", true, execution_id };
	return give_order(request, &order, ret_agents, ret_failure);
}
