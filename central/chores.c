#include "central/chores.h"

#include "central/audit_chain.h"
#include "central/db_sessions.h"
#include "central/late.h"
#include "central/rounds.h"
#include "central/svc_sync.h"

#include "common/log.h"

#define MINUTES_MS(n) ((n)*INT64_C(60000))
#define PRUNE_ROUNDS_MAX 50 /* in one go */
#define SWEEP_ROWS 5000     /* looked at in one round */
/* What goes comes by the row, as executions do: 250,000 rows each time have to outrun them. */
#define CLEAR_PERIOD_MS 30000
/* Arrays of enum execution_status. */
#define SWEEP_SUCCESS "{1}"
#define SWEEP_SKIPPED "{4}"

struct chores {
	struct central *central;
	struct rounds *rounds;
	struct db_conn *conn; /* held while this instance leads; the thread's own */
	int64_t *due_at;      /* per chore, ms of the monotonic clock; the thread's own */
	gint leads, fleet, late; /* atomic */
	bool slow;            /* the pace of the fleet is too slow; the thread's own */
};

static enum db_status run_number(struct db_conn *conn, const char *statement, int64_t number)
{
	struct db_params params = { 0 };
	db_param_int(&params, number);
	return db_run(conn, statement, &params, NULL);
}

static enum db_status make_partitions(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return run_number(conn, "chores_partitions_make", CHORES_PARTITIONS_DAYS);
}

static enum db_status close_days(struct db_conn *conn, const struct central_config *config)
{
	return run_number(conn, "chores_close", config->retention_days);
}

/* One in a transaction, each of which needs the table for itself. */
static enum db_status drop_partitions(struct db_conn *conn, const struct central_config *config)
{
	enum db_status status = DB_OK;
	int64_t dropped = 1;
	(void)config;
	while (status == DB_OK && dropped > 0) {
		DB_RESULT_AUTO struct db_result *result = NULL;
		status = db_run_one(conn, "chores_partitions_drop", NULL, &result);
		if (status == DB_OK)
			dropped = db_int(result, 0, 0);
	}
	if (dropped < 0)
		log_info("old executions are being read, by a backup perhaps, and are dropped later", NULL);
	return status;
}

static enum db_status renew_statistics(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return db_run(conn, "chores_statistics", NULL, NULL);
}

static enum db_status prune_tokens(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return db_run(conn, "enrolment_token_prune", NULL, NULL);
}

static enum db_status prune_commands(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return db_run(conn, "command_prune", NULL, NULL);
}

static enum db_status prune_lives(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return db_run(conn, "life_prune", NULL, NULL);
}

static enum db_status prune_tombstones(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	return run_number(conn, "assign_tombstones_prune", CHORES_TOMBSTONE_DAYS);
}

/* In a log that leaves the machine this is the witness against a chain that was made anew. */
static enum db_status log_audit_head(struct db_conn *conn, const struct central_config *config)
{
	struct audit_head head;
	(void)config;
	enum db_status status = audit_read_head(conn, &head);
	if (status == DB_OK && head.seq > 0)
		log_info("audit head", "number", log_number(head.seq), "hash", head.hash, NULL);
	return status;
}

static enum db_status prune_sessions(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	enum db_status status = session_prune(conn);
	return status == DB_OK ? db_run(conn, "idempotency_prune", NULL, NULL) : status;
}

/* In small bites, which hold up nobody and fit the statement timeout. */
static enum db_status prune_by(struct db_conn *conn, const char *statement, const struct db_params *params)
{
	enum db_status status = DB_OK;
	int64_t deleted = 1;
	for (int i = 0; status == DB_OK && deleted > 0 && i < PRUNE_ROUNDS_MAX; i++) {
		DB_RESULT_AUTO struct db_result *result = NULL;
		status = db_run(conn, statement, params, &result);
		if (status == DB_OK)
			deleted = db_affected(result);
	}
	return status;
}

static enum db_status prune(struct db_conn *conn, const char *statement, int64_t days)
{
	struct db_params params = { 0 };
	db_param_int(&params, days);
	return prune_by(conn, statement, &params);
}

