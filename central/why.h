/*
 * Why did a job run, or not, around an instant? Pure: facts in, sentences out. Does not own where the facts come from
 * (api_why).
 */
#ifndef BELFRY_WHY_H
#define BELFRY_WHY_H

#include "central/db_executions.h"
#include "common/job.h"

#define WHY_AROUND_US (60 * US_PER_SECOND) /* a due instant this near is what was meant */

struct why_holder {
	const char *name, *state;
	struct wall since, until; /* until WALL_NONE = still; else it held the job at the instant, and does no more */
	struct wall offline_from, offline_to; /* offline_from WALL_NONE = it was heard then */
};

struct why_facts {
	struct wall at, now, created_at, decided_until;
	/* In force at `at`; revision 0 = the job was not there yet. */
	int64_t revision;
	struct wall revision_at;
	const char *author;
	bool deleted;
	const struct job *job;           /* NULL = deleted, not there yet, or no longer valid */
	const struct execution *nearest; /* NULL = none within a minute */
	struct wall missed_from, missed_to; /* WALL_NONE = no range of missed fires covers `at` */
	int64_t missed;
	const char *missed_reason;
	struct wall late_due_at, late_since; /* WALL_NONE = not late now */
	const char *late_reason;
	struct wall kept_from; /* executions from before it may have been taken away */
	const struct why_holder *holders; /* who holds it now, or held it then */
	int n_holders;
};

struct why_sentence { const char *kind; char *text; struct wall at; }; /* at WALL_NONE = about no instant */

struct why_answer {
	GArray *sentences; /* struct why_sentence */
	struct wall previous, next; /* due instants up to `at`, and after it; WALL_NONE = none */
};
void why_explain(const struct why_facts *facts, struct why_answer *ret);
void why_answer_clear(struct why_answer *answer);

#endif
