/*
 * Text -> schedule and back. Words that begin with "@" are read here, fields by cron.c.
 */
#include "common/schedule_internal.h"

#include <string.h>

#include "common/rfc3339.h"

#define BLANKS " \t"
#define WORD_SHOWN_MAX 40

static const struct {
	const char *name, *fields;
} macros[] = {
	{ "@hourly", "0 * * * *" },   { "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },   { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	/* The text came from outside: what is repeated must stay one printable line. */
	for (char *c = reason; *c; c++)
		if (!g_ascii_isprint(*c))
			*c = '?';
	g_set_error_literal(error, SCHEDULE_ERROR, SCHEDULE_ERROR_EXPRESSION, reason);
	return false;
}

/* "1h30m" -> microseconds. */
static bool read_duration(const char *text, int64_t *ret_us, GError **error)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	const char *at = text;
	int64_t total = 0;

	if (!*at)
		return fail(error, "@every: a duration is missing, such as 1h30m");
	while (*at) {
		int64_t number = 0, seconds = 0;
		const char *digits = at;
		for (; g_ascii_isdigit(*at); at++)
			number = MIN(number * 10 + (*at - '0'), WALL_MAX_SECONDS);
		for (size_t i = 0; i < G_N_ELEMENTS(units) && *at; i++)
			if (*at == units[i].letter)
				seconds = units[i].seconds;
		if (at == digits || seconds == 0)
			return fail(error,
				    "@every: \"%.*s\" is no duration: write numbers with h, m or s, such as 1h30m",
				    WORD_SHOWN_MAX, text);
		at++;
		total += number * seconds;
		if (total > WALL_MAX_SECONDS)
			return fail(error, "@every: %.*s is too long", WORD_SHOWN_MAX, text);
	}
	if (total < 1)
		return fail(error, "@every: %.*s is less than the minimum of 1s", WORD_SHOWN_MAX, text);
	*ret_us = total * US_PER_SECOND;
	return true;
}

static bool read_instant(const char *text, struct wall *ret, GError **error)
{
	if (!*text)
		return fail(error, "@at: an instant is missing, such as 2026-11-23T12:00:00Z");
	if (!rfc3339_parse(text, ret))
		return fail(
			error,
			"@at: \"%.*s\" is no RFC 3339 date and time with Z or an offset, such as 2026-11-23T12:00:00Z",
			WORD_SHOWN_MAX, text);
	return true;
}

/* `word` is the text without outer blanks, cut in two at the first blank; `rest` may be "". */
static bool read_at_word(const char *word, const char *rest, struct schedule *schedule, GError **error)
{
	if (strcmp(word, "@every") == 0) {
		schedule->kind = SCHEDULE_EVERY;
		return read_duration(rest, &schedule->period_us, error);
	}
	if (strcmp(word, "@at") == 0) {
		schedule->kind = SCHEDULE_AT;
		return read_instant(rest, &schedule->at, error);
	}
	const char *fields = NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(macros); i++)
		if (strcmp(word, macros[i].name) == 0)
			fields = macros[i].fields;
	if (!fields && strcmp(word, "@reboot") != 0)
		return fail(
			error,
			"schedule: \"%.*s\" is unknown: there are @hourly @daily @midnight @weekly @monthly @yearly "
			"@annually @reboot @every @at, in lower case",
			WORD_SHOWN_MAX, word);
	if (*rest)
		return fail(error, "schedule: %s stands alone, but \"%.*s\" follows", word, WORD_SHOWN_MAX, rest);
	schedule->kind = fields ? SCHEDULE_CRON : SCHEDULE_REBOOT;
	return !fields || cron_parse(fields, "", &schedule->cron, error);
}

