/*
 * PostgreSQL: pools of connections, named statements, transactions. Owns libpq-fe.h (no other file includes it).
 * Does not own: any statement's text (sql/central/queries), retries, what a status means to a client (http.h).
 *
 * A pool has one thread of its own, the mender, that makes and re-makes connections; request threads never wait for a
 * connect. A connection is used by one thread between db_acquire() and db_release(). Typical use:
 *
 *	DB_AUTO struct db_conn *conn = NULL;
 *	DB_RESULT_AUTO struct db_result *result = NULL;
 *	struct db_params params = { 0 };
 *	enum db_status status = db_acquire(pool, &conn);
 *	if (status == DB_OK)
 *		status = db_begin(conn);
 *	db_param_text(&params, job_id);
 *	if (status == DB_OK)
 *		status = db_run_one(conn, "job_get", &params, &result);
 *	if (status == DB_OK)
 *		status = db_commit(conn);
 *	return status;
 *
 * Leaving the scope releases the connection; a transaction that is still open then is rolled back.
 */
#ifndef BELFRY_DB_H
#define BELFRY_DB_H

#include <glib.h>

#include "common/clock.h"

enum db_status {
	DB_OK,
	DB_NOT_FOUND, /* db_run_one: no row */
	DB_CONFLICT,  /* unique key, serialization, deadlock: the transaction is lost, nothing happened */
	DB_REFUSED,   /* constraint or bad value: the same call will fail again */
	DB_AWAY,      /* no usable connection: nothing happened */
	DB_FULL,      /* the server has no room on its disk, or no memory: nothing happened */
	DB_LARGE,     /* there is no memory here for so large a result (memory.h) */
	DB_TIMEOUT,   /* statement or lock timeout: nothing happened */
	DB_FAILED,    /* anything else that the server said no to; nothing happened */
	DB_UNCERTAIN  /* the connection died after COMMIT, or a statement outside a transaction, was sent */
};
const char *db_status_name(enum db_status status);

struct db_pool;
struct db_conn;
/* Libpq's PGresult. */
struct db_result;

#define DB_POOL_MAX 256
#define DB_ACQUIRE_WAIT_MS 1000 /* longest wait in db_acquire() */
#define DB_CONNECT_TIMEOUT_S 2  /* per host of the connection string */
#define DB_RETRY_MS 500         /* the mender's pause after a failed connect */

/* Is this a connection string? The error says where it is not. */
bool db_conninfo_check(const char *conninfo, GError **error);
/*
 * How long the server keeps the plan of a statement. A kept plan fits the tables as they were at its fifth use, until they are
 * analyzed again: what was planned for ten jobs reads ten thousand one by one. What runs seldom is therefore planned each time.
 */
enum db_plans { DB_PLANS_KEPT, DB_PLANS_ANEW };

/*
 * Makes a pool of at most `size` connections, none of which is open yet. `conninfo` may name several hosts;
 * target_session_attrs=read-write is added when it says nothing about that. `name` goes into application_name and logs.
 * Returns NULL with an error when the connection string is no connection string.
 */
struct db_pool *db_pool_new(const char *name, const char *conninfo, unsigned size, int statement_timeout_ms,
			    enum db_plans plans, GError **error);
/* Large results of this pool need room there, until the connection is given back. `memory` must outlive the pool; NULL is fine. */
struct memory;
void db_pool_set_memory(struct db_pool *pool, struct memory *memory);
/* Tells the mender to end, without waiting: call it for all pools first, then free them one by one. NULL is fine. */
void db_pool_stop(struct db_pool *pool);
/* Closes all. Every connection must have been released. NULL is fine. */
void db_pool_free(struct db_pool *pool);
/* For metrics: connections open, in use, made since start, failed connects since start. Any thread. */
struct db_pool_stats { unsigned open, busy; guint64 connects, failures; };
void db_pool_get_stats(struct db_pool *pool, struct db_pool_stats *ret);
/* Why the last connect failed, one line, NULL when none failed since one succeeded. Caller frees. */
char *db_pool_reason(struct db_pool *pool);

/*
 * Takes a connection. DB_AWAY at once while the last connect failed and none is open; otherwise waits up to
 * DB_ACQUIRE_WAIT_MS, then DB_AWAY. A connection that died while idle is noticed here and replaced.
 */
enum db_status db_acquire(struct db_pool *pool, struct db_conn **ret);
/* Gives it back; rolls back an open transaction. NULL is fine. */
void db_release(struct db_conn *conn);
void db_release_p(struct db_conn **conn);
#define DB_AUTO __attribute__((cleanup(db_release_p)))

/* Transactions, READ COMMITTED. db_commit answers DB_FAILED when an earlier statement failed (it was rolled back). */
enum db_status db_begin(struct db_conn *conn);
enum db_status db_commit(struct db_conn *conn);
enum db_status db_rollback(struct db_conn *conn);
bool db_in_transaction(const struct db_conn *conn);

