#include "central/api_health.h"

#include "central/central.h"
#include "central/metrics.h"

void api_healthz(const struct api_request *request, struct api_reply *reply)
{
	(void)request;
	api_reply_json(reply, 200, json_pack("{s:s}", "status", "ok"));
}

void api_readyz(const struct api_request *request, struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	bool durable = false;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_is_durable(conn, &durable);
	if (status != DB_OK) {
		problem_db(reply, status, "readiness");
	} else if (!g_atomic_int_get(&request->central->ready)) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 503, NULL, NULL, "the database is being migrated, or has no credential yet");
	} else {
		/* Not durable is served, but agents get no ack (design.md, promise 4): say so where people look. */
		api_reply_json(reply, 200, json_pack("{s:s, s:b}", "status", "ready", "databaseIsDurable", durable));
	}
}

void api_metrics(const struct api_request *request, struct api_reply *reply)
{
	GString *out = g_string_sized_new(8192);
	metrics_print(request->central, out);
	size_t size = out->len;
	api_reply_text(reply, 200, "text/plain; version=0.0.4; charset=utf-8", g_string_free(out, FALSE), size);
}
