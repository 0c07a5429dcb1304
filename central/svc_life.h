/*
 * Two agents with one identity: a state folder was copied, with an image of its host or back from a backup while the original
 * runs. Owns: the rows of agent_life. Does not own: what a copy is told (api_sync), what it does then (agent/sync_answer.c:
 * it starts nothing new).
 *
 * Each process of an agent makes up a name, its life, and tells it with each sync, together with the number of lives that
 * central told it last. Lives are numbered as they are first heard. A restart is a new life too, and the one before is never
 * heard again; so nothing is refused for being new. The proof comes from the elder:
 *
 *     original   life a, told 1 ........ a, told 1 -> 2 ........ a, told 2: alive after b was born -> b is a copy
 *     copy                b -> 2, told ........................................................ b, told 2 -> refused
 *
 * It takes two syncs of the elder (the second is asked for at once), whatever the copy does, and needs no clock. A request of
 * a dead life that was held up on the way proves nothing: what it was told is older than the life after it. What the copy had
 * acked by then is known by the ids of its executions; the original's numbers rule the stream again.
 *
 * An agent that tells no life (of an older version) is taken as it comes: then only different records under one number tell
 * (ingest_stream.h).
 */
#ifndef BELFRY_SVC_LIFE_H
#define BELFRY_SVC_LIFE_H

#include "central/db.h"
#include "common/wire.h"

struct life_verdict {
	bool is_copy;      /* to be refused */
	bool found_copies; /* now, by this request */
	int64_t lives;     /* to be told; 0 = it tells none itself */
};

/* One statement, in a transaction of its own, before anything of the request is taken. `address`: where it comes from, for
 * people. */
enum db_status life_heard(struct db_conn *conn, const char *agent_id, const char *address, const struct sync_request *request,
			  struct life_verdict *ret);

#endif
