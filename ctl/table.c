#include "ctl/table.h"

#include <string.h>

#define GAP 2
#define ELLIPSIS "…"

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t n;
	GArray *cells; /* struct table_cell, row by row */
};

static void clear_cell(void *cell)
{
	g_free(((struct table_cell *)cell)->text);
}

struct table *table_new(const struct table_column *columns, size_t n)
{
	struct table *table = g_new0(struct table, 1);
	g_assert(n > 0 && n <= TABLE_COLUMNS_MAX);
	memcpy(table->columns, columns, n * sizeof(*columns));
	table->n = n;
	table->cells = g_array_new(FALSE, TRUE, sizeof(struct table_cell));
	g_array_set_clear_func(table->cells, clear_cell);
	return table;
}

void table_free(struct table *table)
{
	g_array_unref(table->cells);
	g_free(table);
}

/* Control characters move the cursor, format characters turn the direction of writing: neither may come from data. */
char *table_clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_sized_new(strlen(valid));

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		GUnicodeType type = g_unichar_type(c);
		if (c == '\n' || c == '\t')
			g_string_append_c(clean, ' ');
		else if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR ||
			 type == G_UNICODE_PARAGRAPH_SEPARATOR)
			g_string_append_c(clean, '?');
		else
			g_string_append_unichar(clean, c);
	}
	return g_string_free(clean, FALSE);
}

static int char_width(gunichar c)
{
	return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* Columns that a text takes on a terminal. */
static int text_width(const char *text)
{
	int width = 0;
	for (; *text != '\0'; text = g_utf8_next_char(text))
		width += char_width(g_utf8_get_char(text));
	return width;
}

void table_add(struct table *table, const struct table_cell *cells)
{
	for (size_t i = 0; i < table->n; i++) {
		struct table_cell cell = { table_clean(cells[i].text != NULL ? cells[i].text : "-"), cells[i].colour };
		g_free(cells[i].text);
		g_array_append_val(table->cells, cell);
	}
}

static const struct table_cell *cell_at(const struct table *table, size_t row, size_t column)
{
	return &g_array_index(table->cells, struct table_cell, row * table->n + column);
}

static size_t count_rows(const struct table *table)
{
	return table->cells->len / table->n;
}

static int total_width(const struct table *table, const int *widths)
{
	int total = 0;
	for (size_t i = 0; i < table->n; i++)
		total += widths[i] > 0 ? widths[i] + (total > 0 ? GAP : 0) : 0;
	return total;
}

/* Cuts what may be cut, the widest first, until it fits or nothing is left to cut. */
static void shrink(const struct table *table, int *widths, int width)
{
	while (total_width(table, widths) > width) {
		size_t widest = table->n;
		for (size_t i = 0; i < table->n; i++)
			if (table->columns[i].shrinks && widths[i] > TABLE_SHRUNK_MIN &&
			    (widest == table->n || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->n)
			return;
		widths[widest]--;
	}
}

/* What the table needs when all that may shrink has done so. */
static int least_width(const struct table *table, const int *widths)
{
	int least[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->n; i++)
		least[i] = table->columns[i].shrinks ? MIN(widths[i], TABLE_SHRUNK_MIN) : widths[i];
	return total_width(table, least);
}

static void lay_out(const struct table *table, int width, int *widths)
{
	for (size_t i = 0; i < table->n; i++) {
		widths[i] = table->columns[i].hidden ? 0 : text_width(table->columns[i].title);
		for (size_t row = 0; widths[i] > 0 && row < count_rows(table); row++)
			widths[i] = MAX(widths[i], text_width(cell_at(table, row, i)->text));
	}
	if (width <= 0)
		return;
	for (size_t i = table->n; i-- > 0 && total_width(table, widths) > width;)
		if (table->columns[i].wide)
			widths[i] = 0;
	if (least_width(table, widths) < width)
		shrink(table, widths, width);
	else
		shrink(table, widths, MAX(width, least_width(table, widths)));
}

/* At most `width` columns of the text. */
static void append_cut(GString *out, const char *text, int width)
{
	int used = 0;
	if (text_width(text) <= width) {
		g_string_append(out, text);
		return;
	}
	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);
		if (used + char_width(c) > width - 1)
			break;
		used += char_width(c);
		g_string_append_unichar(out, c);
	}
	g_string_append(out, ELLIPSIS);
}

static void append_cell(GString *out, const struct table_column *column, const struct table_cell *cell, int width, bool colour)
{
	static const char *const codes[] = { "", "\033[32m", "\033[31m", "\033[33m", "\033[2m" };
	int fill = MAX(0, width - text_width(cell->text));
	bool paint = colour && cell->colour != PLAIN;

	if (column->right)
		g_string_append_printf(out, "%*s", fill, "");
	if (paint)
		g_string_append(out, codes[cell->colour]);
	append_cut(out, cell->text, width);
	if (paint)
		g_string_append(out, "\033[0m");
	if (!column->right)
		g_string_append_printf(out, "%*s", fill, "");
}

static void trim_line(GString *out)
{
	while (out->len > 0 && out->str[out->len - 1] == ' ')
		g_string_truncate(out, out->len - 1);
	g_string_append_c(out, '\n');
}

char *table_print(const struct table *table, int width, bool colour)
{
	int widths[TABLE_COLUMNS_MAX];
	GString *out = g_string_new(NULL);

	lay_out(table, width, widths);
	for (size_t row = 0; row <= count_rows(table); row++) {
		bool first = true;
		for (size_t i = 0; i < table->n; i++) {
			struct table_cell title = { (char *)table->columns[i].title, DIM };
			if (widths[i] == 0)
				continue;
			g_string_append_printf(out, "%*s", first ? 0 : GAP, "");
			append_cell(out, &table->columns[i], row == 0 ? &title : cell_at(table, row - 1, i), widths[i], colour);
			first = false;
		}
		trim_line(out);
	}
	return g_string_free(out, FALSE);
}
