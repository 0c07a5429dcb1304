/*
 * Selectors over labels: whatever compiles is within the limits, prints as a text that compiles to the same, and holds for
 * labels as its terms do one by one; what does not compile is refused with a place in the text. Input: the selector, then
 * optionally a newline and an object of labels.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/selector.h"

#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool are_labels(const json_t *labels)
{
	const char *key;
	char problem[160] = "";
	bool ok = labels_check(labels, &key, problem, sizeof problem);
	MUST(ok == (problem[0] == '\0') && key != NULL);
	return ok;
}

static void print_term(const json_t *term, GString *ret)
{
	const char *key, *op;
	json_t *values, *value;
	size_t i;
	MUST(json_unpack((json_t *)term, "{s:s, s:s, s:o}", "key", &key, "op", &op, "values", &values) == 0);
	bool listed = strcmp(op, "in") == 0 || strcmp(op, "notin") == 0;
	MUST(listed ? json_array_size(values) > 0 : json_array_size(values) == 0);
	MUST(json_array_size(values) <= SELECTOR_VALUES_MAX);
	g_string_append_printf(ret, "%s%s%s", ret->len > 0 ? "," : "", strcmp(op, "absent") == 0 ? "!" : "", key);
	if (listed)
		g_string_append_printf(ret, " %s ", op);
	json_array_foreach(values, i, value)
	{
		json_t *label = json_pack("{s:O}", key, value);
		MUST(are_labels(label));
		json_decref(label);
		g_string_append_printf(ret, "%c%s", i == 0 ? '(' : ',', json_string_value(value));
	}
	if (listed)
		g_string_append_c(ret, ')');
}

static void check_printed(const json_t *compiled)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char problem[160] = "";
	json_t *term;
	size_t i;
	json_array_foreach((json_t *)compiled, i, term)
		print_term(term, text);
	/* "a=b" is printed as "a in (b)": what was near the limit may not fit any more. */
	if (text->len > SELECTOR_TEXT_MAX)
		return;
	json_t *back = selector_compile(text->str, problem, sizeof problem);
	MUST(back != NULL && json_equal(back, compiled));
	json_decref(back);
}

/* The meaning of a term, said in another way than selector.c does. */
static bool term_means(const json_t *term, const json_t *labels)
{
	const char *op = json_string_value(json_object_get(term, "op"));
	const char *has = json_string_value(json_object_get(labels, json_string_value(json_object_get(term, "key"))));
	json_t *value;
	size_t i;
	bool listed = false;
	json_array_foreach(json_object_get(term, "values"), i, value)
		listed = listed || g_strcmp0(has, json_string_value(value)) == 0;
	if (strcmp(op, "exists") == 0 || strcmp(op, "absent") == 0)
		return (has != NULL) == (op[0] == 'e');
	return listed == (strcmp(op, "in") == 0);
}

static void check_meaning(const json_t *compiled, const json_t *labels)
{
	bool all = true;
	json_t *term;
	size_t i;
	json_array_foreach((json_t *)compiled, i, term)
		all = term_means(term, labels) && all;
	MUST(selector_holds(compiled, labels) == all);
}

/* Labels that the selector itself names: its keys with one of the values it lists. */
static json_t *labels_of(const json_t *compiled, size_t which)
{
	json_t *labels = json_object(), *term;
	size_t i;
	json_array_foreach((json_t *)compiled, i, term)
	{
		const json_t *values = json_object_get(term, "values");
		size_t n = json_array_size(values);
		json_t *value = n > 0 ? json_array_get(values, which % n) : NULL;
		json_t *label = value != NULL ? json_incref(value) : json_string("");
		json_object_set_new(labels, json_string_value(json_object_get(term, "key")), label);
	}
	return labels;
}

static void check_compiled(const json_t *compiled, const char *labels_text, size_t which)
{
	json_t *none = json_object(), *own = labels_of(compiled, which), *given = json_loads(labels_text, JSON_DECODE_ANY, NULL);
	MUST(json_array_size(compiled) <= SELECTOR_TERMS_MAX);
	check_printed(compiled);
	check_meaning(compiled, none);
	MUST(are_labels(own));
	check_meaning(compiled, own);
	if (given != NULL && are_labels(given))
		check_meaning(compiled, given);
	json_decref(none);
	json_decref(own);
	json_decref(given);
}

static void check_refused(const char *text, const char *problem)
{
	const char *place = strstr(problem, " at character ");
	MUST(place != NULL && g_utf8_validate(problem, -1, NULL) && strchr(problem, '\n') == NULL);
	guint64 at = g_ascii_strtoull(place + strlen(" at character "), NULL, 10);
	MUST(at >= 1 && at <= strlen(text) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char problem[160] = "";
	char *labels = strchr(text, '\n');
	if (labels != NULL)
		*labels++ = '\0';
	json_t *compiled = selector_compile(text, problem, sizeof problem);
	if (compiled == NULL)
		check_refused(text, problem);
	else
		check_compiled(compiled, labels != NULL ? labels : "", size);
	json_decref(compiled);
	return 0;
}
