/*
 * COPY's binary format (PostgreSQL manual, COPY, "Binary Format"): values go as PostgreSQL keeps them, which saves both sides
 * printing and parsing. Owns: that form. Does not own: the sending (db_copy_in). Pure functions on a GString. The types must
 * be the columns' own: nothing is converted.
 *
 *	copy_begin(out);
 *	for each row: copy_row(out, number of columns), then one call for each column;
 *	copy_end(out);
 */
#ifndef BELFRY_CENTRAL_COPY_ROW_H
#define BELFRY_CENTRAL_COPY_ROW_H

#include <glib.h>

#include "common/clock.h"
#include "common/execution.h"

void copy_begin(GString *out);
void copy_row(GString *out, int columns);
void copy_end(GString *out);

void copy_null(GString *out);
void copy_int2(GString *out, int64_t value); /* cut to what the type holds */
void copy_int4(GString *out, int64_t value);
void copy_int8(GString *out, int64_t value);
void copy_text(GString *out, const char *text); /* NULL = SQL NULL */
void copy_wall(GString *out, struct wall t);    /* timestamptz; WALL_NONE = SQL NULL */
void copy_uuid(GString *out, struct fire_id id);
void copy_bytea(GString *out, const char *hex); /* pairs of hex digits; NULL = SQL NULL */
void copy_int4_array(GString *out, const int64_t *values, int n);
void copy_int8_array(GString *out, const int64_t *values, int n);

#endif
