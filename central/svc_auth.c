#include "central/svc_auth.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "central/db_accounts.h"
#include "central/db_audit.h"
#include "central/db_sessions.h"
#include "common/rfc3339.h"

#define HASH_BYTES crypto_hash_sha256_BYTES

struct auth {
	GMutex lock;
	GHashTable *cache; /* struct known, key and value in one */
};

enum kind { KIND_TOKEN, KIND_SESSION, KIND_AGENT };

struct known {
	uint8_t hash[HASH_BYTES];
	enum kind kind;
	bool valid, revoked; /* revoked: it was an agent's key */
	struct identity identity;
	gint64 until; /* monotonic us */
};

static guint known_hash(const void *key)
{
	guint value;
	memcpy(&value, ((const struct known *)key)->hash, sizeof value);
	return value;
}

static gboolean known_equal(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	return x->kind == y->kind && sodium_memcmp(x->hash, y->hash, HASH_BYTES) == 0;
}

struct auth *auth_new(void)
{
	struct auth *auth = g_new0(struct auth, 1);
	g_mutex_init(&auth->lock);
	auth->cache = g_hash_table_new_full(known_hash, known_equal, g_free, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	g_hash_table_unref(auth->cache);
	g_mutex_clear(&auth->lock);
	g_free(auth);
}

/* Fills the rest of *known when the answer is still fresh. */
static bool recall(struct auth *auth, struct known *known)
{
	g_mutex_lock(&auth->lock);
	const struct known *found = g_hash_table_lookup(auth->cache, known);
	bool fresh = found != NULL && g_get_monotonic_time() < found->until;
	if (fresh)
		*known = *found;
	g_mutex_unlock(&auth->lock);
	return fresh;
}

/* From when the database was asked: what was revoked since then may have been answered as it was before. */
static void remember(struct auth *auth, const struct known *known, gint64 asked_at)
{
	struct known *copy = g_memdup2(known, sizeof *known);
	copy->until = asked_at + AUTH_CACHE_MS * US_PER_MS;
	g_mutex_lock(&auth->lock);
	if (g_hash_table_size(auth->cache) >= AUTH_CACHE_MAX)
		g_hash_table_remove_all(auth->cache);
	g_hash_table_replace(auth->cache, copy, copy);
	g_mutex_unlock(&auth->lock);
}

static enum db_status look_up_session(struct db_conn *conn, const char *hex, struct known *known)
{
	bool touch = false;
	enum db_status status = session_find(conn, hex, &known->identity, &known->valid, &touch);
	if (status == DB_OK && known->valid && touch)
		status = session_touch(conn, hex);
	return status;
}

/* Another request may take a next key into use between the first look and the second: so a third. */
static enum db_status look_up_agent(struct db_conn *conn, const struct db_params *params, struct db_result **ret)
{
	static const char *const looks[] = { "token_find_agent", "token_take_next_key", "token_find_agent" };
	enum db_status status = DB_OK;
	for (size_t i = 0; i < G_N_ELEMENTS(looks) && status == DB_OK && (*ret == NULL || db_rows(*ret) == 0); i++) {
		db_result_free(g_steal_pointer(ret));
		status = db_run(conn, looks[i], params, ret);
	}
	return status;
}

static enum db_status look_up_revoked(struct db_conn *conn, const struct db_params *params, struct known *known)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run(conn, "token_was_agent", params, &result);
	known->revoked = status == DB_OK && db_rows(result) > 0;
	return status;
}

static enum db_status look_up(struct db_pool *pool, struct known *known)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	char hex[CREDENTIAL_HASH_SIZE];
	sodium_bin2hex(hex, sizeof hex, known->hash, HASH_BYTES);
	db_param_text(&params, hex);
	bool for_people = known->kind == KIND_TOKEN;
	known->identity.expires_at = WALL_NONE;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK && known->kind == KIND_SESSION)
		return look_up_session(conn, hex, known);
	if (status == DB_OK)
		status = for_people ? db_run(conn, "token_find", &params, &result) : look_up_agent(conn, &params, &result);
	if (status == DB_OK && db_rows(result) == 0 && !for_people)
		return look_up_revoked(conn, &params, known);
	if (status != DB_OK || db_rows(result) == 0)
		return status;
	g_strlcpy(known->identity.name, db_text(result, 0, 0), sizeof known->identity.name);
	if (for_people) {
		known->valid = role_parse(db_text(result, 0, 1), &known->identity.role);
		g_strlcpy(known->identity.token_id, db_text(result, 0, 2), sizeof known->identity.token_id);
		known->identity.expires_at = db_wall(result, 0, 3);
	} else {
		known->valid = true;
		known->identity.role = ROLE_AGENT;
		g_strlcpy(known->identity.agent_id, db_text(result, 0, 1), sizeof known->identity.agent_id);
	}
	return DB_OK;
}

