/*
 * Logging in and out: by password or by a one-time link, with a brake on guessing. Owns the rules; the cookie is the
 * caller's.
 *
 * Tries are counted before the password is looked at, in the database, so that neither many connections nor many centrals
 * give more of them: LOGIN_NAME_FREE per account name, then pauses of 1, 2, 4 ... LOGIN_NAME_PAUSE_MAX_S seconds; the same
 * per client address with its own numbers. A success forgets the name's tries. A stranger can thus slow an account down,
 * by a minute at most; tokens and links always work. A wrong password is in the audit as session.refuse, with the name that
 * was tried and the address; what the brake refuses is not. So is a link that is unknown, used or expired, at most as often as
 * the brake would let an address try.
 */
#ifndef BELFRY_SVC_SESSIONS_H
#define BELFRY_SVC_SESSIONS_H

#include "central/db_sessions.h"
#include "central/svc_auth.h"

#define LOGIN_STRANGER "(unknown)" /* the author of such an entry */
#define LOGIN_NAME_FREE 5
#define LOGIN_NAME_PAUSE_MAX_S 60
#define LOGIN_ADDRESS_FREE 30
#define LOGIN_ADDRESS_PAUSE_MAX_S 900
#define LINK_TTL_MIN_MS INT64_C(1000)
#define LINK_TTL_DEFAULT_MS INT64_C(600000)
#define LINK_TTL_MAX_MS INT64_C(86400000)

enum login_outcome {
	LOGIN_OK,
	LOGIN_WRONG,
	LOGIN_WAIT,     /* too many tries: result.wait_s */
	LOGIN_BUSY,     /* too many passwords are being computed */
	LOGIN_DB_FAILED /* result.status */
};
struct login_result {
	char secret[TOKEN_TEXT_SIZE]; /* the new session's cookie, told this once */
	char name[IDENTITY_NAME_MAX + 1];
	enum role role;
	struct wall expires_at;
	int64_t wait_s;
	enum db_status status;
};
struct login_request {
	struct db_pool *pool;
	const char *address, *request_id;
	int64_t idle_ms, lifetime_ms; /* of the session */
};
enum login_outcome login_by_password(const struct login_request *request, const char *name, const char *password,
				     struct login_result *ret);
enum login_outcome login_by_link(const struct login_request *request, const char *link, struct login_result *ret);

/* A link for whoever asks. */
enum db_status login_link_create(struct db_pool *pool, const struct identity *identity, const char *request_id,
				 int64_t ttl_ms, char ret_link[static TOKEN_TEXT_SIZE], struct wall *ret_expires_at);
enum db_status logout(struct db_pool *pool, const struct identity *identity, const char *request_id, const char *session_hash);
/* Ends the account's other sessions and its links. `session_hash` stays. */
enum login_outcome password_change(const struct login_request *request, const char *name, const char *session_hash,
				   const char *old, const char *new, struct login_result *ret);

#endif
