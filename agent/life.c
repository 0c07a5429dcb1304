#include "agent/life.h"

#include <malloc.h>

#include "agent/egress.h"
#include "agent/host.h"
#include "agent/jobs_dir.h"
#include "agent/local_api.h"
#include "agent/loop.h"
#include "agent/notify.h"
#include "agent/runner_pool.h"
#include "agent/sync.h"
#include "common/tz.h"

#define JOBS_DIR_SETTLE_MS 200 /* after a change in the folder: an editor makes several */
#define JOBS_DIR_BUSY_MS 800   /* a folder that is never quiet for that long is read all the same */
#define OTHER_FILES 128        /* descriptors besides transfers */

struct life {
	const struct life_setup *setup;
	const struct agent_config *config;
	char boot_id[48];
	struct loop *loop;
	struct store_sqlite *store;
	struct egress_policy *egress;
	struct runner_pool *runner;
	struct core *core;
	struct sync *sync;
	struct local_api *local_api;
	struct jobs_dir *jobs_dir;
	struct event *jobs_dir_event, *jobs_dir_settled;
	struct mono jobs_dir_busy_since; /* the first change that is not read yet */
};

static bool say(GError *error)
{
	log_error(error->message, NULL);
	g_error_free(error);
	return false;
}

static int64_t revision_of(void *context, const char *job_id)
{
	struct life *life = context;
	struct core_job_view view;
	return core_find_job(life->core, job_id, &view) ? view.job->revision : -1;
}

static bool keeps(gpointer id, const struct life *life)
{
	struct core_job_view view;
	return core_find_job(life->core, id, &view);
}

static int64_t count_kept(const struct life *life, GHashTable *ids)
{
	GHashTableIter iter;
	gpointer id;
	int64_t n = 0;
	g_hash_table_iter_init(&iter, ids);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		n += keeps(id, life);
	return n;
}

static void read_jobs_dir(struct life *life)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	guint changed = 0;
	struct job_change *change = jobs_dir_read(life->jobs_dir, revision_of, life, problems, &changed);
	for (guint i = 0; i < problems->len; i++)
		log_error("a job file cannot be used; what was in force stays", "problem", problems->pdata[i], NULL);
	if (change == NULL)
		return;
	int64_t revision, count;
	uint64_t digest;
	core_job_set(life->core, &revision, &digest, &count);
	int64_t deleted = count - count_kept(life, change->keep_ids);
	if (changed == 0 && deleted == 0) {
		loop_drop_change(change);
		return;
	}
	change->jobs_revision = revision + 1;
	core_apply_jobs(life->core, change);
	log_info("job files read", "changed", log_number(changed), "deleted", log_number(deleted), NULL);
}

static void on_jobs_dir(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct life *life = context;
	jobs_dir_drain(life->jobs_dir);
	if (!evtimer_pending(life->jobs_dir_settled, NULL))
		life->jobs_dir_busy_since = mono_now();
	else if (mono_diff_us(mono_now(), life->jobs_dir_busy_since) >= JOBS_DIR_BUSY_MS * US_PER_MS)
		return;
	struct timeval settle = { 0, JOBS_DIR_SETTLE_MS * 1000 };
	evtimer_add(life->jobs_dir_settled, &settle);
}

static void on_jobs_dir_settled(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	read_jobs_dir(context);
}

/* What can be taken over while running is; of the rest people are told. */
static void reload(void *context)
{
	struct life *life = context;
	g_autoptr(GError) error = NULL;
	struct agent_config fresh;
	if (life->jobs_dir != NULL)
		read_jobs_dir(life);
	if (!agent_config_load(life->setup->config_file, &fresh, &error)) {
		log_error("the configuration is not reloaded", "error", error->message, NULL);
		return;
	}
	for (const struct config_row *row = agent_config_rows; row->key != NULL; row++)
		if (!row->reloadable && !config_row_equal(row, &fresh, life->config))
			log_warning("this key takes effect at the next start", "key", row->key, NULL);
	log_open((enum log_format)life->config->log_format, (enum log_level)fresh.log_level);
	agent_config_clear(&fresh);
	log_info("reloaded", "tzdata", tz_database_version(), NULL);
}

