/*
 * The commands of `belfry` as tables: what is said in a row drives parsing, --help, completion and the man page.
 * Owns: the types of the tables, exit statuses. Does not own: the rows (they stand in the file of their noun, and
 * commands.c lists the nouns), the values of a call (call.h).
 *
 * A new command is a row in its noun's table. Where it only fetches, lists or does one thing to central, the row is all:
 * `run` is one of command_list, command_show, command_act (generic.h), and `method`, `path`, `view`, `done` say the rest.
 */
#ifndef BELFRY_CTL_COMMAND_H
#define BELFRY_CTL_COMMAND_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Documented in --help and belfry(1) by exit_statuses. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,      /* the command was right, the machine was not; or a check found something */
	EXIT_WRONG = 2,       /* the command line or what it names is wrong */
	EXIT_NOT_FOUND = 3,
	EXIT_NOT_ALLOWED = 4, /* no credential, a wrong one, or too small a role */
	EXIT_AWAY = 5,        /* central or the agent does not answer; the same command may succeed later */
	EXIT_CONFLICT = 6     /* it was changed meanwhile, or does not fit what is there */
};
extern const char *const exit_statuses[]; /* index = status; NULL at the end */

enum value_kind {
	VALUE_FLAG,
	VALUE_TEXT,
	VALUE_NUMBER,   /* whole, min to max */
	VALUE_DURATION, /* 500ms 90s 10m 2h 7d; sent as milliseconds */
	VALUE_TIME,     /* when.h; sent as RFC 3339 */
	VALUE_WORD,     /* one of `words` */
	VALUE_LIST,     /* may be given several times */
	VALUE_LABELS,   /* KEY=VALUE, may be given several times; sent as an object */
	VALUE_FILE,     /* a path, "-" = stdin where the command says so */
	VALUE_JOB,      /* a name or an id; sent as the id */
	VALUE_AGENT     /* likewise */
};

/* An argument or an option. Tables of them end with a row whose name is NULL. */
struct command_value {
	const char *name;
	enum value_kind kind;
	char letter;           /* of an option: -o */
	const char *show;      /* what stands for the value in the usage; NULL = the kind's own word */
	const char *words;     /* VALUE_WORD: "table json"; shown by --help */
	double min, max;       /* VALUE_NUMBER */
	const char *parameter; /* generic commands: the query parameter it becomes */
	const char *member;    /* generic commands: the member of the body it becomes */
	bool optional, many;   /* of an argument; only the last may be one or the other */
	bool local;            /* generic commands: an agent's socket knows the parameter too */
	const char *help;
};

/* What a command needs; each brings options that are said once, in parse.c. */
enum command_use {
	USES_CENTRAL = 1, /* --central --token-file --ca --config --timeout */
	USES_SOCKET = 2,  /* --socket: the command can ask a local agent instead */
	PRINTS = 4,       /* --output --utc */
	PAGES = 8,        /* --limit --all */
	EDITS = 16,       /* --revision: If-Match */
	ASKS_FIRST = 32   /* --yes: a person at a terminal is asked before it is done */
};

struct call;
struct view;

struct command {
	const char *verb; /* NULL = the noun alone is the command */
	const char *help; /* one line */
	const char *details;
	const char *example;
	const struct command_value *arguments, *options;
	unsigned uses;
	int (*run)(struct call *call);
	/* For generic commands. A "{name}" in the path is the argument of that name. */
	const char *method, *path;
	const char *local_path;    /* the same at a local agent; NULL = it has no such thing */
	const struct view *view;
	const char *done;          /* a sentence; {x} = member x of the answer, or argument x */
	char *(*more)(const struct call *call, const json_t *answer); /* a line for people below `done`, or above what is shown; NULL = none. Caller frees */
};

struct noun {
	const char *name, *help;
	const struct command *commands; /* ends with a row without `run` */
};
extern const struct noun nouns[]; /* ends with a row without a name */

const struct noun *noun_find(const char *name);
/* `verb` NULL finds the command of a noun that has no verbs. */
const struct command *command_find(const struct noun *noun, const char *verb);

/* "belfry: <sentence>" on stderr, control characters taken out; returns `status`. */
int command_fail(int status, const char *format, ...) G_GNUC_PRINTF(2, 3);
#define command_wrong(...) command_fail(EXIT_WRONG, __VA_ARGS__)
/* The same as a remark that changes nothing. */
void command_remark(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Flushes stdout. EXIT_OK, or EXIT_FAILED with a line when the output could not be written. */
int command_finish_output(void);

#endif
