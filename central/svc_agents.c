#include "central/svc_agents.h"

#include <sodium.h>
#include <string.h>

#include "central/assign.h"
#include "central/db_audit.h"
#include "central/svc_auth.h"

#define SECRET_BYTES 32

static void make_secret(char ret[static AGENT_SECRET_SIZE])
{
	unsigned char bytes[SECRET_BYTES];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(ret, AGENT_SECRET_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

enum db_status enrolment_token_make(struct db_pool *pool, const struct author *author, const struct enrolment_terms *terms,
				    struct made_token *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	char hash[CREDENTIAL_HASH_SIZE];
	make_secret(ret->token);
	credential_hash(ret->token, hash);
	uuid_v7(wall_now(), ret->token_id);
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = enrolment_token_insert(conn, ret->token_id, hash, author->name, terms, &ret->expires_at);
	if (status == DB_OK)
		status = db_audit(conn, author, "enrolmentToken.create", ret->token_id, NULL, terms->labels);
	if (status == DB_OK)
		status = db_commit(conn);
	return status;
}

enum db_status enrolment_token_drop(struct db_pool *pool, const struct author *author, const char *token_id)
{
	DB_AUTO struct db_conn *conn = NULL;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = enrolment_token_delete(conn, token_id);
	if (status == DB_OK)
		status = db_audit(conn, author, "enrolmentToken.delete", token_id, NULL, NULL);
	if (status == DB_OK)
		status = db_commit(conn);
	return status;
}

/* A bucket for the whole process: enrolment is the one door without a credential, and each try costs statements. */
bool enrolment_may_try(void)
{
	static GMutex lock;
	static double tokens = ENROLMENT_BURST;
	static gint64 filled_at;
	g_mutex_lock(&lock);
	gint64 now = g_get_monotonic_time();
	tokens = MIN(ENROLMENT_BURST, tokens + (double)(now - filled_at) / US_PER_SECOND * ENROLMENT_PER_SECOND);
	filled_at = now;
	bool may = tokens >= 1;
	tokens -= may ? 1 : 0;
	g_mutex_unlock(&lock);
	return may;
}

/* Why the token could not be used. */
static enum db_status judge_token(struct db_conn *conn, const char *hash, enum enrol_outcome *ret)
{
	bool used = false;
	struct wall expires_at;
	enum db_status status = enrolment_token_state(conn, hash, &used, &expires_at);
	if (status == DB_OK)
		*ret = used ? ENROL_TOKEN_USED : ENROL_TOKEN_EXPIRED;
	else if (status == DB_NOT_FOUND)
		*ret = ENROL_TOKEN_UNKNOWN;
	return status == DB_NOT_FOUND ? DB_OK : status;
}

static enum db_status insert_agent(struct db_conn *conn, const struct enrolment *made, const char *hostname,
				   const char *labels, const char *request_id, enum enrol_outcome *ret)
{
	struct author author = { made->name, request_id };
	char key_hash[CREDENTIAL_HASH_SIZE];
	credential_hash(made->key, key_hash);
	enum db_status status = assign_lock_exclusive(conn);
	if (status == DB_OK)
		status = agent_insert(conn, made->agent_id, made->name, key_hash, hostname, labels);
	if (status == DB_CONFLICT && strcmp(db_constraint(conn), "agent_name") == 0) {
		*ret = ENROL_NAME_TAKEN;
		return DB_OK;
	}
	if (status == DB_OK)
		status = assign_agent(conn, made->agent_id);
	if (status == DB_OK)
		status = db_run(conn, "fleet_retry_stuck", NULL, NULL);
	if (status == DB_OK)
		status = db_audit(conn, &author, "agent.enrol", made->agent_id, NULL, labels);
	if (status == DB_OK)
		status = db_commit(conn);
	*ret = ENROL_DONE;
	return status;
}

enum db_status agent_enrol(struct db_pool *pool, const char *token, const char *name, const char *hostname,
			   const char *request_id, enum enrol_outcome *ret_outcome, struct enrolment *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	g_autofree char *labels = NULL, *bound_name = NULL;
	char hash[CREDENTIAL_HASH_SIZE];
	credential_hash(token, hash);
	uuid_v7(wall_now(), ret->agent_id);
	make_secret(ret->key);
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = enrolment_token_use(conn, hash, ret->agent_id, &labels, &bound_name);
	if (status == DB_NOT_FOUND)
		return judge_token(conn, hash, ret_outcome);
	g_strlcpy(ret->name, bound_name != NULL ? bound_name : name, sizeof ret->name);
	if (status == DB_OK)
		status = insert_agent(conn, ret, hostname, labels, request_id, ret_outcome);
	return status;
}

enum db_status agent_rotate(struct db_pool *pool, const struct identity *agent, const char *request_id, const char *old_hash,
			    const char *new_hash, enum rotate_outcome *ret)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct author author = { agent->name, request_id };
	bool durable = false;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_is_durable(conn, &durable);
	if (status == DB_OK && !durable) {
		*ret = ROTATE_NOT_DURABLE;
		return DB_OK;
	}
	if (status == DB_OK)
		status = db_begin(conn);
	if (status == DB_OK)
		status = agent_next_key(conn, agent->agent_id, new_hash, old_hash);
	if (status == DB_NOT_FOUND || status == DB_CONFLICT) {
		*ret = ROTATE_REFUSED;
		return DB_OK;
	}
	if (status == DB_OK)
		status = db_audit(conn, &author, "agent.nextKey", agent->agent_id, NULL, NULL);
	if (status == DB_OK)
		status = db_commit(conn);
	*ret = ROTATE_DONE;
	return status;
}
