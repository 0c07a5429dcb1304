/*
 * Small helpers of handlers: members of a reply, members of a body. Owns no rule of its own.
 */
#ifndef BELFRY_API_FIELDS_H
#define BELFRY_API_FIELDS_H

#include "central/http.h"

/* Sets a member; NULL and WALL_NONE become null. */
void json_set_text(json_t *json, const char *name, const char *text);
void json_set_wall(json_t *json, const char *name, struct wall t);
void json_set_int(json_t *json, const char *name, int64_t value);

/* Is the body an object with no other members than these? Else the problem is in the reply. */
bool body_only(const json_t *body, struct api_reply *reply, const char *const names[]);
/* A member as text of 1 to `max` bytes without control characters; else the problem is in the reply and NULL is returned. */
const char *body_text(const json_t *body, struct api_reply *reply, const char *name, size_t max);

/* The agent's id from the path; anything that is no UUID is an agent that does not exist: the problem is in the reply. */
const char *agent_id_of(const struct api_request *request, struct api_reply *reply);

#endif
