/*
 * The log: one event is one line (or one journal entry) of a constant sentence and named fields. Owns: formats, escaping.
 * Library code does not log; its caller does, once, with context (job, fire, agent, request id).
 *
 *	log_info("attempt failed", "job", job->id, "httpStatus", log_number(503), "error", message, NULL);
 *
 * Any thread. Control characters in sentence and values are escaped, so that input can neither forge a line nor talk to
 * a terminal. Values are strings; a NULL value leaves its field out. Names of fields are camelCase, as in the API.
 */
#ifndef BELFRY_LOG_H
#define BELFRY_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define LOG_VALUE_MAX 2048 /* bytes kept of one value */
#define LOG_FIELDS_MAX 24  /* fields kept of one event */

/* For config tables: CONFIG_WORD with LOG_FORMAT_WORDS and LOG_LEVEL_WORDS gives these enums. */
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_JOURNAL };
#define LOG_FORMAT_WORDS "text json journal"
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
#define LOG_LEVEL_WORDS "debug info warning error"

/*
 * Sets the form and the least level that is shown; may be called again (reload). Before the first call it is text, info.
 * Text and JSON go to stderr. Where no journal is reachable, LOG_FORMAT_JOURNAL falls back to text and false is returned.
 */
bool log_open(enum log_format format, enum log_level level);
bool log_is_on(enum log_level level);

/* Pairs of (const char *name, const char *value), ended by a NULL name. Keeps errno. */
void log_event(enum log_level level, const char *sentence, ...) G_GNUC_NULL_TERMINATED;

#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)

/* Text of a number or of a short printf (at most 127 bytes), for use as a value in a log call: valid until the same
 * thread has made 16 more. */
const char *log_number(int64_t number);
const char *log_format_value(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif
