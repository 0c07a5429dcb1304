/*
 * Statements and transactions on one connection, with a deadline of the client's own: libpq is driven without blocking,
 * so a server that stops answering (frozen, cut off) costs one connection and never a thread.
 */
#include "central/db_internal.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "central/memory.h"
#include "common/log.h"
#include "common/sql.h"

#define CLIENT_GRACE_MS 2000 /* the server's own timeout should come first */
#define SMALL_READS 8         /* of a socket, which nobody is asked for */
#define FULL_SAID_MS 10000   /* between two lines that it has no room */

const char *db_status_name(enum db_status status)
{
	static const char *const names[] = { "ok",   "notFound", "conflict", "refused",
					     "away", "full",	 "large",    "timeout",  "failed",	 "uncertain" };
	return (size_t)status < G_N_ELEMENTS(names) ? names[status] : "?";
}

static void *index_statements(void *unused)
{
	(void)unused;
	GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; sql_central_queries[i].name != NULL; i++)
		g_hash_table_insert(index, (char *)sql_central_queries[i].name, GUINT_TO_POINTER(i + 1));
	return index;
}

/* A wrong name is a bug that the first test of the caller finds. */
static guint statement_index(const char *name)
{
	static GOnce once = G_ONCE_INIT;
	guint found = GPOINTER_TO_UINT(g_hash_table_lookup(g_once(&once, index_statements, NULL), name));
	if (found == 0)
		g_error("there is no statement \"%s\"", name);
	return found - 1;
}

static guint statement_count(void)
{
	guint n = 0;
	while (sql_central_queries[n].name != NULL)
		n++;
	return n;
}

static void set_message(struct db_conn *conn, const char *text, const char *constraint)
{
	g_strlcpy(conn->message, text != NULL ? text : "", sizeof conn->message);
	g_strdelimit(conn->message, "\r\n\t", ' ');
	g_strchomp(conn->message);
	g_strlcpy(conn->constraint, constraint != NULL ? constraint : "", sizeof conn->constraint);
}

/* What the SQLSTATE means; *ret_lost: the connection is of no more use. */
static enum db_status classify(const char *state, bool *ret_lost)
{
	static const struct {
		const char *prefix;
		enum db_status status;
		bool lost;
	} rules[] = {
		{ "23505", DB_CONFLICT, false }, /* unique key */
		{ "23P01", DB_CONFLICT, false }, /* exclusion */
		{ "40001", DB_CONFLICT, false }, /* serialization */
		{ "40P01", DB_CONFLICT, false }, /* deadlock */
		{ "57014", DB_TIMEOUT, false },	 /* statement timeout */
		{ "55P03", DB_TIMEOUT, false },	 /* lock timeout */
		{ "25006", DB_AWAY, true },	 /* read only: this is no longer the primary */
		{ "0A000", DB_AWAY, true },  /* "cached plan must not change result type": a newer central migrated */
		{ "26000", DB_AWAY, true },  /* the prepared statement is gone: a pooler in between */
		{ "57P", DB_AWAY, true },    /* shutting down, crashed, starting up */
		{ "25P03", DB_AWAY, true },  /* idle in transaction for too long */
		{ "08", DB_AWAY, true },     /* connection exceptions */
		{ "53100", DB_FULL, false }, /* disk */
		{ "53200", DB_FULL, false }, /* memory */
		{ "53", DB_AWAY, false },    /* out of connections */
		{ "58030", DB_AWAY, false }, /* I/O error */
		{ "22", DB_REFUSED, false }, /* data */
		{ "23", DB_REFUSED, false }, /* constraints */
	};
	*ret_lost = state == NULL;
	if (state == NULL)
		return DB_AWAY;
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (strncmp(state, rules[i].prefix, strlen(rules[i].prefix)) == 0) {
			*ret_lost = rules[i].lost;
			return rules[i].status;
		}
	}
	return DB_FAILED;
}

enum pump { PUMP_DONE, PUMP_LOST, PUMP_LATE, PUMP_LARGE };

