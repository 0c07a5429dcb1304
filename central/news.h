/*
 * Is there something for an agent to sync for? Owns: a table in memory of all agents' keys, the revisions of their job sets
 * and their newest orders, read anew every NEWS_ROUND_MS by one query. Does not own: what they are told then (svc_sync.h).
 *
 * A hint: the next sync tells everything anyway. So the table may be late, or not there yet, and two centrals need not agree.
 */
#ifndef BELFRY_CENTRAL_NEWS_H
#define BELFRY_CENTRAL_NEWS_H

#include "central/central.h"
#include "central/http.h"

#define NEWS_ROUND_MS 1000
#define NEWS_STALE_MS 2500 /* an older table opens nothing: the database is asked for the key */
#define NEWS_AGENTS_MAX 100000
/* Of syncs_per_second, how many may be hinted at: with the usual ones not more than are let in (api_sync.c). */
#define NEWS_HINT_PERCENT 20

struct news;

struct news *news_start(struct central *central);
void news_stop(struct news *news);

/* Whose key is this? False when the table does not know it or is stale. Any thread; `news` may be NULL. */
bool news_admit(struct news *news, const char *authorization, struct identity *ret);
/* Has this agent more to hear than what it knows, and may it come for it now? Any thread; `news` may be NULL. */
bool news_wait_for(struct news *news, const char *agent_id, int64_t jobs_revision, int64_t command_id);

#endif
