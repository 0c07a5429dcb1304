#include "central/db_agents.h"

void agent_row_free(struct agent_row *row)
{
	if (row == NULL)
		return;
	g_free(row->name);
	g_free(row->hostname);
	g_free(row->version);
	g_free(row->tzdata);
	g_free(row->labels);
	g_free(row->state);
	g_free(row->copy_address);
	g_free(row);
}

static void agent_row_free_p(void *row)
{
	agent_row_free(row);
}

static struct agent_row *read_agent(const struct db_result *result, int i)
{
	struct agent_row *row = g_new0(struct agent_row, 1);
	g_strlcpy(row->agent_id, db_text(result, i, 0), sizeof row->agent_id);
	row->name = g_strdup(db_text(result, i, 1));
	row->hostname = g_strdup(db_text(result, i, 2));
	row->enrolled_at = db_wall(result, i, 3);
	row->revoked_at = db_wall(result, i, 4);
	row->set_revision = db_int(result, i, 5);
	row->last_seen_at = db_wall(result, i, 6);
	row->version = g_strdup(db_text(result, i, 7));
	row->jobs_revision = db_int(result, i, 8);
	row->jobs = db_int(result, i, 9);
	row->running = db_int(result, i, 10);
	row->outbox_depth = db_int(result, i, 11);
	row->oldest_unsent_at = db_wall(result, i, 12);
	row->next_fire_at = db_wall(result, i, 13);
	row->clock_skew_ms = db_int(result, i, 14);
	row->tzdata = g_strdup(db_text(result, i, 15));
	row->labels = g_strdup(db_text(result, i, 16));
	row->weight = db_double(result, i, 17);
	row->draining_at = db_wall(result, i, 18);
	row->key_rotated_at = db_wall(result, i, 19);
	row->state = g_strdup(db_text(result, i, 20));
	row->behind = db_int(result, i, 21);
	row->behind_since = db_wall(result, i, 22);
	row->outbox_max = db_int(result, i, 23);
	row->outbox_full = db_bool(result, i, 24);
	row->rotation_ordered_at = db_wall(result, i, 25);
	row->copies = db_int(result, i, 26);
	row->copy_address = g_strdup(db_text_or_null(result, i, 27));
	row->drains = !db_is_null(result, i, 29);
	row->handover = (struct agent_handover){ db_wall(result, i, 28), db_int(result, i, 29), db_int(result, i, 30) };
	return row;
}

enum db_status agent_list(struct db_conn *conn, const struct agent_filter *filter, GPtrArray **ret_rows)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	bool down = *filter->sort == '-';
	db_param_text(&params, filter->q);
	db_param_text(&params, filter->state);
	db_param_text(&params, filter->selector);
	db_param_text(&params, filter->sort + down);
	db_param_int(&params, filter->after_place);
	db_param_text(&params, filter->after_id);
	db_param_int(&params, filter->limit);
	enum db_status status = db_run(conn, down ? "agent_list_down" : "agent_list_up", &params, &result);
	if (status != DB_OK)
		return status;
	*ret_rows = g_ptr_array_new_with_free_func(agent_row_free_p);
	for (int i = 0; i < db_rows(result); i++) {
		struct agent_row *row = read_agent(result, i);
		row->place = db_int(result, i, 31);
		g_ptr_array_add(*ret_rows, row);
	}
	return DB_OK;
}

enum db_status agent_get(struct db_conn *conn, const char *agent_id, struct agent_row **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	enum db_status status = db_run_one(conn, "agent_get", &params, &result);
	if (status == DB_OK)
		*ret = read_agent(result, 0);
	return status;
}

static void clear_stream(void *data)
{
	g_free(((struct agent_stream_row *)data)->holes);
}

static void read_stream(const struct db_result *result, int i, void *ret)
{
	*(struct agent_stream_row *)ret = (struct agent_stream_row){
		.epoch = db_int(result, i, 0),
		.acked_seq = db_int(result, i, 1),
		.holes = g_strdup(db_text(result, i, 2)),
	};
}

static const struct db_list streams = { sizeof(struct agent_stream_row), read_stream, clear_stream };

enum db_status agent_streams(struct db_conn *conn, const char *agent_id, int limit, GArray **ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, limit);
	return db_run_list(conn, "agent_streams", &params, &streams, ret);
}

static void clear_event(void *data)
{
	struct agent_event_row *row = data;
	g_free(row->kind);
	g_free(row->detail);
}

static void read_event(const struct db_result *result, int i, void *ret)
{
	*(struct agent_event_row *)ret = (struct agent_event_row){
		.epoch = db_int(result, i, 0),
		.seq = db_int(result, i, 1),
		.kind = g_strdup(db_text(result, i, 2)),
		.at = db_wall(result, i, 3),
		.detail = g_strdup(db_text_or_null(result, i, 4)),
	};
}

static const struct db_list events = { sizeof(struct agent_event_row), read_event, clear_event };

enum db_status agent_events(struct db_conn *conn, const char *agent_id, int limit, GArray **ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, limit);
	return db_run_list(conn, "agent_events", &params, &events, ret);
}

static void clear_quarantine(void *data)
{
	struct quarantine_row *row = data;
	g_free(row->reason);
	g_free(row->record);
}

