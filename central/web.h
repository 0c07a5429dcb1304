/*
 * The dashboard's files: what `npm run build` made, read into memory and served from there. Owns: which files there are,
 * their types, encodings, ETags and how long a browser may keep them. Does not own: what they do.
 *
 * Only names that were found in the folder can be asked for, so no spelling of a path leads out of it. The files are read
 * at start and on SIGHUP; a reload that fails keeps what was there. Symbolic links and hidden files are left out.
 * Beside "x.js" a "x.js.br" or "x.js.gz" is sent to those who accept it.
 */
#ifndef BELFRY_CENTRAL_WEB_H
#define BELFRY_CENTRAL_WEB_H

#include <glib.h>
#include <stdbool.h>

#include "central/http.h"

#define WEB_BYTES_MAX (32 * 1024 * 1024) /* of all files together, compressed copies included */
#define WEB_FILES_MAX 2000
#define WEB_DEPTH_MAX 8                  /* folders in folders */

struct web;
/* Empty: every page is the one that says how to build the dashboard. */
struct web *web_new(void);
void web_free(struct web *web);
/* Reads the folder anew. False with an error, and nothing changed, when it is missing, too large or has no index.html. */
bool web_load(struct web *web, const char *folder, GError **error);
/* Files in memory, compressed copies not counted; 0 = there is no dashboard. */
guint web_count(struct web *web);

/* Does an Accept-Encoding list take this coding ("br")? */
bool web_accepts(const char *accept_encoding, const char *coding);

/* GET of every path that is not the API's. */
void api_web(const struct api_request *request, struct api_reply *reply);

#endif
