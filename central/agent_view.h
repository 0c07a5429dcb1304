/*
 * An agent as the API shows it.
 */
#ifndef BELFRY_AGENT_VIEW_H
#define BELFRY_AGENT_VIEW_H

#include <jansson.h>

#include "central/db_agents.h"

json_t *agent_to_json(const struct agent_row *row);

#endif
