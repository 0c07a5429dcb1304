/*
 * Two passes over a file: a line scanner that knows nothing but groups and keys and remembers where each stands, so that
 * every message can name a line; then GKeyFile, which owns quoting and types of text. GKeyFile alone cannot say the line.
 */
#include "common/config.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

G_DEFINE_QUARK(belfry - config - error - quark, config_error)

#define MASK "********"

static void *member(const struct config_row *row, const void *config)
{
	return (char *)config + row->offset;
}

static bool is_text(const struct config_row *row)
{
	return row->type == CONFIG_STRING || row->type == CONFIG_PATH;
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, message);
	return false;
}

static int find_word(const char *words, const char *word)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	for (int i = 0; list[i] != NULL; i++)
		if (strcmp(list[i], word) == 0)
			return i;
	return -1;
}

static bool parse_number(const struct config_row *row, const char *text, double *ret, GError **error)
{
	char *end;
	double value =
		row->type == CONFIG_DOUBLE ? g_ascii_strtod(text, &end) : (double)g_ascii_strtoll(text, &end, 10);
	if (*text == '\0' || *end != '\0' || !isfinite(value))
		return fail(error, "\"%s\" is not a %s", text, row->type == CONFIG_DOUBLE ? "number" : "whole number");
	if (value < row->min || value > row->max)
		return fail(error, "%s is outside %.15g-%.15g", text, row->min, row->max);
	*ret = value;
	return true;
}

static bool check_text(const struct config_row *row, const char *text, GError **error)
{
	size_t max = row->max > 0 ? (size_t)row->max : CONFIG_TEXT_MAX, size = strlen(text);
	if (size > max)
		return fail(error, "is %zu bytes long, at most %zu are allowed", size, max);
	if (size < (size_t)row->min)
		return fail(error, size == 0 ? "must not be empty" : "is too short");
	if (row->type == CONFIG_PATH)
		for (const char *p = text; *p != '\0'; p++)
			if (g_ascii_iscntrl(*p))
				return fail(error, "a path must not contain control characters");
	return true;
}

/* The only place that writes to the daemon's struct. */
static bool set_value(const struct config_row *row, const char *text, void *config, GError **error)
{
	void *target = member(row, config);
	double number = 0;
	switch (row->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
		if (!check_text(row, text, error))
			return false;
		g_free(*(char **)target);
		*(char **)target = g_strdup(text);
		return true;
	case CONFIG_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return fail(error, "\"%s\" is neither true nor false", text);
		*(bool *)target = *text == 't';
		return true;
	case CONFIG_WORD: {
		int word = find_word(row->words, text);
		if (word < 0)
			return fail(error, "\"%s\" is none of: %s", text, row->words);
		*(int *)target = word;
		return true;
	}
	case CONFIG_INT:
	case CONFIG_MS:
	case CONFIG_DOUBLE:
		if (!parse_number(row, text, &number, error))
			return false;
		if (row->type == CONFIG_INT)
			*(int *)target = (int)number;
		else if (row->type == CONFIG_MS)
			*(int64_t *)target = (int64_t)number;
		else
			*(double *)target = number;
		return true;
	}
	return false;
}

static char *read_file(const char *file, GError **error)
{
	FILE *stream = fopen(file, "re");
	if (stream == NULL) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s: cannot read: %s", file, g_strerror(errno));
		return NULL;
	}
	g_autofree char *text = g_malloc(CONFIG_FILE_MAX + 2);
	size_t size = fread(text, 1, CONFIG_FILE_MAX + 1, stream);
	bool broken = ferror(stream) != 0;
	int saved_errno = errno;
	fclose(stream);
	if (broken || size > CONFIG_FILE_MAX) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s: cannot read: %s", file,
			    broken ? g_strerror(saved_errno) : "larger than a configuration file may be");
		return NULL;
	}
	text[size] = '\0';
	if (strlen(text) != size || !g_utf8_validate(text, (gssize)size, NULL)) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s: is not UTF-8 text", file);
		return NULL;
	}
	return g_steal_pointer(&text);
}

static int find_row(const struct config_row *rows, const char *group, const char *key)
{
	for (int i = 0; rows[i].key != NULL; i++)
		if (strcmp(rows[i].group, group) == 0 && (key == NULL || strcmp(rows[i].key, key) == 0))
			return i;
	return -1;
}

/* Where the scanner is, and on which line each row was set (0 = not). */
struct scan {
	const struct config_row *rows;
	const char *file;
	int line;
	char *group;
	int *lines;
};

static bool scan_fail(const struct scan *scan, int code, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);
static bool scan_fail(const struct scan *scan, int code, GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, CONFIG_ERROR, code, "%s:%d: %s", scan->file, scan->line, message);
	return false;
}

