/*
 * Inside of wire*.c only: JSON written straight into a GString, and members read with a sentence for each mistake.
 *
 * Why not jansson for writing: the agent turns every decision into its outbox line, 25,000 a second and more on one core; a
 * tree of nodes costs ten times what the bytes cost.
 */
#ifndef BELFRY_WIRE_TEXT_H
#define BELFRY_WIRE_TEXT_H

#include <glib.h>
#include <jansson.h>

#include "common/clock.h"

/* Whole numbers up to here are exact in every JSON reader. */
#define WIRE_NUMBER_MAX (INT64_C(1) << 53)

/* Appends the quoted string: at most `max` bytes of text, cut between characters; bytes that are no UTF-8 become U+FFFD. */
void wire_append_text(GString *out, const char *text, size_t max);
void wire_append_number(GString *out, int64_t number);
/* Microseconds as milliseconds with three decimals. */
void wire_append_ms(GString *out, int64_t us);
void wire_append_time(GString *out, struct wall time);

/* All return false and set a sentence that begins with the member's name. */
bool wire_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A string of min to max bytes; absent (or null) gives NULL unless min > 0. Borrowed from the JSON. */
bool wire_get_text(const json_t *json, const char *name, size_t min, size_t max, const char **ret, GError **error);
/* As above, copied into a buffer of size max + 1. */
bool wire_get_buffer(const json_t *json, const char *name, size_t min, size_t max, char *ret, GError **error);
bool wire_get_number(const json_t *json, const char *name, int64_t min, int64_t max, int64_t *ret, GError **error);
/* Absent gives the fallback. */
bool wire_get_number_or(const json_t *json, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *ret,
			GError **error);
bool wire_get_bool_or(const json_t *json, const char *name, bool fallback, bool *ret, GError **error);
bool wire_get_ms(const json_t *json, const char *name, int64_t fallback_us, int64_t *ret_us, GError **error);
/* Absent gives WALL_NONE, or an error when required. */
bool wire_get_time(const json_t *json, const char *name, bool required, struct wall *ret, GError **error);
bool wire_get_hex64(const json_t *json, const char *name, uint64_t *ret, GError **error);
bool wire_get_object(const json_t *json, const char *name, const json_t **ret, GError **error);
/* Absent gives NULL, an array of none. */
bool wire_get_array(const json_t *json, const char *name, size_t max, json_t **ret, GError **error);
/* Bytes from a peer -> an object of the WIRE_VERSION; the caller owns it. NULL on error. */
json_t *wire_load(const char *body, size_t size, size_t max, GError **error);

#endif
