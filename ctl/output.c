#include "ctl/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/rfc3339.h"
#include "ctl/when.h"

static int terminal_width(void)
{
	struct winsize size;
	const char *columns = g_getenv("COLUMNS");
	gint64 number;

	if (columns != NULL && g_ascii_string_to_signed(columns, 10, 20, 10000, &number, NULL))
		return (int)number;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

struct output output_of(const struct call *call)
{
	static const char *const forms[] = { "table", "json", "jsonl", "name" };
	struct output output = { .form = OUTPUT_TABLE, .utc = call_has(call, "utc") };
	const char *form = call_has(call, "output") ? call_text(call, "output") : "table";
	const char *no_colour = g_getenv("NO_COLOR");
	bool is_terminal = isatty(STDOUT_FILENO) != 0;

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
		if (strcmp(form, forms[i]) == 0)
			output.form = (enum output_form)i;
	output.colour = is_terminal && (no_colour == NULL || *no_colour == '\0') &&
			g_strcmp0(g_getenv("TERM"), "dumb") != 0;
	output.width = is_terminal ? terminal_width() : 0;
	return output;
}

static const json_t *one_member(const json_t *object, const char *path)
{
	g_auto(GStrv) steps = g_strsplit(path, ".", -1);
	for (char **step = steps; *step != NULL && object != NULL; step++)
		object = json_object_get(object, *step);
	return json_is_null(object) ? NULL : object;
}

const json_t *output_member(const json_t *object, const char *path)
{
	g_auto(GStrv) paths = g_strsplit(path, "|", -1);
	const json_t *found = NULL;
	for (char **one = paths; *one != NULL && found == NULL; one++)
		found = one_member(object, *one);
	return found;
}

static char *labels_text(const json_t *object)
{
	GString *out = g_string_new(NULL);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		g_string_append_printf(out, "%s%s=%s", out->len > 0 ? "," : "", key,
				       json_is_string(value) ? json_string_value(value) : "");
	return g_string_free(out, FALSE);
}

static char *plain_text(const json_t *value)
{
	if (json_is_string(value))
		return g_strdup(json_string_value(value));
	char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	char *copy = g_strdup(dumped);
	free(dumped);
	return copy;
}

static bool is_past(const json_t *value)
{
	struct wall at;
	return json_is_string(value) && rfc3339_parse(json_string_value(value), &at) && !wall_before(wall_now(), at);
}

static const char *life_word(const json_t *token)
{
	return output_member(token, "revokedAt") != NULL ? "revoked"
	       : output_member(token, "usedAt") != NULL  ? "used"
	       : is_past(output_member(token, "expiresAt")) ? "expired"
							    : "open";
}

/* "3, for 4h 10m" */
static char *behind_text(const json_t *behind)
{
	const json_t *since = json_object_get(behind, "since");
	g_autofree char *revisions = plain_text(json_object_get(behind, "revisions"));
	char buffer[WHEN_SIZE];
	struct wall at;
	if (!json_is_string(since) || !rfc3339_parse(json_string_value(since), &at))
		return g_steal_pointer(&revisions);
	double ms = (double)MAX(wall_diff_us(wall_now(), at), 0) / US_PER_MS;
	return g_strdup_printf("%s, for %s", revisions, duration_print(ms, buffer));
}

/* "3 jobs left", "until 2026-11-30 12:00:00", "done" */
static char *handover_text(const struct output *output, const json_t *handover)
{
	json_int_t kept = json_integer_value(json_object_get(handover, "kept"));
	g_autofree char *until = output_cell_text(output, json_object_get(handover, "until"), CELL_TIME);
	if (kept > 0)
		return g_strdup_printf("%" JSON_INTEGER_FORMAT " job%s left", kept, kept > 1 ? "s" : "");
	return until != NULL ? g_strconcat("until ", until, NULL) : g_strdup("done");
}

char *output_cell_text(const struct output *output, const json_t *value, enum cell_kind kind)
{
	char buffer[WHEN_SIZE];
	struct wall at;

	if (value == NULL || json_is_null(value))
		return NULL;
	switch (kind) {
	case CELL_TIME:
		if (json_is_string(value) && rfc3339_parse(json_string_value(value), &at))
			return g_strdup(when_print(at, output->utc, buffer));
		break;
	case CELL_MS:
		if (json_is_number(value))
			return g_strdup(duration_print(json_number_value(value), buffer));
		break;
	case CELL_YES:
		if (json_is_boolean(value))
			return g_strdup(json_is_true(value) ? "yes" : "no");
		break;
	case CELL_LABELS:
		if (json_is_object(value))
			return labels_text(value);
		break;
	case CELL_LIST:
		if (json_is_array(value))
			return g_strdup_printf("%zu", json_array_size(value));
		break;
	case CELL_BEHIND:
		return behind_text(value);
	case CELL_HANDOVER:
		return handover_text(output, value);
	case CELL_LIFE:
		return g_strdup(life_word(value));
	case CELL_TEXT:
	case CELL_NUMBER:
	case CELL_STATUS:
		break;
	}
	return plain_text(value);
}

static enum table_colour status_colour(const char *status)
{
	static const struct {
		const char *words;
		enum table_colour colour;
	} rows[] = {
		{ " success online active ok created open ", GREEN },
		{ " failed timeout offline revoked missing ", RED },
		{ " missed interrupted late draining changed ", YELLOW },
		{ " skipped paused never unchanged disabled used expired ", DIM },
	};
	g_autofree char *word = g_strdup_printf(" %s ", status != NULL ? status : "");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strstr(rows[i].words, word) != NULL)
			return rows[i].colour;
	return PLAIN;
}

