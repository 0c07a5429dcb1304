/*
 * What a command prints: tables and details for people, JSON, lines and names for programs. Owns: the forms, the views
 * (which members of an item make the columns). Does not own: layout (table.h), where the items come from.
 */
#ifndef BELFRY_CTL_OUTPUT_H
#define BELFRY_CTL_OUTPUT_H

#include <jansson.h>

#include "ctl/call.h"
#include "ctl/table.h"

enum cell_kind {
	CELL_TEXT,
	CELL_TIME,
	CELL_MS,     /* a duration */
	CELL_NUMBER,
	CELL_STATUS, /* coloured */
	CELL_YES,    /* true = yes */
	CELL_LABELS, /* an object: a=1,b=2 */
	CELL_LIST,   /* how many items */
	CELL_BEHIND, /* an object of revisions and since: how many, and for how long */
	CELL_HANDOVER, /* an object of until and kept, of a draining agent: what is left to do */
	CELL_LIFE    /* the whole item, a token: open, used, revoked or expired; its path is "" */
};

enum {
	SHRINKS = 1,
	WIDE = 2,
	IF_ANY = 4 /* left out when no item has it, or none says yes */
};

struct view_column {
	const char *title;
	const char *path; /* "lastExecution.status"; "a|b" takes b where a is null or absent */
	enum cell_kind kind;
	unsigned flags;
};

struct view {
	const char *member;  /* of the document: the list */
	const char *name;    /* path of what -o name prints */
	const char *gone;    /* instead of it for an item that is revoked: its name may lead to another one; NULL = the same */
	const struct view_column *columns; /* ends with a row without a title */
	const char *none;    /* said when there are no items */
	const char *local_cursor; /* parameter of nextCursor at an agent's socket */
	const struct view *parts; /* lists within one item (`member` is their path), tables below its details; ends with {0} */
};

enum output_form { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_NAME };

struct output {
	enum output_form form;
	bool utc, colour;
	int width; /* of the terminal; 0 = no terminal */
};

struct output output_of(const struct call *call);

/* The member at a path "a.b"; NULL when it is not there. Borrowed. */
const json_t *output_member(const json_t *object, const char *path);

/* A value as a cell shows it; NULL = nothing to show. Caller frees. */
char *output_cell_text(const struct output *output, const json_t *value, enum cell_kind kind);

/* The items of one table. */
void output_table(const struct output *output, const struct view *view, const json_t *items);
/* One line of jsonl, or a name. */
void output_line(const struct output *output, const struct view *view, const json_t *item);
/* A document as JSON, indented. */
void output_json(const json_t *json);
/* One object: its members in lines "retry.maxAttempts  3", then the parts of the view; its name for -o name. */
void output_object(const struct output *output, const struct view *view, const json_t *object);
/* What it prints as a table. Caller frees. */
char *output_details(const struct output *output, const struct view *view, const json_t *object);
/* A sentence for people with {member}s of an object filled in, in colour where the place stands for a status. */
char *output_fill(const char *sentence, const json_t *object);

#endif
