/*
 * The grammar of the fields.
 *
 *   fields := [second] minute hour dom month dow            blanks between: spaces and tabs
 *   list   := item ("," item)*
 *   item   := "*" ["/" n] | v ["/" n] | v "-" v ["/" n] | "H" ["(" v "-" v ")"] ["/" n]
 *   dom adds "L" "L-n" "LW" "L-nW" "nW"; dow adds "vL" "v#n" "v#L"; "?" may be the whole of dom or dow
 *
 * One cursor walks one field; whoever sees something wrong writes the one sentence and returns false.
 */
#include "common/cron.h"

#include <string.h>

#include "common/schedule.h"

#define ITEM_SHOWN_MAX 40 /* bytes of a broken item that a message repeats */

struct field_rule {
	const char *label;
	int min, max;	   /* accepted values; 7 is Sunday too */
	int star_max;	   /* what "*" and "v/n" reach to */
	int hash_max;	   /* what a bare H reaches to: 28 days exist in every month */
	const char *names; /* three letters each, or NULL */
	int first_name;
};

static const struct field_rule rules[CRON_FIELDS_] = {
	[CRON_SECOND] = { "second", 0, 59, 59, 59, NULL, 0 },
	[CRON_MINUTE] = { "minute", 0, 59, 59, 59, NULL, 0 },
	[CRON_HOUR] = { "hour", 0, 23, 23, 23, NULL, 0 },
	[CRON_DOM] = { "day of month", 1, 31, 31, 28, NULL, 0 },
	[CRON_MONTH] = { "month", 1, 12, 12, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", 1 },
	[CRON_DOW] = { "day of week", 0, 7, 6, 6, "SUNMONTUEWEDTHUFRISAT", 0 },
};

struct cursor {
	enum cron_field field;
	const struct field_rule *rule;
	const char *item; /* where the item under way began */
	const char *at;
	const char *seed;
	struct cron *cron;
	uint64_t values; /* plain values of the field */
	GError **error;
};

struct value {
	int number;
	const char *text;
	int length;
};

static bool G_GNUC_PRINTF(2, 3) fail(const struct cursor *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(c->error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION, "%s: %s", c->rule->label, reason);
	return false;
}

static bool fail_item(const struct cursor *c)
{
	int length = (int)strcspn(c->item, ",");

	if (length == 0)
		return fail(c, "a value is missing before, between or after commas");
	for (int i = 0; i < length; i++)
		if (!g_ascii_isprint(c->item[i]))
			return fail(c, "has a character that is not plain ASCII");
	return fail(c, "\"%.*s\" is not understood", MIN(length, ITEM_SHOWN_MAX), c->item);
}

static bool at_end_of_item(const struct cursor *c)
{
	return *c->at == '\0' || *c->at == ',';
}

static bool skip_char(struct cursor *c, char upper)
{
	if (g_ascii_toupper(*c->at) != upper)
		return false;
	c->at++;
	return true;
}

/* Digits; values too large for any field stay too large. */
static bool read_number(struct cursor *c, int *ret)
{
	int number = 0;

	if (!g_ascii_isdigit(*c->at))
		return false;
	for (; g_ascii_isdigit(*c->at); c->at++)
		number = MIN(number * 10 + (*c->at - '0'), 1000000);
	*ret = number;
	return true;
}

static bool read_name(struct cursor *c, int *ret)
{
	const char *names = c->rule->names;

	for (int i = 0; names && names[i]; i += 3) {
		if (g_ascii_strncasecmp(c->at, names + i, 3) == 0) {
			c->at += 3;
			*ret = c->rule->first_name + i / 3;
			return true;
		}
	}
	return false;
}

static bool read_value(struct cursor *c, struct value *ret)
{
	ret->text = c->at;
	if (!read_number(c, &ret->number) && !read_name(c, &ret->number))
		return fail_item(c);
	ret->length = (int)(c->at - ret->text);
	if (ret->number < c->rule->min || ret->number > c->rule->max)
		return fail(c, "%.*s is outside %d-%d", MIN(ret->length, ITEM_SHOWN_MAX), ret->text, c->rule->min,
			    c->rule->max);
	return true;
}

/* "22-2" -> "22-23,0-2", in the words the person used. */
static bool fail_backwards(const struct cursor *c, const struct value *low, const struct value *high)
{
	const struct field_rule *rule = c->rule;
	g_autoptr(GString) hint = g_string_new(NULL);

	if (*c->at == '/')
		return fail(c, "%.*s-%.*s runs backwards: write it as two ranges", low->length, low->text, high->length,
			    high->text);
	if (c->field == CRON_DOW && low->number == 7) {
		g_string_append_printf(hint, "0-%.*s", high->length, high->text);
	} else {
		const char *last_name = rule->names ? rule->names + strlen(rule->names) - 3 : NULL;
		bool named = g_ascii_isalpha(*low->text);
		g_string_append_len(hint, low->text, low->length);
		if (low->number < rule->star_max && named)
			g_string_append_printf(hint, "-%s", last_name);
		else if (low->number < rule->star_max)
			g_string_append_printf(hint, "-%d", rule->star_max);
		g_string_append_c(hint, ',');
		if (high->number > rule->min && named)
			g_string_append_printf(hint, "%.3s-", rule->names);
		else if (high->number > rule->min)
			g_string_append_printf(hint, "%d-", rule->min);
		g_string_append_len(hint, high->text, high->length);
	}
	return fail(c, "%.*s-%.*s runs backwards: write %s", low->length, low->text, high->length, high->text,
		    hint->str);
}

/* The upper bound of a range. SUN is 7 there, so that FRI-SUN is what it says. */
static bool read_upper(struct cursor *c, const struct value *low, int *ret)
{
	struct value high;

	if (!read_value(c, &high))
		return false;
	if (c->field == CRON_DOW && high.number == 0 && g_ascii_isalpha(*high.text))
		high.number = 7;
	if (low->number > high.number)
		return fail_backwards(c, low, &high);
	*ret = high.number;
	return true;
}

static bool read_step(struct cursor *c, int max, int *ret)
{
	const char *text = c->at;

	if (!read_number(c, ret))
		return fail_item(c);
	if (*ret < 1 || *ret > max)
		return fail(c, "step %.*s is outside 1-%d", MIN((int)(c->at - text), ITEM_SHOWN_MAX), text, max);
	return true;
}

static void add_values(struct cursor *c, int low, int high, int step)
{
	for (int value = low; value <= high; value += step)
		c->values |= UINT64_C(1) << value;
}

static bool read_range(struct cursor *c, int low, int high)
{
	int step = 1;

	if (skip_char(c, '/') && !read_step(c, c->rule->star_max - c->rule->min + 1, &step))
		return false;
	if (!at_end_of_item(c))
		return fail_item(c);
	add_values(c, low, high, step);
	return true;
}

static uint64_t hash_seed(const char *seed, enum cron_field field)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const uint64_t prime = UINT64_C(0x100000001b3);

	for (; *seed; seed++)
		hash = (hash ^ (uint8_t)*seed) * prime;
	hash = (hash ^ 0) * prime;
	return (hash ^ (uint64_t)('0' + (int)field)) * prime;
}