/* What stands behind "Bearer"; NULL when that is not what the header says. */
static const char *bearer_of(const char *authorization)
{
	if (authorization == NULL || g_ascii_strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	return authorization + 7 + strspn(authorization + 7, " ");
}

bool bearer_hash(const char *authorization, char ret[static CREDENTIAL_HASH_SIZE])
{
	const char *credential = bearer_of(authorization);
	if (credential != NULL)
		credential_hash(credential, ret);
	return credential != NULL;
}

enum auth_result auth_check(struct auth *auth, struct db_pool *pool, enum listener listener, const char *authorization,
			    const char *session, struct identity *ret, enum db_status *ret_status)
{
	struct known known = { .kind = listener == LISTENER_AGENT ? KIND_AGENT : KIND_TOKEN };
	const char *credential = bearer_of(authorization);
	if (credential == NULL && authorization == NULL && session != NULL && listener == LISTENER_API) {
		credential = session;
		known.kind = KIND_SESSION;
	}
	if (credential == NULL)
		return AUTH_MISSING;
	crypto_hash_sha256(known.hash, (const uint8_t *)credential, strlen(credential));
	if (!recall(auth, &known)) {
		gint64 asked_at = g_get_monotonic_time();
		enum db_status status = look_up(pool, &known);
		if (status != DB_OK) {
			*ret_status = status;
			return AUTH_UNAVAILABLE;
		}
		remember(auth, &known, asked_at);
	}
	if (!known.valid)
		return known.revoked ? AUTH_REVOKED : AUTH_UNKNOWN;
	*ret = known.identity;
	return AUTH_OK;
}

static gboolean is_session(void *key, void *value, void *data)
{
	(void)value;
	(void)data;
	return ((const struct known *)key)->kind == KIND_SESSION;
}

void auth_forget_sessions(struct auth *auth)
{
	g_mutex_lock(&auth->lock);
	g_hash_table_foreach_remove(auth->cache, is_session, NULL);
	g_mutex_unlock(&auth->lock);
}

void credential_hash(const char *credential, char ret[static CREDENTIAL_HASH_SIZE])
{
	uint8_t hash[HASH_BYTES];
	crypto_hash_sha256(hash, (const uint8_t *)credential, strlen(credential));
	sodium_bin2hex(ret, CREDENTIAL_HASH_SIZE, hash, sizeof hash);
}

void credential_make(const char *prefix, char ret[static TOKEN_TEXT_SIZE])
{
	uint8_t random[32];
	randombytes_buf(random, sizeof random);
	size_t size = g_strlcpy(ret, prefix, TOKEN_TEXT_SIZE);
	sodium_bin2base64(ret + size, TOKEN_TEXT_SIZE - size, random, sizeof random,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* What the audit tells of a token. */
static char *token_text(const char *name, const char *role, struct wall expires_at)
{
	char at[RFC3339_SIZE];
	const char *until = wall_is_set(expires_at) ? rfc3339_print_ms(expires_at, at) : NULL;
	json_t *json = json_pack("{s:s, s:s, s:s?}", "name", name, "role", role, "expiresAt", until);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

enum db_status token_create(struct db_conn *conn, const struct author *author, const struct token_terms *terms,
			    char ret_token[static TOKEN_TEXT_SIZE], char ret_token_id[static UUID_SIZE])
{
	char hash[CREDENTIAL_HASH_SIZE];
	credential_make(TOKEN_PREFIX, ret_token);
	credential_hash(ret_token, hash);
	uuid_v7(wall_now(), ret_token_id);
	struct db_params params = { 0 };
	db_param_text(&params, ret_token_id);
	db_param_text(&params, terms->name);
	db_param_text(&params, role_name(terms->role));
	db_param_text(&params, hash);
	db_param_text(&params, author->name);
	db_param_wall(&params, terms->expires_at);
	enum db_status status = db_run(conn, "token_insert", &params, NULL);
	if (status != DB_OK)
		return status;
	char *after = token_text(terms->name, role_name(terms->role), terms->expires_at);
	status = db_audit(conn, author, "token.create", ret_token_id, NULL, after);
	free(after);
	return status;
}

static void free_token_row(struct token_row *row)
{
	g_free(row->name);
	g_free(row->created_by);
	g_free(row);
}

enum db_status token_list(struct db_conn *conn, GPtrArray **ret_rows)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run(conn, "token_list", NULL, &result);
	if (status != DB_OK)
		return status;
	GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)free_token_row);
	for (int i = 0; i < db_rows(result); i++) {
		struct token_row *row = g_new0(struct token_row, 1);
		g_strlcpy(row->token_id, db_text(result, i, 0), sizeof row->token_id);
		row->name = g_strdup(db_text(result, i, 1));
		role_parse(db_text(result, i, 2), &row->role);
		row->created_by = g_strdup(db_text(result, i, 3));
		row->created_at = db_wall(result, i, 4);
		row->expires_at = db_wall(result, i, 5);
		row->revoked_at = db_wall(result, i, 6);
		g_ptr_array_add(rows, row);
	}
	*ret_rows = rows;
	return DB_OK;
}

enum db_status token_revoke(struct db_conn *conn, const struct author *author, const char *token_id)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, token_id);
	bool admin_is_left = false;
	enum db_status status = admin_lock(conn);
	if (status == DB_OK)
		status = db_run_one(conn, "token_revoke", &params, &result);
	if (status == DB_OK) {
		char *before = token_text(db_text(result, 0, 0), db_text(result, 0, 1), db_wall(result, 0, 2));
		status = db_audit(conn, author, "token.revoke", token_id, before, NULL);
		free(before);
	}
	if (status == DB_OK)
		status = admin_exists(conn, &admin_is_left);
	return status == DB_OK && !admin_is_left ? DB_REFUSED : status;
}

enum db_status token_is_admin(struct db_conn *conn, const char *token, bool *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	char hash[CREDENTIAL_HASH_SIZE];
	credential_hash(token, hash);
	struct db_params params = { 0 };
	db_param_text(&params, hash);
	enum db_status status = db_run(conn, "token_find", &params, &result);
	if (status == DB_OK)
		*ret = db_rows(result) == 1 && strcmp(db_text(result, 0, 1), "admin") == 0;
	return status;
}
