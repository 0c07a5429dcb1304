/*
 * One sync of one agent: records in, then what the agent should know. Owns: the order of the two, the pace of the
 * fleet, the choice between delta and snapshot. Does not own: HTTP (api_sync), the records (ingest), placement
 * (assign).
 */
#ifndef BELFRY_SVC_SYNC_H
#define BELFRY_SVC_SYNC_H

#include "central/central.h"
#include "central/ingest.h"
#include "central/svc_life.h"
#include "common/wire.h"

/* An agent whose digest stays wrong gets the whole set no more often than this. */
#define SYNC_SNAPSHOT_PAUSE_MS 5000
/* Bytes of definitions in one part of a job set; at least one job always goes. */
#define SYNC_PART_BYTES_MAX (8 * 1024 * 1024)
/* Part of the pace that is chance, so that a fleet that came back at once spreads out. */
#define SYNC_JITTER_PERCENT 10

/* Heirs of one silent agent look spread over this. */
#define SYNC_LOOK_JITTER_MS 300

/*
 * Takes the records (ingest_batch, with its statuses) and then fills the reply, unless ret_life->is_copy, when nothing is
 * taken, or ret_result->outcome is one that ends the sync (anything but INGEST_TAKEN and INGEST_GAP). `address`: where the
 * request comes from. ret_reply: sync_reply_init() was called on it.
 */
enum db_status sync_serve(struct central *central, struct db_conn *conn, const char *agent_id, const char *address,
			  const struct sync_request *request, struct sync_reply *ret_reply, struct life_verdict *ret_life,
			  struct ingest_result *ret_result);

/* How long each agent of the fleet, as counted last, should wait, before chance. */
int64_t sync_fleet_pace_ms(const struct central *central);

#endif