static bool read_text(const char *text, const char *seed, struct schedule *schedule, GError **error)
{
	char copy[SCHEDULE_TEXT_MAX + 1];

	if (g_strlcpy(copy, text, sizeof(copy)) >= sizeof(copy))
		return fail(error, "schedule: is longer than %d bytes", SCHEDULE_TEXT_MAX);
	char *word = copy + strspn(copy, BLANKS);
	if (*word != '@')
		return cron_parse(word, seed, &schedule->cron, error);

	size_t length = strlen(word);
	while (strchr(BLANKS, word[length - 1]))
		length--;
	word[length] = '\0';
	char *rest = word + strcspn(word, BLANKS);
	if (*rest) {
		*rest++ = '\0';
		rest += strspn(rest, BLANKS);
	}
	return read_at_word(word, rest, schedule, error);
}

struct schedule *schedule_new(const char *expression, const char *zone, const char *seed, GError **error)
{
	struct schedule parsed = { .refs = 1, .kind = SCHEDULE_CRON };
	GError *zone_error = NULL;

	if (!read_text(expression, seed ? seed : "", &parsed, error))
		return NULL;
	parsed.tz = tz_get(zone ? zone : "UTC", &zone_error);
	if (!parsed.tz) {
		g_set_error_literal(error, SCHEDULE_ERROR, SCHEDULE_ERROR_ZONE, zone_error->message);
		g_error_free(zone_error);
		return NULL;
	}
	return g_memdup2(&parsed, sizeof(parsed));
}

struct schedule *schedule_ref(struct schedule *schedule)
{
	g_atomic_int_inc(&schedule->refs);
	return schedule;
}

void schedule_unref(struct schedule *schedule)
{
	if (!schedule || !g_atomic_int_dec_and_test(&schedule->refs))
		return;
	tz_unref(schedule->tz);
	g_free(schedule);
}

/* An H that is no part of a name: "THU" and "@hourly" have none. */
bool schedule_text_uses_hash(const char *expression)
{
	const char *text = expression + strspn(expression, BLANKS);

	for (const char *c = text; *c && *text != '@'; c++)
		if (g_ascii_toupper(*c) == 'H' && !g_ascii_isalpha(c[1]) && (c == text || !g_ascii_isalpha(c[-1])))
			return true;
	return false;
}

static char *print_every(int64_t period_us)
{
	int64_t seconds = period_us / US_PER_SECOND;
	GString *out = g_string_new("@every ");

	if (seconds >= 3600)
		g_string_append_printf(out, "%" G_GINT64_FORMAT "h", seconds / 3600);
	if (seconds / 60 % 60)
		g_string_append_printf(out, "%dm", (int)(seconds / 60 % 60));
	if (seconds % 60)
		g_string_append_printf(out, "%ds", (int)(seconds % 60));
	return g_string_free(out, FALSE);
}

static char *print_at(struct wall at)
{
	char seconds[RFC3339_SIZE];
	int us = (int)(at.us - wall_floor_seconds(at) * US_PER_SECOND);

	rfc3339_print_seconds(at, seconds);
	if (us == 0)
		return g_strconcat("@at ", seconds, NULL);
	return g_strdup_printf("@at %.19s.%06dZ", seconds, us);
}

char *schedule_print(const struct schedule *schedule)
{
	switch (schedule->kind) {
	case SCHEDULE_CRON:
		return cron_print(&schedule->cron);
	case SCHEDULE_EVERY:
		return print_every(schedule->period_us);
	case SCHEDULE_AT:
		return print_at(schedule->at);
	case SCHEDULE_REBOOT:
		break;
	}
	return g_strdup("@reboot");
}

const char *schedule_note(const struct schedule *schedule)
{
	const struct cron *cron = &schedule->cron;

	if (schedule->kind != SCHEDULE_CRON)
		return NULL;
	bool dom_star = cron->starred >> CRON_DOM & 1, dow_star = cron->starred >> CRON_DOW & 1;
	bool dom_all = dom_star && cron->dom == 0xfffffffe, dow_all = dow_star && cron->dow == 0x7f;
	if (dom_all || dow_all)
		return NULL;
	if (dom_star || dow_star)
		return "A day field that begins with * is combined with the other by AND: both must match. "
		       "Some other schedulers take OR here.";
	return "Day of month and day of week are both restricted: the job is due when either of them matches.";
}
