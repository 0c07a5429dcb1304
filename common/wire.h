/*
 * The messages between agent and central, and their JSON. Owns: names, limits, encode and decode.
 * Does not own: transport (agent/sync.c, central/api_sync.c), meaning (design.md sections 2-5).
 *
 * POST /api/agent/sync, Authorization: Bearer <agent key>, Content-Type: application/json.
 *
 * request:
 *   {"version":1,"agentVersion":"0.1.0","bootId":"..","epoch":7,"syncId":"..","life":"..","lives":2,"sentAt":"..","jobSet":{"revision":41,"digest":"0123456789abcdef"},
 *    "firstSeq":101,"ackedSeq":100,"records":[{..},..],"doneCommands":[12,13],
 *    "status":{"jobs":2,"running":1,"outboxDepth":5,"oldestUnsentAt":"..","nextFireAt":"..","clockEpoch":0,"tzdata":"2025b",
 *     "outboxMax":10000000,"outboxFull":false}}
 *   outboxMax, outboxFull: optional; 0 = no maximum that central knows of.
 *   records[i] has seq firstSeq + i. ackedSeq: what the agent knows to be acked; all below firstSeq is acked or pruned.
 * reply (200):
 *   {"version":1,"syncId":"..","lives":2,"ackedSeq":150,"serverTime":"..","nextSyncMs":1000,
 *    "jobSet":{"mode":"none|delta|snapshot","revision":44,"digest":"..","more":false,"upserts":[{"targetKey":"","since":"..","job":{..}}],"deletes":["id"],"moved":[{"jobId":"id","at":"..","ended":false}],
 *     "away":[{"jobId":"id","after":"..","until":".."}]},
 *    "leaseUntil":"..",
 *    "commands":[{"id":12,"type":"run","jobId":".."},
 *                {"id":13,"type":"cancel","jobId":"..","executionId":"..","ageMs":800,"author":"ann"},
 *                {"id":14,"type":"rotate"}]}
 *
 * rotate: the agent makes a new key and tells its SHA-256 (POST /api/agent/rotate, {"keySha256":".."}, with the old key). Both
 * keys open until the new one is first used; that ends the old one and the order, so it never stands in doneCommands.
 * cancel ends what of the job (with executionId: that one only) began before the order was given. When that was is told as an
 * age, by central's clock: the two clocks need not agree. It is as exact as the reply is quick.
 *
 * syncId: the agent makes up one for each request, central gives it back. A reply with another one belongs to another
 * request (somebody between the two kept or repeated it) and is not used. Optional in both: older peers know nothing of it.
 *
 * life, lives: a name that the process of the agent made up for itself, and the number of lives of this agent that central told
 * it last (0 = none yet); central gives the number in the reply, also in that of status 409. They tell a copy from a restart
 * (central/svc_life.h). Optional: older peers know nothing of them.
 *
 * A record may also be an event of the agent itself: {"event":"clockStep","at":"..","detail":"sentence"}; events take a
 * seq like all records. Kinds: clockStep, databaseLost, storeFailed, started.
 *
 * Every change of an agent's job set has a revision of its own, and a delta is "all that changed since the request's
 * revision, in order", cut after SYNC_JOBS_MAX entries: `revision` is where this part ends, `more` says that there is a
 * next part, which the agent gets by asking at once with that revision. `digest` belongs to the whole set at central: it
 * fits the agent's when `more` is false.
 * A snapshot is a delta since 0, with the order to forget all else: its first part has mode snapshot, its later parts
 * are plain deltas (central keeps no position). The agent applies each part as it comes and drops what no part named
 * (and those named in `deletes`) when the part without `more` has come; a new part of mode snapshot starts this anew. An
 * agent that restarts in between forgets the order; the digests then differ at the end, and a new snapshot follows.
 * away: jobs of this part that left the agent and came back before it heard of either (in upserts), and may have left anew
 * (in deletes): due instants in (after, until] were another agent's. Each job's come in order, at most SYNC_AWAY_MAX of
 * them. Optional: older peers know nothing of them, and such an agent may run what was another's.
 * moved: jobs of `deletes` that another agent has from `at` on; what is due up to there is still this agent's. `ended`: since
 * then it was paused or deleted, and what has not begun does not begin. Told again of a job that it let go long ago, the agent
 * hears that. Such a job may stand in `upserts` as well: it came and went before the agent heard of either, and what is due
 * after `since` and up to `at` is its own.
 * The digest of a job set is the XOR over its jobs of the first 8 bytes (big endian) of
 * MD5("jobId:revision:targetKey"), printed as 16 hex digits; the empty set is 0. It detects drift, not malice.
 */