static void read_quarantine(const struct db_result *result, int i, void *ret)
{
	*(struct quarantine_row *)ret = (struct quarantine_row){
		.epoch = db_int(result, i, 0),
		.seq = db_int(result, i, 1),
		.at = db_wall(result, i, 2),
		.reason = g_strdup(db_text(result, i, 3)),
		.record = g_strdup(db_text(result, i, 4)),
	};
}

static const struct db_list quarantine = { sizeof(struct quarantine_row), read_quarantine, clear_quarantine };

enum db_status agent_quarantine(struct db_conn *conn, const char *agent_id, int64_t epoch, int64_t seq, int limit,
				GArray **ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, epoch);
	db_param_int(&params, seq);
	db_param_int(&params, limit);
	return db_run_list(conn, "agent_quarantine", &params, &quarantine, ret);
}

enum db_status enrolment_token_insert(struct db_conn *conn, const char *token_id, const char *hash, const char *author,
				      const struct enrolment_terms *terms, struct wall *ret_expires_at)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, token_id);
	db_param_text(&params, hash);
	db_param_text(&params, author);
	db_param_int(&params, terms->ttl_ms);
	db_param_text(&params, terms->labels);
	db_param_text(&params, terms->name);
	enum db_status status = db_run_one(conn, "enrolment_token_insert", &params, &result);
	if (status == DB_OK)
		*ret_expires_at = db_wall(result, 0, 0);
	return status;
}

static void clear_token(void *data)
{
	struct enrolment_token_row *row = data;
	g_free(row->labels);
	g_free(row->name);
	g_free(row->created_by);
}

static void read_token(const struct db_result *result, int i, void *ret)
{
	struct enrolment_token_row *row = ret;
	*row = (struct enrolment_token_row){
		.labels = g_strdup(db_text(result, i, 1)),
		.name = g_strdup(db_text_or_null(result, i, 2)),
		.created_at = db_wall(result, i, 3),
		.created_by = g_strdup(db_text(result, i, 4)),
		.expires_at = db_wall(result, i, 5),
		.used_at = db_wall(result, i, 6),
	};
	g_strlcpy(row->token_id, db_text(result, i, 0), sizeof row->token_id);
	g_strlcpy(row->used_by, db_text(result, i, 7), sizeof row->used_by);
}

static const struct db_list tokens = { sizeof(struct enrolment_token_row), read_token, clear_token };

enum db_status enrolment_token_list(struct db_conn *conn, int limit, GArray **ret)
{
	struct db_params params = { 0 };
	db_param_int(&params, limit);
	return db_run_list(conn, "enrolment_token_list", &params, &tokens, ret);
}

enum db_status enrolment_token_delete(struct db_conn *conn, const char *token_id)
{
	return agent_mark(conn, "enrolment_token_delete", token_id);
}

enum db_status enrolment_token_use(struct db_conn *conn, const char *hash, const char *agent_id, char **ret_labels,
				   char **ret_name)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	db_param_text(&params, agent_id);
	enum db_status status = db_run_one(conn, "enrolment_token_use", &params, &result);
	if (status == DB_OK) {
		*ret_labels = g_strdup(db_text(result, 0, 0));
		*ret_name = g_strdup(db_text_or_null(result, 0, 1));
	}
	return status;
}

enum db_status enrolment_token_state(struct db_conn *conn, const char *hash, bool *ret_used,
				     struct wall *ret_expires_at)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	enum db_status status = db_run_one(conn, "enrolment_token_state", &params, &result);
	if (status != DB_OK)
		return status;
	*ret_used = db_bool(result, 0, 0);
	*ret_expires_at = db_wall(result, 0, 1);
	return DB_OK;
}

enum db_status agent_insert(struct db_conn *conn, const char *agent_id, const char *name, const char *key_hash,
			    const char *hostname, const char *labels)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_text(&params, name);
	db_param_text(&params, key_hash);
	db_param_text(&params, hostname);
	db_param_text(&params, labels);
	return db_run(conn, "agent_insert", &params, NULL);
}

enum db_status agent_members(struct db_conn *conn, const char *agent_id, char **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	enum db_status status = db_run_one(conn, "agent_members", &params, &result);
	if (status == DB_OK)
		*ret = g_strdup(db_text(result, 0, 0));
	return status;
}

enum db_status agent_edit(struct db_conn *conn, const char *agent_id, const char *name, const char *labels, double weight)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_text(&params, name);
	db_param_text(&params, labels);
	if (weight < 0)
		db_param_null(&params);
	else
		db_param_double(&params, weight);
	return db_run_one(conn, "agent_edit", &params, NULL);
}

enum db_status agent_mark(struct db_conn *conn, const char *statement, const char *agent_id)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	return db_run_one(conn, statement, &params, NULL);
}

enum db_status agent_next_key(struct db_conn *conn, const char *agent_id, const char *hash, const char *old_hash)
{
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_text(&params, hash);
	db_param_text(&params, old_hash);
	return db_run_one(conn, "agent_next_key", &params, NULL);
}

enum db_status agent_revoke(struct db_conn *conn, const char *agent_id, char **ret_name)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	enum db_status status = db_run_one(conn, "agent_revoke", &params, &result);
	if (status == DB_OK)
		*ret_name = g_strdup(db_text(result, 0, 0));
	return status;
}
