#include "central/svc_fleet.h"

#include <string.h>

#include "central/assign.h"
#include "central/db_audit.h"
#include "central/failover.h"

#define REBALANCE_STEP 20000 /* jobs looked at by one statement */

static const char nobody[] = "00000000-0000-0000-0000-000000000000";

static const struct {
	const char *statement, *audit;
	bool moves;     /* jobs may go to other agents */
	bool drops_own; /* rows of mode all go too */
} actions[] = {
	[FLEET_DRAIN] = { "agent_drain", "agent.drain", true, false },
	[FLEET_UNDRAIN] = { "agent_undrain", "agent.undrain", true, false },
	[FLEET_REVOKE] = { "agent_revoke", "agent.revoke", true, true },
	[FLEET_FORGET] = { "agent_forget", "agent.forget", true, true },
	[FLEET_ROTATE] = { "agent_order_rotation", "agent.rotate", false, false },
};

static enum db_status mark(struct db_conn *conn, const struct author *author, enum fleet_action action, const char *agent_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	enum db_status status = db_begin(conn);
	if (status == DB_OK && actions[action].moves)
		status = assign_lock_exclusive(conn);
	if (status == DB_OK)
		status = agent_mark(conn, actions[action].statement, agent_id);
	if (status == DB_OK && actions[action].drops_own)
		status = db_run(conn, "assign_drop_own", &params, NULL);
	if (status == DB_OK && action == FLEET_UNDRAIN)
		status = db_run(conn, "fleet_retry_stuck", NULL, NULL);
	if (status == DB_OK)
		status = db_audit(conn, author, actions[action].audit, agent_id, NULL, NULL);
	return status == DB_OK ? db_commit(conn) : status;
}

enum db_status fleet_act(struct db_pool *pool, const struct author *author, enum fleet_action action, const char *agent_id)
{
	DB_AUTO struct db_conn *conn = NULL;
	char after[UUID_SIZE];
	int jobs;
	int64_t moves;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = mark(conn, author, action, agent_id);
	if (status != DB_OK || !actions[action].moves)
		return status;
	/* A first chunk at once, so that small fleets see it done; the watch does what is left, also after a failure here. */
	g_strlcpy(after, nobody, sizeof after);
	failover_move(conn, after, &jobs, &moves);
	return DB_OK;
}

enum db_status fleet_edit(struct db_pool *pool, const struct author *author, const char *agent_id,
			  const struct agent_change *change, bool *ret_taken)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autofree char *before = NULL, *after = NULL;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = assign_lock_exclusive(conn);
	if (status == DB_OK)
		status = agent_members(conn, agent_id, &before);
	if (status == DB_OK)
		status = agent_edit(conn, agent_id, change->name, change->labels, change->weight);
	*ret_taken = status == DB_CONFLICT && strcmp(db_constraint(conn), "agent_name") == 0;
	if (status == DB_OK)
		status = assign_concerned(conn, agent_id);
	if (status == DB_OK)
		status = db_run(conn, "fleet_retry_stuck", NULL, NULL);
	if (status == DB_OK)
		status = agent_members(conn, agent_id, &after);
	if (status == DB_OK)
		status = db_audit(conn, author, "agent.edit", agent_id, before, after);
	if (status == DB_OK)
		status = db_commit(conn);
	return status;
}

/* Moves `after` past the jobs it looked at; *ret_more: there are more of them. */
static enum db_status rebalance_chunk(struct db_conn *conn, char *after, bool *ret_more, int64_t *moves)
{
	DB_RESULT_AUTO struct db_result *jobs = NULL;
	struct db_params params = { 0 };
	int64_t moved = 0;
	db_param_text(&params, after);
	db_param_int(&params, ASSIGN_CHUNK);
	db_param_int(&params, REBALANCE_STEP);
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = assign_lock_exclusive(conn);
	if (status == DB_OK)
		status = db_run(conn, "assign_plan_anew", NULL, NULL);
	if (status == DB_OK)
		status = db_run_one(conn, "assign_shared_jobs", &params, &jobs);
	if (status != DB_OK)
		return status;
	if (db_int(jobs, 0, 1) > 0)
		status = assign_jobs(conn, db_text(jobs, 0, 0), true, &moved);
	if (!db_is_null(jobs, 0, 2))
		g_strlcpy(after, db_text(jobs, 0, 2), UUID_SIZE);
	*ret_more = db_bool(jobs, 0, 3);
	*moves += moved;
	return status == DB_OK ? db_commit(conn) : status;
}

enum db_status fleet_rebalance(struct db_pool *pool, const struct author *author, char after[static UUID_SIZE],
			       bool *ret_more, int64_t *ret_moves)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct mono end = mono_add_us(mono_now(), REBALANCE_WORK_MS * US_PER_MS);
	bool more = true;
	int64_t moves = 0;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK && *after == '\0') {
		g_strlcpy(after, nobody, UUID_SIZE);
		status = db_audit(conn, author, "fleet.rebalance", "fleet", NULL, NULL);
	}
	while (status == DB_OK && more && mono_now().us < end.us)
		status = rebalance_chunk(conn, after, &more, &moves);
	*ret_more = more;
	*ret_moves = moves;
	return status;
}
