#include <config.h>

#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#endif

#include "common/clock.h"

struct log_field {
	const char *name, *value;
};

static int current_format = LOG_FORMAT_TEXT;
static int current_level = LOG_LEVEL_INFO;
static GMutex output_lock;

static const char *const level_names[] = { "debug", "info", "warning", "error" };

bool log_open(enum log_format format, enum log_level level)
{
	bool reachable = true;
	if (format == LOG_FORMAT_JOURNAL) {
#ifdef HAVE_SYSTEMD
		/* sd_journal_sendv drops entries without a word when there is no journal. */
		reachable = access("/run/systemd/journal/socket", W_OK) == 0;
#else
		reachable = false;
#endif
	}
	g_atomic_int_set(&current_format, reachable ? format : LOG_FORMAT_TEXT);
	g_atomic_int_set(&current_level, level);
	return reachable;
}

bool log_is_on(enum log_level level)
{
	return (int)level >= g_atomic_int_get(&current_level);
}

/* C0, DEL, C1, and the two separators that some readers take for line ends. */
static bool needs_escape(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Cuts to LOG_VALUE_MAX and makes valid UTF-8; NULL when the text is fine as it is. */
static char *tame(const char *text)
{
	size_t size = strnlen(text, LOG_VALUE_MAX + 1);
	if (size <= LOG_VALUE_MAX && g_utf8_validate(text, (gssize)size, NULL))
		return NULL;
	if (size <= LOG_VALUE_MAX)
		return g_utf8_make_valid(text, (gssize)size);
	g_autofree char *cut = g_utf8_make_valid(text, LOG_VALUE_MAX);
	return g_strconcat(cut, "...", NULL);
}

static void append_escaped(GString *line, const char *text)
{
	g_autofree char *tamed = tame(text);
	for (const char *p = tamed != NULL ? tamed : text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '"' || c == '\\')
			g_string_append_printf(line, "\\%c", (char)c);
		else if (c == '\n')
			g_string_append(line, "\\n");
		else if (needs_escape(c))
			g_string_append_printf(line, "\\u%04x", c);
		else
			g_string_append_len(line, p, g_utf8_next_char(p) - p);
	}
}

static void append_quoted(GString *line, const char *text)
{
	g_string_append_c(line, '"');
	append_escaped(line, text);
	g_string_append_c(line, '"');
}

/* logfmt: quotes only where a reader needs them. */
static void append_text_value(GString *line, const char *value)
{
	bool plain = *value != '\0';
	for (const char *p = value; plain && *p != '\0'; p++)
		plain = *p > ' ' && *p < 0x7f && *p != '"' && *p != '=' && *p != '\\';
	if (plain && strlen(value) <= LOG_VALUE_MAX)
		g_string_append(line, value);
	else
		append_quoted(line, value);
}

static void append_time(GString *line)
{
	struct wall now = wall_now();
	time_t seconds = (time_t)wall_floor_seconds(now);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	g_string_append_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
			       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			       (int)((now.us - seconds * US_PER_SECOND) / US_PER_MS));
}

static void write_line(GString *line)
{
	g_string_append_c(line, '\n');
	g_mutex_lock(&output_lock);
	const char *p = line->str;
	size_t left = line->len;
	while (left > 0) {
		ssize_t done = write(STDERR_FILENO, p, left);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break; /* a log that cannot be written must not stop the work */
		p += done;
		left -= (size_t)done;
	}
	g_mutex_unlock(&output_lock);
}

static void write_text(enum log_level level, const char *sentence, const struct log_field *fields, int n)
{
	g_autoptr(GString) line = g_string_sized_new(256);
	append_time(line);
	g_string_append_printf(line, " %s ", level_names[level]);
	append_escaped(line, sentence);
	for (int i = 0; i < n; i++) {
		g_string_append_printf(line, " %s=", fields[i].name);
		append_text_value(line, fields[i].value);
	}
	write_line(line);
}