static bool scan_group(struct scan *scan, const char *line, GError **error)
{
	const char *end = strchr(line, ']');
	if (end == NULL || end[1] != '\0')
		return scan_fail(scan, CONFIG_ERROR_SYNTAX, error, "a group is written [name]");
	g_free(scan->group);
	scan->group = g_strndup(line + 1, (gsize)(end - line - 1));
	if (find_row(scan->rows, scan->group, NULL) < 0)
		return scan_fail(scan, CONFIG_ERROR_UNKNOWN, error, "[%s]: there is no such group; expected [%s]",
				 scan->group, scan->rows[0].group);
	return true;
}

static bool scan_line(struct scan *scan, char *line, GError **error)
{
	g_strstrip(line);
	if (*line == '\0' || *line == '#')
		return true;
	if (*line == '[')
		return scan_group(scan, line, error);
	char *equals = strchr(line, '=');
	if (equals == NULL || equals == line)
		return scan_fail(scan, CONFIG_ERROR_SYNTAX, error,
				 "\"%s\" is neither key=value nor [group] nor a # comment", line);
	*equals = '\0';
	g_strchomp(line);
	if (scan->group == NULL)
		return scan_fail(scan, CONFIG_ERROR_SYNTAX, error,
				 "%s: stands before the first group; write [%s] above it", line, scan->rows[0].group);
	int row = find_row(scan->rows, scan->group, line);
	if (row < 0)
		return scan_fail(scan, CONFIG_ERROR_UNKNOWN, error, "%s: there is no such key in [%s]", line,
				 scan->group);
	if (scan->lines[row] != 0)
		return scan_fail(scan, CONFIG_ERROR_SYNTAX, error, "%s: is set already on line %d", line,
				 scan->lines[row]);
	scan->lines[row] = scan->line;
	return true;
}

static bool scan_text(struct scan *scan, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool ok = true;
	for (int i = 0; ok && lines[i] != NULL; i++) {
		scan->line = i + 1;
		ok = scan_line(scan, lines[i], error);
	}
	g_clear_pointer(&scan->group, g_free);
	return ok;
}

/* Values in the order of the table; only rows that the scanner saw. */
static bool take_values(struct scan *scan, const char *text, void *config, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) reason = NULL;
	if (!g_key_file_load_from_data(keys, text, (gsize)-1, G_KEY_FILE_NONE, &reason)) {
		g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s: %s", scan->file, reason->message);
		return false;
	}
	for (int i = 0; scan->rows[i].key != NULL; i++) {
		const struct config_row *row = &scan->rows[i];
		if (scan->lines[i] == 0)
			continue;
		scan->line = scan->lines[i];
		g_autofree char *value = g_key_file_get_string(keys, row->group, row->key, &reason);
		if (reason != NULL) /* GLib may give both, a value and an error */
			return scan_fail(scan, CONFIG_ERROR_SYNTAX, error, "%s: %s", row->key, reason->message);
		g_strchomp(value);
		if (!set_value(row, value, config, &reason))
			return scan_fail(scan, CONFIG_ERROR_VALUE, error, "%s: %s", row->key, reason->message);
	}
	return true;
}

static int count_rows(const struct config_row *rows)
{
	int n = 0;
	while (rows[n].key != NULL)
		n++;
	return n;
}

static bool load_file(const struct config_row *rows, const char *file, void *config, GError **error)
{
	g_autofree char *text = read_file(file, error);
	if (text == NULL)
		return false;
	g_autofree int *lines = g_new0(int, count_rows(rows) + 1);
	struct scan scan = { .rows = rows, .file = file, .lines = lines };
	return scan_text(&scan, text, error) && take_values(&scan, text, config, error);
}

bool config_load(const struct config_row *rows, const char *file, void *ret_config, GError **error)
{
	for (const struct config_row *row = rows; row->key != NULL; row++)
		if (is_text(row))
			*(char **)member(row, ret_config) = NULL;
	for (const struct config_row *row = rows; row->key != NULL; row++) {
		/* A required text has the default "" and a minimum: only a file can satisfy it. */
		if (is_text(row))
			*(char **)member(row, ret_config) = g_strdup(row->fallback);
		else if (!set_value(row, row->fallback, ret_config, NULL))
			g_error("config table: the default of %s is not a value", row->key);
	}
	if (file == NULL || load_file(rows, file, ret_config, error))
		return true;
	config_free_strings(rows, ret_config);
	return false;
}

/* The line of a file that was read before; 0 = it has none, or the file is gone by now. */
static int find_line(const struct config_row *rows, const char *file, const char *key)
{
	g_autofree char *text = read_file(file, NULL);
	g_autofree int *lines = g_new0(int, count_rows(rows) + 1);
	struct scan scan = { .rows = rows, .file = file, .lines = lines };
	if (text == NULL || !scan_text(&scan, text, NULL))
		return 0;
	for (int i = 0; rows[i].key != NULL; i++)
		if (strcmp(rows[i].key, key) == 0)
			return lines[i];
	return 0;
}

