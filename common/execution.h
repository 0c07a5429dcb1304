/*
 * The record of an execution: what became of one fire, and how it is told from agent to central.
 * Owns: struct execution, fire identity, names of states. JSON forms are in wire.h.
 */
#ifndef BELFRY_EXECUTION_H
#define BELFRY_EXECUTION_H

#include <glib.h>

#include "common/attempt_log.h"
#include "common/clock.h"

#define JOB_ID_MAX 64             /* bytes; [A-Za-z0-9._-] */
#define EXECUTION_REASON_MAX 256  /* bytes of the sentence for people */
#define EXECUTION_ERROR_MAX 512   /* bytes of the transport's error */
#define RESPONSE_BODY_MAX 4096    /* bytes of response kept */
#define FIRE_ID_TEXT_SIZE 37      /* 8-4-4-4-12 and NUL */

/* 128 bits, printed as an RFC 9562 version 8 UUID. */
struct fire_id { uint8_t bytes[16]; };

/*
 * The identity of a scheduled fire: BLAKE2b-128 over job id NUL, scheduled instant (us, little endian), target key NUL,
 * clock epoch (little endian), with version and variant bits of UUIDv8 set. It does not contain the revision.
 * target_key: "" for modes one and agent, the agent id for mode all.
 */
struct fire_id fire_id_scheduled(const char *job_id, struct wall scheduled_at, const char *target_key, uint64_t clock_epoch);
/* A run on demand has an identity of its own: random. */
struct fire_id fire_id_random(void);
char *fire_id_print(struct fire_id id, char buffer[static FIRE_ID_TEXT_SIZE]);
bool fire_id_parse(const char *text, struct fire_id *ret);
static inline bool fire_id_equal(struct fire_id a, struct fire_id b) { return __builtin_memcmp(a.bytes, b.bytes, 16) == 0; }

/* Terminal decisions. Values are stored in databases: append only. */
enum execution_status {
	EXECUTION_SUCCESS = 1,
	EXECUTION_FAILED = 2,
	EXECUTION_TIMEOUT = 3,
	EXECUTION_SKIPPED = 4,
	EXECUTION_MISSED = 5,
	EXECUTION_INTERRUPTED = 6,
	EXECUTION_STATUS_MAX_
};
const char *execution_status_name(enum execution_status status); /* "success" ... */
bool execution_status_parse(const char *name, enum execution_status *ret);
/* "failed,timeout" as bits 1 << status; "" = none. */
bool execution_statuses_parse(const char *text, unsigned *ret);

/* Why the fire exists. Stored: append only. */
enum fire_cause {
	FIRE_SCHEDULE = 1, /* due by its schedule */
	FIRE_CATCH_UP = 2, /* due in a missed window, made up later */
	FIRE_MANUAL = 3,   /* run now */
	FIRE_CAUSE_MAX_
};
const char *fire_cause_name(enum fire_cause cause); /* "schedule", "catchUp", "manual" */
bool fire_cause_parse(const char *name, enum fire_cause *ret);
/* "manual" or "schedule,catchUp" as bits 1 << cause; "" = none. */
bool fire_causes_parse(const char *text, unsigned *ret);

/* Where the time of the last attempt went, microseconds each; -1 = not reached. */
struct attempt_timing {
	int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
};

/*
 * One record. Strings may be NULL (absent). Records of status missed may stand for a range: `count` fires from
 * scheduled_at to last_scheduled_at; for all others count is 1 and last_scheduled_at equals scheduled_at.
 */
struct execution {
	struct fire_id id;
	char *job_id;
	int64_t job_revision;
	enum fire_cause cause;
	enum execution_status status;
	struct wall scheduled_at;
	struct wall last_scheduled_at;
	int64_t count;
	struct wall armed_at;    /* its intent was durable; WALL_NONE = not known (an earlier life of the agent, an older agent), or never */
	struct wall started_at;  /* first attempt sent; WALL_NONE if never */
	struct wall finished_at; /* the decision */
	int64_t duration_us;     /* of the last attempt, monotonic; 0 if never started */
	int64_t lateness_us;     /* started_at - scheduled_at, less the jitter unless made up; 0 if never started */
	int attempts;
	int http_status;         /* of the last attempt, 0 = none */
	char *reason;            /* a sentence, NULL for plain success */
	char *error;             /* the transport's or target's words */
	char *response_body;     /* UTF-8 made valid, at most RESPONSE_BODY_MAX bytes */
	char *response_digest;   /* hex SHA-256 of the body as received up to the read limit, or NULL */
	struct attempt_timing timing;
	struct attempt_log *attempt_log; /* NULL = one attempt or none settled it, or nothing is known of them */
};

/* Frees what the record points to, not the record itself. */
void execution_clear(struct execution *execution);

#endif