/*
 * Parameters, as text: zeroed by `{ 0 }`, filled in order $1, $2... Text is borrowed and must live until db_run();
 * numbers and instants are copied. More than DB_PARAMS_MAX is a bug (assert).
 */
#define DB_PARAMS_MAX 40
struct db_params {
	int n;
	const char *values[DB_PARAMS_MAX];
	char scratch[DB_PARAMS_MAX][40];
};
void db_param_text(struct db_params *params, const char *text); /* NULL = SQL NULL */
void db_param_int(struct db_params *params, int64_t value);
void db_param_bool(struct db_params *params, bool value);
void db_param_double(struct db_params *params, double value);
void db_param_wall(struct db_params *params, struct wall t); /* timestamptz; WALL_NONE = NULL, WALL_NEVER = infinity */
void db_param_null(struct db_params *params);

/*
 * Builds the text of an array parameter ('{"a","b",NULL}') for unnest($n::text[]) and friends: start with an empty
 * GString, append, close. Any element type takes the quoted form.
 */
void db_array_append(GString *array, const char *text); /* NULL = SQL NULL */
void db_array_append_int(GString *array, int64_t value);
void db_array_append_wall(GString *array, struct wall t);
const char *db_array_close(GString *array);

/*
 * Runs the named statement of sql/central/queries (prepared on first use in this connection). `params` may be NULL,
 * `ret` may be NULL; *ret is set on DB_OK only, to be freed by db_result_free(). The client's own deadline is the
 * statement timeout and 2 s: a server that hangs costs this connection, not the thread.
 * In a transaction a lost connection is DB_AWAY (the server rolls back), outside DB_UNCERTAIN.
 */
enum db_status db_run(struct db_conn *conn, const char *name, const struct db_params *params, struct db_result **ret);
/* The same, and DB_NOT_FOUND when there is no row. */
enum db_status db_run_one(struct db_conn *conn, const char *name, const struct db_params *params,
			  struct db_result **ret);
/* How a row becomes a struct: filled by `read`, what it holds freed by `clear` (NULL = it holds nothing). */
struct db_list {
	unsigned size;
	void (*read)(const struct db_result *result, int row, void *ret);
	void (*clear)(void *item);
};
/* The same as db_run(), for the rows as an array of such structs, in their order; *ret is the caller's to unref. */
enum db_status db_run_list(struct db_conn *conn, const char *name, const struct db_params *params,
			   const struct db_list *list, GArray **ret);
/* Sends `size` bytes to a named "COPY ... FROM STDIN" (text format). Not prepared. */
enum db_status db_copy_in(struct db_conn *conn, const char *name, const char *data, size_t size);
/* Several statements in one text, without parameters or results: migrations. */
enum db_status db_run_script(struct db_conn *conn, const char *script);

/* What the server said last on this connection ("" = nothing), one line; the constraint it named, or "". */
const char *db_message(const struct db_conn *conn);
const char *db_constraint(const struct db_conn *conn);

/* Milliseconds for statements and locks of this connection until it is released; for migrations and chores. */
enum db_status db_set_timeout(struct db_conn *conn, int statement_timeout_ms);

/* Does this server keep what it commits? False while fsync or synchronous_commit is off. */
enum db_status db_is_durable(struct db_conn *conn, bool *ret);

/* Prepares every named statement: a misspelt one is found at start, not in the night. Names the first bad one. */
enum db_status db_prepare_all(struct db_conn *conn, const char **ret_bad_name);

void db_result_free(struct db_result *result);
void db_result_free_p(struct db_result **result);
#define DB_RESULT_AUTO __attribute__((cleanup(db_result_free_p)))
int db_rows(const struct db_result *result);     /* rows returned */
int64_t db_affected(const struct db_result *result); /* rows inserted, updated or deleted */
bool db_is_null(const struct db_result *result, int row, int column);
/* Values: text "" when NULL, owned by the result; numbers 0 when NULL; WALL_NONE when NULL. */
const char *db_text(const struct db_result *result, int row, int column);
const char *db_text_or_null(const struct db_result *result, int row, int column);
int64_t db_int(const struct db_result *result, int row, int column);
double db_double(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);
struct wall db_wall(const struct db_result *result, int row, int column); /* a timestamptz */
/* Rows [from, to) whose column 0 is `first` and, unless NULL, column 1 `second`, of a result that stands in this order by bytes
 * (ids do by themselves, text by COLLATE "C"). */
struct db_range { int from, to; };
struct db_range db_rows_where(const struct db_result *result, const char *first, const char *second);
/* A one-dimensional array of integers ("{1,2,NULL}", NULL = 0) into ret[0..max-1]; returns how many there were. */
int db_int_array(const struct db_result *result, int row, int column, int64_t *ret, int max);

#endif
