/*
 * What all parts of a running central share. Owns: nothing but the list of them. Made by serve.c, which makes and frees the
 * parts in order; lives until the last listener has stopped. The parts keep no globals.
 *
 * Calls to any of the parts may come from any thread, unless its header says otherwise.
 */
#ifndef BELFRY_CENTRAL_H
#define BELFRY_CENTRAL_H

#include <stdbool.h>

#include "central/admission.h"
#include "central/central_config.h"
#include "central/db.h"
#include "common/clock.h"

struct auth;
struct job_shown;
struct kept_text;
struct memory;
struct metrics;
struct ingest;
struct chores;
struct failover;
struct web;
struct fold;

struct central {
	/* A reload puts another one here; those before it live as long as the process. */
	const struct central_config *_Atomic config;
	bool is_tls;                 /* both listeners; decided at the start */
	struct db_pool *api_pool;    /* one connection per thread of the api listener */
	struct db_pool *agent_pool;  /* one connection per thread of the agent listener */
	struct db_pool *chores_pool; /* few connections: migrations, chores */
	struct auth *auth;
	struct job_shown *job_shown; /* texts of jobs that were asked for lately */
	struct kept_text *overview;
	struct metrics *metrics;
	struct memory *memory;
	struct ingest *ingest;
	struct admission syncs; /* how many are let in */
	struct chores *chores;
	struct failover *failover;
	struct web *web;
	struct fold *fold;
	int ready;                   /* atomic: migrations are done; until then every route but /healthz answers 503 */
	struct mono started_at;
};

#endif