#ifndef BELFRY_WIRE_H
#define BELFRY_WIRE_H

#include <glib.h>
#include <jansson.h>

#include "common/execution.h"
#include "common/job.h"

#define WIRE_VERSION 1
#define WIRE_ERROR (wire_error_quark()) /* one code, 0: a sentence that begins with the member at fault */
GQuark wire_error_quark(void);
#define SYNC_RECORDS_MAX 5000                  /* records in one sync */
#define SYNC_REQUEST_MAX (8 * 1024 * 1024)     /* bytes */
#define SYNC_REPLY_MAX (32 * 1024 * 1024)      /* bytes */
#define SYNC_JOBS_MAX 1000                     /* upserts and deletes in one reply */
#define SYNC_AWAY_MAX 8                        /* times that one job was away */
#define SYNC_COMMANDS_MAX 100
#define SYNC_ID_MAX 40
#define SYNC_LIFE_MAX 40

/* One execution as one line of JSON, appended; the form kept in the agent's outbox and shown by the API:
 * {"executionId","jobId","jobRevision","cause","scheduledAt","armedAt","startedAt","finishedAt","durationMs","latenessMs","status",
 *  "reason","attempts","httpStatus","error","responseBody","responseDigest","count","lastScheduledAt","timing":{..},
 *  "attemptLog":{..}};
 * absent values are left out. durationMs and latenessMs are numbers with three decimals. armedAt and attemptLog are optional:
 * an agent of before knows nothing of them. */
void wire_append_execution(GString *out, const struct execution *execution);
/* Checks every member and limit; false with a sentence on a poison record. */
bool wire_parse_execution(const json_t *json, struct execution *ret, GError **error);

/* The single attempts (attempt_log.h), in a record and in the agent's row of an unfinished fire:
 * {"omitted":3,"list":[{"number":1,"outcome":"status","httpStatus":503,"startedAfterMs":0.312,"durationMs":12.100,
 *                       "waitMs":200.000,"waitCause":"backoff|retryAfter"},..]}
 * startedAfterMs counts from scheduledAt. waitMs is how long was to be waited before the next one. Absent values are left
 * out; omitted is when it is 0. */
#define WIRE_ATTEMPTS_MAX 1000000
void wire_append_attempt_log(GString *out, const struct attempt_log *log);
/* Checks every member, the bound and the order of numbers; the caller frees *ret with g_free(). */
bool wire_parse_attempt_log(const json_t *json, struct attempt_log **ret, GError **error);

/* An event of the agent (clock step, lost database), told in the same numbered stream as executions. */
#define AGENT_EVENT_KIND_MAX 32
#define AGENT_EVENT_DETAIL_MAX 512
struct agent_event {
	char kind[AGENT_EVENT_KIND_MAX];
	struct wall at;
	char *detail; /* a sentence */
};
void wire_append_event(GString *out, const struct agent_event *event);
bool wire_record_is_event(const json_t *json);
bool wire_parse_event(const json_t *json, struct agent_event *ret, GError **error); /* caller frees detail */

uint64_t wire_job_digest(const char *job_id, int64_t revision, const char *target_key);

