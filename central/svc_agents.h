/*
 * How a host becomes an agent. Owns: enrolment, one-time tokens, agents' keys. Does not own:
 * the check of keys at each request (svc_auth), syncs (svc_sync), what is done with agents later (svc_fleet).
 *
 * A one-time token (made by an admin, short-lived, single use) is exchanged for an agent id and a key of 256 random
 * bits, which is told once; central keeps the SHA-256 of both. Told to rotate, an agent makes its next key itself and tells
 * the SHA-256 only.
 */
#ifndef BELFRY_SVC_AGENTS_H
#define BELFRY_SVC_AGENTS_H

#include "central/db_agents.h"
#include "central/db_audit.h"

#define ENROLMENT_TTL_DEFAULT_MS INT64_C(600000)
#define ENROLMENT_TTL_MIN_MS INT64_C(1000)
#define ENROLMENT_TTL_MAX_MS INT64_C(604800000)
#define ENROLMENT_PER_SECOND 20 /* attempts a central looks at; the rest is told to come back */
#define ENROLMENT_BURST 100
#define AGENT_NAME_MAX 128      /* bytes */
#define AGENT_HOSTNAME_MAX 255
#define AGENT_SECRET_SIZE 44    /* 43 characters of base64url, NUL */

struct made_token { char token[AGENT_SECRET_SIZE], token_id[UUID_SIZE]; struct wall expires_at; };
/* Makes a token, tells it this once, writes the audit line. */
enum db_status enrolment_token_make(struct db_pool *pool, const struct author *author, const struct enrolment_terms *terms,
				    struct made_token *ret);
/* DB_NOT_FOUND: there is none of this id. */
enum db_status enrolment_token_drop(struct db_pool *pool, const struct author *author, const char *token_id);

enum enrol_outcome { ENROL_DONE, ENROL_TOKEN_UNKNOWN, ENROL_TOKEN_USED, ENROL_TOKEN_EXPIRED, ENROL_NAME_TAKEN };

/* `name` is the token's where that names one. */
struct enrolment { char agent_id[UUID_SIZE], key[AGENT_SECRET_SIZE], name[AGENT_NAME_MAX + 1]; };

/*
 * Uses the token up, makes the agent and gives it its jobs, all or nothing: a refused enrolment leaves the token good.
 * *ret_outcome is set on DB_OK only, *ret on ENROL_DONE. DB_UNCERTAIN: the token may be used up; the agent would not
 * know its key, so an admin revokes the name and makes another token.
 */
enum db_status agent_enrol(struct db_pool *pool, const char *token, const char *name, const char *hostname,
			   const char *request_id, enum enrol_outcome *ret_outcome, struct enrolment *ret);

enum rotate_outcome {
	ROTATE_DONE,        /* also when it was known already */
	ROTATE_REFUSED,     /* not ordered, or old_hash is no longer that of its key, or the new key is somebody's */
	ROTATE_NOT_DURABLE  /* PostgreSQL may forget it, and the agent would be locked out */
};

/*
 * Keeps the hash of the agent's next key: both open until the next one is first used (svc_auth), so it does not matter to
 * the agent whether it hears of this. *ret is set on DB_OK only.
 */
enum db_status agent_rotate(struct db_pool *pool, const struct identity *agent, const char *request_id, const char *old_hash,
			    const char *new_hash, enum rotate_outcome *ret);

/* May one more enrolment be looked at now? Any thread. */
bool enrolment_may_try(void);

#endif
