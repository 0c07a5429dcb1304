/*
 * When a job is due: its schedule within startAt and endAt, and what its catch-up policy makes of instants that nobody
 * watched (shared/cron.md section 5). Pure functions of the job; agent and central decide by the same ones, so a border that
 * central draws is one that the agent draws too. Does not own the search for instants (schedule.h).
 *
 * `anchor` is where @every begins to count, and is looked at by nothing else. Windows are (after, until].
 */
#ifndef BELFRY_JOB_DUE_H
#define BELFRY_JOB_DUE_H

#include "common/job.h"

/* The first due instant after `after`. False, *ret untouched: there is none. Does not look at `active`. */
bool job_next_due(const struct job *job, struct wall anchor, struct wall after, struct wall *ret);

/* How many there are in the window; costs the same for a second and a year. */
int64_t job_count_due(const struct job *job, struct wall anchor, struct wall after, struct wall until);

/* The n-th due instant of the window, from 1; `until` when it has fewer. */
struct wall job_nth_due(const struct job *job, struct wall anchor, struct wall after, struct wall until, int64_t n);

/* How many of the newest due instants of the window the catch-up policy makes up: within maxAge of `until`, at most maxCount. */
int64_t job_count_made_up(const struct job *job, struct wall anchor, struct wall after, struct wall until);

/*
 * After which instant of the window it makes up: what is due up to there it never does. `after` when that is nothing; `until`
 * when the policy is none.
 */
struct wall job_made_up_after(const struct job *job, struct wall anchor, struct wall after, struct wall until);

#endif
