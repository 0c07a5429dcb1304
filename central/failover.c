#include "central/failover.h"

#include "central/assign.h"
#include "central/commands.h"
#include "central/http.h"
#include "central/rounds.h"
#include "central/svc_sync.h"
#include "common/log.h"
#include "common/rfc3339.h"

struct failover {
	struct central *central;
	struct rounds *rounds;
	struct db_conn *conn; /* held while this instance watches; the thread's own */
	bool fresh;           /* no heartbeat yet in this session */
};

static enum db_status pick_jobs(struct db_conn *conn, char *after, GString *array, int *ret_jobs)
{
	DB_RESULT_AUTO struct db_result *jobs = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, after);
	db_param_int(&params, ASSIGN_CHUNK);
	enum db_status status = db_run(conn, "failover_due", &params, &jobs);
	if (status != DB_OK)
		return status;
	*ret_jobs = db_rows(jobs);
	for (int i = 0; i < *ret_jobs; i++)
		db_array_append(array, db_text(jobs, i, 0));
	if (*ret_jobs > 0)
		g_strlcpy(after, db_text(jobs, *ret_jobs - 1, 0), UUID_SIZE);
	return DB_OK;
}

enum db_status failover_move(struct db_conn *conn, char *after, int *ret_jobs, int64_t *ret_moves)
{
	g_autoptr(GString) array = g_string_new(NULL);
	*ret_jobs = 0;
	*ret_moves = 0;
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = assign_lock_exclusive(conn);
	if (status == DB_OK)
		status = pick_jobs(conn, after, array, ret_jobs);
	if (status == DB_OK && *ret_jobs > 0)
		status = assign_jobs(conn, db_array_close(array), false, ret_moves);
	if (status == DB_OK)
		return db_commit(conn);
	db_rollback(conn);
	return status;
}

static enum db_status beat(struct failover *failover)
{
	const struct central_config *config = failover->central->config;
	struct db_params params = { 0 };
	db_param_int(&params, config->offline_after_ms);
	db_param_int(&params, config->offline_after_ms * LEASE_NUMERATOR / LEASE_DENOMINATOR);
	db_param_int(&params, FAILOVER_GAP_MS);
	db_param_int(&params, FAILOVER_GRACE_MS);
	db_param_bool(&params, failover->fresh);
	enum db_status status = db_run_one(failover->conn, "fleet_heartbeat", &params, NULL);
	if (status == DB_OK)
		failover->fresh = false;
	return status;
}

static enum db_status note_those_back(struct db_conn *conn)
{
	DB_RESULT_AUTO struct db_result *back = NULL;
	enum db_status status = db_run(conn, "fleet_mark_online", NULL, &back);
	for (int i = 0; status == DB_OK && i < db_rows(back); i++)
		log_info("agent is heard again", "agent", db_text(back, i, 0), NULL);
	if (status == DB_OK && db_rows(back) > 0)
		status = db_run(conn, "fleet_retry_stuck", NULL, NULL);
	return status;
}

static enum db_status note_the_silent(struct db_conn *conn)
{
	DB_RESULT_AUTO struct db_result *silent = NULL;
	char seen[RFC3339_SIZE];
	enum db_status status = db_run(conn, "fleet_mark_offline", NULL, &silent);
	for (int i = 0; status == DB_OK && i < db_rows(silent); i++)
		log_warning("agent is silent: its runs are unknown from then on", "agent", db_text(silent, i, 0), "lastSeen",
			    db_is_null(silent, i, 1) ? "never" : rfc3339_print_ms(db_wall(silent, i, 1), seen), NULL);
	if (status == DB_OK)
		status = db_run(conn, "fleet_mark_quiet", NULL, NULL);
	return status;
}

static enum db_status move_jobs(struct db_conn *conn)
{
	char after[UUID_SIZE] = "00000000-0000-0000-0000-000000000000";
	struct db_params params = { 0 };
	enum db_status status = DB_OK;
	int64_t moves, total = 0;
	int jobs = ASSIGN_CHUNK;
	while (status == DB_OK && jobs == ASSIGN_CHUNK) {
		status = failover_move(conn, after, &jobs, &moves);
		total += moves;
	}
	if (total > 0)
		log_info("jobs were given to other agents", "changes", log_number(total), NULL);
	db_param_int(&params, FAILOVER_RETRY_MS);
	if (status == DB_OK)
		status = db_run(conn, "failover_settle", &params, NULL);
	return status == DB_OK ? command_follow(conn) : status;
}

int64_t failover_overdue_ms(int64_t offline_after_ms, int64_t pace_ms)
{
	int64_t pause_ms = pace_ms * FAILOVER_PACE_PERCENT / 100;
	if (pause_ms <= FAILOVER_LOOK_MS)
		return 0;
	return MAX(pause_ms, offline_after_ms - pause_ms - FAILOVER_LOOK_MS);
}

static enum db_status foresee(const struct failover *failover)
{
	const struct central *central = failover->central;
	struct db_params params = { 0 };
	int64_t overdue_ms = failover_overdue_ms(central->config->offline_after_ms, sync_fleet_pace_ms(central));
	if (overdue_ms == 0)
		return DB_OK;
	db_param_int(&params, overdue_ms);
	db_param_int(&params, FAILOVER_FORESEEN_MAX);
	db_param_int(&params, FAILOVER_LOOK_MS);
	db_param_int(&params, FAILOVER_LOOK_AGAIN_MS);
	return db_run(failover->conn, "fleet_foresee", &params, NULL);
}

static enum db_status watch(struct failover *failover)
{
	enum db_status status = beat(failover);
	if (status == DB_OK)
		status = note_those_back(failover->conn);
	if (status == DB_OK)
		status = note_the_silent(failover->conn);
	if (status == DB_OK)
		status = move_jobs(failover->conn);
	return status == DB_OK ? foresee(failover) : status;
}

static void give_up(struct failover *failover)
{
	if (failover->conn == NULL)
		return;
	db_run(failover->conn, "fleet_unlock", NULL, NULL);
	db_release(g_steal_pointer(&failover->conn));
}

static void try_to_watch(struct failover *failover)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *locked = NULL;
	if (db_acquire(failover->central->chores_pool, &conn) != DB_OK ||
	    db_run_one(conn, "fleet_lock", NULL, &locked) != DB_OK || !db_bool(locked, 0, 0))
		return;
	failover->conn = g_steal_pointer(&conn);
	failover->fresh = true;
	log_info("this central watches the fleet now", NULL);
}

static void run_round(struct rounds *rounds, void *context)
{
	(void)rounds;
	struct failover *failover = context;
	if (failover->conn == NULL)
		try_to_watch(failover);
	if (failover->conn == NULL)
		return;
	enum db_status status = watch(failover);
	if (status == DB_OK || status == DB_CONFLICT)
		return;
	log_warning("watching the fleet failed; trying again soon", "status", db_status_name(status), "reason",
		    db_message(failover->conn), NULL);
	if (status == DB_AWAY || status == DB_UNCERTAIN)
		give_up(failover);
}

struct failover *failover_start(struct central *central)
{
	struct failover *failover = g_new0(struct failover, 1);
	failover->central = central;
	failover->rounds = rounds_start("failover", FAILOVER_ROUND_MS, &central->ready, run_round, failover);
	return failover;
}

void failover_stop(struct failover *failover)
{
	if (failover == NULL)
		return;
	rounds_stop(failover->rounds);
	give_up(failover);
	g_free(failover);
}
