/*
 * The pool. Request threads take idle connections; one mender thread per pool makes new ones, because a connect may take
 * seconds (DNS, a dead host before a live one in the connection string) and must not hold up a pool thread that serves
 * hundreds of clients. While PostgreSQL is away the mender tries again every DB_RETRY_MS and everybody else is told
 * DB_AWAY at once, so an outage costs one connect at a time, whatever the load.
 */
#include "central/db_internal.h"

#include <poll.h>
#include <string.h>

#include "central/memory.h"
#include "common/log.h"

struct db_pool {
	char *name;
	char *conninfo;
	unsigned size;
	int statement_timeout_ms;
	enum db_plans plans;
	struct memory *memory;
	GThread *mender;

	GMutex lock;	/* all below */
	GCond returned; /* a connection is idle, or hope is lost */
	GCond wanted;	/* somebody waits, or the pool ends */
	GPtrArray *idle;
	unsigned open, waiting;
	bool away, ending;
	gint64 next_try; /* monotonic us */
	guint64 connects, failures;
	char *reason; /* of the last failure */
};

int db_conn_default_timeout(const struct db_conn *conn)
{
	return conn->pool->statement_timeout_ms;
}

struct memory *db_conn_memory(const struct db_conn *conn)
{
	return conn->pool->memory;
}

void db_pool_set_memory(struct db_pool *pool, struct memory *memory)
{
	if (pool != NULL)
		pool->memory = memory;
}

static void conn_free(struct db_conn *conn)
{
	PQfinish(conn->pg);
	g_free(conn->prepared);
	g_free(conn);
}

/* The connection string with what it does not say itself. */
static PGconn *connect_with_defaults(const struct db_pool *pool)
{
	static const struct {
		const char *keyword, *value;
	} defaults[] = {
		{ "connect_timeout", G_STRINGIFY(DB_CONNECT_TIMEOUT_S) },
		{ "target_session_attrs", "read-write" },
		{ "keepalives_idle", "10" },
		{ "keepalives_interval", "5" },
		{ "keepalives_count", "3" },
		{ "tcp_user_timeout", "20000" },
	};
	const char *keywords[G_N_ELEMENTS(defaults) + 2], *values[G_N_ELEMENTS(defaults) + 2];
	size_t n = 0;
	for (; n < G_N_ELEMENTS(defaults); n++) {
		keywords[n] = defaults[n].keyword;
		values[n] = defaults[n].value;
	}
	/* Later entries win over earlier ones, and "dbname" is expanded as a connection string. */
	keywords[n] = "dbname";
	values[n++] = pool->conninfo;
	keywords[n] = NULL;
	values[n] = NULL;
	return PQconnectdbParams(keywords, values, 1);
}

static void strip_line_ends(char *text)
{
	g_strdelimit(text, "\r\n\t", ' ');
	g_strchomp(text);
}

static void log_notice(void *data, const PGresult *notice)
{
	struct db_conn *conn = data;
	conn->warned = conn->warned || g_strcmp0(PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED), "WARNING") == 0;
	log_debug("database notice", "pool", conn->pool->name, "message", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY),
		  NULL);
}

/* A new connection that is set up, or NULL with the reason (caller frees). */
static struct db_conn *conn_open(struct db_pool *pool, char **ret_reason)
{
	struct db_conn *conn = g_new0(struct db_conn, 1);
	conn->pool = pool;
	conn->timeout_ms = pool->statement_timeout_ms;
	conn->plans_anew = pool->plans == DB_PLANS_ANEW;
	conn->pg = connect_with_defaults(pool);
	if (PQstatus(conn->pg) != CONNECTION_OK) {
		*ret_reason = g_strdup(PQerrorMessage(conn->pg));
		strip_line_ends(*ret_reason);
		conn_free(conn);
		return NULL;
	}
	PQsetnonblocking(conn->pg, 1);
	PQsetNoticeReceiver(conn->pg, log_notice, conn);
	g_autofree char *application = g_strdup_printf("belfry-central %s", pool->name);
	struct db_params params = { 0 };
	db_param_int(&params, pool->statement_timeout_ms);
	db_param_int(&params, (int64_t)pool->statement_timeout_ms * 2);
	db_param_text(&params, application);
	db_param_text(&params, conn->plans_anew ? "force_custom_plan" : "auto");
	if (db_run(conn, "session_setup", &params, NULL) != DB_OK) {
		*ret_reason = g_strdup(db_message(conn));
		conn_free(conn);
		return NULL;
	}
	return conn;
}

