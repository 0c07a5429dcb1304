/*
 * Central, or the agent of this host, as a command sees it: JSON in, JSON out, errors as one line with the next step.
 * Owns: the connection, problem documents, exit statuses of answers, names to ids. Does not own: HTTP (http.h).
 *
 * Every function that returns an int returns EXIT_OK or an exit status whose sentence has been said on stderr.
 */
#ifndef BELFRY_CTL_CLIENT_H
#define BELFRY_CTL_CLIENT_H

#include <jansson.h>

#include "ctl/call.h"
#include "ctl/settings.h"

#define CLIENT_PAGE 200 /* items asked for at once */

struct client {
	struct settings settings;
	struct http *http;
	bool local;     /* an agent's socket */
	bool quiet;     /* no sentences: for completion */
	bool logs_in;   /* goes without a token on purpose */
	const char *about; /* begins each sentence: which of several things it is about; NULL = there is one only */
	char *etag;     /* of the last answer, or NULL */
	char *cookie;   /* of the last answer, or NULL */
	int http_status; /* of the last answer */
};

int client_open(const struct call *call, struct client *ret);
/* Connects with settings of the caller's, which the client takes over. */
void client_open_with(struct settings *settings, struct client *ret);
void client_close(struct client *client);

/* Asks; *ret_json is the document (NULL for an empty answer), the caller's. `body` is borrowed; NULL = none. */
int client_ask(struct client *client, const char *method, const char *path, const json_t *body, const char *if_match,
	       json_t **ret_json);
int client_get(struct client *client, const char *path, json_t **ret_json);

/*
 * Calls `take` with every page of a list until it returns false or there is no more. `path` may have a query already;
 * `member` is the list; `cursor` the parameter that takes nextCursor. At most `limit` items (-1 = all) come in all.
 * *ret_more: there would be more.
 */
typedef int client_take_page(void *context, json_t *page);
int client_pages(struct client *client, const char *path, const char *member, const char *cursor, int64_t limit,
		 client_take_page *take, void *context, bool *ret_more);

/* A name or an id to the id (caller frees). Several jobs of one name are an EXIT_CONFLICT that lists their ids. */
int client_find_job(struct client *client, const char *text, char **ret_id);
int client_find_agent(struct client *client, const char *text, char **ret_id);
/* The job of that name: its id, or NULL when there is none. */
int client_look_for_job(struct client *client, const char *name, char **ret_id);

bool client_is_uuid(const char *text);
/* For use within a path or a query. Caller frees. */
char *client_escape(const char *text);

#endif
