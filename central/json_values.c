#include "central/json_values.h"

#include <math.h>

#include "common/rfc3339.h"

json_t *json_text(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

json_t *json_wall(struct wall t)
{
	char text[RFC3339_SIZE];
	return wall_is_set(t) && t.us != WALL_NEVER.us ? json_string(rfc3339_print_ms(t, text)) : json_null();
}

json_t *json_ms(double us)
{
	return json_real(round(us) / (double)US_PER_MS);
}

void json_set_text(json_t *json, const char *name, const char *text)
{
	json_object_set_new(json, name, json_text(text));
}

void json_set_wall(json_t *json, const char *name, struct wall t)
{
	json_object_set_new(json, name, json_wall(t));
}

void json_set_int(json_t *json, const char *name, int64_t value)
{
	json_object_set_new(json, name, json_integer(value));
}
