/*
 * Bodies of requests: reading JSON, and the members of small bodies: names that are known, types and ranges, each mistake
 * with its pointer. Pure but for the problem in the reply. What is in a job is not read with this (common/job.h).
 */
#ifndef BELFRY_API_BODY_H
#define BELFRY_API_BODY_H

#include "central/http.h"

#define BODY_DEPTH_MAX 4

/*
 * The body as JSON: UTF-8, no duplicate names, depth at most `max_depth`. NULL with a 400 (broken, empty, too deep) or
 * 415 (a Content-Type that is neither application/json nor ...+json; absent is fine) problem in the reply. Who sends a body
 * sends no query parameters: one is refused as well.
 */
json_t *api_body_json(const struct api_request *request, struct api_reply *reply, int max_depth);

/*
 * The same for an object of at most BODY_DEPTH_MAX levels that has no other members than those of the NULL-terminated list; an absent body is {} when
 * `may_be_empty`.
 */
json_t *api_body_object(const struct api_request *request, struct api_reply *reply, const char *const names[],
			bool may_be_empty);

/* For what takes no body: it may be absent, or {}. False: the problem is in the reply. The query is left to the caller. */
bool api_body_none(const struct api_request *request, struct api_reply *reply);

/* All below: false or NULL = the 400 is in the reply. Is it an object with none but these members (NULL-terminated)? */
bool api_body_only(const json_t *body, struct api_reply *reply, const char *const names[]);
/* A member that must be there: 1 to `max` bytes, no control characters, no blanks at the ends; borrowed from `body`. */
const char *api_body_line(const json_t *body, struct api_reply *reply, const char *name, size_t max);
/*
 * Typed members of an object. Absent or null: *ret stays as it is (set your default before), true. Texts are borrowed
 * from `body`, valid UTF-8 of at most `max` bytes.
 */
bool api_body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max, const char **ret);
bool api_body_int(const json_t *body, struct api_reply *reply, const char *name, int64_t min, int64_t max, int64_t *ret);
bool api_body_bool(const json_t *body, struct api_reply *reply, const char *name, bool *ret);
bool api_body_wall(const json_t *body, struct api_reply *reply, const char *name, struct wall *ret);

/* The member "labels" as JSON text, which the caller frees with free(); absent: *ret stays as it is. */
bool api_body_labels(const json_t *body, struct api_reply *reply, char **ret);

#endif
