/*
 * What differs between two JSON documents, by JSON pointer (RFC 6901). Owns nothing. Pure; any thread.
 */
#ifndef BELFRY_JSON_DIFF_H
#define BELFRY_JSON_DIFF_H

#include <jansson.h>

/*
 * [{"path","before","after"}], in the order of `before`, then what only `after` has. Objects are compared member by
 * member, all else as a whole; null stands for absent. NULL documents count as empty objects. A new reference;
 * the documents stay the caller's.
 */
json_t *json_diff(const json_t *before, const json_t *after);

#endif
