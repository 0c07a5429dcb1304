/*
 * How an execution is shown. Owns: the names of its members. Does not own: the row (db_executions.h). Pure; any thread.
 */
#ifndef BELFRY_EXECUTION_VIEW_H
#define BELFRY_EXECUTION_VIEW_H

#include <jansson.h>

#include "central/db_executions.h"

/* All members of design.md section 6, absent ones as null, and jobRevision, cause, count, lastScheduledAt, doubled,
 * timing. A new reference. */
json_t *execution_row_to_json(const struct execution_row *row);

#endif
