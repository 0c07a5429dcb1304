/*
 * Reading the quarantine of all agents. Does not own the table: ingest writes it.
 *
 * Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_QUARANTINE_H
#define BELFRY_DB_QUARANTINE_H

#include "central/db.h"
#include "central/http.h"

struct quarantine_place { struct wall at; char agent_id[UUID_SIZE]; int64_t epoch, seq; };
struct quarantine_record { struct quarantine_place place; char *agent_name, *reason, *record; };
/* Newest first, those before the place (at WALL_NONE = from the newest); struct quarantine_record. */
enum db_status db_quarantine_list(struct db_conn *conn, const struct quarantine_place *before, int limit, GArray **ret);

#endif
