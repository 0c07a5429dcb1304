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
	return DB_OK;
}

enum db_status ingest_stream_peek(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret)
{
	return stream_read(conn, "stream_peek", batch, ret);
}

/* Begins the stream of a new epoch; an old one is left alone and *ret_old set. */
static enum db_status stream_begin(struct db_conn *conn, const struct ingest_batch *batch, bool *ret_old)
{
	DB_RESULT_AUTO struct db_result *newest = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, batch->agent_id);
	enum db_status status = db_run_one(conn, "stream_newest", &params, &newest);
	if (status != DB_OK)
		return status;
	*ret_old = !db_is_null(newest, 0, 0) && db_int(newest, 0, 0) > batch->epoch;
	if (*ret_old)
		return DB_OK;
	params.n = 0;
	stream_params(&params, batch);
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

enum db_status ingest_stream_open(struct db_conn *conn, const struct ingest_batch *batch, struct ingest_stream *ret,
				  struct ingest_result *ret_result)
{
	bool old = false;
	enum db_status status = stream_read(conn, "stream_lock", batch, ret);
	if (status == DB_NOT_FOUND) {
		status = stream_begin(conn, batch, &old);
		if (status == DB_OK && !old)
			status = stream_read(conn, "stream_lock", batch, ret);
	}
	if (status != DB_OK)
		return status;
	if (old || ret->newest_epoch > batch->epoch) {
		ret_result->outcome = INGEST_OLD_EPOCH;
		return DB_OK;
	}
	ret_result->outcome = is_clone(batch, ret) ? INGEST_CLONE : INGEST_TAKEN;
	if (batch->first_seq > ret->acked_seq + 1) {
		/* What the agent believes to be acked it no longer has: only a restored database can miss that. */
		if (batch->claimed_acked >= batch->first_seq - 1)
			status = write_hole(conn, batch, ret, ret_result);
		else
			ret_result->outcome = INGEST_GAP;
	}
	ret_result->acked_seq = ret->acked_seq;
	return status;
}

enum db_status ingest_stream_advance(struct db_conn *conn, const struct ingest_batch *batch,
				     struct ingest_stream *stream, int64_t acked_seq)
{
	const json_t *last = json_array_get(batch->records, (size_t)(acked_seq - batch->first_seq));
	g_autofree char *md5 = ingest_record_md5(last);
	struct db_params params = { 0 };
	stream_params(&params, batch);
	db_param_int(&params, acked_seq);
	db_param_text(&params, md5);
	stream->acked_seq = acked_seq;
	return db_run(conn, "stream_advance", &params, NULL);
}
