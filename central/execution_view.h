/*
 * How an execution is shown. Pure.
 */
#ifndef BELFRY_EXECUTION_VIEW_H
#define BELFRY_EXECUTION_VIEW_H

#include <jansson.h>

#include "central/db_executions.h"

/* All members of design.md section 6, absent ones as null, and jobRevision, cause, count, lastScheduledAt, timing. */
json_t *execution_row_to_json(const struct execution_row *row);

#endif
