/*
 * The tables of commands, one a noun, that commands.c puts together. Owns: the list of them. Does not own: the tables; each
 * stands in the file of its noun.
 */
#ifndef BELFRY_CTL_NOUNS_H
#define BELFRY_CTL_NOUNS_H

#include "ctl/call.h"

extern const struct command job_commands[], execution_commands[], agent_commands[], token_commands[], user_commands[],
	audit_commands[], ledger_commands[], late_commands[], failures_commands[], overview_commands[], schedule_commands[],
	completion_commands[], login_commands[], version_commands[], help_commands[];

/* Verbs of job that have a file of their own. */
int job_apply(struct call *call);
int job_create(struct call *call);
int job_edit(struct call *call);
int job_next(struct call *call);
int job_rollback(struct call *call);
int job_why(struct call *call);
int execution_follow(struct call *call);
int agent_enroll(struct call *call);
int user_create(struct call *call);
int user_password(struct call *call);

#endif