static enum pump wait_socket(struct db_conn *conn, short events, gint64 deadline)
{
	for (;;) {
		gint64 left_us = deadline - g_get_monotonic_time();
		if (left_us <= 0)
			return PUMP_LATE;
		struct pollfd fd = { .fd = PQsocket(conn->pg), .events = events };
		int n = poll(&fd, 1, (int)(left_us / US_PER_MS) + 1);
		if (n < 0 && errno != EINTR)
			return PUMP_LOST;
		if (n > 0)
			return (fd.revents & POLLIN) == 0 || PQconsumeInput(conn->pg) == 1 ? PUMP_DONE : PUMP_LOST;
	}
}

/* Is there memory for what the socket has to read? libpq keeps it twice, as it came and as a result. */
static bool has_room_to_read(struct db_conn *conn)
{
	int size = 0;
	return ioctl(PQsocket(conn->pg), FIONREAD, &size) < 0 || memory_grow(db_conn_memory(conn), 2 * (size_t)MAX(size, 0));
}

/* An error outweighs what came before it; the last of equals stays. */
static void keep_result(PGresult **kept, PGresult *next)
{
	if (*kept != NULL && PQresultStatus(*kept) == PGRES_FATAL_ERROR) {
		PQclear(next);
		return;
	}
	PQclear(*kept);
	*kept = next;
}

/* Sends what is queued and collects the answer, up to its end or to "send the COPY data now". */
static enum pump pump(struct db_conn *conn, gint64 deadline, PGresult **ret)
{
	PGresult *kept = NULL;
	enum pump state = PUMP_DONE;
	for (int reads = 0;; reads++) {
		int unsent = PQflush(conn->pg);
		if (unsent < 0)
			state = PUMP_LOST;
		if (state == PUMP_DONE && (unsent > 0 || PQisBusy(conn->pg))) {
			state = reads >= SMALL_READS && !has_room_to_read(conn)
					? PUMP_LARGE
					: wait_socket(conn, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), deadline);
			if (state == PUMP_DONE)
				continue;
		}
		if (state == PUMP_LATE || state == PUMP_LARGE)
			break;
		/* After a loss this yields the server's last words, if any, and then NULL; it does not block. */
		PGresult *next = PQgetResult(conn->pg);
		if (next == NULL)
			break;
		keep_result(&kept, next);
		if (PQresultStatus(kept) == PGRES_COPY_IN)
			break;
	}
	*ret = kept;
	return state == PUMP_DONE && PQstatus(conn->pg) != CONNECTION_OK ? PUMP_LOST : state;
}

/* What a lost connection means: in a transaction the server rolls back; otherwise nobody knows. */
static enum db_status lost(struct db_conn *conn, bool may_have_happened)
{
	conn->broken = true;
	return may_have_happened ? DB_UNCERTAIN : DB_AWAY;
}

/* All of a fleet's syncs fail then, a thousand a second. */
static bool may_say_full(void)
{
	static GMutex lock;
	static gint64 say_next_at;
	gint64 now = g_get_monotonic_time();
	g_mutex_lock(&lock);
	bool may = now >= say_next_at;
	if (may)
		say_next_at = now + FULL_SAID_MS * US_PER_MS;
	g_mutex_unlock(&lock);
	return may;
}

static enum db_status judge(struct db_conn *conn, enum pump state, PGresult *result, bool may_have_happened)
{
	ExecStatusType kind = result != NULL ? PQresultStatus(result) : PGRES_FATAL_ERROR;
	if (state == PUMP_DONE && (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK || kind == PGRES_COPY_IN))
		return DB_OK;
	if (state == PUMP_LATE) {
		set_message(conn, "no answer from the server in time", NULL);
		return may_have_happened ? lost(conn, true) : (lost(conn, false), DB_TIMEOUT);
	}
	if (state == PUMP_LARGE) {
		set_message(conn, "no memory for the result", NULL);
		return lost(conn, false), DB_LARGE;
	}
	const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	set_message(conn, result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(conn->pg),
		    result != NULL ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL);
	bool is_lost;
	enum db_status status = classify(sqlstate, &is_lost);
	if (state == PUMP_LOST)
		return lost(conn, may_have_happened);
	conn->broken = conn->broken || is_lost;
	/* Only here are statement and reason known together; callers see a status. */
	if (status == DB_FAILED || status == DB_REFUSED || (status == DB_FULL && may_say_full()))
		log_error("statement failed", "statement", conn->statement, "sqlstate", sqlstate, "message",
			  conn->message, NULL);
	return status;
}

