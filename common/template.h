/*
 * Values in a job's URL, header values and body: {{jobId}}, {{jobName}}, {{scheduledTime}}, {{executionTime}},
 * {{executionId}}, {{attempt}}, {{agentId}}, {{cause}}. Owns: the names, the check for validators, the rendering and its
 * escaping. Does not own: the values (agent/runner_request.c).
 *
 * A text is checked when a job is defined (template_check) and compiled once per definition (template_new); a text
 * without "{{" is no template and costs nothing. A literal "{{" cannot be written. Pure, any thread.
 */
#ifndef BELFRY_TEMPLATE_H
#define BELFRY_TEMPLATE_H

#include <stdbool.h>

#include <glib.h>

enum template_value {
	TEMPLATE_JOB_ID,
	TEMPLATE_JOB_NAME,
	TEMPLATE_SCHEDULED_TIME, /* RFC 3339, UTC, milliseconds */
	TEMPLATE_EXECUTION_TIME, /* when this attempt was started */
	TEMPLATE_EXECUTION_ID,
	TEMPLATE_ATTEMPT,        /* 1 = first */
	TEMPLATE_AGENT_ID,       /* "" when the agent runs alone */
	TEMPLATE_CAUSE,          /* schedule, catchUp, manual */
	TEMPLATE_VALUE_MAX_
};

/* Where the text stands decides how values are escaped. */
enum template_place {
	TEMPLATE_URL,    /* percent-encoded; not allowed before the path, so that a value never chooses the host */
	TEMPLATE_HEADER, /* control characters become spaces */
	TEMPLATE_TEXT,   /* as it is */
	TEMPLATE_JSON    /* as within a JSON string */
};

#define TEMPLATE_ERROR (template_error_quark())
GQuark template_error_quark(void);

/* Is every {{...}} closed and known, and allowed there? The message is one sentence for the person who wrote it. */
bool template_check(const char *text, enum template_place place, GError **error);

struct template;
/* NULL when the text has no "{{", or does not pass template_check. */
struct template *template_new(const char *text, enum template_place place);
void template_free(struct template *compiled);
/* Appends the text with its values. */
void template_render(const struct template *compiled, const char *const values[static TEMPLATE_VALUE_MAX_], GString *out);

#endif
