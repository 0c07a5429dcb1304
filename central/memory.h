/*
 * How much memory is left, and who may still take of it. Where malloc fails GLib ends the process, and a control group that is
 * full is killed by the kernel; so central refuses what it cannot hold before it comes to that. Owns: a thread that looks every
 * MEMORY_LOOK_MS. Does not own: what a refusal says (http.h).
 *
 * There is room up to the nearest of: memory_max_mb (or three quarters of the machine), the control groups' memory.max, and
 * RLIMIT_DATA. The last is a guess: malloc cannot give back what it had, and a thread gets little of what others left. Not
 * RLIMIT_AS: malloc keeps address space in reserve. Between two looks the books are kept by what requests say they need: too
 * much rather than too little, since it is given back soon.
 *
 * Everywhere `memory` may be NULL: then there is always room. Any thread.
 */
#ifndef BELFRY_CENTRAL_MEMORY_H
#define BELFRY_CENTRAL_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define MEMORY_LOOK_MS 50
#define MEMORY_KEPT (24 << 20)     /* never given away: for what nobody asks for */
#define MEMORY_REQUEST (1 << 20)   /* a request with a small body and a small answer */
#define MEMORY_BODY_FACTOR 8       /* a body as JSON and as rows, in bytes per byte */
#define MEMORY_RESULT_SMALL (128 << 10) /* bytes of a result that are part of MEMORY_REQUEST */
#define MEMORY_RESULT_FACTOR 6     /* a result as JSON and as text */

struct central;
struct memory;

struct memory *memory_start(const struct central *central);
/* NULL is fine. */
void memory_stop(struct memory *memory);

/* False: there is no room, and nothing was taken. Who took gives the same back. */
bool memory_take(struct memory *memory, size_t bytes);
void memory_give(struct memory *memory, size_t bytes);
/* For bodies that are coming in, which nobody gives back: the next look sees them. Takes half of what is kept as well. */
bool memory_grow(struct memory *memory, size_t bytes);

/* For /metrics: bytes that may still be taken, at least 0; how often there was no room, since start. */
gint64 memory_room(struct memory *memory);
guint64 memory_refused(struct memory *memory);

/* The smallest memory.max of the control groups (version 2) that /proc/self/cgroup says in `groups`, below `root`; G_MAXINT64
 * if there is none. */
gint64 memory_group_max(const char *groups, const char *root);

#endif