/* Called and left with the lock held; lets go of it during the connect. */
static void mend(struct db_pool *pool)
{
	g_autofree char *reason = NULL;
	g_mutex_unlock(&pool->lock);
	struct db_conn *conn = conn_open(pool, &reason);
	g_mutex_lock(&pool->lock);
	bool was_away = pool->away;
	g_free(pool->reason);
	pool->reason = g_steal_pointer(&reason);
	if (conn != NULL) {
		pool->connects++;
		pool->open++;
		pool->away = false;
		g_ptr_array_add(pool->idle, conn);
		if (was_away)
			log_info("database is back", "pool", pool->name, NULL);
	} else {
		if (!was_away || pool->failures == 0)
			log_warning("database is away; trying again every half second", "pool", pool->name, "reason",
				    pool->reason, NULL);
		pool->failures++;
		pool->away = true;
		pool->next_try = g_get_monotonic_time() + DB_RETRY_MS * US_PER_MS;
	}
	g_cond_broadcast(&pool->returned);
}

static void *mender_main(void *data)
{
	struct db_pool *pool = data;
	g_mutex_lock(&pool->lock);
	while (!pool->ending) {
		bool needed = pool->open < pool->size && (pool->away || pool->waiting > pool->idle->len);
		if (!needed)
			g_cond_wait(&pool->wanted, &pool->lock);
		else if (pool->away && g_get_monotonic_time() < pool->next_try)
			g_cond_wait_until(&pool->wanted, &pool->lock, pool->next_try);
		else
			mend(pool);
	}
	g_mutex_unlock(&pool->lock);
	return NULL;
}

bool db_conninfo_check(const char *conninfo, GError **error)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	if (options == NULL) {
		if (message != NULL)
			strip_line_ends(message);
		g_set_error_literal(error, g_quark_from_static_string("belfry-db"), 0,
				    message != NULL ? message : "out of memory");
	}
	PQfreemem(message);
	PQconninfoFree(options);
	return options != NULL;
}

struct db_pool *db_pool_new(const char *name, const char *conninfo, unsigned size, int statement_timeout_ms,
			    enum db_plans plans, GError **error)
{
	if (!db_conninfo_check(conninfo, error))
		return NULL;
	struct db_pool *pool = g_new0(struct db_pool, 1);
	pool->name = g_strdup(name);
	pool->conninfo = g_strdup(conninfo);
	pool->size = CLAMP(size, 1, DB_POOL_MAX);
	pool->statement_timeout_ms = statement_timeout_ms;
	pool->plans = plans;
	pool->idle = g_ptr_array_new();
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->returned);
	g_cond_init(&pool->wanted);
	pool->mender = g_thread_new("db-mender", mender_main, pool);
	return pool;
}

void db_pool_stop(struct db_pool *pool)
{
	if (pool == NULL)
		return;
	g_mutex_lock(&pool->lock);
	pool->ending = true;
	g_cond_broadcast(&pool->wanted);
	g_mutex_unlock(&pool->lock);
}

void db_pool_free(struct db_pool *pool)
{
	if (pool == NULL)
		return;
	db_pool_stop(pool);
	g_thread_join(pool->mender);
	for (guint i = 0; i < pool->idle->len; i++)
		conn_free(g_ptr_array_index(pool->idle, i));
	g_ptr_array_free(pool->idle, TRUE);
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->returned);
	g_cond_clear(&pool->wanted);
	g_free(pool->name);
	g_free(pool->conninfo);
	g_free(pool->reason);
	g_free(pool);
}

