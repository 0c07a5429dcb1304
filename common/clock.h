/*
 * Time as two types that cannot be mixed up. Owns: the types and the arithmetic on them.
 * Does not own: reading RFC 3339 (rfc3339.h), zones (tz.h), schedules (schedule.h).
 *
 * Wall time is CLOCK_REALTIME in microseconds since 1970-01-01T00:00:00Z (no leap seconds, as POSIX); it may step.
 * Monotonic time is CLOCK_BOOTTIME in microseconds; it never steps and goes on during suspend, so that
 * (wall - mono) changes only when somebody sets the clock.
 */
#ifndef BELFRY_CLOCK_H
#define BELFRY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct wall { int64_t us; };
struct mono { int64_t us; };

#define US_PER_MS INT64_C(1000)
#define US_PER_SECOND INT64_C(1000000)

/* "No instant": never a real time; sorts before all others. */
#define WALL_NONE ((struct wall){ INT64_MIN })
/* Sorts after all others. The last instant a schedule may have is 9999-12-31T23:59:59Z. */
#define WALL_NEVER ((struct wall){ INT64_MAX })
#define WALL_MAX_SECONDS INT64_C(253402300799)

static inline bool wall_is_set(struct wall t) { return t.us != INT64_MIN; }
static inline struct wall wall_from_seconds(int64_t seconds) { return (struct wall){ seconds * US_PER_SECOND }; }
static inline struct wall wall_add_us(struct wall t, int64_t us) { return (struct wall){ t.us + us }; }
static inline struct wall wall_add_ms(struct wall t, int64_t ms) { return (struct wall){ t.us + ms * US_PER_MS }; }
static inline int64_t wall_diff_us(struct wall later, struct wall earlier) { return later.us - earlier.us; }
static inline bool wall_before(struct wall a, struct wall b) { return a.us < b.us; }
static inline struct wall wall_max(struct wall a, struct wall b) { return a.us < b.us ? b : a; }
static inline struct wall wall_min(struct wall a, struct wall b) { return a.us < b.us ? a : b; }
/* Whole seconds, rounded towards the past, also before 1970. */
static inline int64_t wall_floor_seconds(struct wall t)
{
	return t.us / US_PER_SECOND - (t.us % US_PER_SECOND < 0);
}

static inline struct mono mono_add_us(struct mono t, int64_t us) { return (struct mono){ t.us + us }; }
static inline int64_t mono_diff_us(struct mono later, struct mono earlier) { return later.us - earlier.us; }

/* The machine's clocks. Shell code only: the core gets its time through an interface (agent/core.h). */
struct wall wall_now(void);
struct mono mono_now(void);

#endif
