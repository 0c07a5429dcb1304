#include <config.h>

#include "central/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "central/central.h"
#include "central/chores.h"
#include "central/failover.h"
#include "central/fold.h"
#include "central/ingest.h"
#include "central/job_shown.h"
#include "central/kept_text.h"
#include "central/memory.h"
#include "central/metrics.h"
#include "central/migrate.h"
#include "central/reload.h"
#include "central/server.h"
#include "central/db_accounts.h"
#include "central/svc_auth.h"
#include "central/tls.h"
#include "central/web.h"
#include "common/log.h"

#define CHORES_CONNECTIONS 4
#define PREPARE_RETRY_MS 500

/* The daemon while it runs. */
struct serving {
	struct central central;
	struct server *api, *agents;
	struct reload *reload;
	GThread *preparer; /* waits for the database; NULL when it was there at the start */
	GMutex lock;
	GCond stop;
	bool stopping;
};

enum prepared { PREPARED, PREPARE_LATER, PREPARE_NEVER };

static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

static enum prepared check_credentials(struct central *central, GError **error)
{
	DB_AUTO struct db_conn *conn = NULL;
	bool exists = false;
	enum db_status status = db_acquire(central->chores_pool, &conn);
	if (status == DB_OK)
		status = admin_exists(conn, &exists);
	if (status == DB_OK && exists)
		return PREPARED;
	g_set_error(error, g_quark_from_static_string("belfry-serve"), 0,
		    status != DB_OK ? "the database went away"
				    : "no credential is set up; run: belfry-central init --token-file PATH");
	return status != DB_OK ? PREPARE_LATER : PREPARE_NEVER;
}

/* Schema, credential, chores: what has to be done once with a database before requests are served. */
static enum prepared prepare(struct central *central, GError **error)
{
	struct migrate_done done;
	enum migrate_result result = migrate_run(central->chores_pool, &done, error);
	if (result != MIGRATE_OK)
		return result == MIGRATE_AWAY ? PREPARE_LATER : PREPARE_NEVER;
	if (done.migrations > 0 || done.definitions)
		log_info("database migrated", "migrations", log_number(done.migrations), "definitions",
			 done.definitions ? "made anew" : "as they were", NULL);
	enum prepared prepared = check_credentials(central, error);
	if (prepared == PREPARED)
		g_atomic_int_set(&central->ready, 1);
	return prepared;
}

static bool wait_or_stop(struct serving *serving, int ms)
{
	gint64 until = g_get_monotonic_time() + ms * US_PER_MS;
	g_mutex_lock(&serving->lock);
	while (!serving->stopping && g_cond_wait_until(&serving->stop, &serving->lock, until))
		;
	bool stopping = serving->stopping;
	g_mutex_unlock(&serving->lock);
	return stopping;
}

/* Once central serves, nothing about the database ends it: what a person has to mend is said again and again. */
static void *preparer_main(void *data)
{
	struct serving *serving = data;
	g_autofree char *said = NULL;
	while (!wait_or_stop(serving, PREPARE_RETRY_MS)) {
		g_autoptr(GError) error = NULL;
		enum prepared prepared = prepare(&serving->central, &error);
		if (prepared == PREPARED) {
			log_info("the database is here; requests are served", NULL);
			return NULL;
		}
		if (prepared == PREPARE_NEVER && g_strcmp0(said, error->message) != 0) {
			log_error("cannot work with this database", "reason", error->message, NULL);
			g_free(said);
			said = g_strdup(error->message);
		}
	}
	return NULL;
}

static bool make_pools(struct central *central, GError **error)
{
	const struct central_config *config = central->config;
	int timeout_ms = config->statement_timeout_ms;
	central->api_pool = db_pool_new("api", config->database, (unsigned)config->api_threads, timeout_ms, DB_PLANS_KEPT, error);
	if (central->api_pool == NULL)
		return false;
	central->agent_pool =
		db_pool_new("agents", config->database, (unsigned)config->agent_threads, timeout_ms, DB_PLANS_KEPT, error);
	db_pool_set_memory(central->api_pool, central->memory);
	central->chores_pool = db_pool_new("chores", config->database, CHORES_CONNECTIONS, timeout_ms, DB_PLANS_ANEW, error);
	db_pool_set_memory(central->agent_pool, central->memory);
	return central->agent_pool != NULL && central->chores_pool != NULL;
}

