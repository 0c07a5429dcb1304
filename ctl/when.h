/*
 * Times and durations as people at a terminal write and read them. Owns: these forms. Does not own: RFC 3339
 * (common/rfc3339.h). Pure, but for the zone of this host.
 */
#ifndef BELFRY_CTL_WHEN_H
#define BELFRY_CTL_WHEN_H

#include "common/clock.h"

#include <glib.h>

#define WHEN_SIZE 48

/*
 * RFC 3339; "now"; before or after now: -90m +2h; in the local zone: 2026-11-23, "2026-11-23 07:00", with T between
 * or with seconds. False when it is none of these.
 */
bool when_parse(const char *text, struct wall now, struct wall *ret);
/* "2026-11-23 08:00:00" in the local zone, "2026-11-23 07:00:00Z" with utc. Returns the buffer. */
char *when_print(struct wall at, bool utc, char buffer[static WHEN_SIZE]);

/* 500ms 90s 10m 2h 7d 1h30m; a bare number is seconds. */
bool duration_parse(const char *text, int64_t *ret_ms);
/* "340 ms", "12.3 s", "3m 05s", "4h 10m", "12d 3h". Returns the buffer. */
char *duration_print(double ms, char buffer[static WHEN_SIZE]);

#endif