void db_pool_get_stats(struct db_pool *pool, struct db_pool_stats *ret)
{
	g_mutex_lock(&pool->lock);
	*ret = (struct db_pool_stats){ .open = pool->open,
				       .busy = pool->open - pool->idle->len,
				       .connects = pool->connects,
				       .failures = pool->failures };
	g_mutex_unlock(&pool->lock);
}

char *db_pool_reason(struct db_pool *pool)
{
	g_mutex_lock(&pool->lock);
	char *reason = g_strdup(pool->reason);
	g_mutex_unlock(&pool->lock);
	return reason;
}

/* An idle connection has nothing to read: when it has, the server said good-bye. */
static bool is_alive(struct db_conn *conn)
{
	struct pollfd fd = { .fd = PQsocket(conn->pg), .events = POLLIN };
	if (PQstatus(conn->pg) != CONNECTION_OK || poll(&fd, 1, 0) < 0)
		return false;
	return fd.revents == 0 || (PQconsumeInput(conn->pg) == 1 && PQstatus(conn->pg) == CONNECTION_OK);
}

static struct db_conn *take_idle(struct db_pool *pool)
{
	while (pool->idle->len > 0) {
		struct db_conn *conn = g_ptr_array_steal_index_fast(pool->idle, pool->idle->len - 1);
		if (is_alive(conn))
			return conn;
		pool->open--;
		conn_free(conn);
	}
	return NULL;
}

enum db_status db_acquire(struct db_pool *pool, struct db_conn **ret)
{
	gint64 deadline = g_get_monotonic_time() + DB_ACQUIRE_WAIT_MS * US_PER_MS;
	bool in_time = true;
	struct db_conn *conn;
	g_mutex_lock(&pool->lock);
	while ((conn = take_idle(pool)) == NULL && in_time && !pool->ending && !(pool->away && pool->open == 0)) {
		pool->waiting++;
		g_cond_signal(&pool->wanted);
		in_time = g_cond_wait_until(&pool->returned, &pool->lock, deadline);
		pool->waiting--;
	}
	/* The mender hangs in a connect: who comes next need not wait to learn that. */
	if (conn == NULL && !in_time && pool->open == 0)
		pool->away = true;
	g_mutex_unlock(&pool->lock);
	if (conn == NULL)
		return DB_AWAY;
	*ret = conn;
	return DB_OK;
}

/* Leaves the connection as new, or broken. */
static void tidy(struct db_conn *conn)
{
	if (conn->in_transaction && !conn->broken)
		db_rollback(conn);
	if (conn->timeout_changed && !conn->broken && db_set_timeout(conn, db_conn_default_timeout(conn)) == DB_OK)
		conn->timeout_changed = false;
	if (conn->in_transaction || conn->timeout_changed || PQtransactionStatus(conn->pg) != PQTRANS_IDLE)
		conn->broken = true;
}

void db_release(struct db_conn *conn)
{
	if (conn == NULL)
		return;
	struct db_pool *pool = conn->pool;
	tidy(conn);
	memory_give(pool->memory, conn->taken);
	conn->taken = 0;
	/* Once it is idle it is somebody else's. */
	bool broken = conn->broken;
	g_mutex_lock(&pool->lock);
	if (broken)
		pool->open--;
	else
		g_ptr_array_add(pool->idle, conn);
	/* A signal that nobody hears costs a call of the kernel, and one to the mender two switches: per request too much. */
	if (pool->waiting > 0) {
		g_cond_signal(&pool->returned);
		if (broken)
			g_cond_signal(&pool->wanted);
	}
	g_mutex_unlock(&pool->lock);
	if (broken)
		conn_free(conn);
}

void db_release_p(struct db_conn **conn)
{
	db_release(*conn);
}
