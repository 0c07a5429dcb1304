/*
 * Paths are compared segment by segment, before percent-decoding, so that an encoded slash stays inside its segment.
 */
#include "central/routes.h"

#include <string.h>

/* Where the segment that starts at `p` ends. */
static size_t segment_size(const char *p)
{
	return strcspn(p, "/");
}

/* NULL when the text is badly encoded, empty, not UTF-8 or holds a NUL. */
static char *decode_segment(const char *segment, size_t size)
{
	char *text = g_uri_unescape_segment(segment, segment + size, NULL);
	if (text != NULL && (*text == '\0' || !g_utf8_validate(text, -1, NULL)))
		g_clear_pointer(&text, g_free);
	return text;
}

static void clear_params(char *params[static ROUTE_PARAMS_MAX])
{
	for (int i = 0; i < ROUTE_PARAMS_MAX; i++)
		g_clear_pointer(&params[i], g_free);
}

/* Does a row of the table begin with the same segment? Such paths never become pages of the dashboard. */
static bool is_reserved(const char *path)
{
	size_t size = segment_size(path + 1);
	for (const struct route *route = routes; route->method != NULL; route++)
		if (strcmp(route->path, ROUTE_REST) != 0 && segment_size(route->path + 1) == size &&
		    g_ascii_strncasecmp(route->path + 1, path + 1, size) == 0)
			return true;
	return false;
}

static bool path_matches(const char *pattern, const char *path, char *params[static ROUTE_PARAMS_MAX])
{
	int n = 0;
	if (strcmp(pattern, ROUTE_REST) == 0)
		return !is_reserved(path);
	for (;;) {
		if (*pattern == '\0' || *path == '\0')
			return *pattern == *path;
		pattern++;
		path++;
		size_t pattern_size = segment_size(pattern), path_size = segment_size(path);
		if (*pattern == ':') {
			if (n == ROUTE_PARAMS_MAX || (params[n++] = decode_segment(path, path_size)) == NULL)
				return false;
		} else if (pattern_size != path_size || memcmp(pattern, path, path_size) != 0) {
			return false;
		}
		pattern += pattern_size;
		path += path_size;
	}
}

const struct route *route_find(enum listener listener, const char *method, const char *path,
			       char *params[static ROUTE_PARAMS_MAX], char **ret_allow)
{
	g_autoptr(GString) allow = g_string_new(NULL);
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	if (*path != '/')
		path = "/";
	for (const struct route *route = routes; route->method != NULL; route++) {
		if ((route->listeners & listener) == 0)
			continue;
		if (!path_matches(route->path, path, params)) {
			clear_params(params);
			continue;
		}
		if (strcmp(route->method, wanted) == 0)
			return route;
		clear_params(params);
		g_string_append_printf(allow, "%s%s%s", allow->len > 0 ? ", " : "", route->method,
				       strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
	}
	*ret_allow = allow->len > 0 ? g_string_free(g_steal_pointer(&allow), FALSE) : NULL;
	return NULL;
}

int route_param_index(const struct route *route, const char *name)
{
	int index = 0;
	for (const char *p = strchr(route->path, ':'); p != NULL; p = strchr(p + 1, ':'), index++)
		if (segment_size(p + 1) == strlen(name) && strncmp(p + 1, name, strlen(name)) == 0)
			return index;
	return -1;
}

void routes_print(GString *out)
{
	for (const struct route *route = routes; route->method != NULL; route++)
		g_string_append_printf(out, "%s %s %s %s\n", route->method, route->path, role_name(route->role),
				       route->listeners == LISTENER_API	    ? "api"
				       : route->listeners == LISTENER_AGENT ? "agent"
									    : "api,agent");
}
