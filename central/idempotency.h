/*
 * Idempotency-Key: a request that is sent again because its answer was lost is not carried out again. Owns: which routes
 * take a key, the claim before the handler and what is kept after it.
 *
 * A key belongs to one account or token and to one request (method, URL, body) for 24 hours. Kept are answers of
 * 2xx; where nothing happened (4xx, 503 with nothing changed) the key is free again. Whether something happened is not
 * known when central died between claim and answer, or the database broke half-way: then the key stays claimed, and its
 * next use is told so (409) instead of being carried out a second time.
 */
#ifndef BELFRY_IDEMPOTENCY_H
#define BELFRY_IDEMPOTENCY_H

#include "central/http.h"

#define IDEMPOTENCY_KEY_MAX 128 /* bytes, visible ASCII */

/*
 * True: the handler is to run, and idempotency_end() after it. False: the reply is complete (what was kept, or 400, 409,
 * 422, 503). Requests without a key, or to routes that take none, always run.
 */
bool idempotency_begin(const struct api_request *request, struct api_reply *reply);
void idempotency_end(const struct api_request *request, const struct api_reply *reply);

#endif