static bool open_jobs_dir(struct life *life)
{
	GError *error = NULL;
	if (*life->config->jobs_dir == '\0')
		return true;
	life->jobs_dir = jobs_dir_new(life->config->jobs_dir, &error);
	if (life->jobs_dir == NULL) {
		g_prefix_error(&error, "jobs_dir: ");
		return say(error);
	}
	life->jobs_dir_settled = evtimer_new(loop_base(life->loop), on_jobs_dir_settled, life);
	if (jobs_dir_fd(life->jobs_dir) < 0) {
		log_warning("the job folder cannot be watched: it is read again on SIGHUP only", NULL);
		return true;
	}
	life->jobs_dir_event =
		event_new(loop_base(life->loop), jobs_dir_fd(life->jobs_dir), EV_READ | EV_PERSIST, on_jobs_dir, life);
	event_add(life->jobs_dir_event, NULL);
	return true;
}

static struct store_snapshot *open_store(struct life *life)
{
	const struct agent_config *config = life->config;
	struct store_config store_config = {
		.state_dir = config->state_dir,
		.keep_all = agent_config_is_standalone(config),
		.check = life->setup->again,
		.history_rows = config->history_rows,
		.history_ms = config->history_ms,
	};
	GError *error = NULL;
	g_autofree char *lost = NULL;
	life->store = store_sqlite_open(&store_config, &lost, &error);
	if (life->store == NULL) {
		say(error);
		return NULL;
	}
	if (lost != NULL)
		log_error(lost, NULL);
	struct store_snapshot *snapshot = store_sqlite_load(life->store, &error);
	if (snapshot == NULL)
		say(error);
	return snapshot;
}

static bool make_runner(struct life *life)
{
	GError *error = NULL;
	life->egress = egress_policy_new(life->config->egress_deny, life->config->egress_allow, &error);
	if (life->egress == NULL)
		return say(error);
	struct runner_pool_config config = {
		.http.agent_id = life->setup->keys != NULL ? key_ring_id(life->setup->keys) : "",
		.http.max_open_transfers = life->config->max_open_transfers,
		.http.egress = life->egress,
		.helpers = life->config->runner_threads,
	};
	life->runner = runner_pool_new(loop_base(life->loop), &config, loop_report, life->loop, &error);
	return life->runner != NULL || say(error);
}

static void start_core(struct life *life, const struct store_snapshot *snapshot)
{
	struct core_config config;
	agent_config_core(life->config, &config);
	config.agent_id = life->setup->keys != NULL ? key_ring_id(life->setup->keys) : "";
	config.leases = life->setup->keys != NULL;
	config.boot_id = life->boot_id;
	config.booted_at = host_booted_at();
	config.seed = (uint64_t)g_random_int() << 32 | g_random_int();
	struct runner runner = loop_runner(life->loop, runner_pool_interface(life->runner));
	life->core = core_new(&config, loop_clock(life->loop), store_sqlite_interface(life->store), runner);
	loop_set_core(life->loop, life->core);
	core_note_unsent(life->core, store_sqlite_depth(life->store));
	core_start(life->core, snapshot);
}

static const struct store_stats *source_store_stats(void *context)
{
	return loop_store_stats(((struct life *)context)->loop);
}

static const struct sync_news *source_sync_news(void *context)
{
	return loop_sync_news(((struct life *)context)->loop);
}

static void source_recent(void *context, int limit, int64_t before_seq,
			  void (*done)(void *done_context, GPtrArray *records, const int64_t *seqs), void *done_context)
{
	store_sqlite_recent(((struct life *)context)->store, limit, before_seq, done, done_context);
}