static void write_json(enum log_level level, const char *sentence, const struct log_field *fields, int n)
{
	g_autoptr(GString) line = g_string_sized_new(256);
	g_string_append(line, "{\"time\":\"");
	append_time(line);
	g_string_append_printf(line, "\",\"level\":\"%s\",\"event\":", level_names[level]);
	append_quoted(line, sentence);
	for (int i = 0; i < n; i++) {
		g_string_append_printf(line, ",\"%s\":", fields[i].name);
		append_quoted(line, fields[i].value);
	}
	g_string_append_c(line, '}');
	write_line(line);
}

#ifdef HAVE_SYSTEMD
/* "jobId" -> "BELFRY_JOB_ID=value"; journal entries are counted byte strings, nothing needs an escape. */
static char *journal_field(const struct log_field *field)
{
	g_autoptr(GString) text = g_string_new("BELFRY_");
	for (const char *p = field->name; *p != '\0'; p++) {
		if (g_ascii_isupper(*p))
			g_string_append_c(text, '_');
		g_string_append_c(text, g_ascii_isalnum(*p) ? g_ascii_toupper(*p) : '_');
	}
	g_string_append_c(text, '=');
	g_autofree char *tamed = tame(field->value);
	g_string_append(text, tamed != NULL ? tamed : field->value);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void write_journal(enum log_level level, const char *sentence, const struct log_field *fields, int n)
{
	static const char *const priorities[] = { "PRIORITY=7", "PRIORITY=6", "PRIORITY=4", "PRIORITY=3" };
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(texts, g_strdup(priorities[level]));
	g_ptr_array_add(texts, g_strconcat("MESSAGE=", sentence, NULL));
	for (int i = 0; i < n; i++)
		g_ptr_array_add(texts, journal_field(&fields[i]));
	struct iovec parts[LOG_FIELDS_MAX + 2];
	for (guint i = 0; i < texts->len; i++) {
		char *text = g_ptr_array_index(texts, i);
		parts[i] = (struct iovec){ text, strlen(text) };
	}
	sd_journal_sendv(parts, (int)texts->len);
}
#else
static void write_journal(enum log_level level, const char *sentence, const struct log_field *fields, int n)
{
	write_text(level, sentence, fields, n);
}
#endif

void log_event(enum log_level level, const char *sentence, ...)
{
	if (!log_is_on(level))
		return;
	int saved_errno = errno;
	struct log_field fields[LOG_FIELDS_MAX];
	int n = 0;
	va_list args;
	va_start(args, sentence);
	for (const char *name; n < LOG_FIELDS_MAX && (name = va_arg(args, const char *)) != NULL;) {
		const char *value = va_arg(args, const char *);
		if (value != NULL)
			fields[n++] = (struct log_field){ name, value };
	}
	va_end(args);

	switch ((enum log_format)g_atomic_int_get(&current_format)) {
	case LOG_FORMAT_TEXT:
		write_text(level, sentence, fields, n);
		break;
	case LOG_FORMAT_JSON:
		write_json(level, sentence, fields, n);
		break;
	case LOG_FORMAT_JOURNAL:
		write_journal(level, sentence, fields, n);
		break;
	}
	errno = saved_errno;
}

/* A ring per thread, so that values need no freeing and calls stay one line. */
static char *next_buffer(size_t *ret_size)
{
	static __thread char ring[16][128];
	static __thread unsigned next;
	*ret_size = sizeof ring[0];
	return ring[next++ % G_N_ELEMENTS(ring)];
}

const char *log_number(int64_t number)
{
	size_t size;
	char *buffer = next_buffer(&size);
	snprintf(buffer, size, "%" PRId64, number);
	return buffer;
}

const char *log_format_value(const char *format, ...)
{
	size_t size;
	char *buffer = next_buffer(&size);
	va_list args;
	va_start(args, format);
	vsnprintf(buffer, size, format, args);
	va_end(args);
	return buffer;
}
