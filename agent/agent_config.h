/*
 * What an administrator can set on the agent: the [agent] group of its configuration file. Owns: the table of keys, the
 * defaults that are computed. Does not own: how a file is read (common/config.h), what a reload takes over (life.c).
 *
 * Load, use, clear. Read-only once loaded: any thread. What a key means stands in the table, which --print-config prints.
 */
#ifndef BELFRY_AGENT_CONFIG_H
#define BELFRY_AGENT_CONFIG_H

#include "agent/core.h"
#include "agent/store_sqlite.h"
#include "common/config.h"
#include "common/log.h"

struct agent_config {
	char *state_dir, *socket;
	char *central_url;                /* "" = none */
	char *name;                       /* "" never happens: the host's name stands in */
	char *jobs_dir;                   /* "" = none: not standalone */
	int64_t horizon_ms;               /* as in struct core_config */
	bool realtime;
	int runner_threads;               /* beside the loop */
	int max_open_transfers, max_open_per_target, max_waiting_per_target, max_fires; /* as in struct core_config */
	int outbox_max_records;
	double target_rate_per_second;
	int target_rate_burst;
	int history_rows;
	int64_t history_ms;
	char *egress_deny, *egress_allow; /* agent/egress.h */
	char *central_ca;                 /* PEM file; "" = the system's */
	char *central_certificate, *central_key; /* PEM files; "" = none */
	int log_format, log_level; /* enum log_format, enum log_level */
};

extern const struct config_row agent_config_rows[];

/* Reads the file (NULL = defaults only), fills in what is computed, checks what hangs together. */
bool agent_config_load(const char *file, struct agent_config *ret, GError **error);
void agent_config_clear(struct agent_config *config);
/* http or https, a host, maybe a port and a path; nothing else. */
bool agent_config_check_url(const char *url, GError **error);
bool agent_config_is_standalone(const struct agent_config *config);

/* The limits of the core as set. */
void agent_config_core(const struct agent_config *config, struct core_config *ret);

#endif
