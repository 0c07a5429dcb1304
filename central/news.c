#include "central/news.h"

#include <string.h>

#include "central/admission.h"
#include "central/commands.h"
#include "central/svc_auth.h"
#include "common/log.h"

struct known {
	char key_hash[CREDENTIAL_HASH_SIZE], agent_id[AGENT_ID_SIZE], name[IDENTITY_NAME_MAX + 1];
	int64_t jobs_revision, command_id;
};

struct news {
	struct central *central;
	GThread *thread;
	struct admission hints;
	GMutex lock; /* all below */
	GCond wake;
	bool ending;
	GHashTable *by_key, *by_agent; /* of struct known; by_key owns them. NULL = not read yet */
	gint64 read_at;                /* monotonic us */
};

enum { COLUMN_KEY, COLUMN_AGENT, COLUMN_NAME, COLUMN_REVISION, COLUMN_COMMAND };

static void fill(const struct db_result *rows, GHashTable *by_key, GHashTable *by_agent)
{
	for (int i = 0; i < db_rows(rows); i++) {
		struct known *known = g_new0(struct known, 1);
		g_strlcpy(known->key_hash, db_text(rows, i, COLUMN_KEY), sizeof known->key_hash);
		g_strlcpy(known->agent_id, db_text(rows, i, COLUMN_AGENT), sizeof known->agent_id);
		g_strlcpy(known->name, db_text(rows, i, COLUMN_NAME), sizeof known->name);
		known->jobs_revision = db_int(rows, i, COLUMN_REVISION);
		known->command_id = db_int(rows, i, COLUMN_COMMAND);
		g_hash_table_replace(by_key, known->key_hash, known);
		g_hash_table_replace(by_agent, known->agent_id, known);
	}
}

static void swap_tables(struct news *news, GHashTable *by_key, GHashTable *by_agent, gint64 read_at)
{
	g_mutex_lock(&news->lock);
	GHashTable *old_key = news->by_key, *old_agent = news->by_agent;
	news->by_key = by_key;
	news->by_agent = by_agent;
	news->read_at = read_at;
	g_mutex_unlock(&news->lock);
	g_clear_pointer(&old_agent, g_hash_table_unref);
	g_clear_pointer(&old_key, g_hash_table_unref);
}

/* A failure is no news: the old table gets stale, and other threads tell of a database that is away. */
static void read_table(struct news *news)
{
	DB_AUTO struct db_conn *conn = NULL;
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct db_params params = { 0 };
	gint64 began = g_get_monotonic_time();
	db_param_int(&params, COMMAND_MAX_AGE_SECONDS);
	db_param_int(&params, NEWS_AGENTS_MAX);
	if (db_acquire(news->central->chores_pool, &conn) != DB_OK ||
	    db_run(conn, "news_read", &params, &rows) != DB_OK)
		return;
	GHashTable *by_key = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	GHashTable *by_agent = g_hash_table_new(g_str_hash, g_str_equal);
	fill(rows, by_key, by_agent);
	swap_tables(news, by_key, by_agent, began);
}

/* True when the thread is to end. */
static bool wait_round(struct news *news)
{
	gint64 until = g_get_monotonic_time() + NEWS_ROUND_MS * US_PER_MS;
	g_mutex_lock(&news->lock);
	while (!news->ending && g_cond_wait_until(&news->wake, &news->lock, until))
		;
	bool ending = news->ending;
	g_mutex_unlock(&news->lock);
	return ending;
}

static void *news_main(void *data)
{
	struct news *news = data;
	do {
		if (g_atomic_int_get(&news->central->ready))
			read_table(news);
	} while (!wait_round(news));
	return NULL;
}

struct news *news_start(struct central *central)
{
	struct news *news = g_new0(struct news, 1);
	news->central = central;
	admission_init(&news->hints);
	g_mutex_init(&news->lock);
	g_cond_init(&news->wake);
	news->thread = g_thread_new("news", news_main, news);
	return news;
}

void news_stop(struct news *news)
{
	if (news == NULL)
		return;
	g_mutex_lock(&news->lock);
	news->ending = true;
	g_cond_broadcast(&news->wake);
	g_mutex_unlock(&news->lock);
	g_thread_join(news->thread);
	swap_tables(news, NULL, NULL, 0);
	g_mutex_clear(&news->lock);
	g_cond_clear(&news->wake);
	admission_done(&news->hints);
	g_free(news);
}

bool news_admit(struct news *news, const char *authorization, struct identity *ret)
{
	char hash[CREDENTIAL_HASH_SIZE];
	if (news == NULL || authorization == NULL || g_ascii_strncasecmp(authorization, "Bearer ", 7) != 0)
		return false;
	credential_hash(authorization + 7 + strspn(authorization + 7, " "), hash);
	g_mutex_lock(&news->lock);
	bool fresh = news->by_key != NULL && g_get_monotonic_time() - news->read_at < NEWS_STALE_MS * US_PER_MS;
	const struct known *known = fresh ? g_hash_table_lookup(news->by_key, hash) : NULL;
	if (known != NULL) {
		*ret = (struct identity){ .role = ROLE_AGENT, .expires_at = WALL_NONE };
		g_strlcpy(ret->name, known->name, sizeof ret->name);
		g_strlcpy(ret->agent_id, known->agent_id, sizeof ret->agent_id);
	}
	g_mutex_unlock(&news->lock);
	return known != NULL;
}

bool news_wait_for(struct news *news, const char *agent_id, int64_t jobs_revision, int64_t command_id)
{
	int retry_s;
	if (news == NULL)
		return false;
	g_mutex_lock(&news->lock);
	const struct known *known = news->by_agent != NULL ? g_hash_table_lookup(news->by_agent, agent_id) : NULL;
	bool waits = known != NULL && (known->jobs_revision > jobs_revision || known->command_id > command_id);
	g_mutex_unlock(&news->lock);
	int per_second = MAX(news->central->config->syncs_per_second * NEWS_HINT_PERCENT / 100, 1);
	return waits && admission_try(&news->hints, g_get_monotonic_time(), per_second, &retry_s);
}