static enum db_status prune_rollups(struct db_conn *conn, const struct central_config *config)
{
	(void)config;
	enum db_status status = prune(conn, "chores_rollup_prune", CHORES_MINUTE_ROLLUP_DAYS);
	if (status == DB_OK)
		status = prune(conn, "chores_agent_rollup_prune", CHORES_MINUTE_ROLLUP_DAYS);
	return status == DB_OK ? prune(conn, "chores_agent_hours_prune", CHORES_AGENT_HOURS_DAYS) : status;
}

/* What is kept of executions beside the partitions goes when their days are closed. */
static enum db_status prune_traces(struct db_conn *conn, const struct central_config *config)
{
	enum db_status status = prune_by(conn, "chores_unkept_prune", NULL);
	if (status == DB_OK)
		status = prune_by(conn, "chores_double_prune", NULL);
	if (status == DB_OK)
		status = prune_by(conn, "chores_range_prune", NULL);
	if (status == DB_OK)
		status = prune(conn, "chores_quarantine_prune", config->retention_days);
	return status == DB_OK ? prune(conn, "chores_event_prune", config->retention_days) : status;
}

static enum db_status sweep(struct db_conn *conn, const char *statuses, int days)
{
	enum db_status status = DB_OK;
	int64_t looked_at = 1;
	for (int i = 0; status == DB_OK && looked_at > 0 && i < PRUNE_ROUNDS_MAX; i++) {
		DB_RESULT_AUTO struct db_result *result = NULL;
		struct db_params params = { 0 };
		db_param_int(&params, days);
		db_param_text(&params, statuses);
		db_param_int(&params, SWEEP_ROWS);
		status = db_run_one(conn, "retention_sweep_step", &params, &result);
		if (status == DB_OK)
			looked_at = db_int(result, 0, 0);
	}
	return status;
}

/* The statuses that are kept for a shorter time than the rest; the longest time is that of whole partitions. */
static enum db_status sweep_statuses(struct db_conn *conn, const struct central_config *config)
{
	enum db_status status = DB_OK;
	if (config->retention_success_days > 0 && config->retention_success_days < config->retention_days)
		status = sweep(conn, SWEEP_SUCCESS, config->retention_success_days);
	if (status == DB_OK && config->retention_skipped_days > 0 &&
	    config->retention_skipped_days < config->retention_days)
		status = sweep(conn, SWEEP_SKIPPED, config->retention_skipped_days);
	return status;
}

static const struct {
	const char *name;
	int64_t period_ms;
	enum db_status (*run)(struct db_conn *conn, const struct central_config *config);
} chores_table[] = {
	{ "make partitions", MINUTES_MS(10), make_partitions },
	{ "renew statistics", CHORES_ROUND_MS, renew_statistics },
	/* In this order: with a new leader all jobs come first. */
	{ "watch all jobs", MINUTES_MS(10), late_turn_full },
	{ "watch decisions", CHORES_ROUND_MS, late_turn },
	{ "close old days", CLEAR_PERIOD_MS, close_days },
	{ "drop old partitions", MINUTES_MS(5), drop_partitions },
	{ "prune enrolment tokens", MINUTES_MS(60), prune_tokens },
	{ "prune commands", MINUTES_MS(60), prune_commands },
	{ "prune tombstones", MINUTES_MS(60), prune_tombstones },
	{ "prune lives of agents", MINUTES_MS(60), prune_lives },
	{ "log the audit's head", MINUTES_MS(60), log_audit_head },
	{ "prune sessions and kept answers", MINUTES_MS(5), prune_sessions },
	{ "prune minute rollups", MINUTES_MS(5), prune_rollups },
	{ "prune traces of executions", CLEAR_PERIOD_MS, prune_traces },
	{ "clear statuses kept for less long", CLEAR_PERIOD_MS, sweep_statuses },
};

static int64_t now_ms(void)
{
	return g_get_monotonic_time() / US_PER_MS;
}

static void give_up_lead(struct chores *chores)
{
	if (chores->conn == NULL)
		return;
	db_run(chores->conn, "chores_unlock", NULL, NULL);
	db_release(g_steal_pointer(&chores->conn));
	g_atomic_int_set(&chores->leads, 0);
}

