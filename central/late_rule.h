/*
 * When is a decision overdue? Pure: facts in, verdict out. Does not own where the facts come from (late.h).
 *
 * An agent that is silent cannot be waited for; one that says it runs nothing and keeps nothing back has had its time; one
 * that is busy may still be trying, as long as the job's timeouts and retries allow.
 */
#ifndef BELFRY_LATE_RULE_H
#define BELFRY_LATE_RULE_H

#include "common/job.h"

#define LATE_GRACE_MS INT64_C(30000)       /* after the due instant, beside what the job itself may take */
#define LATE_WORK_MAX_MS INT64_C(86400000) /* no job is waited for longer than this */

struct late_facts {
	struct wall due_at;
	struct wall decided_until; /* WALL_NONE = nothing yet */
	bool per_agent;            /* each holder decides for itself: decided_until does not tell */
	int64_t holders;           /* agents that hold the job */
	/* The holder that has not decided and was heard of least lately; held since before due_at. */
	bool has_debtor;
	const char *debtor_name;
	struct wall last_seen_at;  /* WALL_NONE = never */
	int64_t running, outbox_depth;
	int64_t offline_ms;        /* silence that counts as offline */
};

enum late_verdict {
	LATE_DECIDED, /* go on to the next instant */
	LATE_MOVED,   /* nobody who holds the job now held it then */
	LATE_WAIT,    /* not yet to be expected */
	LATE_OVERDUE
};
/* *ret_reason: a sentence, for LATE_OVERDUE only; caller frees. */
enum late_verdict late_judge(const struct job *job, const struct late_facts *facts, struct wall now, char **ret_reason);

/* The longest that one execution of the job may take from its due instant on: jitter, attempts, pauses between them. */
int64_t late_work_ms(const struct job *job);

/*
 * The instants that @every is due at, as the agent counts them: from when it first knew the job, which an instant that was
 * decided tells. For other schedules, and while nothing is decided, `created_at`.
 */
struct wall late_anchor(const struct job *job, struct wall created_at, struct wall decided_until);

#endif
