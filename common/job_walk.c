/*
 * Walks a table of rules (job_rules.c) over a draft: reads and checks JSON, sets defaults, writes JSON. Knows kinds of
 * values, not fields.
 */
#include "common/job_draft.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "common/json_pointer.h"
#include "common/rfc3339.h"

/* Names that people bring from elsewhere. */
static const struct {
	const char *from, *to;
} habits[] = {
	{ "url", "api" },
	{ "uri", "api" },
	{ "endpoint", "api" },
	{ "cron", "schedule" },
	{ "expression", "schedule" },
	{ "tz", "timezone" },
	{ "zone", "timezone" },
	{ "retries", "retry" },
	{ "enabled", "active" },
	{ "payload", "body" },
	{ "data", "body" },
	{ "misfire", "catchUp" },
	{ "attempts", "maxAttempts" },
};

static void append_pointer(GString *out, const struct job_place *place)
{
	if (place == NULL)
		return;
	append_pointer(out, place->up);
	json_pointer_append(out, place->name);
}

char *job_quote(const char *text)
{
	GString *out = g_string_new("\"");
	const char *p = text;
	for (int i = 0; *p != '\0' && i < 60; i++, p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (g_unichar_isprint(c))
			g_string_append_unichar(out, c);
		else
			g_string_append_printf(out, "\\u%04x", c);
	}
	g_string_append(out, *p != '\0' ? "...\"" : "\"");
	return g_string_free(out, FALSE);
}

bool job_check_fail(struct job_check *check, const struct job_place *at, const char *format, ...)
{
	GString *pointer = g_string_new(NULL), *detail = g_string_new(NULL);
	append_pointer(pointer, at);
	if (at != NULL) {
		g_autofree char *name = job_quote(at->name);
		bool index = at->up != NULL && g_ascii_isdigit(*at->name);
		g_string_append_printf(detail, index ? "%s[%.*s]: " : "%.0s%.*s: ", index ? at->up->name : "",
				       (int)strlen(name) - 2, name + 1);
	}
	va_list args;
	va_start(args, format);
	g_string_append_vprintf(detail, format, args);
	va_end(args);
	/* Reasons of libraries may repeat what they were given. */
	for (char *p = detail->str; *p != '\0'; p++)
		*p = g_ascii_iscntrl(*p) ? ' ' : *p;
	check->problem->pointer = g_string_free(pointer, FALSE);
	check->problem->detail = g_string_free(detail, FALSE);
	return false;
}

const char *job_json_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

bool job_has_control(const char *text)
{
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			return true;
	return false;
}

bool job_read_text(struct job_check *check, const struct job_place *at, const json_t *value, size_t min, size_t max,
		   const char **ret)
{
	if (!json_is_string(value))
		return job_check_fail(check, at, "must be a string, not %s", job_json_type(value));
	const char *text = json_string_value(value);
	size_t size = json_string_length(value);
	if (size > max)
		return job_check_fail(check, at, "is %zu bytes long, at most %zu are allowed", size, max);
	if (size < min)
		return job_check_fail(check, at, "must not be empty");
	if (strlen(text) != size)
		return job_check_fail(check, at, "must not contain a NUL character");
	*ret = text;
	return true;
}

static bool read_number(struct job_check *check, const struct job_place *at, const struct job_rule *rule,
			const json_t *value, double *ret)
{
	double number = json_number_value(value);
	bool whole = rule->kind != RULE_REAL;
	if (!json_is_number(value))
		return job_check_fail(check, at, "must be a %snumber, not %s", whole ? "whole " : "",
				      job_json_type(value));
	if (whole && floor(number) != number)
		return job_check_fail(check, at, "%.15g is not a whole number", number);
	if (!(number >= rule->min && number <= rule->max))
		return job_check_fail(check, at, "%.15g is outside %.15g-%.15g", number, rule->min, rule->max);
	*ret = number;
	return true;
}

