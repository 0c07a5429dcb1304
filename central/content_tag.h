/*
 * ETags of what people read again and again: lists, figures, one execution. Owns the tag of a reply that has none of its
 * own. Does not own: the tags of jobs, which are their revisions and guard edits (http.h), and those of files (web.h).
 */
#ifndef BELFRY_CONTENT_TAG_H
#define BELFRY_CONTENT_TAG_H

#include "central/http.h"

/*
 * After the handler: a JSON reply 200 to a GET below /api gets a weak tag of its content, and becomes an empty 304 when
 * If-None-Match names that. The reply is made all the same: this spares the way to the client, and the client its reading.
 */
void content_tag_add(const struct api_request *request, struct api_reply *reply);

#endif