static bool start_tls(struct central *central, GError **error)
{
	const struct central_config *config = central->config;
	central->is_tls = *config->tls_certificate != '\0';
	return !central->is_tls ||
	       tls_load(config->tls_certificate, config->tls_key, config->tls_client_ca, NULL, error);
}

static bool start(struct serving *serving, GError **error)
{
	struct central *central = &serving->central;
	central->auth = auth_new();
	central->job_shown = job_shown_new();
	central->overview = kept_text_new();
	central->metrics = metrics_new();
	central->memory = memory_start(central);
	admission_init(&central->syncs);
	central->web = web_new();
	reload_web(central);
	central->ingest = ingest_new(central->config->ingest_lanes);
	central->started_at = mono_now();
	if (!start_tls(central, error))
		return false;
	if (!make_pools(central, error))
		return false;
	enum prepared prepared = prepare(central, error);
	if (prepared == PREPARE_NEVER)
		return false;
	if (prepared == PREPARE_LATER) {
		log_warning("starting without a database: answering 503 until it comes", "reason", (*error)->message,
			    NULL);
		g_clear_error(error);
		serving->preparer = g_thread_new("preparer", preparer_main, serving);
	}
	central->chores = chores_start(central);
	central->failover = failover_start(central);
	central->fold = fold_start(central);
	/* The api listener last: who finds it ready finds the other one too. */
	serving->agents = server_start(central, LISTENER_AGENT, error);
	if (serving->agents == NULL)
		return false;
	serving->api = server_start(central, LISTENER_API, error);
	return serving->api != NULL;
}

static void stop(struct serving *serving)
{
	struct central *central = &serving->central;
	g_mutex_lock(&serving->lock);
	serving->stopping = true;
	g_cond_broadcast(&serving->stop);
	g_mutex_unlock(&serving->lock);
	struct db_pool *pools[] = { central->api_pool, central->agent_pool, central->chores_pool };
	for (size_t i = 0; i < G_N_ELEMENTS(pools); i++)
		db_pool_stop(pools[i]);
	server_stop(serving->api);
	server_stop(serving->agents);
	failover_stop(central->failover);
	chores_stop(central->chores);
	fold_stop(central->fold);
	if (serving->preparer != NULL)
		g_thread_join(serving->preparer);
	for (size_t i = 0; i < G_N_ELEMENTS(pools); i++)
		db_pool_free(pools[i]);
	auth_free(central->auth);
	job_shown_free(central->job_shown);
	kept_text_free(central->overview);
	metrics_free(central->metrics);
	memory_stop(central->memory);
	admission_done(&central->syncs);
	ingest_free(central->ingest);
	web_free(central->web);
	tls_unload();
	reload_free(serving->reload);
	g_mutex_clear(&serving->lock);
	g_cond_clear(&serving->stop);
}

static void cut_short(int signal)
{
	static const char text[] = "belfry-central: the stop took too long and was cut short\n";
	(void)signal;
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(0);
}

/* Agents keep connections open: as many descriptors as the system lets us have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* All threads inherit the mask, so that the main thread alone takes these signals. */
static void block_signals(sigset_t *ret)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static int wait_for_end(struct serving *serving, const sigset_t *signals)
{
	int taken = 0;
	while (sigwait(signals, &taken) != 0 || taken == SIGHUP)
		if (taken == SIGHUP)
			reload_run(serving->reload);
	return taken;
}

int central_serve(const struct central_config *config, const char *config_file)
{
	struct serving serving = { .central = { .config = config } };
	g_autoptr(GError) error = NULL;
	sigset_t signals;
	g_mutex_init(&serving.lock);
	g_cond_init(&serving.stop);
	serving.reload = reload_new(&serving.central, config_file);
	block_signals(&signals);
	raise_descriptor_limit();
	bool started = start(&serving, &error);
	if (started) {
		g_autofree char *line = g_strdup_printf("central: ready, api on %s, agents on %s%s", config->api_listen,
							config->agent_listen, serving.central.is_tls ? ", with TLS" : "");
		log_info(line, NULL);
		notify("READY=1");
		int taken = wait_for_end(&serving, &signals);
		log_info("central: stopping", "signal", log_number(taken), NULL);
		notify("STOPPING=1");
	} else {
		fprintf(stderr, "belfry-central: %s\n", error->message);
	}
	signal(SIGALRM, cut_short);
	alarm(SERVE_STOP_S);
	stop(&serving);
	alarm(0);
	return started ? 0 : 1;
}
