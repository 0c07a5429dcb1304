#include "central/svc_sync.h"

#include <string.h>

#include "central/chores.h"
#include "central/commands.h"
#include "common/log.h"

int64_t sync_fleet_pace_ms(const struct central *central)
{
	const struct central_config *config = central->config;
	int64_t shared_out = chores_fleet_size(central->chores) * 1000 / MAX(config->syncs_per_second, 1);
	return MAX(config->sync_interval_ms, shared_out);
}

static int64_t next_sync_ms(const struct central *central)
{
	int64_t pace = sync_fleet_pace_ms(central);
	return pace + g_random_int_range(0, (gint32)MIN(pace * SYNC_JITTER_PERCENT / 100, G_MAXINT32 - 1) + 1);
}

/* The parameters that sync_state and sync_idle begin with. */
static void add_state(struct db_params *params, const char *agent_id, const struct sync_request *request, struct wall now)
{
	const struct sync_status *state = &request->status;
	db_param_text(params, agent_id);
	db_param_text(params, request->agent_version);
	db_param_text(params, request->boot_id);
	db_param_int(params, request->epoch);
	db_param_int(params, request->jobs_revision);
	db_param_int(params, state->jobs);
	db_param_int(params, state->running);
	db_param_int(params, state->outbox_depth);
	db_param_wall(params, state->oldest_unsent_at);
	db_param_wall(params, state->next_fire_at);
	db_param_int(params, (int64_t)state->clock_epoch);
	db_param_int(params, wall_is_set(request->sent_at) ? wall_diff_us(request->sent_at, now) / US_PER_MS : 0);
	db_param_text(params, state->tzdata);
	db_param_int(params, state->outbox_max);
	db_param_bool(params, state->outbox_full);
}

/* An agent that may take over soon should hear of it soon. Column `column`: next_look_ms, NULL for nearly all. */
static void hasten(const struct db_result *result, int column, struct sync_reply *reply)
{
	if (!db_is_null(result, 0, column))
		reply->next_sync_ms = MIN(reply->next_sync_ms,
					  db_int(result, 0, column) + g_random_int_range(1, SYNC_LOOK_JITTER_MS));
}

static enum db_status write_state(struct db_conn *conn, const char *agent_id, const struct sync_request *request,
				  struct sync_reply *reply)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	add_state(&params, agent_id, request, reply->server_time);
	enum db_status status = db_run_one(conn, "sync_state", &params, &result);
	if (status != DB_OK)
		return status;
	reply->lease_until = db_wall(result, 0, 0);
	hasten(result, 1, reply);
	return DB_OK;
}

/*
 * Most syncs of a large fleet bring nothing and find nothing: they are one statement. DB_NOT_FOUND: this one is not of
 * them, and nothing was done.
 */
static enum db_status serve_idle(struct db_conn *conn, const char *agent_id, const struct sync_request *request,
				 struct sync_reply *reply)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	if (json_array_size(request->record_array) > 0 || request->n_done_commands > 0)
		return DB_NOT_FOUND;
	add_state(&params, agent_id, request, reply->server_time);
	db_param_int(&params, (int64_t)request->jobs_digest);
	db_param_int(&params, request->first_seq);
	db_param_int(&params, COMMAND_MAX_AGE_SECONDS);
	db_param_text(&params, request->life);
	db_param_int(&params, request->lives);
	enum db_status status = db_run_one(conn, "sync_idle", &params, &result);
	if (status != DB_OK)
		return status;
	reply->lease_until = db_wall(result, 0, 0);
	reply->acked_seq = db_int(result, 0, 1);
	hasten(result, 2, reply);
	reply->lives = db_int(result, 0, 3);
	reply->jobs_mode = SYNC_JOBS_NONE;
	reply->jobs_revision = request->jobs_revision;
	reply->jobs_digest = request->jobs_digest;
	return DB_OK;
}

/* Columns of sync_job_set. */
enum {
	SET_REVISION,
	SET_DIGEST,
	ROW_REVISION,
	ROW_JOB_ID,
	ROW_REMOVED,
	ROW_TARGET_KEY,
	ROW_JOB_REVISION,
	ROW_DEFINITION,
	ROW_SINCE,
	ROW_BORDER,
	ROW_ENDED,
	ROW_AWAY,
	ROW_FOUND
};

