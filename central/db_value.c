/*
 * Parameters and results as text, the form in which libpq carries them by default. The session speaks UTC and ISO dates
 * (session_setup), so an instant reads "2026-11-23 12:00:00.123456+00".
 */
#include "central/db_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rfc3339.h"

#define WALL_TEXT_SIZE 40

static char *wall_print(struct wall t, char buffer[static WALL_TEXT_SIZE])
{
	if (t.us == WALL_NEVER.us)
		return strcpy(buffer, "infinity");
	char seconds[RFC3339_SIZE];
	rfc3339_print_seconds(t, seconds);
	int fraction = (int)(t.us - wall_floor_seconds(t) * US_PER_SECOND);
	seconds[strlen(seconds) - 1] = '\0';
	snprintf(buffer, WALL_TEXT_SIZE, "%s.%06dZ", seconds, fraction);
	return buffer;
}

void db_param_text(struct db_params *params, const char *text)
{
	assert(params->n < DB_PARAMS_MAX);
	params->values[params->n++] = text;
}

void db_param_null(struct db_params *params)
{
	db_param_text(params, NULL);
}

void db_param_int(struct db_params *params, int64_t value)
{
	assert(params->n < DB_PARAMS_MAX);
	snprintf(params->scratch[params->n], sizeof params->scratch[0], "%" PRId64, value);
	db_param_text(params, params->scratch[params->n]);
}

void db_param_bool(struct db_params *params, bool value)
{
	db_param_text(params, value ? "t" : "f");
}

void db_param_double(struct db_params *params, double value)
{
	assert(params->n < DB_PARAMS_MAX);
	g_ascii_dtostr(params->scratch[params->n], sizeof params->scratch[0], value);
	db_param_text(params, params->scratch[params->n]);
}

void db_param_wall(struct db_params *params, struct wall t)
{
	assert(params->n < DB_PARAMS_MAX);
	db_param_text(params, wall_is_set(t) ? wall_print(t, params->scratch[params->n]) : NULL);
}

static void array_separator(GString *array)
{
	g_string_append_c(array, array->len == 0 ? '{' : ',');
}

void db_array_append(GString *array, const char *text)
{
	array_separator(array);
	if (text == NULL) {
		g_string_append(array, "NULL");
		return;
	}
	g_string_append_c(array, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(array, '\\');
		g_string_append_c(array, *p);
	}
	g_string_append_c(array, '"');
}

void db_array_append_int(GString *array, int64_t value)
{
	array_separator(array);
	g_string_append_printf(array, "%" PRId64, value);
}

void db_array_append_wall(GString *array, struct wall t)
{
	char buffer[WALL_TEXT_SIZE];
	array_separator(array);
	g_string_append(array, wall_is_set(t) ? wall_print(t, buffer) : "NULL");
}

const char *db_array_close(GString *array)
{
	g_string_append(array, array->len == 0 ? "{}" : "}");
	return array->str;
}

void db_result_free(struct db_result *result)
{
	PQclear((PGresult *)result);
}

void db_result_free_p(struct db_result **result)
{
	db_result_free(*result);
}

int db_rows(const struct db_result *result)
{
	return PQntuples((const PGresult *)result);
}

int64_t db_affected(const struct db_result *result)
{
	return g_ascii_strtoll(PQcmdTuples((PGresult *)result), NULL, 10);
}

bool db_is_null(const struct db_result *result, int row, int column)
{
	return PQgetisnull((const PGresult *)result, row, column) == 1;
}

const char *db_text(const struct db_result *result, int row, int column)
{
	return PQgetvalue((const PGresult *)result, row, column);
}

const char *db_text_or_null(const struct db_result *result, int row, int column)
{
	return db_is_null(result, row, column) ? NULL : db_text(result, row, column);
}

int64_t db_int(const struct db_result *result, int row, int column)
{
	return g_ascii_strtoll(db_text(result, row, column), NULL, 10);
}

double db_double(const struct db_result *result, int row, int column)
{
	return g_ascii_strtod(db_text(result, row, column), NULL);
}

bool db_bool(const struct db_result *result, int row, int column)
{
	return *db_text(result, row, column) == 't';
}

struct wall db_wall(const struct db_result *result, int row, int column)
{
	char text[WALL_TEXT_SIZE];
	struct wall t = WALL_NONE;
	if (g_strlcpy(text, db_text(result, row, column), sizeof text - 2) >= sizeof text - 2)
		return t;
	if (strcmp(text, "infinity") == 0)
		return WALL_NEVER;
	char *zone = strrchr(text, '+');
	if (zone == NULL || strlen(text) < 11)
		return t;
	text[10] = 'T';
	strcpy(zone, "Z");
	rfc3339_parse(text, &t);
	return t;
}

/* The first row behind (after), or at and behind, the place of `first` and `second`. */
static int row_border(const struct db_result *result, const char *first, const char *second, bool after)
{
	int low = 0, high = db_rows(result);
	while (low < high) {
		int middle = low + (high - low) / 2, order = strcmp(db_text(result, middle, 0), first);
		if (order == 0 && second != NULL)
			order = strcmp(db_text(result, middle, 1), second);
		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct db_range db_rows_where(const struct db_result *result, const char *first, const char *second)
{
	return (struct db_range){ row_border(result, first, second, false), row_border(result, first, second, true) };
}

int db_int_array(const struct db_result *result, int row, int column, int64_t *ret, int max)
{
	const char *p = db_text(result, row, column);
	int n = 0;
	if (*p != '{' || p[1] == '}')
		return 0;
	while (*p == '{' || *p == ',') {
		char *end;
		int64_t value = g_ascii_strtoll(++p, &end, 10);
		if (n < max)
			ret[n] = value;
		n++;
		p = end == p ? p + strcspn(p, ",}") : end;
	}
	return n;
}
