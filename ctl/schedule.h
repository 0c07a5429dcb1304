/*
 * What the commands `belfry schedule ...` share: the question "when is it due", from options or from a line of JSON. Owns:
 * the reading of the question and the form of the answer. Does not own: the answer (common/schedule.h).
 */
#ifndef BELFRY_CTL_SCHEDULE_H
#define BELFRY_CTL_SCHEDULE_H

#include <glib.h>
#include <stdbool.h>

#include "common/clock.h"
#include "common/schedule.h"

#define NEXT_COUNT_MAX 10000 /* instants in one answer */

struct schedule_question {
	const char *expression;
	const char *zone;   /* NULL = UTC */
	const char *job_id; /* what H hashes; NULL = "" */
	struct wall from;   /* also the anchor of @every */
	int count;
};

/* A message for a --from or "from" that is no time. Caller frees. */
char *schedule_from_problem(const char *label, const char *text);

/* Answers JSON lines until the end of stdin; `defaults` stands in for absent members. Returns the exit status. */
int schedule_answer_lines(const struct schedule_question *defaults);

#endif