static enum db_status read_job_set(struct db_conn *conn, const char *agent_id, int64_t since, struct db_result **ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, since);
	db_param_int(&params, SYNC_JOBS_MAX + 1);
	db_param_int(&params, SYNC_PART_BYTES_MAX);
	return db_run_one(conn, "sync_job_set", &params, ret);
}

/* The job of a row; NULL (and a line in the log) when this version of central cannot read what another one stored. */
static struct job *row_job(const struct db_result *set, int row)
{
	struct job_problem problem = { 0 };
	const char *id = db_text(set, row, ROW_JOB_ID);
	json_t *json = json_loads(db_text(set, row, ROW_DEFINITION), 0, NULL);
	struct job *job = job_parse(json, id, db_int(set, row, ROW_JOB_REVISION), true, &problem);
	if (job == NULL) {
		log_error("stored job cannot be read, and is not sent", "job", id, "field", problem.pointer, "reason",
			  problem.detail, NULL);
		job_problem_clear(&problem);
	}
	json_decref(json);
	return job;
}

static void put_away(const struct db_result *set, int row, struct sync_reply *reply)
{
	json_t *times = db_is_null(set, row, ROW_AWAY) ? NULL : json_loads(db_text(set, row, ROW_AWAY), 0, NULL), *time;
	size_t i;
	json_array_foreach(times, i, time) {
		struct sync_away away = { .after = { json_integer_value(json_array_get(time, 0)) },
					  .until = { json_integer_value(json_array_get(time, 1)) } };
		g_strlcpy(away.job_id, db_text(set, row, ROW_JOB_ID), sizeof away.job_id);
		g_array_append_val(reply->away, away);
	}
	json_decref(times);
}

static void put_row(const struct db_result *set, int row, struct sync_reply *reply)
{
	put_away(set, row, reply);
	if (db_bool(set, row, ROW_REMOVED))
		g_ptr_array_add(reply->deletes, g_strdup(db_text(set, row, ROW_JOB_ID)));
	if (!db_is_null(set, row, ROW_BORDER)) {
		struct sync_move move = { .border = db_wall(set, row, ROW_BORDER), .ended = db_bool(set, row, ROW_ENDED) };
		g_strlcpy(move.job_id, db_text(set, row, ROW_JOB_ID), sizeof move.job_id);
		g_array_append_val(reply->moves, move);
	}
	if (db_is_null(set, row, ROW_DEFINITION))
		return;
	struct sync_upsert upsert = { .job = row_job(set, row), .since = db_wall(set, row, ROW_SINCE) };
	if (upsert.job == NULL)
		return;
	g_strlcpy(upsert.target_key, db_text(set, row, ROW_TARGET_KEY), sizeof upsert.target_key);
	g_array_append_val(reply->upserts, upsert);
}

/* The rows as one part of a delta or snapshot: up to the limits, and then `more`. Notes what is told. */
static enum db_status put_part(struct db_conn *conn, const char *agent_id, const struct db_result *set, enum sync_jobs_mode mode,
			       struct sync_reply *reply)
{
	struct db_params params = { 0 };
	int n = db_is_null(set, 0, ROW_REVISION) ? 0 : db_rows(set), row = 0;
	size_t bytes = 0;
	for (; row < MIN(n, SYNC_JOBS_MAX) && (row == 0 || bytes < SYNC_PART_BYTES_MAX); row++) {
		bytes += db_is_null(set, row, ROW_DEFINITION) ? 0 : strlen(db_text(set, row, ROW_DEFINITION));
		put_row(set, row, reply);
	}
	reply->jobs_mode = mode;
	reply->jobs_more = row < db_int(set, 0, ROW_FOUND);
	reply->jobs_revision = reply->jobs_more ? db_int(set, row - 1, ROW_REVISION) : db_int(set, 0, SET_REVISION);
	reply->jobs_digest = (uint64_t)db_int(set, 0, SET_DIGEST);
	db_param_text(&params, agent_id);
	db_param_int(&params, reply->jobs_revision);
	return db_run(conn, "sync_told", &params, NULL);
}

static enum db_status snapshot_is_allowed(struct db_conn *conn, const char *agent_id, bool *ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, SYNC_SNAPSHOT_PAUSE_MS);
	enum db_status status = db_run_one(conn, "sync_snapshot_allowed", &params, NULL);
	*ret = status == DB_OK;
	return status == DB_NOT_FOUND ? DB_OK : status;
}

/*
 * What the agent lacks of its job set. It knows nothing: snapshot. It is behind: delta. It is level, with another
 * digest: snapshot. It is ahead: central was restored from a backup; snapshot.
 */