/* A "no" is nothing to show a column for. */
static bool any_has(const json_t *items, const char *path)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)items, i, item)
		if (output_member(item, path) != NULL && !json_is_false(output_member(item, path)))
			return true;
	return false;
}

static struct table *start_table(const struct view *view, const json_t *items)
{
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t n = 0;

	for (const struct view_column *from = view->columns; from->title != NULL; from++)
		columns[n++] = (struct table_column){
			.title = from->title,
			.right = from->kind == CELL_NUMBER || from->kind == CELL_MS || from->kind == CELL_LIST,
			.wide = from->flags & WIDE,
			.shrinks = from->flags & SHRINKS,
			.hidden = (from->flags & IF_ANY) && !any_has(items, from->path),
		};
	return table_new(columns, n);
}

static char *table_text(const struct output *output, const struct view *view, const json_t *items)
{
	const json_t *item;
	size_t i;

	struct table *table = start_table(view, items);
	json_array_foreach((json_t *)items, i, item)
	{
		struct table_cell cells[TABLE_COLUMNS_MAX];
		size_t n = 0;
		for (const struct view_column *column = view->columns; column->title != NULL; column++, n++) {
			const json_t *value = column->kind == CELL_LIFE ? item : output_member(item, column->path);
			bool is_status = column->kind == CELL_STATUS || column->kind == CELL_LIFE;
			cells[n].text = output_cell_text(output, value, column->kind);
			cells[n].colour = is_status ? status_colour(cells[n].text) : PLAIN;
		}
		table_add(table, cells);
	}
	char *text = table_print(table, output->width, output->colour);
	table_free(table);
	return text;
}

void output_table(const struct output *output, const struct view *view, const json_t *items)
{
	if (json_array_size(items) == 0) {
		command_remark("%s", view->none);
		return;
	}
	g_autofree char *text = table_text(output, view, items);
	fputs(text, stdout);
}

static void print_name(const struct view *view, const json_t *item)
{
	const char *state = json_string_value(json_object_get(item, "state"));
	bool is_gone = view->gone != NULL && state != NULL && strcmp(state, "revoked") == 0;
	const json_t *value = output_member(item, is_gone ? view->gone : view->name);
	g_autofree char *raw = value != NULL ? plain_text(value) : g_strdup("");
	g_autofree char *clean = table_clean(raw);
	puts(clean);
}

void output_line(const struct output *output, const struct view *view, const json_t *item)
{
	if (output->form == OUTPUT_NAME) {
		print_name(view, item);
		return;
	}
	char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	puts(text);
	free(text);
}

