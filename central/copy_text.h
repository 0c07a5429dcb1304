/*
 * COPY's text format: columns by tab, rows by newline, \N for NULL. Pure functions on a GString.
 */
#ifndef BELFRY_CENTRAL_COPY_TEXT_H
#define BELFRY_CENTRAL_COPY_TEXT_H

#include <glib.h>

#include "common/clock.h"
#include "common/execution.h"

/* Each appends one column and the tab after it; copy_end_row turns the last tab into the end of the row. */
void copy_text(GString *out, const char *text); /* NULL = SQL NULL */
void copy_int(GString *out, int64_t value);
void copy_int_or_null(GString *out, int64_t value, int64_t null);
void copy_wall(GString *out, struct wall t);    /* WALL_NONE = SQL NULL */
void copy_uuid(GString *out, struct fire_id id);
void copy_bytea(GString *out, const char *hex); /* NULL = SQL NULL */
void copy_ints(GString *out, const int64_t *values, int n); /* an array */
void copy_end_row(GString *out);

#endif