struct sync_status {
	int64_t jobs, running, outbox_depth;
	struct wall oldest_unsent_at, next_fire_at; /* WALL_NONE = none */
	uint64_t clock_epoch;
	int64_t outbox_max; /* 0 = none, or an older agent */
	bool outbox_full;   /* it starts nothing new until central has taken a part */
	char tzdata[16];
};

struct sync_request {
	char agent_version[32], boot_id[48], sync_id[SYNC_ID_MAX + 1]; /* sync_id "" = none */
	char life[SYNC_LIFE_MAX + 1]; /* "" = an older agent */
	int64_t lives;                /* as told last; 0 = not yet */
	int64_t epoch;           /* of the outbox: changes when the agent's database is made anew */
	struct wall sent_at;
	int64_t jobs_revision;
	uint64_t jobs_digest;
	int64_t first_seq, acked_seq;
	GPtrArray *records;      /* char *, each one JSON object as text (agent side, encode) */
	json_t *record_array;    /* decoded array (central side) */
	int64_t done_commands[SYNC_COMMANDS_MAX];
	int n_done_commands;
	struct sync_status status;
};
void sync_request_clear(struct sync_request *request);
/* The agent's side: the whole request as text. */
GString *sync_request_encode(const struct sync_request *request);
/* Central's side. Records are checked one by one later (wire_parse_execution), so that poison blocks nothing. */
bool sync_request_decode(const char *body, size_t size, struct sync_request *ret, GError **error);

enum sync_jobs_mode { SYNC_JOBS_NONE, SYNC_JOBS_DELTA, SYNC_JOBS_SNAPSHOT };
enum sync_command_type { SYNC_COMMAND_RUN = 1, SYNC_COMMAND_CANCEL, SYNC_COMMAND_ROTATE };
#define SYNC_AUTHOR_MAX 128 /* bytes of the name of who gave an order */

/* since: due instants after it are the agent's; WALL_NONE = from when it hears of the job. */
struct sync_upsert { struct job *job; char target_key[JOB_ID_MAX + 1]; struct wall since; };
/* A delete, because another agent has the job: due instants up to the border are still this agent's. */
struct sync_move { char job_id[JOB_ID_MAX + 1]; struct wall border; bool ended; };
/* Another agent had the job in between: due instants in (after, until]. */
struct sync_away { char job_id[JOB_ID_MAX + 1]; struct wall after, until; };
struct sync_command {
	int64_t id;
	enum sync_command_type type;
	char job_id[JOB_ID_MAX + 1]; /* not of rotate */
	/* cancel only */
	bool one;                         /* this execution, not all of the job */
	struct fire_id execution_id;
	int64_t age_ms;                   /* since the order was given */
	char author[SYNC_AUTHOR_MAX + 1];
};

struct sync_reply {
	char sync_id[SYNC_ID_MAX + 1]; /* of the request it answers; "" = central tells none */
	int64_t lives;                 /* of this agent, by now; 0 = central tells none */
	int64_t acked_seq;
	struct wall server_time;
	int64_t next_sync_ms;
	enum sync_jobs_mode jobs_mode;
	int64_t jobs_revision;
	uint64_t jobs_digest;
	bool jobs_more;
	GArray *upserts;  /* struct sync_upsert */
	GPtrArray *deletes; /* char * */
	GArray *moves;    /* struct sync_move, of some of the deletes */
	GArray *away;     /* struct sync_away, of some of the upserts and deletes */
	struct wall lease_until; /* ATMOST_ONCE jobs may be planned up to this due instant; WALL_NONE = no news */
	GArray *commands; /* struct sync_command */
};
void sync_reply_init(struct sync_reply *reply);
void sync_reply_clear(struct sync_reply *reply);
json_t *sync_reply_to_json(const struct sync_reply *reply);
/* A job that the agent cannot parse (newer central) is a problem of that job only: it is left out, and named in
 * *ret_refused ("jobId: reason", GPtrArray of char *, caller frees). */
bool sync_reply_decode(const char *body, size_t size, struct sync_reply *ret, GPtrArray **ret_refused, GError **error);

#endif
