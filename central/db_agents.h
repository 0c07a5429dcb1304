/*
 * Statements about agents and enrolment tokens. Owns: the tables agent (but for what placement and the watch write) and
 * enrolment_token. Does not own: the rules (svc_agents.h, svc_fleet.h). Calls are as in db_accounts.h.
 */
#ifndef BELFRY_DB_AGENTS_H
#define BELFRY_DB_AGENTS_H

#include "central/db.h"
#include "central/http.h"

/* What is left to do before the host of a draining agent may be stopped. */
struct agent_handover {
	struct wall until;   /* fires of jobs that left it are its own up to there; WALL_NONE = none are ahead */
	int64_t kept, bound; /* jobs it has: those that others may take (nobody did yet), those that belong to the host */
};

/* One agent as it was last heard. WALL_NONE = never or not set. */
struct agent_row {
	char agent_id[UUID_SIZE];
	char *name, *hostname, *version, *tzdata; /* the last two "" before the first sync */
	char *labels;                             /* JSON object */
	char *state;                              /* online, offline, draining, never, revoked */
	struct wall enrolled_at, revoked_at, last_seen_at, oldest_unsent_at, next_fire_at, draining_at, key_rotated_at;
	struct wall rotation_ordered_at;          /* the order for a new key that waits; WALL_NONE = none does */
	struct wall behind_since;                 /* the oldest change of its set that it has not applied */
	int64_t set_revision, jobs_revision, jobs, running, outbox_depth, clock_skew_ms, behind;
	int64_t outbox_max; /* 0 = it tells none */
	bool outbox_full;   /* it starts nothing new until central has taken a part */
	int64_t copies;     /* other agents with its identity that tried lately, and were refused (svc_life.h) */
	char *copy_address; /* from where the last of them did; NULL = there are none */
	bool drains;                              /* there is a handover */
	struct agent_handover handover;
	double weight;
	int64_t place;                            /* of a list: what its order goes by */
};
void agent_row_free(struct agent_row *row);

/* NULL = any; selector compiled. Goes on after the agent `after_id` (NULL = from the start), which had `after_place`. */
struct agent_filter {
	const char *q, *state, *selector;
	const char *sort; /* name, lastSeenAt, outboxDepth; "-" in front: descending */
	const char *after_id;
	int64_t after_place;
	int limit;
};
/* struct agent_row *. */
enum db_status agent_list(struct db_conn *conn, const struct agent_filter *filter, GPtrArray **ret_rows);
enum db_status agent_get(struct db_conn *conn, const char *agent_id, struct agent_row **ret);

struct agent_stream_row { int64_t epoch, acked_seq; char *holes; /* JSON */ };
struct agent_event_row { int64_t epoch, seq; struct wall at; char *kind, *detail; };
struct quarantine_row { int64_t epoch, seq; struct wall at; char *reason, *record; };
/* Newest first; arrays of the structs, which free what they hold. */
enum db_status agent_streams(struct db_conn *conn, const char *agent_id, int limit, GArray **ret);
enum db_status agent_events(struct db_conn *conn, const char *agent_id, int limit, GArray **ret);
/* Those before (epoch, seq). */
enum db_status agent_quarantine(struct db_conn *conn, const char *agent_id, int64_t epoch, int64_t seq, int limit,
				GArray **ret);

/* What is bound to a token: labels (JSON object) and, or NULL, the name of the agent that uses it. */
struct enrolment_terms { const char *labels, *name; int64_t ttl_ms; };
struct enrolment_token_row {
	char token_id[UUID_SIZE], used_by[UUID_SIZE]; /* used_by "" = nobody */
	char *labels, *name, *created_by;             /* name NULL = free */
	struct wall created_at, expires_at, used_at;
};
enum db_status enrolment_token_insert(struct db_conn *conn, const char *token_id, const char *hash, const char *author,
				      const struct enrolment_terms *terms, struct wall *ret_expires_at);
/* Newest first; struct enrolment_token_row, which frees what it holds. */
enum db_status enrolment_token_list(struct db_conn *conn, int limit, GArray **ret);
enum db_status enrolment_token_delete(struct db_conn *conn, const char *token_id);
/*
 * Uses it up for that agent; *ret_labels and *ret_name (NULL = free) are the caller's. DB_NOT_FOUND: it is unknown, used or
 * expired; enrolment_token_state tells which.
 */
enum db_status enrolment_token_use(struct db_conn *conn, const char *hash, const char *agent_id, char **ret_labels,
				   char **ret_name);
enum db_status enrolment_token_state(struct db_conn *conn, const char *hash, bool *ret_used,
				     struct wall *ret_expires_at);
/* DB_CONFLICT: the name is taken. */
enum db_status agent_insert(struct db_conn *conn, const char *agent_id, const char *name, const char *key_hash,
			    const char *hostname, const char *labels);
/* Name, labels and weight as JSON; caller frees. */
enum db_status agent_members(struct db_conn *conn, const char *agent_id, char **ret);
/* What NULL (and a weight below 0) leaves as it is. DB_NOT_FOUND: none, or revoked; DB_CONFLICT: the name is taken. */
enum db_status agent_edit(struct db_conn *conn, const char *agent_id, const char *name, const char *labels, double weight);
/* agent_drain, agent_undrain, agent_forget, agent_order_rotation; DB_NOT_FOUND: none that this fits. */
enum db_status agent_mark(struct db_conn *conn, const char *statement, const char *agent_id);
/*
 * Both keys open until `hash` is first used (svc_auth). DB_NOT_FOUND: old_hash is not that of its key, it was not told to, or
 * the new key is somebody's; DB_CONFLICT: it is another one's next.
 */
enum db_status agent_next_key(struct db_conn *conn, const char *agent_id, const char *hash, const char *old_hash);
/* DB_NOT_FOUND: there is none, or it is revoked already. */
enum db_status agent_revoke(struct db_conn *conn, const char *agent_id, char **ret_name);

#endif