static bool make_local_api(struct life *life)
{
	GError *error = NULL;
	struct local_api_config config = {
		.socket_path = life->config->socket,
		.name = life->config->name,
		.agent_id = life->setup->keys != NULL ? key_ring_id(life->setup->keys) : "",
		.central_url = life->config->central_url,
		.egress = life->egress,
		.core = life->core,
		.runner = life->runner,
		.source = { life, source_store_stats, source_sync_news, source_recent },
	};
	life->local_api = local_api_new(loop_base(life->loop), &config, &error);
	return life->local_api != NULL || say(error);
}

static void make_sync(struct life *life)
{
	if (life->setup->keys == NULL)
		return;
	struct sync_config config = {
		.central_url = life->config->central_url,
		.keys = life->setup->keys,
		.tls = { life->config->central_ca, life->config->central_certificate, life->config->central_key },
		.boot_id = life->boot_id,
	};
	life->sync = sync_new(&config, loop_queue(life->loop));
}

static void say_ready(const struct life *life)
{
	int64_t revision, count;
	uint64_t digest;
	core_job_set(life->core, &revision, &digest, &count);
	g_autofree char *from = life->sync != NULL ? g_strdup_printf("central %s", life->config->central_url) :
						    g_strdup_printf("standalone, jobs from %s", life->config->jobs_dir);
	g_autofree char *line = g_strdup_printf("agent %s: ready, %" G_GINT64_FORMAT " jobs, %s", life->config->name, count, from);
	log_info(line, NULL);
	notify_ready(line);
}

static bool begin(struct life *life)
{
	GError *error = NULL;
	host_boot_id(life->boot_id, sizeof life->boot_id);
	if (!host_allow_open_files(runner_pool_connections_max(life->config->max_open_transfers, life->config->runner_threads) +
				   OTHER_FILES))
		log_warning("the limit of open files is lower than max_open_transfers needs", NULL);
	struct store_snapshot *snapshot = open_store(life);
	if (snapshot == NULL)
		return false;
	life->loop = loop_new(&error);
	bool good = (life->loop != NULL || say(error)) && make_runner(life) && open_jobs_dir(life);
	if (good) {
		make_sync(life);
		store_sqlite_start(life->store, loop_queue(life->loop), life->sync != NULL ? sync_queue(life->sync) : NULL);
		start_core(life, snapshot);
		if (life->jobs_dir != NULL)
			read_jobs_dir(life);
		if (life->sync != NULL)
			sync_start(life->sync, life->store);
		good = make_local_api(life);
	}
	if (good)
		say_ready(life);
	store_snapshot_free(snapshot);
	/* Reading a large job set leaves holes between what stays; this gives whole pages back. */
	malloc_trim(0);
	return good;
}

/* Whoever still sends messages goes before whoever gets them; the store first commits what is queued. */
static void finish(struct life *life)
{
	sync_stop(life->sync);
	if (life->core != NULL)
		store_sqlite_stop(life->store);
	local_api_free(life->local_api);
	runner_pool_free(life->runner);
	core_free(life->core);
	sync_free(life->sync);
	if (life->jobs_dir_event != NULL)
		event_free(life->jobs_dir_event);
	if (life->jobs_dir_settled != NULL)
		event_free(life->jobs_dir_settled);
	jobs_dir_free(life->jobs_dir);
	loop_free(life->loop);
	egress_policy_free(life->egress);
	store_sqlite_free(life->store);
}

enum life_end life_run(const struct life_setup *setup)
{
	struct life life = { .setup = setup, .config = setup->config };
	enum life_end how = LIFE_FAILED;
	bool begun = begin(&life);
	/* The other threads are made: from here on this one has only the loop to run. */
	if (begun && life.config->realtime && !loop_make_realtime(life.loop))
		log_info("this host does not grant real-time priority: fires share the processor with other work", NULL);
	if (begun)
		how = loop_run(life.loop, reload, &life) == LOOP_STOPPED ? LIFE_STOPPED : LIFE_DATABASE_LOST;
	finish(&life);
	return how;
}
