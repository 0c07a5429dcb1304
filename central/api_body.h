/*
 * Members of small JSON bodies: names that are known, types and ranges, each mistake with its pointer. Pure but for the
 * problem in the reply. Jobs are not read with this (common/job.h).
 */
#ifndef BELFRY_API_BODY_H
#define BELFRY_API_BODY_H

#include "central/http.h"

/*
 * An object with none but these members (NULL-terminated)? Else the 400 is in the reply. All calls here: false = the
 * problem is in the reply.
 */
bool api_body_only(const json_t *body, struct api_reply *reply, const char *const names[]);
/*
 * Typed members of an object. Absent or null: *ret stays as it is (set your default before), true. Texts are borrowed
 * from `body`, valid UTF-8 of at most `max` bytes.
 */
bool api_body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max, const char **ret);
bool api_body_int(const json_t *body, struct api_reply *reply, const char *name, int64_t min, int64_t max, int64_t *ret);
bool api_body_bool(const json_t *body, struct api_reply *reply, const char *name, bool *ret);
bool api_body_wall(const json_t *body, struct api_reply *reply, const char *name, struct wall *ret);

#endif
