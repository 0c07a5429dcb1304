#include "agent/agent_config.h"

#include <string.h>

#include "agent/egress.h"
#include "agent/runner_pool.h"

#define ROW(key_, type_, fallback_, ...)                                                                              \
	{ "agent", #key_, type_, fallback_, .offset = offsetof(struct agent_config, key_), __VA_ARGS__ }

const struct config_row agent_config_rows[] = {
	ROW(state_dir, CONFIG_PATH, "/var/lib/belfry-agent", .min = 1, .help = "Folder of the database and the agent's key"),
	ROW(socket, CONFIG_PATH, "", .help = "Unix socket of the local API; empty = agent.sock in state_dir"),
	ROW(central_url, CONFIG_STRING, "", .max = 1024, .help = "Central's listener for agents; empty = standalone"),
	ROW(central_ca, CONFIG_PATH, "", .help = "PEM file of the authorities that vouch for central; empty = the system's"),
	ROW(central_certificate, CONFIG_PATH, "", .help = "PEM file of this agent's own certificate, where central wants one"),
	ROW(central_key, CONFIG_PATH, "", .help = "PEM file of its key"),
	ROW(name, CONFIG_STRING, "", .max = JOB_ID_MAX, .help = "Name of this agent; empty = the host's name"),
	ROW(jobs_dir, CONFIG_PATH, "", .help = "Standalone: folder of job files, NAME.json defines the job NAME"),
	ROW(horizon_ms, CONFIG_MS, "500", .min = 10, .max = 60000, .help = "How far ahead of their instant fires are written down"),
	ROW(realtime, CONFIG_BOOL, "true", .help = "The thread that starts the fires runs before other work, if the host allows it"),
	ROW(runner_threads, CONFIG_INT, "-1", .min = -1, .max = RUNNER_POOL_HELPERS_MAX,
	    .help = "Threads that help to call when many attempts are under way; -1 = one less than processors"),
	ROW(max_open_transfers, CONFIG_INT, "256", .min = 1, .max = 65536, .help = "Attempts under way at once"),
	ROW(max_open_per_target, CONFIG_INT, "64", .min = 1, .max = 65536, .help = "Attempts under way at once to one host and port"),
	ROW(max_waiting_per_target, CONFIG_INT, "10000", .min = 1, .max = 1000000,
	    .help = "Fires that may wait for one host and port; more are skipped"),
	ROW(max_fires, CONFIG_INT, "200000", .min = 100, .max = 10000000, .help = "Fires in memory; what finds no room until it is due is skipped"),
	ROW(outbox_max_records, CONFIG_INT, "10000000", .min = 1000, .max = 1000000000,
	    .help = "Records that wait for central; at it nothing new is started until it has taken a tenth"),
	ROW(target_rate_per_second, CONFIG_DOUBLE, "0", .min = 0, .max = 1000000,
	    .help = "Attempts per second to one host and port; 0 = no limit"),
	ROW(target_rate_burst, CONFIG_INT, "1", .min = 1, .max = 100000, .help = "Attempts that may go out together under that limit"),
	ROW(egress_deny, CONFIG_STRING, "", .help = "Networks that jobs must not call, beside the built-in ones (10.0.0.0/8, ...)"),
	ROW(egress_allow, CONFIG_STRING, "", .help = "If set, the only networks that jobs may call"),
	ROW(history_rows, CONFIG_INT, "10000", .min = 0, .max = 100000000, .help = "Records kept here after central has them"),
	ROW(history_ms, CONFIG_MS, "604800000", .min = 60000, .max = 3.15e12, .help = "And for how long"),
	ROW(log_format, CONFIG_WORD, "text", .words = LOG_FORMAT_WORDS, .help = "Form of the log"),
	ROW(log_level, CONFIG_WORD, "info", .words = LOG_LEVEL_WORDS, .reloadable = true, .help = "Least level that is logged"),
	{ 0 }
};

static bool refuse(GError **error, const char *file, const char *key, const char *reason)
{
	return config_refuse(agent_config_rows, file, key, reason, error);
}

bool agent_config_check_url(const char *url, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
	const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
	bool good = (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && host != NULL && *host != '\0' &&
		    g_uri_get_userinfo(uri) == NULL && g_uri_get_query(uri) == NULL && g_uri_get_fragment(uri) == NULL;
	if (!good)
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			    "\"%s\" is not a URL like http://127.0.0.1:3002 or https://central.example:3002", url);
	return good;
}

static bool check_lists(const struct agent_config *config, const char *file, GError **error)
{
	g_autoptr(GError) reason = NULL;
	if (!egress_list_is_valid(config->egress_deny, &reason))
		return refuse(error, file, "egress_deny", reason->message);
	if (!egress_list_is_valid(config->egress_allow, &reason))
		return refuse(error, file, "egress_allow", reason->message);
	return true;
}

static bool check(const struct agent_config *config, const char *file, GError **error)
{
	g_autoptr(GError) reason = NULL;
	if (*config->central_url != '\0' && !agent_config_check_url(config->central_url, &reason))
		return refuse(error, file, "central_url", reason->message);
	if ((*config->central_certificate == '\0') != (*config->central_key == '\0'))
		return refuse(error, file, *config->central_key == '\0' ? "central_key" : "central_certificate",
			      "certificate and key need each other");
	if (*config->central_url != '\0' && *config->jobs_dir != '\0')
		return refuse(error, file, "jobs_dir", "only a standalone agent has one: leave out central_url or this");
	if (!job_id_is_valid(config->name))
		return refuse(error, file, "name", "only letters, digits, '.', '_' and '-' may stand in it");
	return check_lists(config, file, error);
}

static void fill_in(struct agent_config *config)
{
	if (config->runner_threads < 0)
		config->runner_threads = runner_pool_helpers_of_host();
	if (*config->name == '\0') {
		g_free(config->name);
		config->name = g_strndup(g_get_host_name(), JOB_ID_MAX);
	}
	if (*config->socket == '\0') {
		g_free(config->socket);
		config->socket = g_build_filename(config->state_dir, "agent.sock", NULL);
	}
	size_t size = strlen(config->central_url);
	while (size > 0 && config->central_url[size - 1] == '/')
		config->central_url[--size] = '\0';
}

bool agent_config_load(const char *file, struct agent_config *ret, GError **error)
{
	struct agent_config config = { 0 };
	if (!config_load(agent_config_rows, file, &config, error))
		return false;
	fill_in(&config);
	if (!check(&config, file, error)) {
		agent_config_clear(&config);
		return false;
	}
	*ret = config;
	return true;
}

void agent_config_clear(struct agent_config *config)
{
	config_free_strings(agent_config_rows, config);
}

bool agent_config_is_standalone(const struct agent_config *config)
{
	return *config->central_url == '\0';
}

void agent_config_core(const struct agent_config *config, struct core_config *ret)
{
	core_config_defaults(ret);
	ret->horizon_ms = config->horizon_ms;
	ret->max_open_transfers = config->max_open_transfers;
	ret->max_open_per_target = config->max_open_per_target;
	ret->max_waiting_per_target = config->max_waiting_per_target;
	ret->max_fires = config->max_fires;
	ret->outbox_max_records = agent_config_is_standalone(config) ? 0 : config->outbox_max_records;
	ret->target_rate_per_second = config->target_rate_per_second;
	ret->target_rate_burst = config->target_rate_burst;
}
