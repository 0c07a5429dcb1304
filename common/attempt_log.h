/*
 * What is told of the single attempts of an execution, when there is more to tell than one that settled it. Owns: the
 * structure, its bound, the words. JSON forms are in wire.h.
 *
 * Use: a log is NULL until something is noted; attempt_log_note() makes it and lets it grow. It is one block of memory:
 * attempt_log_copy() copies it, g_free() frees it. The first ATTEMPT_LOG_FIRST and the last entries are kept, those between
 * are counted. Numbers grow, with one exception: an attempt that may have been under way when the agent stopped is noted
 * as ATTEMPT_END_UNKNOWN under the number that the next one has too. So the entries of another end and the omitted ones are
 * together the attempts that the record counts.
 */
#ifndef BELFRY_ATTEMPT_LOG_H
#define BELFRY_ATTEMPT_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ATTEMPT_LOG_MAX 16
#define ATTEMPT_LOG_FIRST 8
#define ATTEMPT_TIME_UNKNOWN INT64_MIN

/* How an attempt ended, and so why there was another one. Names go over the wire: append only. */
enum attempt_end {
	ATTEMPT_END_SUCCESS = 1,
	ATTEMPT_END_STATUS,    /* an answer whose status is none of the job's `success` */
	ATTEMPT_END_BODY,      /* the status would do, the body does not match success.bodyRegex */
	ATTEMPT_END_CONNECT,   /* nothing was sent: name, connect or TLS failed */
	ATTEMPT_END_TIMEOUT,
	ATTEMPT_END_BROKEN,    /* the connection was lost after bytes were sent */
	ATTEMPT_END_REFUSED,   /* by the egress policy or a protocol limit */
	ATTEMPT_END_RESOURCE,  /* this host could not start the request */
	ATTEMPT_END_CANCELLED,
	ATTEMPT_END_UNKNOWN,   /* the agent stopped: whether it was sent, and what became of it, nobody knows */
	ATTEMPT_END_MAX_
};
const char *attempt_end_name(enum attempt_end end); /* "success", "status" ... */
bool attempt_end_parse(const char *name, enum attempt_end *ret);

struct attempt_entry {
	int32_t number;      /* 1 = first */
	int16_t http_status; /* 0 = no answer */
	uint8_t end;         /* enum attempt_end */
	bool asked;          /* the wait is what the target asked for (Retry-After), not the backoff */
	int64_t started_us;  /* wall time since the fire's scheduled_at, or ATTEMPT_TIME_UNKNOWN */
	int64_t duration_us; /* monotonic; -1 = not known */
	int64_t wait_us;     /* decided at its end: how long to wait before the next; -1 = no next one was decided */
};

struct attempt_log {
	int32_t omitted; /* ended attempts that have no entry: no room, or not known any more */
	int32_t n, room;
	struct attempt_entry entries[];
};

/* Numbers that are skipped since the last entry count as omitted. */
void attempt_log_note(struct attempt_log **log, const struct attempt_entry *entry);
struct attempt_log *attempt_log_copy(const struct attempt_log *log); /* NULL of NULL */

#endif
