/* A compiled template is the list of its pieces: literal text, then a value, literal text, then a value, ... */
#include "common/template.h"

#include <string.h>

#define SHOWN_NAME_MAX 40 /* bytes of an unknown name that are repeated in the message */

static const char *const names[TEMPLATE_VALUE_MAX_] = {
	[TEMPLATE_JOB_ID] = "jobId",
	[TEMPLATE_JOB_NAME] = "jobName",
	[TEMPLATE_SCHEDULED_TIME] = "scheduledTime",
	[TEMPLATE_EXECUTION_TIME] = "executionTime",
	[TEMPLATE_EXECUTION_ID] = "executionId",
	[TEMPLATE_ATTEMPT] = "attempt",
	[TEMPLATE_AGENT_ID] = "agentId",
	[TEMPLATE_CAUSE] = "cause",
};

struct piece {
	char *literal;
	enum template_value value; /* TEMPLATE_VALUE_MAX_ = none: the end */
};

struct template
{
	enum template_place place;
	GArray *pieces;
};

G_DEFINE_QUARK(belfry - template - error, template_error)

/* One step: the literal up to the next "{{", and what it names. False with an error when that is nothing known. */
static bool next_piece(const char **text, const char **ret_literal, size_t *ret_length, enum template_value *ret_value,
		       GError **error)
{
	const char *open = strstr(*text, "{{");
	*ret_literal = *text;
	*ret_value = TEMPLATE_VALUE_MAX_;
	if (open == NULL) {
		*ret_length = strlen(*text);
		*text += *ret_length;
		return true;
	}
	*ret_length = open - *text;
	const char *close = strstr(open + 2, "}}");
	if (close == NULL) {
		g_set_error_literal(error, TEMPLATE_ERROR, 0, "\"{{\" is not closed by \"}}\"");
		return false;
	}
	g_autofree char *name = g_strstrip(g_strndup(open + 2, close - open - 2));
	for (int i = 0; i < TEMPLATE_VALUE_MAX_; i++)
		if (strcmp(name, names[i]) == 0)
			*ret_value = i;
	*text = close + 2;
	if (*ret_value != TEMPLATE_VALUE_MAX_)
		return true;
	g_autoptr(GString) known = g_string_new(names[0]);
	for (int i = 1; i < TEMPLATE_VALUE_MAX_; i++)
		g_string_append_printf(known, ", %s", names[i]);
	g_autofree char *shown = g_utf8_make_valid(name, MIN(strlen(name), SHOWN_NAME_MAX));
	g_set_error(error, TEMPLATE_ERROR, 0, "\"{{%s}}\" is not known; there are %s", shown, known->str);
	return false;
}

/* The part of a URL that says where to go: up to the first '/', '?' or '#' after "://". */
static size_t authority_length(const char *url)
{
	const char *host = strstr(url, "://");
	return host == NULL ? strcspn(url, "/?#") : (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
}

bool template_check(const char *text, enum template_place place, GError **error)
{
	const char *first = strstr(text, "{{");
	if (first == NULL)
		return true;
	if (place == TEMPLATE_URL && (size_t)(first - text) < authority_length(text)) {
		g_set_error_literal(error, TEMPLATE_ERROR, 0,
				    "\"{{\" may stand in path and query only, not in scheme, host or port");
		return false;
	}
	while (*text != '\0') {
		const char *literal;
		size_t length;
		enum template_value value;
		if (!next_piece(&text, &literal, &length, &value, error))
			return false;
	}
	return true;
}

static void piece_clear(void *data)
{
	g_free(((struct piece *)data)->literal);
}

struct template *template_new(const char *text, enum template_place place)
{
	if (strstr(text, "{{") == NULL || !template_check(text, place, NULL))
		return NULL;
	struct template *compiled = g_new0(struct template, 1);
	compiled->place = place;
	compiled->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
	g_array_set_clear_func(compiled->pieces, piece_clear);
	while (*text != '\0') {
		const char *literal;
		size_t length;
		struct piece piece;
		next_piece(&text, &literal, &length, &piece.value, NULL);
		piece.literal = g_strndup(literal, length);
		g_array_append_val(compiled->pieces, piece);
	}
	return compiled;
}

void template_free(struct template *compiled)
{
	if (compiled == NULL)
		return;
	g_array_unref(compiled->pieces);
	g_free(compiled);
}

static void append_header_value(GString *out, const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
		g_string_append_c(out, *c < 0x20 || *c == 0x7f ? ' ' : *c);
}

static void append_json_value(GString *out, const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(out, "\\%c", *c);
		else if (*c < 0x20)
			g_string_append_printf(out, "\\u%04x", *c);
		else
			g_string_append_c(out, *c);
	}
}

void template_render(const struct template *compiled, const char *const values[static TEMPLATE_VALUE_MAX_],
		     GString *out)
{
	for (guint i = 0; i < compiled->pieces->len; i++) {
		const struct piece *piece = &g_array_index(compiled->pieces, struct piece, i);
		g_string_append(out, piece->literal);
		if (piece->value == TEMPLATE_VALUE_MAX_)
			continue;
		const char *value = values[piece->value];
		switch (compiled->place) {
		case TEMPLATE_URL:
			g_string_append_uri_escaped(out, value, NULL, FALSE);
			break;
		case TEMPLATE_HEADER:
			append_header_value(out, value);
			break;
		case TEMPLATE_TEXT:
			g_string_append(out, value);
			break;
		case TEMPLATE_JSON:
			append_json_value(out, value);
			break;
		}
	}
}
