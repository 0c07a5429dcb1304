/*
 * Values of replies as JSON: what is absent is null. Owns: that rule. Does not own: the form of an instant
 * (common/rfc3339.h). Pure; any thread.
 */
#ifndef BELFRY_JSON_VALUES_H
#define BELFRY_JSON_VALUES_H

#include <jansson.h>

#include "common/clock.h"

/* New references. NULL, WALL_NONE and WALL_NEVER become null. */
json_t *json_text(const char *text);
json_t *json_wall(struct wall t);
/* Microseconds as a number of milliseconds. */
json_t *json_ms(double us);

/* Set a member. */
void json_set_text(json_t *json, const char *name, const char *text);
void json_set_wall(json_t *json, const char *name, struct wall t);
void json_set_int(json_t *json, const char *name, int64_t value);

#endif
