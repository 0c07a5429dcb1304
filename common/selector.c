#include "common/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct cursor {
	const char *start, *at;
	char *problem;
	size_t size;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

static bool is_key(char c)
{
	return is_word(c) || c == '/';
}

static void skip_blanks(struct cursor *cursor)
{
	while (*cursor->at == ' ')
		cursor->at++;
}

static bool take(struct cursor *cursor, const char *sign)
{
	size_t size = strlen(sign);
	if (strncmp(cursor->at, sign, size) != 0)
		return false;
	cursor->at += size;
	return true;
}

static bool fail(struct cursor *cursor, const char *what)
{
	snprintf(cursor->problem, cursor->size, "%s at character %zu", what, (size_t)(cursor->at - cursor->start) + 1);
	return false;
}

/* A key into `ret`, which has room for LABEL_KEY_MAX + 1. */
static bool read_key(struct cursor *cursor, char *ret)
{
	size_t n = 0;
	if (!isalnum((unsigned char)*cursor->at))
		return fail(cursor, "a label's name is needed");
	while (is_key(cursor->at[n]))
		n++;
	if (n > LABEL_KEY_MAX)
		return fail(cursor, "a label's name is longer than 63 characters");
	memcpy(ret, cursor->at, n);
	ret[n] = '\0';
	cursor->at += n;
	return true;
}

static bool read_value(struct cursor *cursor, json_t *values)
{
	size_t n = 0;
	skip_blanks(cursor);
	while (is_word(cursor->at[n]))
		n++;
	if (n > LABEL_VALUE_MAX)
		return fail(cursor, "a label's value is longer than 63 characters");
	if (json_array_size(values) >= SELECTOR_VALUES_MAX)
		return fail(cursor, "more than 16 values");
	json_array_append_new(values, json_stringn(cursor->at, n));
	cursor->at += n;
	skip_blanks(cursor);
	return true;
}

static bool read_list(struct cursor *cursor, json_t *values)
{
	skip_blanks(cursor);
	if (!take(cursor, "("))
		return fail(cursor, "\"(\" is needed");
	do {
		if (!read_value(cursor, values))
			return false;
	} while (take(cursor, ","));
	return take(cursor, ")") || fail(cursor, "\",\" or \")\" is needed");
}

/* The word `name`, with a blank or parenthesis behind it. */
static bool take_word(struct cursor *cursor, const char *name)
{
	size_t size = strlen(name);
	if (strncmp(cursor->at, name, size) != 0 || (cursor->at[size] != ' ' && cursor->at[size] != '('))
		return false;
	cursor->at += size;
	return true;
}

/* What stands behind the key; *ret_op is static. */
static bool read_condition(struct cursor *cursor, json_t *values, const char **ret_op)
{
	bool blank = *cursor->at == ' ';
	skip_blanks(cursor);
	*ret_op = "in";
	if (take(cursor, "!=")) {
		*ret_op = "notin";
		return read_value(cursor, values);
	}
	if (take(cursor, "==") || take(cursor, "="))
		return read_value(cursor, values);
	if (blank && take_word(cursor, "in"))
		return read_list(cursor, values);
	if (blank && take_word(cursor, "notin")) {
		*ret_op = "notin";
		return read_list(cursor, values);
	}
	*ret_op = "exists";
	return true;
}

static bool read_term(struct cursor *cursor, json_t *terms)
{
	char key[LABEL_KEY_MAX + 1];
	const char *op = "absent";
	skip_blanks(cursor);
	bool absent = take(cursor, "!");
	skip_blanks(cursor);
	if (json_array_size(terms) >= SELECTOR_TERMS_MAX)
		return fail(cursor, "more than 16 conditions");
	if (!read_key(cursor, key))
		return false;
	json_t *values = json_array();
	bool ok = absent || read_condition(cursor, values, &op);
	if (ok)
		json_array_append_new(terms, json_pack("{s:s, s:s, s:O}", "key", key, "op", op, "values", values));
	json_decref(values);
	skip_blanks(cursor);
	return ok;
}

json_t *selector_compile(const char *text, char *ret_problem, size_t size)
{
	struct cursor cursor = { text, text, ret_problem, size };
	json_t *terms = json_array();
	bool ok = strlen(text) <= SELECTOR_TEXT_MAX || fail(&cursor, "a selector has at most 1024 characters; too long");
	skip_blanks(&cursor);
	if (ok && *cursor.at == '\0')
		return terms;
	do {
		ok = ok && read_term(&cursor, terms);
	} while (ok && take(&cursor, ","));
	if (ok && *cursor.at != '\0')
		ok = fail(&cursor, "\",\" or the end is needed");
	if (!ok) {
		json_decref(terms);
		return NULL;
	}
	return terms;
}

static bool term_holds(const json_t *term, const json_t *labels)
{
	const char *op = json_string_value(json_object_get(term, "op"));
	const json_t *label = json_object_get(labels, json_string_value(json_object_get(term, "key")));
	const json_t *values = json_object_get(term, "values");
	bool found = false;
	for (size_t i = 0; i < json_array_size(values); i++)
		found |= label != NULL && json_equal(label, json_array_get(values, i));
	if (strcmp(op, "exists") == 0)
		return label != NULL;
	if (strcmp(op, "absent") == 0)
		return label == NULL;
	return strcmp(op, "in") == 0 ? found : !found;
}

bool selector_holds(const json_t *compiled, const json_t *labels)
{
	for (size_t i = 0; i < json_array_size(compiled); i++)
		if (!term_holds(json_array_get(compiled, i), labels))
			return false;
	return true;
}

static bool all_of(const char *text, size_t size, bool (*belongs)(char c))
{
	for (size_t i = 0; i < size; i++)
		if (!belongs(text[i]))
			return false;
	return true;
}

bool labels_check(const json_t *labels, const char **ret_key, char *ret_problem, size_t size)
{
	const char *key;
	json_t *value;
	*ret_key = "";
	if (!json_is_object(labels) || json_object_size(labels) > LABELS_MAX) {
		snprintf(ret_problem, size, "must be an object of at most %d labels", LABELS_MAX);
		return false;
	}
	json_object_foreach((json_t *)labels, key, value)
	{
		size_t key_size = strlen(key), value_size = json_string_length(value);
		*ret_key = key;
		if (key_size > LABEL_KEY_MAX || !isalnum((unsigned char)*key) || !all_of(key, key_size, is_key)) {
			snprintf(ret_problem, size,
				 "a label's name has 1 to %d letters, digits and ._/- and begins with a letter or digit",
				 LABEL_KEY_MAX);
			return false;
		}
		if (!json_is_string(value) || value_size > LABEL_VALUE_MAX ||
		    !all_of(json_string_value(value), value_size, is_word)) {
			snprintf(ret_problem, size, "a label's value is a text of at most %d letters, digits and ._-",
				 LABEL_VALUE_MAX);
			return false;
		}
	}
	return true;
}
