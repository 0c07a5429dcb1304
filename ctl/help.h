/*
 * --help on every level, and the same for the man page: all from the tables of command.h. Owns: their look. Does
 * not own: a word of what is said.
 */
#ifndef BELFRY_CTL_HELP_H
#define BELFRY_CTL_HELP_H

#include "ctl/command.h"

void help_print_all(void);
void help_print_noun(const struct noun *noun);
void help_print_command(const struct noun *noun, const struct command *command);

/* What follows the verb: "JOB TIME [OPTION...]". Caller frees. */
char *help_usage(const struct command *command);

/* The commands, exit statuses and options for belfry(1), in scdoc's markup. */
void help_print_man(void);

#endif