/* Keeps the connection whose session got the lock. */
static void try_to_lead(struct chores *chores)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *locked = NULL;
	if (db_acquire(chores->central->chores_pool, &conn) != DB_OK ||
	    db_run_one(conn, "chores_lock", NULL, &locked) != DB_OK || !db_bool(locked, 0, 0))
		return;
	chores->conn = g_steal_pointer(&conn);
	g_atomic_int_set(&chores->leads, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(chores_table); i++)
		chores->due_at[i] = now_ms();
	log_info("this central does the chores now", NULL);
}

/*
 * A chore that failed is tried again in the next round; without a connection there is no lead to keep. One that only took too
 * long keeps it: a lead that is given up begins anew, and would never come to the chores behind that one.
 */
static void do_chores(struct chores *chores)
{
	for (size_t i = 0; i < G_N_ELEMENTS(chores_table) && chores->conn != NULL; i++) {
		if (now_ms() < chores->due_at[i])
			continue;
		enum db_status status = chores_table[i].run(chores->conn, chores->central->config);
		if (db_in_transaction(chores->conn))
			db_rollback(chores->conn);
		if (status == DB_OK) {
			chores->due_at[i] = now_ms() + chores_table[i].period_ms;
			continue;
		}
		log_warning("chore failed; trying again soon", "chore", chores_table[i].name, "status",
			    db_status_name(status), "reason", db_message(chores->conn), NULL);
		if (status == DB_AWAY || status == DB_UNCERTAIN)
			give_up_lead(chores);
	}
}

static void count_fleet(struct chores *chores)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *result = NULL;
	if (db_acquire(chores->central->chores_pool, &conn) == DB_OK &&
	    db_run_one(conn, "agent_count", NULL, &result) == DB_OK)
		g_atomic_int_set(&chores->fleet, (gint)MIN(db_int(result, 0, 0), G_MAXINT));
}

/* Told when it begins, not each round: it stays so until somebody changes the configuration, or the fleet. */
static void watch_pace(struct chores *chores)
{
	int64_t pace_ms = sync_fleet_pace_ms(chores->central), offline_ms = chores->central->config->offline_after_ms;
	bool slow = pace_ms * CENTRAL_SYNCS_UNTIL_OFFLINE > offline_ms;
	if (slow && !chores->slow)
		log_warning("agents that are well count as silent: raise syncs_per_second or offline_after_ms", "agents",
			    log_number(chores_fleet_size(chores)), "paceMs", log_number(pace_ms), "offlineAfterMs",
			    log_number(offline_ms), NULL);
	chores->slow = slow;
}

static void count_late(struct chores *chores)
{
	DB_AUTO struct db_conn *conn = NULL;
	int64_t late = 0;
	if (db_acquire(chores->central->chores_pool, &conn) == DB_OK && late_count(conn, &late) == DB_OK)
		g_atomic_int_set(&chores->late, (gint)MIN(late, G_MAXINT));
}

static void run_round(struct rounds *rounds, void *context)
{
	(void)rounds;
	struct chores *chores = context;
	count_fleet(chores);
	watch_pace(chores);
	if (chores->conn == NULL)
		try_to_lead(chores);
	do_chores(chores);
	count_late(chores);
}

struct chores *chores_start(struct central *central)
{
	struct chores *chores = g_new0(struct chores, 1);
	chores->central = central;
	chores->due_at = g_new0(int64_t, G_N_ELEMENTS(chores_table));
	chores->rounds = rounds_start("chores", CHORES_ROUND_MS, &central->ready, run_round, chores);
	return chores;
}

void chores_stop(struct chores *chores)
{
	if (chores == NULL)
		return;
	rounds_stop(chores->rounds);
	give_up_lead(chores);
	g_free(chores->due_at);
	g_free(chores);
}

int64_t chores_fleet_size(struct chores *chores)
{
	return chores != NULL ? g_atomic_int_get(&chores->fleet) : 0;
}

int64_t chores_late_jobs(struct chores *chores)
{
	return chores != NULL ? g_atomic_int_get(&chores->late) : 0;
}

bool chores_is_leader(struct chores *chores)
{
	return chores != NULL && g_atomic_int_get(&chores->leads) != 0;
}
