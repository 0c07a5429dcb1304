/*
 * JSON pointers (RFC 6901): where in a document something is. Owns: their form. Pure; any thread.
 */
#ifndef BELFRY_JSON_POINTER_H
#define BELFRY_JSON_POINTER_H

#include <glib.h>

/* Appends one step: "/" and the member's name, "~" and "/" in it escaped. */
void json_pointer_append(GString *pointer, const char *name);
/* The pointer to a member of what `base` ("" = the document) points to. Caller frees. */
char *json_pointer_member(const char *base, const char *name);

#endif
