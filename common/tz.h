/*
 * Time zones from the system's TZif files (RFC 9636: v2+ 64-bit block and footer). Owns the loaded zones.
 * Does not own: what a schedule does with offsets (schedule.h).
 *
 * tz_get() loads a zone once per process and hands out the same immutable object; it is safe from any thread.
 * A zone stays valid until its last unref, also when the file changed meanwhile.
 */
#ifndef BELFRY_TZ_H
#define BELFRY_TZ_H

#include <glib.h>

#include "common/clock.h"

struct tz;

#define TZ_NAME_MAX 64
#define TZ_FILE_MAX_BYTES (256 * 1024)
#define TZ_NAMES_MAX 2000

#define TZ_ERROR (tz_error_quark())
GQuark tz_error_quark(void);
enum tz_error { TZ_ERROR_UNKNOWN_ZONE, TZ_ERROR_BAD_FILE };

/* A stretch of constant offset: instants in [begin, end), seconds since 1970. */
struct tz_segment {
	int64_t begin;           /* INT64_MIN for the first */
	int64_t end;             /* INT64_MAX for the last */
	int32_t offset;          /* local = UTC + offset, seconds */
	int32_t previous_offset; /* offset of the stretch before; equal to offset in the first */
};

/*
 * The zone of that IANA name ("Europe/Berlin", "UTC"), a new reference. Absolute paths, "..", and names that are no
 * zone file are refused with a sentence. The directory is /usr/share/zoneinfo, or TZDIR from the environment.
 */
struct tz *tz_get(const char *name, GError **error);
struct tz *tz_ref(struct tz *tz);
void tz_unref(struct tz *tz);

/* Parses TZif bytes; for tests and the fuzz target. Never reads past the bytes, refuses what RFC 9636 forbids. */
struct tz *tz_parse(const void *bytes, size_t size, GError **error);

/* The segment that holds the instant (seconds since 1970). O(log transitions) or O(1) beyond the table. */
void tz_segment_at(const struct tz *tz, int64_t seconds, struct tz_segment *ret);

/* From this instant on all offsets repeat every 400 years (or never change again): a search that found nothing for 400
 * years past it will find nothing at all. INT64_MIN for a zone that never changes. */
int64_t tz_steady_from(const struct tz *tz);

/* True when a zone file that is in use has another mtime than when it was loaded. Cheap enough for once a minute. */
bool tz_files_changed(void);
/* Forget the loaded zones: the next tz_get() reads the files again. Schedules made before keep their old zone. */
void tz_reload(void);
/* The tzdata version ("2025b") if the system tells it, else "unknown". Static text. */
const char *tz_database_version(void);
/* All names that tz_get() takes here, sorted; opens some hundred files, so keep the answer. Caller unrefs. */
GPtrArray *tz_names(void); /* char * */

#endif