static bool read_word(struct job_check *check, const struct job_place *at, const char *const *words,
		      const json_t *value, int *ret)
{
	const char *text;
	if (!job_read_text(check, at, value, 1, JOB_NAME_MAX, &text))
		return false;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*ret = i + 1;
			return true;
		}
	g_autofree char *quoted = job_quote(text), *list = g_strjoinv(", ", (char **)words);
	return job_check_fail(check, at, "%s is none of %s", quoted, list);
}

bool job_read_time(struct job_check *check, const struct job_place *at, const json_t *value, struct wall *ret)
{
	const char *text;
	struct wall time;
	if (!job_read_text(check, at, value, 1, 64, &text))
		return false;
	if (!rfc3339_parse(text, &time)) {
		g_autofree char *quoted = job_quote(text);
		return job_check_fail(check, at, "%s is not a date and time; write it like 2026-11-23T12:00:00Z",
				      quoted);
	}
	int64_t within_ms = ((time.us % US_PER_MS) + US_PER_MS) % US_PER_MS;
	*ret = wall_add_us(time, -within_ms);
	return true;
}

static void set_number(const struct job_rule *rule, struct job_draft *draft, double number)
{
	void *target = (char *)draft + rule->offset;
	if (rule->kind == RULE_MS)
		*(int64_t *)target = (int64_t)number;
	else if (rule->kind == RULE_REAL)
		*(double *)target = number;
	else
		*(int *)target = (int)number;
}

static bool read_value(struct job_check *check, const struct job_place *at, const struct job_rule *rule,
		       const json_t *value, struct job_draft *draft)
{
	void *target = (char *)draft + rule->offset;
	double number = 0;
	switch (rule->kind) {
	case RULE_TEXT:
		if (!job_read_text(check, at, value, (size_t)rule->min, (size_t)rule->max, (const char **)target))
			return false;
		if (job_has_control(*(const char **)target))
			return job_check_fail(check, at, "must not contain control characters such as line breaks");
		return true;
	case RULE_INT:
	case RULE_MS:
	case RULE_REAL:
		if (!read_number(check, at, rule, value, &number))
			return false;
		set_number(rule, draft, number);
		return true;
	case RULE_BOOL:
		if (!json_is_boolean(value))
			return job_check_fail(check, at, "must be true or false, not %s", job_json_type(value));
		*(bool *)target = json_is_true(value);
		return true;
	case RULE_WORD:
		return read_word(check, at, rule->words, value, target);
	case RULE_TIME:
		return job_read_time(check, at, value, target);
	case RULE_OBJECT:
		return job_walk_read(check, at, rule->members, value, draft);
	case RULE_CUSTOM:
		return rule->read(check, at, value, draft);
	}
	return false;
}

static const struct job_rule *find_rule(const struct job_rule *rules, const char *name)
{
	for (; rules->name != NULL; rules++)
		if (strcmp(rules->name, name) == 0)
			return rules;
	return NULL;
}

/* Edit distance of Levenshtein, letter case aside; names are short, and only a typo gets here. */
static int distance(const char *a, const char *b)
{
	enum { MAX = 24 };
	int rows[2][MAX + 1], n = (int)strlen(b);
	if (strlen(a) > MAX || n > MAX)
		return MAX;
	for (int k = 0; k <= n; k++)
		rows[0][k] = k;
	int i = 0;
	for (; a[i] != '\0'; i++) {
		int *old = rows[i % 2], *new = rows[(i + 1) % 2];
		new[0] = i + 1;
		for (int k = 0; k < n; k++) {
			int change = old[k] + (g_ascii_tolower(a[i]) != g_ascii_tolower(b[k]));
			new[k + 1] = MIN(change, MIN(old[k + 1], new[k]) + 1);
		}
	}
	return rows[i % 2][n];
}

static const char *nearest_name(const struct job_rule *rules, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(habits); i++)
		if (g_ascii_strcasecmp(habits[i].from, name) == 0 && find_rule(rules, habits[i].to) != NULL)
			return habits[i].to;
	const char *best = NULL;
	int best_distance = MAX(1, (int)strlen(name) / 3) + 1;
	for (; rules->name != NULL; rules++) {
		int d = distance(name, rules->name);
		if (d < best_distance) {
			best_distance = d;
			best = rules->name;
		}
	}
	return best;
}