/* Section 6. "H" was read. */
static bool read_hash(struct cursor *c)
{
	int low = c->rule->min, high = c->rule->hash_max, step;

	if (skip_char(c, '(')) {
		struct value from;
		if (!read_value(c, &from))
			return false;
		if (!skip_char(c, '-'))
			return fail_item(c);
		if (!read_upper(c, &from, &high))
			return false;
		if (!skip_char(c, ')'))
			return fail_item(c);
		low = from.number;
	}
	int size = high - low + 1;
	uint64_t hash = hash_seed(c->seed, c->field);
	if (!skip_char(c, '/')) {
		int value = low + (int)(hash % (uint64_t)size);
		return at_end_of_item(c) ? (add_values(c, value, value, 1), true) : fail_item(c);
	}
	if (!read_step(c, size, &step))
		return false;
	if (!at_end_of_item(c))
		return fail_item(c);
	add_values(c, low + (int)(hash % (uint64_t)step), high, step);
	return true;
}

/* "L", "L-n", "LW", "L-nW"; the "L" was read. */
static bool read_last_day(struct cursor *c)
{
	int before = 0;

	if (skip_char(c, '-')) {
		const char *text = c->at;
		if (!read_number(c, &before))
			return fail_item(c);
		if (before < 1 || before > 30)
			return fail(c, "L-%.*s is outside L-1 to L-30", MIN((int)(c->at - text), ITEM_SHOWN_MAX), text);
	}
	uint32_t *set = skip_char(c, 'W') ? &c->cron->last_nearest : &c->cron->last;
	if (!at_end_of_item(c))
		return fail_item(c);
	*set |= UINT32_C(1) << before;
	return true;
}

