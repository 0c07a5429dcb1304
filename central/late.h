/*
 * The watch over decisions: central knows from each job's own schedule when a report should have come. Owns: the rows of
 * job_watch and job_late. Does not own: what counts as overdue (late_rule.h), when its turns are (chores).
 *
 * A watched job has one instant that must be decided next, and a time to look whether it is. A turn takes the jobs whose
 * time has come, in bounded pieces; a job that was decided far ahead jumps there, whatever lies between.
 */
#ifndef BELFRY_LATE_H
#define BELFRY_LATE_H

#include "central/central_config.h"
#include "central/cursor.h"
#include "central/db.h"

#define LATE_PIECE 2000        /* jobs in one statement */
#define LATE_PIECE_BYTES (4 * 1024 * 1024) /* of definitions in it, and the one that ends it */
#define LATE_PIECE_SMALLER 4   /* by how much, after one that took too long */
#define LATE_PIECE_GROWS 8      /* by which part of it, after one that did not */
#define LATE_PIECES_MAX 100    /* in one turn */
#define LATE_AGAIN_MS 5000     /* an undecided job is looked at again after this */
#define LATE_STILL_MS 30000    /* one that is late; thousands of them must not keep others from being looked at */
#define LATE_CHANGED_MS 120000 /* how far back a turn looks for changed jobs */

/* Chores. Takes in what changed lately, then looks at what is due. */
enum db_status late_turn(struct db_conn *conn, const struct central_config *config);
/* The same for all jobs, however long ago they changed: after a time without a leader. */
enum db_status late_turn_full(struct db_conn *conn, const struct central_config *config);

enum db_status late_count(struct db_conn *conn, int64_t *ret);

struct late_job {
	char job_id[UUID_SIZE], agent_id[UUID_SIZE]; /* agent "" = nobody holds it */
	char *name, *agent_name, *reason;
	struct wall due_at, late_since;
};
/* By the time they were found late; struct late_job. `after.id` "" = from the start. */
enum db_status late_list(struct db_conn *conn, const struct cursor *after, int limit, GArray **ret);

#endif
