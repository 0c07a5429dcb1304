/*
 * The one table of routes: what can be asked, by whom, on which listener. Owns the table and the matching of paths.
 * Does not own what the handlers do (api_*.h). The test test_openapi.py compares the table with openapi.yaml.
 */
#ifndef BELFRY_ROUTES_H
#define BELFRY_ROUTES_H

#include "central/http.h"

enum listener { LISTENER_API = 1, LISTENER_AGENT = 2 };

#define ROUTE_REST "/*" /* a path: all that begin with another segment than the paths of the table */

struct route {
	const char *method;  /* "GET"; HEAD is answered by GET's route */
	const char *path;    /* "/api/jobs/:jobId" */
	enum role role;      /* the least role; ROLE_AGENT: an agent's key; ROLE_OPEN: no credential */
	unsigned listeners;  /* LISTENER_ bits */
	void (*handler)(const struct api_request *request, struct api_reply *reply);
	size_t body_max;     /* bytes; 0 = a body is refused */
};

/* Ends with an entry without method. */
extern const struct route routes[];

/*
 * Finds the route of (listener, method, path). When found, fills params with the decoded :values (g_malloc'ed).
 * Not found: NULL, and *ret_allow lists the methods the path would take ("GET, POST", caller frees), or is NULL when
 * nothing is known under that path.
 */
const struct route *route_find(enum listener listener, const char *method, const char *path,
			       char *params[static ROUTE_PARAMS_MAX], char **ret_allow);
/* The index of ":name" in the route's path, -1 = none. */
int route_param_index(const struct route *route, const char *name);
/* One line per route, "METHOD /path role listener", for --print-routes. */
void routes_print(GString *out);

#endif
