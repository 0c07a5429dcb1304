/*
 * The commands of `belfry`: a noun, a verb, a function. A new command is a row in main.c and a file of its own.
 *
 * A function gets argv with argv[0] = "belfry noun verb", prints its result to stdout and returns the exit status.
 * What a person did wrong is one line on stderr.
 */
#ifndef BELFRY_CTL_COMMAND_H
#define BELFRY_CTL_COMMAND_H

#include <glib.h>
#include <stdbool.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* the command was right, the machine was not */
	EXIT_WRONG = 2   /* the command line or what it names is wrong */
};

struct command {
	const char *noun, *verb;
	const char *usage; /* what follows the verb */
	const char *help;  /* one line */
	int (*run)(int argc, char **argv);
};

int command_schedule_next(int argc, char **argv);
int command_schedule_explain(int argc, char **argv);

/* "belfry: <sentence>" on stderr, returns EXIT_WRONG. */
int command_wrong(const char *format, ...) G_GNUC_PRINTF(1, 2);

/*
 * Parses the options of a verb; --help prints and ends the command. Returns false when the command is over, with its
 * exit status in *ret_status. `usage`, `summary` and `description` are shown by --help.
 */
bool command_parse_options(int *argc, char ***argv, const GOptionEntry *entries, const char *usage, const char *summary,
			   const char *description, int *ret_status);

/* Flushes stdout. EXIT_OK, or EXIT_FAILED with a line when the output could not be written. */
int command_finish_output(void);

#endif
