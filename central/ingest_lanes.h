/*
 * Who commits for whom: a small number of lanes, each with one group under way. Owns: the queue of members and the choice of
 * groups. Does not own: what a group does (its callback).
 *
 * There is no thread here. A request thread that finds a lane free leads: it takes itself and what has queued up, commits for
 * all of them on its own connection, and wakes them. One that finds none waits until somebody has committed for it, or until
 * it can lead. Small batches, which are what happens now, go into a group before large ones, which are what has piled up; a
 * large one leads a group of its own in time, so none waits for ever. Groups therefore grow with the load, and with little
 * load nobody waits for company.
 */
#ifndef BELFRY_CENTRAL_INGEST_LANES_H
#define BELFRY_CENTRAL_INGEST_LANES_H

#include "central/ingest_group.h"

#define INGEST_GROUP_MEMBERS_MAX 256
#define INGEST_GROUP_RECORDS_MAX 20000 /* reached by members after the first */
#define INGEST_LIVE_RECORDS_MAX 200    /* a batch of more is backlog: live ones go before it */

struct ingest_lanes;
struct ingest_lanes *ingest_lanes_new(int lanes);
void ingest_lanes_free(struct ingest_lanes *lanes);

/* Commits for all members; tells the result of each by ingest_lanes_answer(), once, the sooner the better. */
typedef void (*ingest_lead)(void *leader, struct ingest_member *const *members, guint n);

/* Waits until the member has its answer. `leader` is handed to `lead` when this thread leads. Any thread. */
enum db_status ingest_lanes_pass(struct ingest_lanes *lanes, struct ingest_member *member, ingest_lead lead, void *leader);
void ingest_lanes_answer(struct ingest_lanes *lanes, struct ingest_member *member, enum db_status status);

#endif
