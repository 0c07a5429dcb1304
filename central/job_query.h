/*
 * Which jobs a client means: the parameters of the list, and the same names as members of a body. Owns: those names. Does not
 * own: the search itself (db_job_list.h). Pure but for the problem in the reply.
 */
#ifndef BELFRY_JOB_QUERY_H
#define BELFRY_JOB_QUERY_H

#include "central/db_job_list.h"

/* Fills the filters (not order, place and limit) from the query. The texts belong to the request. False: problem sent. */
bool job_query_parse(const struct api_request *request, struct api_reply *reply, struct job_filter *ret);
/* The same from {"q","active","type","agentId","lastStatus","late","held","unknown"}; `lastStatus` as text, "failed,timeout".
 * Problems point to /filter/NAME. The texts belong to `body`. */
bool job_query_parse_body(const json_t *body, struct api_reply *reply, struct job_filter *ret);
/* "createdAt", "-name"... and the cursor of that order. */
bool job_query_parse_order(const struct api_request *request, struct api_reply *reply, struct job_filter *ret);
/* The letter that keeps the cursors of different orders apart. */
char job_query_cursor_kind(const struct job_filter *filter);

#endif
