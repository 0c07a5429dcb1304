/*
 * An agent as the API shows it, in lists and alone. Owns: the names of its members. Does not own: the row (db_agents.h).
 * Any thread.
 */
#ifndef BELFRY_AGENT_VIEW_H
#define BELFRY_AGENT_VIEW_H

#include <jansson.h>

#include "central/db_agents.h"

/* A new reference. */
json_t *agent_to_json(const struct agent_row *row);

/* The agent of this id. */
enum db_status agent_show(struct db_conn *conn, const char *agent_id, json_t **ret);

#endif
