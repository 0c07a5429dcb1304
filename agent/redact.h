/*
 * Targets that repeat their request in the answer (debug pages, echo services) repeat its secrets. Owns: what of a kept
 * answer must not be kept. Does not own: which headers are secret (common/job.h). Pure; any thread.
 */
#ifndef BELFRY_AGENT_REDACT_H
#define BELFRY_AGENT_REDACT_H

#include "common/job.h"

#define REDACT_VALUE_MIN 4 /* shorter values are no secrets, and stand in any text */
#define REDACT_WORD_MIN 8

/*
 * Writes '*' over the values of the job's secret headers in `text` (NULL = nothing to do), and over each word of such a
 * value by itself: the token without its "Bearer", one cookie of several, a part that an escape has cut off. Where the text
 * was cut (`cut`), also over the beginning of one at its end.
 */
void redact_secrets(const struct job *job, char *text, bool cut);

#endif
