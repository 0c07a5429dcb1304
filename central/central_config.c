#include "central/central_config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "central/db.h"
#include "central/origin.h"
#include "common/config.h"
#include "common/log.h"

#ifndef BELFRY_WEB_DIR
#define BELFRY_WEB_DIR "/usr/local/share/belfry/web"
#endif

#define MEMORY_MIN_MB 64 /* central alone and a request or two */

#define ROW(key_, type_, fallback_, ...)                                                                         \
	{                                                                                                        \
		"central", #key_, type_, fallback_, .offset = offsetof(struct central_config, key_), __VA_ARGS__ \
	}

static const struct config_row rows[] = {
	ROW(api_listen, CONFIG_STRING, "127.0.0.1:3001", .max = 64, .help = "Address and port for people and scripts"),
	ROW(agent_listen, CONFIG_STRING, "127.0.0.1:3002", .max = 64, .help = "Address and port for agents"),
	ROW(database, CONFIG_STRING, "dbname=belfry", .min = 1, .secrecy = CONFIG_CONNINFO,
	    .help = "PostgreSQL connection string of libpq; may name several hosts"),
	ROW(web_dir, CONFIG_PATH, BELFRY_WEB_DIR, .reloadable = true, .help = "Folder of the built dashboard; its files are read again too"),
	ROW(api_threads, CONFIG_INT, "8", .min = 1, .max = DB_POOL_MAX,
	    .help = "Threads, and database connections, for people"),
	ROW(agent_threads, CONFIG_INT, "16", .min = 1, .max = DB_POOL_MAX,
	    .help = "Threads, and database connections, for agents"),
	ROW(ingest_lanes, CONFIG_INT, "2", .min = 1, .max = 64,
	    .help = "Transactions that take records at once, each for many agents"),
	ROW(statement_timeout_ms, CONFIG_INT, "5000", .min = 100, .max = 600000,
	    .help = "Longest time a statement may take"),
	ROW(memory_max_mb, CONFIG_INT, "0", .min = 0, .max = 16777216, .reloadable = true,
	    .help = "Memory above which requests are refused with 503; 0 = three quarters of the machine, or what its control group may have"),
	ROW(allow_plain_http, CONFIG_BOOL, "false",
	    .help = "Listen without TLS on other addresses than loopback; only behind a proxy that speaks TLS"),
	ROW(tls_certificate, CONFIG_PATH, "", .reloadable = true,
	    .help = "PEM file of the certificate of both listeners, with what it was signed by; empty = plain HTTP"),
	ROW(tls_key, CONFIG_PATH, "", .reloadable = true, .help = "PEM file of its key"),
	ROW(tls_client_ca, CONFIG_PATH, "", .reloadable = true,
	    .help = "PEM file of the authorities of agents' certificates; empty = agents need none. A reload asks new connections only; restart to ask all"),
	ROW(trusted_proxies, CONFIG_STRING, "", .max = 1024,
	    .reloadable = true, .help = "Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, with commas between"),
	ROW(session_idle_ms, CONFIG_MS, "28800000", .min = 1000, .max = 2592000000,
	    .reloadable = true, .help = "A browser that asks nothing for so long is logged out"),
	ROW(session_max_ms, CONFIG_MS, "604800000", .min = 1000, .max = 31536000000,
	    .reloadable = true, .help = "A browser has to log in again after so long"),
	ROW(log_format, CONFIG_WORD, "text", .words = LOG_FORMAT_WORDS, .reloadable = true, .help = "Form of the log"),
	ROW(log_level, CONFIG_WORD, "info", .words = LOG_LEVEL_WORDS, .reloadable = true, .help = "Least level that is logged"),
	ROW(retention_days, CONFIG_INT, "90", .min = 1, .max = 36500, .reloadable = true,
	    .help = "Days that executions, agents' events and quarantined records are kept; an execution that "
		    "comes for an older day is put into quarantine"),
	ROW(retention_success_days, CONFIG_INT, "0", .min = 0, .max = 36500,
	    .help = "Days that successful executions are kept; 0 = retention_days"),
	ROW(retention_skipped_days, CONFIG_INT, "0", .min = 0, .max = 36500,
	    .help = "Days that skipped executions are kept; 0 = retention_days"),
	ROW(syncs_per_second, CONFIG_INT, "1000", .min = 1, .max = 100000,
	    .reloadable = true, .help = "Syncs per second that this central takes"),
	ROW(sync_interval_ms, CONFIG_MS, "1000", .min = 100, .max = 3600000,
	    .reloadable = true, .help = "Shortest pace of one agent's syncs; at most half of offline_after_ms"),
	ROW(offline_after_ms, CONFIG_MS, "30000", .min = 1000, .max = 86400000,
	    .reloadable = true, .help = "Silence after which an agent counts as offline"),
	{ 0 }
};

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;
	guint64 port = g_ascii_strtoull(text, &end, 10);
	if (!g_ascii_isdigit(*text) || *end != '\0' || port < 1 || port > 65535)
		return false;
	*ret = (uint16_t)port;
	return true;
}