/* "v#n" or "v#L"; the "#" was read. */
static bool read_nth_weekday(struct cursor *c, int weekday)
{
	const char *text = c->at;
	int nth;

	if (skip_char(c, 'L')) {
		c->cron->dow_last |= (uint8_t)(1u << weekday);
		return at_end_of_item(c) || fail_item(c);
	}
	if (!read_number(c, &nth) || !at_end_of_item(c))
		return fail_item(c);
	if (nth < 1 || nth > 5)
		return fail(c, "#%.*s is outside #1 to #5", MIN((int)(c->at - text), ITEM_SHOWN_MAX), text);
	c->cron->dow_nth |= UINT64_C(1) << ((nth - 1) * 7 + weekday);
	return true;
}

static bool read_item(struct cursor *c)
{
	struct value value;
	int high;

	c->item = c->at;
	if (skip_char(c, '*'))
		return read_range(c, c->rule->min, c->rule->star_max);
	if (*c->at == '?')
		return fail(c, c->field == CRON_DOM || c->field == CRON_DOW
				       ? "\"?\" cannot be part of a list or have a step"
				       : "\"?\" is for day of month and day of week only: write \"*\"");
	if (skip_char(c, 'H'))
		return read_hash(c);
	if (c->field == CRON_DOM && skip_char(c, 'L'))
		return read_last_day(c);
	if (!read_value(c, &value))
		return false;
	if (c->field == CRON_DOM && skip_char(c, 'W')) {
		c->cron->nearest |= UINT32_C(1) << value.number;
		return at_end_of_item(c) || fail_item(c);
	}
	if (skip_char(c, '-'))
		return read_upper(c, &value, &high) && read_range(c, value.number, high);

	int number = c->field == CRON_DOW ? value.number % 7 : value.number;
	if (c->field == CRON_DOW && skip_char(c, 'L')) {
		c->cron->dow_last |= (uint8_t)(1u << number);
		return at_end_of_item(c) || fail_item(c);
	}
	if (c->field == CRON_DOW && skip_char(c, '#'))
		return read_nth_weekday(c, number);
	return read_range(c, number, *c->at == '/' ? c->rule->star_max : number);
}

static bool read_field(struct cursor *c)
{
	struct cron *cron = c->cron;
	const char *text = c->at;
	bool day_field = c->field == CRON_DOM || c->field == CRON_DOW;

	if (day_field && strcmp(text, "?") == 0) {
		add_values(c, c->rule->min, c->rule->star_max, 1);
	} else {
		do {
			if (!read_item(c))
				return false;
		} while (skip_char(c, ','));
	}
	if (day_field && (text[0] == '*' || text[0] == '?'))
		cron->starred |= (uint8_t)(1u << c->field);
	if (c->field <= CRON_HOUR && strpbrk(text, "*/"))
		cron->stepped |= (uint8_t)(1u << c->field);

	switch (c->field) {
	case CRON_SECOND:
		cron->second = c->values;
		break;
	case CRON_MINUTE:
		cron->minute = c->values;
		break;
	case CRON_HOUR:
		cron->hour = (uint32_t)c->values;
		break;
	case CRON_DOM:
		cron->dom = (uint32_t)c->values;
		break;
	case CRON_MONTH:
		cron->month = (uint16_t)c->values;
		break;
	case CRON_DOW:
		cron->dow = (uint8_t)((c->values | c->values >> 7) & 0x7f);
		break;
	case CRON_FIELDS_:
		break;
	}
	return true;
}

