#include "central/json_diff.h"

#include <glib.h>
#include <stdbool.h>

#include "common/json_pointer.h"

static json_t *value_or_null(const json_t *value)
{
	return value != NULL ? json_deep_copy(value) : json_null();
}

static void diff_value(const char *path, const json_t *before, const json_t *after, json_t *changes);

static void diff_objects(const char *path, const json_t *before, const json_t *after, json_t *changes)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)before, name, value)
	{
		g_autofree char *inner = json_pointer_member(path, name);
		diff_value(inner, value, json_object_get(after, name), changes);
	}
	json_object_foreach((json_t *)after, name, value)
	{
		g_autofree char *inner = json_pointer_member(path, name);
		if (json_object_get(before, name) == NULL)
			diff_value(inner, NULL, value, changes);
	}
}

static void diff_value(const char *path, const json_t *before, const json_t *after, json_t *changes)
{
	bool absent = (before == NULL || json_is_null(before)) && (after == NULL || json_is_null(after));
	if (json_is_object(before) && json_is_object(after))
		diff_objects(path, before, after, changes);
	else if (!absent && !json_equal(before, after))
		json_array_append_new(changes, json_pack("{s:s, s:o, s:o}", "path", path, "before",
							 value_or_null(before), "after", value_or_null(after)));
}

json_t *json_diff(const json_t *before, const json_t *after)
{
	json_t *changes = json_array(), *empty = json_object();
	diff_objects("", before != NULL ? before : empty, after != NULL ? after : empty, changes);
	json_decref(empty);
	return changes;
}
