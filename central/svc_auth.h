/*
 * Credentials: who may ask. Owns: tokens of people (made, found, revoked) and the finding of agents by their key and of
 * browsers by their cookie. Does not own: logging in (svc_sessions), enrolment (svc_agents), which role a route needs
 * (routes.h).
 *
 * Only SHA-256 of a credential is stored or looked up, so neither the database nor timing of the look-up gives one away;
 * 256 random bits need no slow hash. Answers, also negative ones, are remembered for AUTH_CACHE_MS: a revoked token dies
 * within that time on every central. An agent has two keys while its key is changed; the first look-up of the new one makes
 * it the only one.
 */
#ifndef BELFRY_SVC_AUTH_H
#define BELFRY_SVC_AUTH_H

#include "central/http.h"
#include "central/routes.h"

#define AUTH_CACHE_MS 1000
#define AUTH_CACHE_MAX 20000 /* entries; the cache is emptied when it is full */
#define TOKEN_PREFIX "blf_"  /* so that scanners for leaked secrets can know it */
#define TOKEN_TEXT_SIZE 64   /* room for prefix, 43 characters of base64url, NUL */

struct auth;
struct auth *auth_new(void);
void auth_free(struct auth *auth);

enum auth_result {
	AUTH_OK,
	AUTH_MISSING,    /* neither "Bearer ..." in the header nor a cookie */
	AUTH_UNKNOWN,    /* unknown, expired or revoked */
	AUTH_REVOKED,    /* the key of an agent that was revoked */
	AUTH_UNAVAILABLE /* *ret_status says why */
};
/*
 * On the api listener tokens of people count, on the agent listener keys of agents. `session` is the value of the cookie,
 * for the api listener and when there is no `authorization`; both may be NULL. Any thread.
 */
enum auth_result auth_check(struct auth *auth, struct db_pool *pool, enum listener listener, const char *authorization,
			    const char *session, struct identity *ret, enum db_status *ret_status);
/* Sessions are looked up anew on this central: after a logout, a new password, an account that changed. */
void auth_forget_sessions(struct auth *auth);

/* `prefix` and 256 random bits as text. */
void credential_make(const char *prefix, char ret[static TOKEN_TEXT_SIZE]);
/* The SHA-256 of a credential as 64 hex digits. */
#define CREDENTIAL_HASH_SIZE 65
void credential_hash(const char *credential, char ret[static CREDENTIAL_HASH_SIZE]);
/* Of what stands behind "Bearer" in the header; false when that is not what it says. */
bool bearer_hash(const char *authorization, char ret[static CREDENTIAL_HASH_SIZE]);

struct token_row {
	char token_id[UUID_SIZE];
	char *name, *created_by;
	enum role role;
	struct wall created_at, expires_at, revoked_at; /* WALL_NONE = never */
};

struct token_terms {
	const char *name;
	enum role role;
	struct wall expires_at; /* WALL_NONE = never */
};
/* Makes one and tells it this once. Writes the audit line too. */
enum db_status token_create(struct db_conn *conn, const struct author *author, const struct token_terms *terms,
			    char ret_token[static TOKEN_TEXT_SIZE], char ret_token_id[static UUID_SIZE]);
enum db_status token_list(struct db_conn *conn,
			  GPtrArray **ret_rows); /* struct token_row, at most 1000, newest first */
/*
 * DB_NOT_FOUND when there is none or it is revoked already, DB_REFUSED when nobody could administer without it (account or
 * token).
 */
enum db_status token_revoke(struct db_conn *conn, const struct author *author, const char *token_id);
/* Is this text a valid admin token? */
enum db_status token_is_admin(struct db_conn *conn, const char *token, bool *ret);

#endif