/* What "*" already covers needs no further words: equal schedules have equal structs. */
static void normalise(struct cron *cron)
{
	if (cron->dom == 0xfffffffe)
		cron->last = cron->nearest = cron->last_nearest = 0;
	if (cron->dow == 0x7f) {
		cron->dow_last = 0;
		cron->dow_nth = 0;
	}
}

/*
 * Whether a date matches depends on the length of its month and the weekday of its first day only, and every
 * combination of the two occurs within 400 years.
 */
static bool some_day_matches(const struct cron *cron)
{
	static const uint8_t lengths[13] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (int month = 1; month <= 12; month++)
		for (int weekday = 0; weekday < 7 && cron->month >> month & 1; weekday++)
			if (cron_days_of_month(cron, lengths[month], weekday) ||
			    (month == 2 && cron_days_of_month(cron, 28, weekday)))
				return true;
	return false;
}

static bool check_possible(struct cron *cron, char *const *fields, GError **error)
{
	if (some_day_matches(cron))
		return true;

	struct cron any_weekday = *cron;
	any_weekday.dow = 0x7f;
	any_weekday.starred |= 1u << CRON_DOW;
	if (some_day_matches(&any_weekday)) {
		g_set_error(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION,
			    "day of week: %.*s never falls on day of month %.*s, and both must match because one "
			    "begins with *",
			    ITEM_SHOWN_MAX, fields[CRON_DOW], ITEM_SHOWN_MAX, fields[CRON_DOM]);
		return false;
	}
	g_autoptr(GString) months = g_string_new(NULL);
	for (int month = 1; month <= 12; month++) {
		if (!(cron->month >> month & 1))
			continue;
		const char *name = rules[CRON_MONTH].names + (month - 1) * 3;
		g_string_append_printf(months, "%s%c%c%c", months->len ? ", " : "", name[0], g_ascii_tolower(name[1]),
				       g_ascii_tolower(name[2]));
	}
	g_set_error(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION, "day of month: %.*s never occurs in %s",
		    ITEM_SHOWN_MAX, fields[CRON_DOM], months->str);
	return false;
}

/* Cuts the text, in place, at its blanks. Returns how many words it has; stores at most `max`. */
static int split_words(char *text, char **words, int max)
{
	int n = 0;

	while (*(text += strspn(text, " \t"))) {
		if (n < max)
			words[n] = text;
		n++;
		text += strcspn(text, " \t");
		if (*text)
			*text++ = '\0';
	}
	return n;
}

bool cron_parse(const char *text, const char *seed, struct cron *ret, GError **error)
{
	char copy[SCHEDULE_TEXT_MAX + 1], zero[] = "0";
	char *words[CRON_FIELDS_] = { zero };
	struct cron cron = { 0 };

	if (g_strlcpy(copy, text, sizeof(copy)) >= sizeof(copy)) {
		g_set_error(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION, "schedule: is longer than %d bytes",
			    SCHEDULE_TEXT_MAX);
		return false;
	}
	char **fields = words;
	int n = split_words(copy, words, CRON_FIELDS_);
	if (n == 0) {
		g_set_error(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION, "schedule: is empty");
		return false;
	}
	if (n == 5) {
		memmove(words + 1, words, 5 * sizeof(*words));
		words[CRON_SECOND] = zero;
	} else if (n != 6) {
		g_set_error(
			error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION,
			"schedule: has %d field%s: write 5 (minute hour day-of-month month day-of-week), or 6 with the "
			"second first%s",
			n, n == 1 ? "" : "s", n == 7 ? "; there is no year field" : "");
		return false;
	}
	for (int i = 0; i < CRON_FIELDS_; i++) {
		struct cursor cursor = {
			.field = (enum cron_field)i,
			.rule = &rules[i],
			.at = fields[i],
			.seed = seed,
			.cron = &cron,
			.error = error,
		};
		if (!read_field(&cursor))
			return false;
	}
	normalise(&cron);
	if (!check_possible(&cron, fields, error))
		return false;
	*ret = cron;
	return true;
}