bool config_refuse(const struct config_row *rows, const char *file, const char *key, const char *reason, GError **error)
{
	int line = file != NULL ? find_line(rows, file, key) : 0;
	g_autofree char *place = line > 0 ? g_strdup_printf("%s:%d", file, line) : g_strdup(file != NULL ? file : "defaults");
	g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: %s: %s", place, key, reason);
	return false;
}

/* "host=db password='a b' user=x" and "postgresql://u:secret@h/db?password=x": the secrets only. */
static char *mask_conninfo(const char *text)
{
	g_autoptr(GRegex) words =
		g_regex_new("(password\\s*=\\s*)('(?:[^'\\\\]|\\\\.)*'|[^\\s&]+)", G_REGEX_CASELESS, 0, NULL);
	g_autoptr(GRegex) url = g_regex_new("(://[^:/@]*:)[^/]*@", 0, 0, NULL);
	g_autofree char *half = g_regex_replace(words, text, -1, 0, "\\1" MASK, 0, NULL);
	return g_regex_replace(url, half, -1, 0, "\\1" MASK "@", 0, NULL);
}

static char *value_text(const struct config_row *row, const void *config)
{
	const void *source = member(row, config);
	switch (row->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
		return g_strdup(*(char *const *)source != NULL ? *(char *const *)source : "");
	case CONFIG_BOOL:
		return g_strdup(*(const bool *)source ? "true" : "false");
	case CONFIG_INT:
		return g_strdup_printf("%d", *(const int *)source);
	case CONFIG_MS:
		return g_strdup_printf("%" G_GINT64_FORMAT, *(const int64_t *)source);
	case CONFIG_DOUBLE: {
		/* As people write it (0.1) where that is exact. */
		char buffer[G_ASCII_DTOSTR_BUF_SIZE];
		double number = *(const double *)source;
		g_ascii_formatd(buffer, sizeof buffer, "%.15g", number);
		if (g_ascii_strtod(buffer, NULL) != number)
			g_ascii_dtostr(buffer, sizeof buffer, number);
		return g_strdup(buffer);
	}
	case CONFIG_WORD: {
		g_auto(GStrv) list = g_strsplit(row->words, " ", -1);
		return g_strdup(list[*(const int *)source]);
	}
	}
	return g_strdup("");
}

static char *shown_text(const struct config_row *row, const void *config)
{
	g_autofree char *text = value_text(row, config);
	if (*text == '\0' || row->secrecy == CONFIG_OPEN)
		return g_steal_pointer(&text);
	return row->secrecy == CONFIG_SECRET ? g_strdup(MASK) : mask_conninfo(text);
}

static void print_help(const struct config_row *row, GString *out)
{
	g_string_append_printf(out, "\n# %s", row->help != NULL ? row->help : row->key);
	if (row->type == CONFIG_WORD)
		g_string_append_printf(out, " (one of: %s)", row->words);
	else if (row->type == CONFIG_INT || row->type == CONFIG_MS || row->type == CONFIG_DOUBLE)
		g_string_append_printf(out, " (%.15g-%.15g)", row->min, row->max);
	g_string_append_printf(out, ". Default: %s%s\n", *row->fallback != '\0' ? row->fallback : "empty",
			       row->reloadable ? "; a reload is enough" : "");
}

void config_print(const struct config_row *rows, const void *config, GString *out)
{
	g_autoptr(GKeyFile) quoting = g_key_file_new();
	const char *group = NULL;
	for (const struct config_row *row = rows; row->key != NULL; row++) {
		if (group == NULL || strcmp(group, row->group) != 0)
			g_string_append_printf(out, "%s[%s]\n", group != NULL ? "\n" : "", row->group);
		group = row->group;
		print_help(row, out);
		g_autofree char *text = shown_text(row, config);
		g_key_file_set_string(quoting, row->group, row->key, text);
		g_autofree char *quoted = g_key_file_get_value(quoting, row->group, row->key, NULL);
		g_string_append_printf(out, "%s=%s\n", row->key, quoted);
	}
}

bool config_row_equal(const struct config_row *row, const void *a, const void *b)
{
	g_autofree char *text_a = value_text(row, a), *text_b = value_text(row, b);
	return strcmp(text_a, text_b) == 0;
}

void config_free_strings(const struct config_row *rows, void *config)
{
	for (const struct config_row *row = rows; row->key != NULL; row++)
		if (is_text(row))
			g_clear_pointer((char **)member(row, config), g_free);
}
