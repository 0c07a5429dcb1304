/*
 * The commands whose row in the table says it all: a list, one thing, one action. Owns: building the request from the row and
 * the call. Does not own: connection (client.h), forms of output (output.h).
 */
#ifndef BELFRY_CTL_GENERIC_H
#define BELFRY_CTL_GENERIC_H

#include "ctl/client.h"
#include "ctl/output.h"

/* GET path, a list that is shown by the row's view; follows nextCursor if the row PAGES. */
int command_list(struct call *call);
/* GET path, one object. view->name is what -o name prints. */
int command_show(struct call *call);
/* METHOD path with the members of the call as its body; says `done`. An argument that may be many is done one by one. */
int command_act(struct call *call);

/* The row's path with its {arguments} and parameters; jobs and agents become ids. `many_text` stands for the argument that may
 * be many. */
int generic_path(const struct call *call, struct client *client, const char *template, const char *many_text, char **ret);
/* The members of the body that the call gives; an empty object when there are none. */
int generic_body(const struct call *call, struct client *client, json_t **ret);
/* The If-Match header of --revision, or NULL. Caller frees. */
char *generic_if_match(const struct call *call);
/* Says the row's `done` with what the answer has, or prints the answer in the form that was asked for. */
void generic_say_done(const struct call *call, const char *many_text, const json_t *answer);
/* Prints one document in the form that was asked for. */
int generic_print(const struct call *call, const json_t *object);

#endif
