#include "central/ingest_stream.h"

#include <string.h>

#include "central/ingest_record.h"

static void stream_params(struct db_params *params, const struct ingest_batch *batch)
{
	db_param_text(params, batch->agent_id);
	db_param_int(params, batch->epoch);
}

static enum db_status stream_read(struct db_conn *conn, const char *statement, const struct ingest_batch *batch,
				  struct ingest_stream *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	stream_params(&params, batch);
	enum db_status status = db_run_one(conn, statement, &params, &result);
	if (status != DB_OK)
		return status;
	ret->acked_seq = db_int(result, 0, 0);
	g_strlcpy(ret->acked_md5, db_text(result, 0, 1), sizeof ret->acked_md5);
	ret->newest_epoch = db_int(result, 0, 2);
	ret->is_known = true;
	return DB_OK;
}

enum db_status ingest_stream_peek(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret)
{
	return stream_read(conn, "stream_peek", batch, ret);
}

static struct ingest_member *find_member(struct ingest_member *const *members, guint n, const char *agent_id)
{
	for (guint i = 0; i < n; i++)
		if (strcmp(members[i]->batch->agent_id, agent_id) == 0)
			return members[i];
	return NULL;
}

enum db_status ingest_stream_lock(struct db_conn *conn, struct ingest_member *const *members, guint n)
{
	DB_RESULT_AUTO struct db_result *rows = NULL;
	g_autoptr(GString) agents = g_string_new(NULL);
	g_autoptr(GString) epochs = g_string_new(NULL);
	struct db_params params = { 0 };
	for (guint i = 0; i < n; i++) {
		members[i]->stream = (struct ingest_stream){ 0 };
		db_array_append(agents, members[i]->batch->agent_id);
		db_array_append_int(epochs, members[i]->batch->epoch);
	}
	db_param_text(&params, db_array_close(agents));
	db_param_text(&params, db_array_close(epochs));
	enum db_status status = db_run(conn, "stream_lock_all", &params, &rows);
	for (int row = 0; status == DB_OK && row < db_rows(rows); row++) {
		struct ingest_member *member = find_member(members, n, db_text(rows, row, 0));
		if (member == NULL)
			continue;
		member->stream.is_known = true;
		member->stream.acked_seq = db_int(rows, row, 1);
		g_strlcpy(member->stream.acked_md5, db_text(rows, row, 2), sizeof member->stream.acked_md5);
		member->stream.newest_epoch = db_int(rows, row, 3);
	}
	return status;
}

/*
 * Begins the stream of a new epoch; an old one is left alone and *ret_old set. The first stream of an identity begins where
 * the agent is: what was acked before went to the identity it had until it enrolled anew, and is no hole.
 */
static enum db_status stream_begin(struct db_conn *conn, const struct ingest_batch *batch, bool *ret_old)
{
	DB_RESULT_AUTO struct db_result *newest = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, batch->agent_id);
	enum db_status status = db_run_one(conn, "stream_newest", &params, &newest);
	if (status != DB_OK)
		return status;
	bool is_first = db_is_null(newest, 0, 0);
	*ret_old = !is_first && db_int(newest, 0, 0) > batch->epoch;
	if (*ret_old)
		return DB_OK;
	params.n = 0;
	stream_params(&params, batch);
	db_param_int(&params, is_first ? CLAMP(batch->claimed_acked, 0, MAX(batch->first_seq - 1, 0)) : 0);
	return db_run(conn, "stream_insert", &params, NULL);
}

static enum db_status write_hole(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *stream,
				 struct ingest_result *ret)
{
	struct db_params params = { 0 };
	ret->hole_from = stream->acked_seq + 1;
	ret->hole_to = batch->first_seq - 1;
	stream_params(&params, batch);
	db_param_int(&params, ret->hole_from);
	db_param_int(&params, ret->hole_to);
	stream->acked_seq = ret->hole_to;
	stream->acked_md5[0] = '\0';
	return db_run(conn, "stream_hole", &params, NULL);
}

/* Does the batch repeat the last acked record, and is it another one? */
static bool is_clone(const struct ingest_batch *batch, const struct ingest_stream *stream)
{
	int64_t place = stream->acked_seq - batch->first_seq;
	if (stream->acked_md5[0] == '\0' || place < 0 || place >= (int64_t)json_array_size(batch->records))
		return false;
	g_autofree char *md5 = ingest_record_md5(json_array_get(batch->records, (size_t)place));
	return strcmp(md5, stream->acked_md5) != 0;
}

enum db_status ingest_stream_open(struct db_conn *conn, struct ingest_member *member)
{
	const struct ingest_batch *batch = member->batch;
	struct ingest_stream *stream = &member->stream;
	struct ingest_result *result = &member->result;
	enum db_status status = DB_OK;
	bool old = false;
	if (!stream->is_known) {
		member->may_repeat = true;
		status = stream_begin(conn, batch, &old);
		if (status == DB_OK && !old)
			status = stream_read(conn, "stream_lock", batch, stream);
	}
	if (status != DB_OK)
		return status;
	if (old || stream->newest_epoch > batch->epoch) {
		result->outcome = INGEST_OLD_EPOCH;
		return DB_OK;
	}
	result->outcome = is_clone(batch, stream) ? INGEST_CLONE : INGEST_TAKEN;
	if (batch->first_seq > stream->acked_seq + 1) {
		/* What the agent believes to be acked it no longer has: only a restored database can miss that. */
		if (batch->claimed_acked >= batch->first_seq - 1)
			status = write_hole(conn, batch, stream, result);
		else
			result->outcome = INGEST_GAP;
	}
	result->acked_seq = stream->acked_seq;
	return status;
}

enum db_status ingest_stream_advance(struct db_conn *conn, struct ingest_member *const *members, guint n)
{
	g_autoptr(GString) agents = g_string_new(NULL);
	g_autoptr(GString) epochs = g_string_new(NULL);
	g_autoptr(GString) seqs = g_string_new(NULL);
	g_autoptr(GString) md5s = g_string_new(NULL);
	struct db_params params = { 0 };
	bool any = false;
	for (guint i = 0; i < n; i++) {
		struct ingest_member *member = members[i];
		if (member->from == member->limit)
			continue;
		g_autofree char *md5 = ingest_record_md5(json_array_get(member->batch->records, member->limit - 1));
		any = true;
		member->result.acked_seq = member->batch->first_seq + member->limit - 1;
		db_array_append(agents, member->batch->agent_id);
		db_array_append_int(epochs, member->batch->epoch);
		db_array_append_int(seqs, member->result.acked_seq);
		db_array_append(md5s, md5);
	}
	if (!any)
		return DB_OK;
	db_param_text(&params, db_array_close(agents));
	db_param_text(&params, db_array_close(epochs));
	db_param_text(&params, db_array_close(seqs));
	db_param_text(&params, db_array_close(md5s));
	return db_run(conn, "stream_advance_all", &params, NULL);
}
