#include "central/api_sync.h"

#include <inttypes.h>

#include "central/origin.h"
#include "central/svc_sync.h"
#include "common/log.h"

#define ADMIT_PERCENT 125
#define RETRY_UNSAFE_S 5 /* how soon an agent asks again whether PostgreSQL is safe */

static void log_result(const struct api_request *request, const char *address, const struct life_verdict *life,
		       const struct ingest_result *result)
{
	const char *agent = request->identity.name;
	if (life->is_copy)
		log_error("sync refused: a copy of an agent that is alive; enrol it anew", "agent", agent, "address", address,
			  "request", request->id, NULL);
	if (life->found_copies)
		log_error("two agents use one identity: those that came later are refused from now on", "agent", agent,
			  "address", address, "request", request->id, NULL);
	if (result->quarantined > 0)
		log_warning("records went into quarantine", "agent", agent, "records", log_number(result->quarantined),
			    "request", request->id, NULL);
	if (result->hole_from > 0)
		log_error(
			"records are lost: acked before, and no longer here (was the database restored from a backup?)",
			"agent", agent, "fromSeq", log_number(result->hole_from), "toSeq", log_number(result->hole_to),
			"request", request->id, NULL);
	if (result->outcome == INGEST_OLD_EPOCH || result->outcome == INGEST_CLONE)
		log_error("sync refused: two agents use one key, or a state folder came back from a backup", "agent",
			  agent, "request", request->id, NULL);
}

/* True when the outcome is a problem, which is in the reply then. */
static bool refuse(struct api_reply *reply, const struct sync_request *sync, const struct life_verdict *life,
		   const struct ingest_result *result)
{
	if (life->is_copy) {
		problem_reply(reply, 409, NULL, NULL,
			      "this agent is a copy: another one with its identity was there first and is alive; "
			      "enrol the copy as an agent of its own");
		return true;
	}
	switch (result->outcome) {
	case INGEST_OLD_EPOCH:
		problem_reply(reply, 409, NULL, NULL,
			      "epoch %" PRId64
			      " is older than this agent's newest: the state folder is a copy or came from a "
			      "backup; remove its database and let the agent make a new one",
			      sync->epoch);
		return true;
	case INGEST_CLONE:
		problem_reply(reply, 409, NULL, NULL,
			      "another record is known under a number from %" PRId64
			      " on: two agents use one state folder; "
			      "enrol the copy as an agent of its own",
			      sync->first_seq);
		/* Which of the two is the copy is known once this one was heard again with the number. */
		if (life->lives > 0)
			problem_add(reply, "lives", json_integer(life->lives));
		return true;
	case INGEST_NOT_DURABLE:
		api_reply_header(reply, "Retry-After", "%d", RETRY_UNSAFE_S);
		problem_reply(reply, 503, NULL, NULL,
			      "PostgreSQL runs with fsync or synchronous_commit off: nothing is acked");
		return true;
	default:
		return false;
	}
}

static void serve(const struct api_request *request, struct api_reply *reply, const struct sync_request *sync)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct ingest_result result = { 0 };
	struct life_verdict life = { 0 };
	struct sync_reply answer;
	char address[CLIENT_ADDRESS_SIZE];
	client_address(request->peer, request->forwarded_for, request->central->config->trusted_proxies, address);
	sync_reply_init(&answer);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = sync_serve(request->central, conn, request->identity.agent_id, address, sync, &answer, &life, &result);
	if (status == DB_OK)
		log_result(request, address, &life, &result);
	if (status == DB_CONFLICT) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 503, NULL, NULL, "too many writers at once; nothing was taken");
	} else if (status != DB_OK) {
		problem_db(reply, status, request->identity.name);
	} else if (!refuse(reply, sync, &life, &result)) {
		api_reply_json(reply, 200, sync_reply_to_json(&answer));
	}
	sync_reply_clear(&answer);
}

void api_sync(const struct api_request *request, struct api_reply *reply)
{
	g_autoptr(GError) error = NULL;
	struct sync_request sync = { 0 };
	struct central *central = request->central;
	int retry_s;
	/* A little above the pace that agents are told, whose chance makes some seconds fuller than others. */
	if (!admission_try(&central->syncs, g_get_monotonic_time(), central->config->syncs_per_second * ADMIT_PERCENT / 100,
			   &retry_s)) {
		api_reply_header(reply, "Retry-After", "%d", retry_s);
		problem_reply(reply, 429, NULL, NULL, "more agents come than this central takes; come again later");
		return;
	}
	if (!sync_request_decode(request->body, request->body_size, &sync, &error)) {
		problem_reply(reply, 400, NULL, "", "%s", error->message);
		return;
	}
	serve(request, reply, &sync);
	sync_request_clear(&sync);
}
