/*
 * A table of text for a terminal: columns as wide as their widest cell, and when that is too much, fewer and narrower ones.
 * Owns: layout, and that nothing in a cell can steer the terminal. Does not own: what cells mean (output.h). Pure.
 */
#ifndef BELFRY_CTL_TABLE_H
#define BELFRY_CTL_TABLE_H

#include <glib.h>
#include <stdbool.h>

#define TABLE_COLUMNS_MAX 16
#define TABLE_SHRUNK_MIN 12 /* a column that shrinks keeps that much */

struct table_column {
	const char *title;
	bool right;   /* numbers */
	bool wide;    /* left out first, from the right, when the terminal is too narrow */
	bool shrinks; /* cells may be cut, with an ellipsis */
	bool hidden;  /* not shown at all */
};

enum table_colour { PLAIN, GREEN, RED, YELLOW, DIM };

struct table_cell {
	char *text;
	enum table_colour colour;
};

struct table;
/* `columns` is copied. */
struct table *table_new(const struct table_column *columns, size_t n);
/* Takes the texts of n cells; NULL is shown as "-". Control characters and broken UTF-8 become "?". */
void table_add(struct table *table, const struct table_cell *cells);
/* `width` 0 = as wide as it gets. One line a row, titles first; no blanks at the ends of lines. Caller frees. */
char *table_print(const struct table *table, int width, bool colour);
void table_free(struct table *table);

/* Text that is safe to show on one line. Caller frees. */
char *table_clean(const char *text);

#endif
