#include "central/idempotency.h"

#include <string.h>

#include <sodium.h>

#include "central/routes.h"
#include "common/log.h"

#define STILL_RUNNING_S 30 /* no handler takes so long */
#define IDENTITY_SIZE (IDENTITY_NAME_MAX + 16)

/* What is kept of an answer besides its body; names must live for ever. */
static const char *const kept_headers[] = { "Location", "ETag" };

static bool applies(const struct api_request *request)
{
	const struct route *route = request->route;
	return request->idempotency_key != NULL && route->role >= ROLE_VIEWER && strcmp(route->method, "POST") == 0 &&
	       (strcmp(route->path, "/api/jobs") == 0 || g_str_has_prefix(route->path, "/api/bulk/") ||
		strstr(route->path, "/actions/") != NULL);
}

static bool is_key(const char *key)
{
	size_t size = strlen(key);
	for (size_t i = 0; i < size; i++)
		if (!g_ascii_isgraph(key[i]))
			return false;
	return size > 0 && size <= IDEMPOTENCY_KEY_MAX;
}

/* Names may be given anew, and a token may be called like an account. */
static void print_identity(const struct api_request *request, char ret[static IDENTITY_SIZE])
{
	const struct identity *identity = &request->identity;
	g_snprintf(ret, IDENTITY_SIZE, "%s:%s", identity->is_account ? "account" : "token",
		   identity->is_account ? identity->name : identity->token_id);
}

static void print_hash(const struct api_request *request, char ret[static 2 * crypto_hash_sha256_BYTES + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	const char *const parts[] = { request->method, request->url, request->if_match };
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i] != NULL)
			crypto_hash_sha256_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	crypto_hash_sha256_update(&state, (const uint8_t *)request->body, request->body_size);
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(ret, 2 * sizeof hash + 1, hash, sizeof hash);
}

static void replay(struct api_reply *reply, const struct db_result *row)
{
	json_t *headers = json_loads(db_text(row, 0, 3), 0, NULL);
	const char *body = db_text_or_null(row, 0, 4);
	for (size_t i = 0; i < G_N_ELEMENTS(kept_headers); i++) {
		const char *value = json_string_value(json_object_get(headers, kept_headers[i]));
		if (value != NULL)
			api_reply_header(reply, kept_headers[i], "%s", value);
	}
	json_decref(headers);
	api_reply_header(reply, "Idempotency-Replayed", "true");
	if (body != NULL)
		api_reply_text(reply, (int)db_int(row, 0, 2), "application/json", g_strdup(body), strlen(body));
	else
		api_reply_empty(reply, (int)db_int(row, 0, 2));
}

/* The key was used before: with what, and what became of it. */
static void reply_used(struct api_reply *reply, const struct db_result *row, const char *hash)
{
	if (strcmp(db_text(row, 0, 0), hash) != 0) {
		problem_reply(reply, 422, NULL, NULL,
			      "this Idempotency-Key was used for another request; make a new key for each");
	} else if (!db_is_null(row, 0, 2)) {
		replay(reply, row);
	} else if (db_int(row, 0, 1) < STILL_RUNNING_S) {
		api_reply_header(reply, "Retry-After", "1");
		problem_reply(reply, 409, NULL, NULL, "the first request with this Idempotency-Key is still at work");
	} else {
		problem_reply(reply, 409, NULL, NULL,
			      "what became of the first request with this Idempotency-Key is not known; look, and use a "
			      "new key if it has to be repeated");
	}
}

static enum db_status claim(const struct api_request *request, struct api_reply *reply, bool *ret_claimed)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *claimed = NULL;
	DB_RESULT_AUTO struct db_result *row = NULL;
	char identity[IDENTITY_SIZE], hash[2 * crypto_hash_sha256_BYTES + 1];
	struct db_params params = { 0 }, who = { 0 };
	print_identity(request, identity);
	print_hash(request, hash);
	db_param_text(&params, identity);
	db_param_text(&params, request->idempotency_key);
	db_param_text(&params, hash);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = db_run(conn, "idempotency_claim", &params, &claimed);
	*ret_claimed = status == DB_OK && db_rows(claimed) == 1;
	if (status != DB_OK || *ret_claimed)
		return status;
	db_param_text(&who, identity);
	db_param_text(&who, request->idempotency_key);
	status = db_run_one(conn, "idempotency_read", &who, &row);
	if (status == DB_OK)
		reply_used(reply, row, hash);
	/* Let go in this instant by the request that held it: the same as a conflict. */
	return status == DB_NOT_FOUND ? DB_CONFLICT : status;
}

bool idempotency_begin(const struct api_request *request, struct api_reply *reply)
{
	bool claimed = false;
	if (!applies(request))
		return true;
	if (!is_key(request->idempotency_key)) {
		problem_reply(reply, 400, NULL, NULL, "Idempotency-Key must be 1-%d visible ASCII characters",
			      IDEMPOTENCY_KEY_MAX);
		return false;
	}
	enum db_status status = claim(request, reply, &claimed);
	if (status != DB_OK)
		problem_db(reply, status, "the Idempotency-Key");
	return claimed;
}

static char *headers_text(const struct api_reply *reply)
{
	json_t *headers = json_object();
	for (int i = 0; i < reply->n_headers; i++)
		for (size_t k = 0; k < G_N_ELEMENTS(kept_headers); k++)
			if (strcmp(reply->headers[i].name, kept_headers[k]) == 0)
				json_object_set_new(headers, kept_headers[k], json_string(reply->headers[i].value));
	char *text = json_dumps(headers, JSON_COMPACT);
	json_decref(headers);
	return text;
}

void idempotency_end(const struct api_request *request, const struct api_reply *reply)
{
	DB_AUTO struct db_conn *conn = NULL;
	char identity[IDENTITY_SIZE];
	struct db_params params = { 0 };
	if (!applies(request) || reply->uncertain)
		return;
	print_identity(request, identity);
	db_param_text(&params, identity);
	db_param_text(&params, request->idempotency_key);
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK && (reply->status < 200 || reply->status > 299)) {
		status = db_run(conn, "idempotency_release", &params, NULL);
	} else if (status == DB_OK) {
		g_autofree char *headers = headers_text(reply);
		g_autofree char *body = reply->body != NULL ? g_strndup(reply->body, reply->body_size) : NULL;
		db_param_int(&params, reply->status);
		db_param_text(&params, headers);
		db_param_text(&params, body);
		status = db_run(conn, "idempotency_keep", &params, NULL);
	}
	if (status != DB_OK)
		log_warning("an answer is not kept for its Idempotency-Key; the key stays claimed", "request", request->id,
			    "status", db_status_name(status), NULL);
}