/* Room for what becomes of it. Only reads have large results, so a refusal undoes nothing. */
static bool take_room(struct db_conn *conn, const PGresult *result)
{
	size_t size = PQresultMemorySize(result), needed = size * MEMORY_RESULT_FACTOR;
	if (size <= MEMORY_RESULT_SMALL)
		return true;
	if (!memory_take(db_conn_memory(conn), needed))
		return false;
	conn->taken += needed;
	return true;
}

/* Waits for the answer to what was just sent; frees the result unless it is wanted. */
static enum db_status finish(struct db_conn *conn, bool sent, bool may_have_happened, struct db_result **ret)
{
	PGresult *result = NULL;
	if (!sent) {
		set_message(conn, PQerrorMessage(conn->pg), NULL);
		return lost(conn, false);
	}
	gint64 deadline = g_get_monotonic_time() + (conn->timeout_ms + CLIENT_GRACE_MS) * US_PER_MS;
	enum pump state = pump(conn, deadline, &result);
	enum db_status status = judge(conn, state, result, may_have_happened);
	if (status == DB_OK && ret != NULL && !take_room(conn, result))
		status = DB_LARGE;
	if (status == DB_OK && ret != NULL)
		*ret = (struct db_result *)result;
	else
		PQclear(result);
	return status;
}

static enum db_status prepare(struct db_conn *conn, guint index)
{
	conn->statement = sql_central_queries[index].name;
	if (conn->prepared == NULL)
		conn->prepared = g_new0(guint8, statement_count());
	if (conn->prepared[index])
		return DB_OK;
	const struct sql_query *query = &sql_central_queries[index];
	bool sent = PQsendPrepare(conn->pg, query->name, query->text, 0, NULL) == 1;
	enum db_status status = finish(conn, sent, false, NULL);
	conn->prepared[index] = status == DB_OK;
	return status;
}

/* The server keeps the plan of a prepared statement without parameters whatever it is told (plancache.c, choose_custom_plan). */
static enum db_status run_unprepared(struct db_conn *conn, guint index, struct db_result **ret)
{
	const struct sql_query *query = &sql_central_queries[index];
	conn->statement = query->name;
	bool sent = PQsendQueryParams(conn->pg, query->text, 0, NULL, NULL, NULL, NULL, 0) == 1;
	return finish(conn, sent, !conn->in_transaction, ret);
}

enum db_status db_run(struct db_conn *conn, const char *name, const struct db_params *params, struct db_result **ret)
{
	guint index = statement_index(name);
	if (conn->broken)
		return DB_AWAY;
	if (conn->plans_anew && (params == NULL || params->n == 0))
		return run_unprepared(conn, index, ret);
	enum db_status status = prepare(conn, index);
	if (status != DB_OK)
		return status;
	bool sent = PQsendQueryPrepared(conn->pg, name, params != NULL ? params->n : 0,
					params != NULL ? params->values : NULL, NULL, NULL, 0) == 1;
	return finish(conn, sent, !conn->in_transaction, ret);
}

enum db_status db_run_one(struct db_conn *conn, const char *name, const struct db_params *params,
			  struct db_result **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run(conn, name, params, &result);
	if (status == DB_OK && db_rows(result) == 0)
		return DB_NOT_FOUND;
	if (status == DB_OK && ret != NULL)
		*ret = g_steal_pointer(&result);
	return status;
}

enum db_status db_run_list(struct db_conn *conn, const char *name, const struct db_params *params,
			   const struct db_list *list, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run(conn, name, params, &result);
	if (status != DB_OK)
		return status;
	GArray *items = g_array_sized_new(FALSE, TRUE, list->size, (guint)db_rows(result));
	g_array_set_size(items, (guint)db_rows(result));
	g_array_set_clear_func(items, list->clear);
	for (int i = 0; i < db_rows(result); i++)
		list->read(result, i, items->data + (gsize)i * list->size);
	*ret = items;
	return DB_OK;
}

enum db_status db_run_script(struct db_conn *conn, const char *script)
{
	if (conn->broken)
		return DB_AWAY;
	conn->statement = "script";
	return finish(conn, PQsendQuery(conn->pg, script) == 1, !conn->in_transaction, NULL);
}

