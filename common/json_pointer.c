#include "common/json_pointer.h"

void json_pointer_append(GString *pointer, const char *name)
{
	g_string_append_c(pointer, '/');
	for (; *name != '\0'; name++) {
		if (*name == '~')
			g_string_append(pointer, "~0");
		else if (*name == '/')
			g_string_append(pointer, "~1");
		else
			g_string_append_c(pointer, *name);
	}
}

char *json_pointer_member(const char *base, const char *name)
{
	GString *pointer = g_string_new(base);
	json_pointer_append(pointer, name);
	return g_string_free(pointer, FALSE);
}