void output_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)); /* as central prints */
	puts(text);
	free(text);
}

/* The part of the view that shows this list, if it has anything to show. */
static const struct view *part_at(const struct view *view, const char *path, const json_t *value)
{
	for (const struct view *part = view->parts; part != NULL && part->member != NULL; part++)
		if (strcmp(part->member, path) == 0 && json_array_size(value) > 0)
			return part;
	return NULL;
}

/* "retry.maxAttempts": by the name of a member its unit is known (times end with At, durations with Ms). */
static void add_details(const struct output *output, const struct view *view, struct table *table, const char *path,
			const json_t *value)
{
	const char *key, *last = strrchr(path, '.');
	const json_t *item;
	enum cell_kind kind = CELL_TEXT;

	last = last != NULL ? last + 1 : path;
	if (part_at(view, path, value) != NULL)
		return;
	if (json_is_object(value) && json_object_size(value) > 0) {
		json_object_foreach((json_t *)value, key, item)
		{
			g_autofree char *below = *path != '\0' ? g_strconcat(path, ".", key, NULL) : g_strdup(key);
			add_details(output, view, table, below, item);
		}
		return;
	}
	if (json_is_string(value))
		kind = g_str_equal(last, "status") || g_str_equal(last, "state") ? CELL_STATUS
		       : strcmp(path, "name") != 0 && strcmp(path, "schedule") != 0 ? CELL_TIME
										   : CELL_TEXT;
	else if (json_is_number(value) && (g_str_has_suffix(last, "Ms") || strstr(path, "Ms.") != NULL)) /* durationMs.avg */
		kind = CELL_MS;
	else if (json_is_boolean(value))
		kind = CELL_YES;
	char *text = output_cell_text(output, value, kind);
	struct table_cell cells[] = { { g_strdup(path), DIM },
				      { text, kind == CELL_STATUS ? status_colour(text) : PLAIN } };
	table_add(table, cells);
}

char *output_details(const struct output *output, const struct view *view, const json_t *object)
{
	const struct table_column columns[] = { { .title = "FIELD" }, { .title = "VALUE" } };
	struct table *table = table_new(columns, G_N_ELEMENTS(columns));

	add_details(output, view, table, "", object);
	/* Details are for reading in full: nothing is cut. */
	g_autofree char *details = table_print(table, 0, output->colour);
	table_free(table);
	GString *text = g_string_new(strchr(details, '\n') + 1);
	for (const struct view *part = view->parts; part != NULL && part->member != NULL; part++) {
		const json_t *items = output_member(object, part->member);
		if (json_array_size(items) == 0)
			continue;
		g_autofree char *below = table_text(output, part, items);
		g_string_append_printf(text, "\n%s", below);
	}
	return g_string_free(text, FALSE);
}

void output_object(const struct output *output, const struct view *view, const json_t *object)
{
	g_autofree char *details = NULL;
	char *line;

	switch (output->form) {
	case OUTPUT_JSON:
		output_json(object);
		break;
	case OUTPUT_JSONL:
		line = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		puts(line);
		free(line);
		break;
	case OUTPUT_NAME:
		print_name(view, object);
		break;
	case OUTPUT_TABLE:
		details = output_details(output, view, object);
		fputs(details, stdout);
		break;
	}
}

char *output_fill(const char *sentence, const json_t *object)
{
	GString *out = g_string_new(NULL);
	for (const char *at = sentence; *at != '\0';) {
		size_t plain = strcspn(at, "{");
		g_string_append_len(out, at, (gssize)plain);
		at += plain;
		if (*at == '\0')
			break;
		g_autofree char *path = g_strndup(at + 1, strcspn(at + 1, "}"));
		const json_t *value = output_member(object, path);
		g_autofree char *text = value != NULL ? plain_text(value) : g_strdup("?");
		g_autofree char *clean = table_clean(text);
		g_string_append(out, clean);
		at += strlen(path) + 2;
	}
	return g_string_free(out, FALSE);
}
