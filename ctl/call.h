/*
 * One call of a command: the values of its arguments and options, checked by kind. Owns: parsing, common options.
 * Does not own: what the values are for.
 *
 * Names must stand in the tables of the command or among the common options of what it uses: anything else is a bug.
 */
#ifndef BELFRY_CTL_CALL_H
#define BELFRY_CTL_CALL_H

#include <stdint.h>

#include "common/clock.h"
#include "ctl/command.h"

struct call_value {
	char **texts;   /* NULL = not given; times and durations already as they are sent */
	int64_t number; /* VALUE_NUMBER, VALUE_DURATION in ms */
};

struct call {
	const struct noun *noun;
	const struct command *command;
	GPtrArray *specs;          /* struct command_value: arguments, options, common options */
	struct call_value *values; /* one for each spec */
};

/* Reads what follows the verb. False when the line is wrong: the sentence is said, the status is EXIT_WRONG. */
bool call_parse(const struct noun *noun, const struct command *command, int argc, char **argv, struct call *ret);
void call_clear(struct call *call);

/* "belfry job list" */
char *call_title(const struct noun *noun, const struct command *command);

bool call_has(const struct call *call, const char *name);
bool call_flag(const struct call *call, const char *name);
/* The first text, or NULL. */
const char *call_text(const struct call *call, const char *name);
/* All texts; an empty list when there are none. */
char **call_texts(const struct call *call, const char *name);
int64_t call_number(const struct call *call, const char *name, int64_t fallback);
/* A VALUE_TIME as an instant, or `fallback`. */
struct wall call_time(const struct call *call, const char *name, struct wall fallback);

/* The common options that `uses` brings, for help and completion: a list that ends with NULL. Caller frees the list. */
const struct command_value **call_common_options(unsigned uses);

#endif