/* Queues all of it; libpq buffers what the socket does not take, so only the server's silence can stop this. */
static bool put_copy_data(struct db_conn *conn, const char *data, size_t size)
{
	gint64 deadline = g_get_monotonic_time() + (conn->timeout_ms + CLIENT_GRACE_MS) * US_PER_MS;
	const size_t chunk = 256 * 1024;
	while (size > 0) {
		int n = PQputCopyData(conn->pg, data, (int)MIN(size, chunk));
		if (n < 0 || (n == 0 && wait_socket(conn, POLLIN | POLLOUT, deadline) != PUMP_DONE))
			return false;
		if (n == 1) {
			data += MIN(size, chunk);
			size -= MIN(size, chunk);
		}
	}
	int n;
	while ((n = PQputCopyEnd(conn->pg, NULL)) == 0)
		if (wait_socket(conn, POLLIN | POLLOUT, deadline) != PUMP_DONE)
			return false;
	return n == 1;
}

enum db_status db_copy_in(struct db_conn *conn, const char *name, const char *data, size_t size)
{
	if (conn->broken)
		return DB_AWAY;
	const char *text = sql_central_queries[statement_index(name)].text;
	conn->statement = name;
	enum db_status status = finish(conn, PQsendQuery(conn->pg, text) == 1, false, NULL);
	if (status != DB_OK)
		return status;
	return finish(conn, put_copy_data(conn, data, size), !conn->in_transaction, NULL);
}

static enum db_status run_plain(struct db_conn *conn, const char *name, bool may_have_happened, struct db_result **ret)
{
	const char *text = sql_central_queries[statement_index(name)].text;
	conn->statement = name;
	return finish(conn, PQsendQuery(conn->pg, text) == 1, may_have_happened, ret);
}

enum db_status db_begin(struct db_conn *conn)
{
	assert(!conn->in_transaction);
	if (conn->broken)
		return DB_AWAY;
	enum db_status status = run_plain(conn, "transaction_begin", false, NULL);
	conn->in_transaction = status == DB_OK;
	return status;
}

enum db_status db_commit(struct db_conn *conn)
{
	assert(conn->in_transaction);
	conn->in_transaction = false;
	if (conn->broken)
		return DB_AWAY;
	DB_RESULT_AUTO struct db_result *result = NULL;
	conn->warned = false;
	enum db_status status = run_plain(conn, "transaction_commit", true, &result);
	/* The server answers COMMIT of a failed transaction with the tag ROLLBACK, not with an error. */
	if (status == DB_OK && strcmp(PQcmdStatus((PGresult *)result), "COMMIT") != 0)
		return DB_FAILED;
	/* Cancelled while it waited for its standby, it says COMMIT, and warns that nobody else may have it. */
	if (status == DB_OK && conn->warned)
		return DB_UNCERTAIN;
	/* A dying server may have committed before it said so. */
	if (status == DB_AWAY && conn->broken)
		return DB_UNCERTAIN;
	return status;
}

enum db_status db_rollback(struct db_conn *conn)
{
	conn->in_transaction = false;
	if (conn->broken)
		return DB_AWAY;
	return run_plain(conn, "transaction_rollback", false, NULL);
}

bool db_in_transaction(const struct db_conn *conn)
{
	return conn->in_transaction;
}

const char *db_message(const struct db_conn *conn)
{
	return conn->message;
}

const char *db_constraint(const struct db_conn *conn)
{
	return conn->constraint;
}

enum db_status db_set_timeout(struct db_conn *conn, int statement_timeout_ms)
{
	struct db_params params = { 0 };
	db_param_int(&params, statement_timeout_ms);
	enum db_status status = db_run(conn, "session_timeout", &params, NULL);
	if (status == DB_OK) {
		conn->timeout_ms = statement_timeout_ms;
		conn->timeout_changed = true;
	}
	return status;
}

enum db_status db_is_durable(struct db_conn *conn, bool *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "session_is_durable", NULL, &result);
	if (status == DB_OK)
		*ret = db_bool(result, 0, 0);
	return status;
}

enum db_status db_prepare_all(struct db_conn *conn, const char **ret_bad_name)
{
	for (guint i = 0; sql_central_queries[i].name != NULL; i++) {
		enum db_status status = prepare(conn, i);
		if (status != DB_OK) {
			*ret_bad_name = sql_central_queries[i].name;
			return status;
		}
	}
	return DB_OK;
}