/* The members of the definition itself, not of an object within, may be the API's own. */
static bool is_read_only(const struct job_place *at)
{
	return at->up == NULL && g_strv_contains(job_read_only_names, at->name);
}

static bool fail_unknown(struct job_check *check, const struct job_place *at, const struct job_rule *rules)
{
	if (is_read_only(at))
		return job_check_fail(check, at, "is set by Belfry itself; leave it out");
	const char *near = nearest_name(rules, at->name);
	if (near != NULL)
		return job_check_fail(check, at, "unknown field; did you mean \"%s\"?", near);
	return job_check_fail(check, at, "unknown field");
}

bool job_walk_read(struct job_check *check, const struct job_place *at, const struct job_rule *rules,
		   const json_t *json, struct job_draft *draft)
{
	if (!json_is_object(json))
		return job_check_fail(check, at,
				      at == NULL ? "a job must be a JSON object, not %s" : "must be an object, not %s",
				      job_json_type(json));
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)json, name, value)
	{
		struct job_place place = { at, name };
		const struct job_rule *rule = find_rule(rules, name);
		if (rule == NULL && check->allow_read_only && is_read_only(&place))
			continue;
		if (rule == NULL)
			return fail_unknown(check, &place, rules);
		if (!json_is_null(value) && !read_value(check, &place, rule, value, draft))
			return false;
	}
	return true;
}

void job_walk_defaults(const struct job_rule *rules, struct job_draft *draft)
{
	for (const struct job_rule *rule = rules; rule->name != NULL; rule++) {
		void *target = (char *)draft + rule->offset;
		switch (rule->kind) {
		case RULE_TEXT:
			*(const char **)target = rule->fallback_text;
			break;
		case RULE_INT:
		case RULE_MS:
		case RULE_REAL:
		case RULE_WORD:
			set_number(rule, draft, rule->fallback);
			break;
		case RULE_BOOL:
			*(bool *)target = rule->fallback != 0;
			break;
		case RULE_TIME:
			*(struct wall *)target = WALL_NONE;
			break;
		case RULE_OBJECT:
			job_walk_defaults(rule->members, draft);
			break;
		case RULE_CUSTOM:
			break;
		}
	}
}

static json_t *number_to_json(double number)
{
	return floor(number) == number ? json_integer((json_int_t)number) : json_real(number);
}

json_t *job_time_to_json(struct wall time)
{
	char buffer[RFC3339_SIZE];
	return wall_is_set(time) ? json_string(rfc3339_print_ms(time, buffer)) : json_null();
}

json_t *job_walk_write(const struct job_rule *rules, const struct job_draft *draft, bool mask_secrets)
{
	json_t *json = json_object();
	for (const struct job_rule *rule = rules; rule->name != NULL; rule++) {
		const void *source = (const char *)draft + rule->offset;
		json_t *value = NULL;
		switch (rule->kind) {
		case RULE_TEXT:
			value = *(char *const *)source != NULL ? json_string(*(char *const *)source) : json_null();
			break;
		case RULE_INT:
			value = json_integer(*(const int *)source);
			break;
		case RULE_MS:
			value = json_integer(*(const int64_t *)source);
			break;
		case RULE_REAL:
			value = number_to_json(*(const double *)source);
			break;
		case RULE_BOOL:
			value = json_boolean(*(const bool *)source);
			break;
		case RULE_WORD:
			value = json_string(rule->words[*(const int *)source - 1]);
			break;
		case RULE_TIME:
			value = job_time_to_json(*(const struct wall *)source);
			break;
		case RULE_OBJECT:
			value = job_walk_write(rule->members, draft, mask_secrets);
			break;
		case RULE_CUSTOM:
			value = rule->write(draft, mask_secrets);
			break;
		}
		json_object_set_new(json, rule->name, value);
	}
	return json;
}
