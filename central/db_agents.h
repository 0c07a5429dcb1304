/*
 * Statements about agents and enrolment tokens. Rules are in svc_agents.h.
 */
#ifndef BELFRY_DB_AGENTS_H
#define BELFRY_DB_AGENTS_H

#include "central/db.h"
#include "central/http.h"

/* One agent as it was last heard. WALL_NONE = never or not set. */
struct agent_row {
	char agent_id[UUID_SIZE];
	char *name, *hostname, *version, *tzdata; /* the last two "" before the first sync */
	struct wall enrolled_at, revoked_at, last_seen_at, oldest_unsent_at, next_fire_at;
	int64_t set_revision, jobs_revision, jobs, running, outbox_depth, clock_skew_ms;
};
void agent_row_free(struct agent_row *row);

/* By agent id, those after `after` (a UUID); struct agent_row *. */
enum db_status agent_list(struct db_conn *conn, const char *after, int limit, GPtrArray **ret_rows);
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

enum db_status enrolment_token_insert(struct db_conn *conn, const char *hash, const char *author, int64_t ttl_ms,
				      struct wall *ret_expires_at);
/* Uses it up for that agent. DB_NOT_FOUND: it is unknown, used or expired; enrolment_token_state tells which. */
enum db_status enrolment_token_use(struct db_conn *conn, const char *hash, const char *agent_id);
enum db_status enrolment_token_state(struct db_conn *conn, const char *hash, bool *ret_used,
				     struct wall *ret_expires_at);
/* DB_CONFLICT: the name is taken. */
enum db_status agent_insert(struct db_conn *conn, const char *agent_id, const char *name, const char *key_hash,
			    const char *hostname);
/* DB_NOT_FOUND: there is none, or it is revoked already. */
enum db_status agent_revoke(struct db_conn *conn, const char *agent_id, char **ret_name);

#endif