bool listen_address_parse(const char *text, struct listen_address *ret, GError **error)
{
	struct listen_address result = { 0 };
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[';
	if (colon != NULL && parse_port(colon + 1, &result.port)) {
		g_autofree char *host = g_strndup(text, (gsize)(colon - text));
		size_t size = strlen(host);
		struct sockaddr_in *v4 = (struct sockaddr_in *)&result.address;
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&result.address;
		if (bracketed && size > 2 && host[size - 1] == ']') {
			host[size - 1] = '\0';
			*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(result.port) };
			if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1) {
				*ret = result;
				return true;
			}
		} else {
			*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(result.port) };
			if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
				*ret = result;
				return true;
			}
		}
	}
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
		    "\"%s\" is not a numeric address with a port from 1 to 65535 (127.0.0.1:3001, [::1]:3001)", text);
	return false;
}

bool listen_address_is_loopback(const struct listen_address *address)
{
	if (address->address.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&address->address)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)&address->address)->sin_addr.s_addr) >> 24 == 127;
}

/* "FILE:LINE: " of a key that was set there, as common/config.c says it; "defaults: " when it was not. */
static char *place_of(const char *file, const char *key)
{
	g_autofree char *text = NULL;
	if (file == NULL || !g_file_get_contents(file, &text, NULL, NULL))
		return g_strdup("defaults: ");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (int i = 0; lines[i] != NULL; i++) {
		const char *line = g_strchug(lines[i]);
		size_t size = strlen(key);
		if (strncmp(line, key, size) == 0 && line[size + strspn(line + size, " \t")] == '=')
			return g_strdup_printf("%s:%d: ", file, i + 1);
	}
	return g_strdup_printf("%s: ", file);
}

static bool bad_value(const char *file, const char *key, const char *reason, GError **error)
{
	g_autofree char *place = place_of(file, key);
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s%s: %s", place, key, reason);
	return false;
}

static bool check_listen(const char *file, const char *key, const char *text, bool allow_plain_http, GError **error)
{
	struct listen_address address;
	g_autoptr(GError) reason = NULL;
	if (!listen_address_parse(text, &address, &reason))
		return bad_value(file, key, reason->message, error);
	if (allow_plain_http || listen_address_is_loopback(&address))
		return true;
	return bad_value(
		file, key,
		"is not loopback, and this listener speaks plain HTTP; set tls_certificate and tls_key, listen on 127.0.0.1 "
		"behind a TLS proxy, or set allow_plain_http=true",
		error);
}

static bool check_database(const char *file, const char *conninfo, GError **error)
{
	g_autoptr(GError) reason = NULL;
	return db_conninfo_check(conninfo, &reason) || bad_value(file, "database", reason->message, error);
}

static bool check_tls(const char *file, const struct central_config *config, GError **error)
{
	if (*config->tls_certificate != '\0' && *config->tls_key == '\0')
		return bad_value(file, "tls_key", "tls_certificate needs its key", error);
	if (*config->tls_certificate == '\0' && *config->tls_key != '\0')
		return bad_value(file, "tls_certificate", "tls_key needs its certificate", error);
	if (*config->tls_certificate == '\0' && *config->tls_client_ca != '\0')
		return bad_value(file, "tls_client_ca", "without tls_certificate there is no TLS", error);
	return true;
}

static bool check_retention(const char *file, const struct central_config *config, GError **error)
{
	const char *key = config->retention_success_days > config->retention_days   ? "retention_success_days"
			  : config->retention_skipped_days > config->retention_days ? "retention_skipped_days"
										    : NULL;
	return key == NULL || bad_value(file, key, "is longer than retention_days, after which nothing is kept", error);
}

static bool check_pace(const char *file, const struct central_config *config, GError **error)
{
	return config->sync_interval_ms * CENTRAL_SYNCS_UNTIL_OFFLINE <= config->offline_after_ms ||
	       bad_value(file, "sync_interval_ms",
			 "is more than half of offline_after_ms: agents that are well would count as silent", error);
}

static bool check_memory(const char *file, int memory_max_mb, GError **error)
{
	if (memory_max_mb == 0 || memory_max_mb >= MEMORY_MIN_MB)
		return true;
	return bad_value(file, "memory_max_mb", "must be 0 or at least " G_STRINGIFY(MEMORY_MIN_MB), error);
}

static bool check_proxies(const char *file, const char *proxies, GError **error)
{
	return proxies_are_valid(proxies) ||
	       bad_value(file, "trusted_proxies", "must be numeric addresses with commas between", error);
}

bool central_config_load(const char *file, struct central_config *ret, GError **error)
{
	struct central_config config = { 0 };
	if (!config_load(rows, file, &config, error))
		return false;
	bool plain_is_fine = config.allow_plain_http || *config.tls_certificate != '\0';
	if (!check_tls(file, &config, error) || !check_listen(file, "api_listen", config.api_listen, plain_is_fine, error) ||
	    !check_listen(file, "agent_listen", config.agent_listen, plain_is_fine, error) ||
	    !check_retention(file, &config, error) || !check_pace(file, &config, error) ||
	    !check_memory(file, config.memory_max_mb, error) ||
	    !check_database(file, config.database, error) || !check_proxies(file, config.trusted_proxies, error)) {
		config_free_strings(rows, &config);
		return false;
	}
	*ret = config;
	return true;
}

void central_config_print(const struct central_config *config, GString *out)
{
	config_print(rows, config, out);
}

void central_config_clear(struct central_config *config)
{
	config_free_strings(rows, config);
}

char *central_config_stuck(const struct central_config *old, const struct central_config *fresh)
{
	g_autoptr(GString) names = g_string_new(NULL);
	for (const struct config_row *row = rows; row->key != NULL; row++)
		if (!row->reloadable && !config_row_equal(row, old, fresh))
			g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", row->key);
	return names->len > 0 ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}
