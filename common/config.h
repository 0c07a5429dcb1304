/*
 * Configuration: one typed table per daemon says which keys there are; it parses, checks, prints and compares.
 * Owns: the rules of the table, messages of the form "FILE:LINE: key: reason". Does not own: any daemon's keys.
 *
 * A daemon has a plain struct, zeroed, and a table whose last row has a NULL key:
 *
 *	static const struct config_row rows[] = {
 *		{ "central", "api_threads", CONFIG_INT, "8", .min = 1, .max = 256,
 *		  .offset = offsetof(struct central_config, api_threads), .help = "Threads that answer people" },
 *		{ 0 }
 *	};
 *	config_load(rows, path, &config, &error); ... config_free_strings(rows, &config);
 *
 * Files are GKeyFile text (groups, key=value, # comments). The environment is not read. Defaults that are computed
 * (a host name, a path under another) stand as "" in the table and are filled in by the daemon after the load.
 */
#ifndef BELFRY_COMMON_CONFIG_H
#define BELFRY_COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#define CONFIG_FILE_MAX (1024 * 1024) /* bytes */
#define CONFIG_TEXT_MAX 4096          /* bytes of a string or path whose row names no other maximum */

/* The kind of a value, and the C type of the member at `offset`. */
enum config_type {
	CONFIG_STRING, /* char *, never NULL after a load */
	CONFIG_PATH,   /* char *, empty or absolute or relative to the working directory; no control characters */
	CONFIG_INT,    /* int */
	CONFIG_BOOL,   /* bool: true or false */
	CONFIG_MS,     /* int64_t, a whole number of milliseconds */
	CONFIG_DOUBLE, /* double */
	CONFIG_WORD    /* int: index of the word in `words`, so an enum fits */
};

/* What config_print hides. */
enum config_secrecy {
	CONFIG_OPEN,
	CONFIG_SECRET,  /* the whole value */
	CONFIG_CONNINFO /* the passwords within a libpq connection string or URL */
};

struct config_row {
	const char *group, *key;
	enum config_type type;
	const char *fallback; /* the default, written as in a file */
	double min, max;      /* allowed numbers; for texts the allowed bytes, max 0 = CONFIG_TEXT_MAX */
	const char *words;    /* CONFIG_WORD: "text json journal" */
	size_t offset;        /* of the member in the daemon's struct */
	bool reloadable;      /* takes effect without a restart */
	enum config_secrecy secrecy;
	const char *help;     /* one line for people */
};

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);
enum config_error { CONFIG_ERROR_FILE, CONFIG_ERROR_SYNTAX, CONFIG_ERROR_UNKNOWN, CONFIG_ERROR_VALUE };

/*
 * Fills the struct with the defaults and then with what the file says; `file` NULL means defaults only. An unknown group or
 * key, a key set twice, a wrong type or a value out of range is an error: "central.conf:7: api_threads: 900 is outside
 * 1-256". On error the strings are freed and NULL. A struct that was loaded before must have had its strings freed.
 */
bool config_load(const struct config_row *rows, const char *file, void *ret_config, GError **error);

/*
 * For what a daemon checks after the load (several keys together, an address): sets "FILE:LINE: key: reason" and returns
 * false. A key that the file does not set has no line; without a file the place is "defaults".
 */
bool config_refuse(const struct config_row *rows, const char *file, const char *key, const char *reason, GError **error);

/* Appends a commented file that loads back to the same values, secrets aside: those are masked. */
void config_print(const struct config_row *rows, const void *config, GString *out);

/* Do both structs hold the same value there? With `reloadable` this tells what a reload can and cannot take over. */
bool config_row_equal(const struct config_row *row, const void *a, const void *b);

/* Frees all strings of the struct and sets them to NULL. */
void config_free_strings(const struct config_row *rows, void *config);

#endif
