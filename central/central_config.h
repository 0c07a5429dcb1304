/*
 * Central's configuration: the keys of [central] and their checks beyond the table. Owns: struct central_config. Does not
 * own: how a file is read (common/config.h), what a reload takes over (reload.h).
 *
 * Load, use, clear. Read-only once loaded: any thread.
 */
#ifndef BELFRY_CENTRAL_CONFIG_H
#define BELFRY_CENTRAL_CONFIG_H

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>

/* So many syncs of an agent must fit into offline_after_ms: else one that is well counts as silent now and then, and its lease,
 * two thirds of that, ends between two syncs. */
#define CENTRAL_SYNCS_UNTIL_OFFLINE 2

struct central_config {
	char *api_listen, *agent_listen; /* "127.0.0.1:3001", "[::1]:3001" */
	char *database;                  /* libpq connection string */
	char *web_dir;                   /* the built dashboard; "" = none */
	int api_threads, agent_threads;
	int ingest_lanes;                /* groups of records that are committed at once */
	int statement_timeout_ms;
	int memory_max_mb;               /* 0 = as much as the system leaves it */
	bool allow_plain_http;           /* on addresses other than loopback */
	char *tls_certificate, *tls_key; /* PEM files; "" = plain HTTP */
	char *tls_client_ca;             /* PEM file; "" = agents need no certificate */
	char *trusted_proxies;           /* addresses whose X-Forwarded-For and -Proto are believed */
	int64_t session_idle_ms, session_max_ms;
	int log_format, log_level;
	int retention_days;              /* executions older than that are dropped by whole days */
	int retention_success_days;      /* of status success; 0 = retention_days */
	int retention_skipped_days;
	int syncs_per_second;            /* what one central takes; paces the fleet */
	int64_t sync_interval_ms;        /* the shortest pace that agents are told */
	int64_t offline_after_ms;        /* silence after which an agent counts as offline */
};

struct listen_address { struct sockaddr_storage address; uint16_t port; };

/* `file` NULL = defaults. On error: one line that names file, line and key. */
bool central_config_load(const char *file, struct central_config *ret, GError **error);
void central_config_print(const struct central_config *config, GString *out);
/* The keys that differ and need a restart, with commas between; NULL = none. Caller frees. */
char *central_config_stuck(const struct central_config *old, const struct central_config *fresh);
void central_config_clear(struct central_config *config);

/* "127.0.0.1:3001" or "[::1]:3001": numeric address and port 1-65535. */
bool listen_address_parse(const char *text, struct listen_address *ret, GError **error);
bool listen_address_is_loopback(const struct listen_address *address);

#endif