static enum db_status put_job_set(struct db_conn *conn, const char *agent_id, const struct sync_request *request,
				  struct sync_reply *reply)
{
	DB_RESULT_AUTO struct db_result *set = NULL;
	int64_t known = request->jobs_revision;
	bool allowed = false;
	enum db_status status = read_job_set(conn, agent_id, known, &set);
	if (status != DB_OK)
		return status;
	int64_t revision = db_int(set, 0, SET_REVISION);
	uint64_t digest = (uint64_t)db_int(set, 0, SET_DIGEST);
	if (known < revision)
		return put_part(conn, agent_id, set, known == 0 ? SYNC_JOBS_SNAPSHOT : SYNC_JOBS_DELTA, reply);
	reply->jobs_mode = SYNC_JOBS_NONE;
	reply->jobs_revision = revision;
	reply->jobs_digest = digest;
	if (known == revision && request->jobs_digest == digest)
		return DB_OK;
	status = snapshot_is_allowed(conn, agent_id, &allowed);
	if (status != DB_OK || !allowed) {
		/* It holds another set than we think: no lease for that. */
		reply->lease_until = WALL_NONE;
		return status;
	}
	db_result_free(g_steal_pointer(&set));
	status = read_job_set(conn, agent_id, 0, &set);
	return status == DB_OK ? put_part(conn, agent_id, set, SYNC_JOBS_SNAPSHOT, reply) : status;
}

static enum db_status tell(struct db_conn *conn, const char *agent_id, const struct sync_request *request,
			   struct sync_reply *reply)
{
	enum db_status status = db_begin(conn);
	/* A forgotten "done" would run a command twice; all else is told again by the next sync. */
	if (status == DB_OK && request->n_done_commands == 0)
		status = db_run(conn, "sync_relaxed", NULL, NULL);
	if (status == DB_OK)
		status = write_state(conn, agent_id, request, reply);
	if (status == DB_OK)
		status = command_done(conn, agent_id, request->done_commands, request->n_done_commands);
	if (status == DB_OK)
		status = put_job_set(conn, agent_id, request, reply);
	if (status == DB_OK)
		status = command_pending(conn, agent_id, reply->commands);
	if (status == DB_OK)
		status = db_commit(conn);
	return status;
}

static enum db_status serve_busy(struct central *central, struct db_conn *conn, const char *agent_id,
				 const struct sync_request *request, struct sync_reply *reply,
				 struct ingest_result *result)
{
	struct ingest_batch batch = {
		.agent_id = agent_id,
		.epoch = request->epoch,
		.first_seq = request->first_seq,
		.claimed_acked = request->acked_seq,
		.records = request->record_array,
	};
	enum db_status status = ingest_batch(central->ingest, conn, &batch, result);
	if (status != DB_OK || (result->outcome != INGEST_TAKEN && result->outcome != INGEST_GAP))
		return status;
	reply->acked_seq = result->acked_seq;
	reply->server_time = wall_now();
	return tell(conn, agent_id, request, reply);
}

/* The next sync of one that just heard of a younger life proves that the younger is a copy: the sooner the better. */
static void ask_for_proof(const struct sync_request *request, struct sync_reply *reply)
{
	if (request->lives > 0 && reply->lives > request->lives)
		reply->next_sync_ms = g_random_int_range(1, SYNC_LOOK_JITTER_MS);
}

enum db_status sync_serve(struct central *central, struct db_conn *conn, const char *agent_id, const char *address,
			  const struct sync_request *request, struct sync_reply *ret_reply, struct life_verdict *ret_life,
			  struct ingest_result *ret_result)
{
	g_strlcpy(ret_reply->sync_id, request->sync_id, sizeof ret_reply->sync_id);
	ret_reply->next_sync_ms = next_sync_ms(central);
	ret_reply->server_time = wall_now();
	enum db_status status = serve_idle(conn, agent_id, request, ret_reply);
	if (status == DB_OK)
		ask_for_proof(request, ret_reply);
	if (status != DB_NOT_FOUND)
		return status;
	status = life_heard(conn, agent_id, address, request, ret_life);
	ret_reply->lives = ret_life->lives;
	ask_for_proof(request, ret_reply);
	if (status != DB_OK || ret_life->is_copy)
		return status;
	return serve_busy(central, conn, agent_id, request, ret_reply, ret_result);
}
